/** The rate of a workspace's samples as status prints it: a mean of CloudWatch has many digits. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createStatusCommand } from '../../src/commands/status.ts';
import { rootOf } from '../../src/emulator/identities.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import { setEnvironment } from '../kit/environment.ts';
import { startEmulatedAws } from '../kit/emulated-aws.ts';
import { act } from './acting.ts';

const region = 'us-east-1';
const TEMPLATE = 'Resources: { Workspace: { Type: AWS::APS::Workspace } }';

for (const [rate, printed] of [
  [12_345.678_901, '12346'],
  [12.345_678_901, '12.3'],
  [0.123_456_789, '0.123'],
] as const)
  test(`a rate of ${rate} is printed as ${printed}`, async (context) => {
    const aws = await startEmulatedAws();
    context.after(() => aws.close());
    const { credentials, cloud, account } = aws;
    setEnvironment(context, {
      AWS_ENDPOINT_URL: aws.url,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    });
    const caller = rootOf(cloud.accountId);
    const stack = { StackName: 'metrics', TemplateBody: TEMPLATE };
    const call = { caller, region, headers: {} };
    await cloud.call(call, 'cloudformation', 'CreateStack', stack);
    await account.cloudFormation.settled();
    const [workspace] = cloud.workspaces.all.keys();
    account.cloudWatch.store.add({
      namespace: 'AWS/Usage',
      name: 'ResourceCount',
      dimensions: [
        { name: 'Class', value: 'None' },
        { name: 'Resource', value: 'IngestionRate' },
        { name: 'ResourceId', value: workspace ?? '' },
        { name: 'Service', value: 'Prometheus' },
        { name: 'Type', value: 'Resource' },
      ],
      timestampMs: systemClock.nowMs() - 120_000,
      unit: 'None',
      isHighResolution: false,
      values: [[rate, 1]],
    });
    const given = ['metrics', '--region', region];
    const { out } = await act(createStatusCommand, given, { clock: systemClock });
    assert.match(
      out,
      new RegExp(`^workspace .* ${printed.replace('.', '\\.')} samples a second`, 'm'),
    );
  });
