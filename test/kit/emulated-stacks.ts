/** An emulator with clients of its CloudFormation, for a whole file of tests. */
import assert from 'node:assert/strict';
import { after, afterEach, before } from 'node:test';
import * as Cfn from '@aws-sdk/client-cloudformation';
import {
  CloudWatchLogsClient,
  DeleteLogGroupCommand,
  DescribeLogGroupsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { SSMClient } from '@aws-sdk/client-ssm';
import { EmulatedCloud } from '../../src/emulator/cloud.ts';
import { createEmulator } from '../../src/emulator/server.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import { createWorld, openHttp } from './world.ts';

export const region = 'us-east-1';
export const credentials = { accessKeyId: 'AKIAEMULATED', secretAccessKey: 'secret' };
const world = createWorld({ clock: systemClock, http: openHttp({ after }) });
export const cloud = new EmulatedCloud({ clock: systemClock, regions: [region], credentials });
export const emulator = createEmulator({ world, listen: '127.0.0.1:0', cloud });
export let cfn: Cfn.CloudFormationClient;
export let logs: CloudWatchLogsClient;
export let ssm: SSMClient;
before(async () => {
  await emulator.start();
  const config = { endpoint: emulator.url, region, credentials, maxAttempts: 1 };
  cfn = new Cfn.CloudFormationClient(config);
  logs = new CloudWatchLogsClient(config);
  ssm = new SSMClient(config);
});
after(() => emulator.stop(100));

/** No test finds what another left. */
afterEach(async () => {
  cloud.trouble.set({});
  const { Stacks = [] } = await cfn.send(new Cfn.DescribeStacksCommand({}));
  for (const { StackName } of Stacks) {
    await cfn.send(
      new Cfn.UpdateTerminationProtectionCommand({ StackName, EnableTerminationProtection: false }),
    );
    await cfn.send(new Cfn.DeleteStackCommand({ StackName }));
    await settle(StackName ?? '');
  }
  const { logGroups = [] } = await logs.send(new DescribeLogGroupsCommand({}));
  for (const { logGroupName } of logGroups)
    await logs.send(new DeleteLogGroupCommand({ logGroupName }));
});

export async function describe(StackName: string): Promise<Cfn.Stack> {
  const { Stacks = [] } = await cfn.send(new Cfn.DescribeStacksCommand({ StackName }));
  return Stacks[0] as Cfn.Stack;
}

/** Waits until nothing is under way. */
export async function settle(StackName: string): Promise<string> {
  for (let tries = 0; tries < 600; tries += 1) {
    const stack = await describe(StackName).catch(() => undefined);
    const status = stack?.StackStatus ?? 'gone';
    if (status === 'REVIEW_IN_PROGRESS' || !status.endsWith('_IN_PROGRESS')) return status;
    await systemClock.sleep(10);
  }
  return assert.fail('it goes on for too long');
}

type CreateMore = Partial<Cfn.CreateStackCommandInput>;

export async function create(StackName: string, TemplateBody: string, more: CreateMore = {}) {
  await cfn.send(new Cfn.CreateStackCommand({ StackName, TemplateBody, ...more }));
  return settle(StackName);
}

export async function update(StackName: string, TemplateBody: string, more: object = {}) {
  await cfn.send(new Cfn.UpdateStackCommand({ StackName, TemplateBody, ...more }));
  return settle(StackName);
}

/** The events, oldest first: resource, state, and why. */
export async function listEvents(StackName: string): Promise<string[]> {
  const { StackEvents = [] } = await cfn.send(new Cfn.DescribeStackEventsCommand({ StackName }));
  return StackEvents.toReversed().map((one) =>
    [one.LogicalResourceId, one.ResourceStatus, one.ResourceStatusReason]
      .filter((word) => word !== undefined)
      .join(' '),
  );
}

export async function listGroups(): Promise<string[]> {
  const { logGroups = [] } = await logs.send(new DescribeLogGroupsCommand({}));
  return logGroups.map(({ logGroupName, retentionInDays }) =>
    [logGroupName, retentionInDays].filter((word) => word !== undefined).join(' '),
  );
}

/** A log group, and a parameter with its ARN. */
export const TWO = `
Parameters:
  Days: { Type: Number, Default: 7 }
  Name: { Type: String, Default: /two }
Resources:
  Group:
    Type: AWS::Logs::LogGroup
    Properties: { LogGroupName: !Ref Name, RetentionInDays: !Ref Days }
  Settings:
    Type: AWS::SSM::Parameter
    Properties: { Name: /two/settings, Type: String, Value: !GetAtt Group.Arn }
Outputs:
  Name: { Value: !Ref Group, Export: { Name: !Sub '\${AWS::StackName}-name' } }
`;
