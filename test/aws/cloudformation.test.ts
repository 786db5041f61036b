/** Stacks of the emulated CloudFormation, by the official SDK. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import * as Cfn from '@aws-sdk/client-cloudformation';
import {
  CloudWatchLogsClient,
  DeleteLogGroupCommand,
  DescribeLogGroupsCommand,
  PutRetentionPolicyCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { GetParameterCommand, PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { EmulatedCloud } from '../../src/emulator/cloud.ts';
import { createEmulator } from '../../src/emulator/server.ts';
import { systemClock } from '../../src/kernel/clock.ts';
import { putRole } from '../kit/emulated-roles.ts';
import { createWorld, openHttp } from '../kit/world.ts';

const region = 'us-east-1';
const credentials = { accessKeyId: 'AKIAEMULATED', secretAccessKey: 'secret' };
const world = createWorld({ clock: systemClock, http: openHttp({ after }) });
const cloud = new EmulatedCloud({ clock: systemClock, regions: [region], credentials });
const emulator = createEmulator({ world, listen: '127.0.0.1:0', cloud });
let cfn: Cfn.CloudFormationClient;
let logs: CloudWatchLogsClient;
let ssm: SSMClient;
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

async function describe(StackName: string): Promise<Cfn.Stack> {
  const { Stacks = [] } = await cfn.send(new Cfn.DescribeStacksCommand({ StackName }));
  return Stacks[0] as Cfn.Stack;
}

/** Waits until nothing is under way. */
async function settle(StackName: string): Promise<string> {
  for (let tries = 0; tries < 600; tries += 1) {
    const stack = await describe(StackName).catch(() => undefined);
    const status = stack?.StackStatus ?? 'gone';
    if (status === 'REVIEW_IN_PROGRESS' || !status.endsWith('_IN_PROGRESS')) return status;
    await systemClock.sleep(10);
  }
  return assert.fail('it goes on for too long');
}

type CreateMore = Partial<Cfn.CreateStackCommandInput>;

async function create(StackName: string, TemplateBody: string, more: CreateMore = {}) {
  await cfn.send(new Cfn.CreateStackCommand({ StackName, TemplateBody, ...more }));
  return settle(StackName);
}

async function update(StackName: string, TemplateBody: string, more: object = {}) {
  await cfn.send(new Cfn.UpdateStackCommand({ StackName, TemplateBody, ...more }));
  return settle(StackName);
}

/** The events, oldest first: resource, state, and why. */
async function listEvents(StackName: string): Promise<string[]> {
  const { StackEvents = [] } = await cfn.send(new Cfn.DescribeStackEventsCommand({ StackName }));
  return StackEvents.toReversed().map((one) =>
    [one.LogicalResourceId, one.ResourceStatus, one.ResourceStatusReason]
      .filter((word) => word !== undefined)
      .join(' '),
  );
}

async function listGroups(): Promise<string[]> {
  const { logGroups = [] } = await logs.send(new DescribeLogGroupsCommand({}));
  return logGroups.map(({ logGroupName, retentionInDays }) =>
    [logGroupName, retentionInDays].filter((word) => word !== undefined).join(' '),
  );
}

const TWO = `
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

test('a stack is made in the order of its graph, and events tell so', async () => {
  assert.equal(
    await create('two', TWO, { Tags: [{ Key: 'team', Value: 'x' }] }),
    'CREATE_COMPLETE',
  );
  assert.deepEqual(await listEvents('two'), [
    'two CREATE_IN_PROGRESS User Initiated',
    'Group CREATE_IN_PROGRESS',
    'Group CREATE_IN_PROGRESS Resource creation Initiated',
    'Group CREATE_COMPLETE',
    'Settings CREATE_IN_PROGRESS',
    'Settings CREATE_IN_PROGRESS Resource creation Initiated',
    'Settings CREATE_COMPLETE',
    'two CREATE_COMPLETE',
  ]);
  const { Outputs } = await describe('two');
  assert.deepEqual(Outputs, [{ OutputKey: 'Name', OutputValue: '/two', ExportName: 'two-name' }]);
  const { Parameter } = await ssm.send(new GetParameterCommand({ Name: '/two/settings' }));
  assert.equal(Parameter?.Value, 'arn:aws:logs:us-east-1:000000000000:log-group:/two:*');
  await assert.rejects(create('two', TWO), { name: 'AlreadyExistsException' });
  const { StackResources } = await cfn.send(
    new Cfn.DescribeStackResourcesCommand({ StackName: 'two' }),
  );
  assert.deepEqual(
    StackResources?.map((one) => [one.LogicalResourceId, one.PhysicalResourceId]),
    [
      ['Group', '/two'],
      ['Settings', '/two/settings'],
    ],
  );
  await cfn.send(new Cfn.DeleteStackCommand({ StackName: 'two' }));
  await Cfn.waitUntilStackDeleteComplete(
    { client: cfn, maxWaitTime: 10, minDelay: 1, maxDelay: 1 },
    { StackName: 'two' },
  );
  assert.deepEqual(await listGroups(), []);
  await assert.rejects(ssm.send(new GetParameterCommand({ Name: '/two/settings' })));
});

test('a resource that fails takes the others back', async () => {
  cloud.trouble.set({ faults: [{ action: 'PutParameter', code: 'InternalServerError' }] });
  assert.equal(await create('two', TWO), 'ROLLBACK_COMPLETE');
  const events = await listEvents('two');
  const failed = events.find((event) => event.startsWith('Settings CREATE_FAILED'));
  assert.match(
    failed ?? '',
    /^Settings CREATE_FAILED Resource handler returned message: ".*\(Service: ssm, Status Code: 400, Request ID: .*HandlerErrorCode: InvalidRequest\)$/,
  );
  assert.deepEqual(events.slice(-4), [
    'two ROLLBACK_IN_PROGRESS The following resource(s) failed to create: [Settings]. Rollback requested by user.',
    'Group DELETE_IN_PROGRESS',
    'Group DELETE_COMPLETE',
    'two ROLLBACK_COMPLETE',
  ]);
  assert.deepEqual(await listGroups(), []);
});

test('on failure a stack goes, or stays as it is, if asked', async () => {
  cloud.trouble.set({ faults: [{ action: 'PutParameter', code: 'InternalServerError' }] });
  assert.equal(await create('gone', TWO, { OnFailure: 'DELETE' }), 'gone');
  assert.deepEqual(await listGroups(), []);
  assert.equal(await create('stays', TWO, { DisableRollback: true }), 'CREATE_FAILED');
  assert.deepEqual(await listGroups(), ['/two 7']);
});

test('a change is made in place, by another resource, or by none', async () => {
  await create('two', TWO);
  assert.equal(await update('two', TWO.replace('Default: 7', 'Default: 14')), 'UPDATE_COMPLETE');
  assert.deepEqual(await listGroups(), ['/two 14']);
  const before = (await listEvents('two')).length;
  const replaced = TWO.replace('Default: /two', 'Default: /other');
  assert.equal(await update('two', replaced), 'UPDATE_COMPLETE');
  assert.deepEqual(await listGroups(), ['/other 7']);
  assert.deepEqual((await listEvents('two')).slice(before), [
    'two UPDATE_IN_PROGRESS User Initiated',
    'Group UPDATE_IN_PROGRESS Requested update requires the creation of a new physical resource; hence creating one.',
    'Group CREATE_IN_PROGRESS',
    'Group CREATE_IN_PROGRESS Resource creation Initiated',
    'Group CREATE_COMPLETE',
    'Group UPDATE_COMPLETE',
    'Settings UPDATE_IN_PROGRESS',
    'Settings UPDATE_COMPLETE',
    'two UPDATE_COMPLETE_CLEANUP_IN_PROGRESS',
    'Group DELETE_IN_PROGRESS',
    'Group DELETE_COMPLETE',
    'two UPDATE_COMPLETE',
  ]);
  const { Parameter } = await ssm.send(new GetParameterCommand({ Name: '/two/settings' }));
  assert.match(Parameter?.Value ?? '', /log-group:\/other:/);
  await assert.rejects(update('two', replaced), { message: 'No updates are to be performed.' });
  const less = replaced.replace(/ {2}Settings:[^]*?Outputs/, 'Outputs');
  assert.equal(await update('two', less), 'UPDATE_COMPLETE');
  await assert.rejects(ssm.send(new GetParameterCommand({ Name: '/two/settings' })));
});

test('a change that fails is taken back, in place and replaced', async () => {
  await create('two', TWO);
  for (const changed of [
    TWO.replace('Default: 7', 'Default: 14').replace('!GetAtt Group.Arn', 'other'),
    TWO.replace('Default: /two', 'Default: /other'),
  ]) {
    cloud.trouble.set({
      faults: [{ action: 'PutParameter', code: 'InternalServerError', count: 1 }],
    });
    assert.equal(await update('two', changed), 'UPDATE_ROLLBACK_COMPLETE');
    assert.deepEqual(await listGroups(), ['/two 7']);
    const { Parameter } = await ssm.send(new GetParameterCommand({ Name: '/two/settings' }));
    assert.match(Parameter?.Value ?? '', /log-group:\/two:/);
    const events = await listEvents('two');
    assert.ok(
      events.includes(
        'two UPDATE_ROLLBACK_IN_PROGRESS The following resource(s) failed to update: [Settings]. ',
      ) ||
        events.includes(
          'two UPDATE_ROLLBACK_IN_PROGRESS The following resource(s) failed to update: [Settings].',
        ),
      events.join('\n'),
    );
  }
  assert.equal((await describe('two')).StackStatus, 'UPDATE_ROLLBACK_COMPLETE');
});

test('a roll-back that fails can be gone on with, or a resource skipped', async () => {
  await create('two', TWO);
  const changed = TWO.replace('Default: 7', 'Default: 14').replace('!GetAtt Group.Arn', 'other');
  cloud.trouble.set({ faults: [{ action: 'PutParameter', code: 'InternalServerError' }] });
  assert.equal(await update('two', changed), 'UPDATE_ROLLBACK_FAILED');
  await assert.rejects(
    update('two', changed),
    /UPDATE_ROLLBACK_FAILED state and can not be updated/,
  );
  const resume = (ResourcesToSkip: string[]) =>
    cfn.send(new Cfn.ContinueUpdateRollbackCommand({ StackName: 'two', ResourcesToSkip }));
  await resume([]);
  assert.equal(await settle('two'), 'UPDATE_ROLLBACK_FAILED');
  await resume(['Settings']);
  assert.equal(await settle('two'), 'UPDATE_ROLLBACK_COMPLETE');
  assert.deepEqual(await listGroups(), ['/two 7']);
});

test('what cannot be deleted is said, and may be left', async () => {
  await create('two', TWO);
  const remove = (RetainResources?: string[]) =>
    cfn.send(
      new Cfn.DeleteStackCommand({
        StackName: 'two',
        ...(RetainResources === undefined ? {} : { RetainResources }),
      }),
    );
  await assert.rejects(remove(['Group']), /DELETE_FAILED state only/);
  cloud.trouble.set({ faults: [{ action: 'DeleteLogGroup', code: 'OperationAbortedException' }] });
  await remove();
  assert.equal(await settle('two'), 'DELETE_FAILED');
  assert.match(
    (await describe('two')).StackStatusReason ?? '',
    /^The following resource\(s\) failed to delete: \[Group\]\./,
  );
  await remove(['Group']);
  assert.equal(await settle('two'), 'gone');
  assert.deepEqual(await listGroups(), ['/two 7']);
});

test('what is to be kept is kept, and said', async () => {
  const kept = TWO.replace('Type: AWS::Logs', 'DeletionPolicy: Retain\n    Type: AWS::Logs');
  await create('two', kept);
  const { StackId } = await describe('two');
  await cfn.send(new Cfn.DeleteStackCommand({ StackName: 'two' }));
  assert.equal(await settle('two'), 'gone');
  assert.ok((await listEvents(StackId ?? '')).includes('Group DELETE_SKIPPED'));
  assert.deepEqual(await listGroups(), ['/two 7']);
});

async function changeSet(name: string, type: 'CREATE' | 'UPDATE', TemplateBody: string) {
  const names = { StackName: 'two', ChangeSetName: name };
  await cfn.send(new Cfn.CreateChangeSetCommand({ ...names, ChangeSetType: type, TemplateBody }));
  return cfn.send(new Cfn.DescribeChangeSetCommand(names));
}

test('a change set says what would be done, and does it', async () => {
  const added = await changeSet('first', 'CREATE', TWO);
  assert.deepEqual(
    added.Changes?.map(({ ResourceChange: one }) => [one?.Action, one?.LogicalResourceId]),
    [
      ['Add', 'Group'],
      ['Add', 'Settings'],
    ],
  );
  assert.equal(await settle('two'), 'REVIEW_IN_PROGRESS');
  const names = { StackName: 'two', ChangeSetName: 'first' };
  await cfn.send(new Cfn.ExecuteChangeSetCommand(names));
  assert.equal(await settle('two'), 'CREATE_COMPLETE');
  const same = await changeSet('same', 'UPDATE', TWO);
  assert.equal(same.Status, 'FAILED');
  assert.match(same.StatusReason ?? '', /^The submitted information didn't contain changes\./);
  await assert.rejects(
    cfn.send(new Cfn.ExecuteChangeSetCommand({ ...names, ChangeSetName: 'same' })),
    { name: 'InvalidChangeSetStatusException' },
  );
  const other = await changeSet('other', 'UPDATE', TWO.replace('Default: /two', 'Default: /b'));
  assert.deepEqual(
    other.Changes?.map(({ ResourceChange: one }) => [
      one?.LogicalResourceId,
      one?.Action,
      one?.Replacement,
      one?.Details?.map(({ Target }) => Target?.Name),
    ]),
    [
      ['Group', 'Modify', 'True', ['LogGroupName']],
      ['Settings', 'Modify', 'False', ['Value']],
    ],
  );
  await assert.rejects(
    cfn.send(new Cfn.DescribeChangeSetCommand({ ...names, ChangeSetName: 'none' })),
    { name: 'ChangeSetNotFoundException' },
  );
});

test('drift is what differs from the template, and what is gone', async () => {
  await create('two', TWO);
  const detect = async () => {
    const { StackDriftDetectionId } = await cfn.send(
      new Cfn.DetectStackDriftCommand({ StackName: 'two' }),
    );
    for (;;) {
      const found = await cfn.send(
        new Cfn.DescribeStackDriftDetectionStatusCommand({ StackDriftDetectionId }),
      );
      if (found.DetectionStatus !== 'DETECTION_IN_PROGRESS') return found;
    }
  };
  assert.equal((await detect()).StackDriftStatus, 'IN_SYNC');
  await logs.send(new PutRetentionPolicyCommand({ logGroupName: '/two', retentionInDays: 30 }));
  await cloud.call(
    cloud.contextOf({ accessKeyId: credentials.accessKeyId, region }, {}),
    'ssm',
    'DeleteParameter',
    { Name: '/two/settings' },
  );
  const found = await detect();
  assert.deepEqual([found.StackDriftStatus, found.DriftedStackResourceCount], ['DRIFTED', 2]);
  const { StackResourceDrifts = [] } = await cfn.send(
    new Cfn.DescribeStackResourceDriftsCommand({ StackName: 'two' }),
  );
  assert.deepEqual(
    StackResourceDrifts.map((one) => [one.StackResourceDriftStatus, one.PropertyDifferences]),
    [
      [
        'MODIFIED',
        [
          {
            PropertyPath: '/RetentionInDays',
            ExpectedValue: '7',
            ActualValue: '30',
            DifferenceType: 'NOT_EQUAL',
          },
        ],
      ],
      ['DELETED', []],
    ],
  );
});

test('an export that another stack uses stays', async () => {
  await create('two', TWO);
  const user = `
Resources:
  Copy:
    Type: AWS::SSM::Parameter
    Properties: { Name: /copy, Type: String, Value: !ImportValue two-name }
`;
  assert.equal(await create('user', user), 'CREATE_COMPLETE');
  const { Imports } = await cfn.send(new Cfn.ListImportsCommand({ ExportName: 'two-name' }));
  assert.deepEqual(Imports, ['user']);
  await cfn.send(new Cfn.DeleteStackCommand({ StackName: 'two' }));
  assert.equal(await settle('two'), 'DELETE_FAILED');
  assert.match(
    (await describe('two')).StackStatusReason ?? '',
    /^Cannot delete export two-name as it is in use by user\.$/,
  );
  const unknown = user.replace('two-name', 'none').replace('/copy', '/copy2');
  assert.equal(await create('lost', unknown), 'ROLLBACK_COMPLETE');
  assert.ok((await listEvents('lost')).includes('Copy CREATE_FAILED No export named none found.'));
  await cfn.send(new Cfn.DeleteStackCommand({ StackName: 'user' }));
  await settle('user');
});

test('a parameter that is not to be shown is shown nowhere', async () => {
  const template = `
Parameters:
  Secret: { Type: String, NoEcho: true }
  Image: { Type: 'AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>', Default: /aws/service/ecs/optimized-ami/amazon-linux-2/recommended/image_id }
  Kept: { Type: 'AWS::SSM::Parameter::Value<String>', Default: /kept }
Resources:
  A:
    Type: AWS::SSM::Parameter
    Properties: { Name: /a, Type: String, Value: !Sub '\${Secret} \${Image} {{resolve:ssm:/kept}} \${Kept}' }
`;
  await ssm.send(new PutParameterCommand({ Name: '/kept', Value: 'v', Type: 'String' }));
  const Parameters = [{ ParameterKey: 'Secret', ParameterValue: 'hush-hush' }];
  assert.equal(await create('a', template, { Parameters }), 'CREATE_COMPLETE');
  const { Parameter } = await ssm.send(new GetParameterCommand({ Name: '/a' }));
  assert.match(Parameter?.Value ?? '', /^hush-hush ami-[0-9a-f]{17} v v$/);
  const told = JSON.stringify([
    await describe('a'),
    await cfn.send(new Cfn.DescribeStackEventsCommand({ StackName: 'a' })),
  ]);
  assert.doesNotMatch(told, /hush-hush/);
  assert.match(told, /\*\*\*\*/);
});

const ROLE = `
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: 2012-10-17
        Statement: [{ Effect: Allow, Principal: { Service: ecs-tasks.amazonaws.com }, Action: sts:AssumeRole }]
      Policies:
        - PolicyName: p
          PolicyDocument: { Version: 2012-10-17, Statement: [{ Effect: Allow, Action: 's3:*', Resource: '*' }] }
`;

test('a template with roles needs that its caller says so', async () => {
  await assert.rejects(create('role', ROLE), {
    name: 'InsufficientCapabilitiesException',
    message: 'Requires capabilities : [CAPABILITY_IAM]',
  });
  const named = ROLE.replace('Properties:', 'Properties:\n      RoleName: mine');
  await assert.rejects(create('role', named, { Capabilities: ['CAPABILITY_IAM'] }), {
    message: 'Requires capabilities : [CAPABILITY_NAMED_IAM]',
  });
  assert.equal(await create('role', ROLE, { Capabilities: ['CAPABILITY_IAM'] }), 'CREATE_COMPLETE');
});

test('resources are made as who deploys, or as the role that is passed', async () => {
  const allow = (...Action: string[]) => ({ Effect: 'Allow', Action, Resource: '*' });
  const RoleArn = await putRole(cloud, 'deployer', {
    statements: [allow('cloudformation:*', 'ssm:*'), allow('iam:PassRole')],
  });
  const RoleARN = await putRole(cloud, 'maker', { statements: [allow('ssm:*', 'logs:*')] });
  const sts = new STSClient({ endpoint: emulator.url, region, credentials });
  const { Credentials: keys } = await sts.send(
    new AssumeRoleCommand({ RoleArn, RoleSessionName: 'trial' }),
  );
  sts.destroy();
  const deployer = new Cfn.CloudFormationClient({
    endpoint: emulator.url,
    region,
    credentials: {
      accessKeyId: keys?.AccessKeyId ?? '',
      secretAccessKey: keys?.SecretAccessKey ?? '',
      sessionToken: keys?.SessionToken ?? '',
    },
  });
  const input = { StackName: 'two', TemplateBody: TWO };
  await deployer.send(new Cfn.CreateStackCommand(input));
  assert.equal(await settle('two'), 'ROLLBACK_COMPLETE');
  const [failed = ''] = (await listEvents('two')).filter((event) => event.includes('_FAILED'));
  assert.match(
    failed,
    /^Group CREATE_FAILED .*User: arn:aws:sts::000000000000:assumed-role\/deployer\/trial is not authorized to perform: logs:CreateLogGroup on resource: .* because no identity-based policy allows the logs:CreateLogGroup action .*HandlerErrorCode: AccessDenied\)$/,
  );
  await cfn.send(new Cfn.DeleteStackCommand({ StackName: 'two' }));
  await settle('two');
  await deployer.send(new Cfn.CreateStackCommand({ ...input, RoleARN }));
  assert.equal(await settle('two'), 'CREATE_COMPLETE');
  deployer.destroy();
});

test('a stack that is protected stays, and one that is not there is no fault', async () => {
  await create('two', TWO, { EnableTerminationProtection: true });
  await assert.rejects(cfn.send(new Cfn.DeleteStackCommand({ StackName: 'two' })), {
    message: 'Stack [two] cannot be deleted while TerminationProtection is enabled',
  });
  await cfn.send(new Cfn.DeleteStackCommand({ StackName: 'none' }));
  await assert.rejects(describe('none'), { message: 'Stack with id none does not exist' });
});

test('a template is read from the emulated S3, and a longer one is refused as text', async () => {
  await assert.rejects(
    create('big', TWO + '#'.repeat(51_200)),
    /length less than or equal to 51200/,
  );
  const TemplateURL = `${emulator.url}/templates/two.yml`;
  await assert.rejects(
    cfn.send(new Cfn.ValidateTemplateCommand({ TemplateURL })),
    /The specified key does not exist: s3:\/\/templates\/two.yml/,
  );
  const s3 = new S3Client({ endpoint: emulator.url, region, credentials, forcePathStyle: true });
  await s3.send(new CreateBucketCommand({ Bucket: 'templates' }));
  await s3.send(new PutObjectCommand({ Bucket: 'templates', Key: 'two.yml', Body: TWO }));
  s3.destroy();
  const { Parameters } = await cfn.send(new Cfn.ValidateTemplateCommand({ TemplateURL }));
  assert.deepEqual(
    Parameters?.map((one) => [one.ParameterKey, one.DefaultValue]),
    [
      ['Days', '7'],
      ['Name', '/two'],
    ],
  );
});
