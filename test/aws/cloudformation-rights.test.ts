/** Stacks of the emulated CloudFormation: drift, exports, what is hidden, who may do what. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as Cfn from '@aws-sdk/client-cloudformation';
import { PutRetentionPolicyCommand } from '@aws-sdk/client-cloudwatch-logs';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { GetParameterCommand, PutParameterCommand } from '@aws-sdk/client-ssm';
import { openRoleSession, putRole } from '../kit/emulated-roles.ts';
import {
  cfn,
  logs,
  ssm,
  region,
  credentials,
  cloud,
  emulator,
  describe,
  settle,
  update,
  create,
  listEvents,
  listGroups,
  TWO,
} from '../kit/emulated-stacks.ts';

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
  const Parameters = [{ ParameterKey: 'Secret', ParameterValue: 'hush-"hush\\' }];
  assert.equal(await create('a', template, { Parameters }), 'CREATE_COMPLETE');
  const { Parameter } = await ssm.send(new GetParameterCommand({ Name: '/a' }));
  assert.match(Parameter?.Value ?? '', /^hush-"hush\\ ami-[0-9a-f]{17} v v$/);
  const told = JSON.stringify([
    await describe('a'),
    await cfn.send(new Cfn.DescribeStackEventsCommand({ StackName: 'a' })),
  ]);
  assert.doesNotMatch(told, /hush/);
  assert.match(told, /\*\*\*\*/);
});

test('what is to be kept goes with a creation that failed, where that is asked', async () => {
  const template = `
Resources:
  Group: { Type: AWS::Logs::LogGroup, DeletionPolicy: Retain, Properties: { LogGroupName: /kept } }
  Bad: { Type: AWS::SSM::Parameter, DependsOn: Group, Properties: { Name: /bad, Type: String, Value: b } }
`;
  // It cannot be made once more.
  await ssm.send(new PutParameterCommand({ Name: '/bad', Value: 'a', Type: 'String' }));
  for (const RetainExceptOnCreate of [true, false]) {
    await cfn.send(
      new Cfn.CreateChangeSetCommand({
        StackName: 'kept',
        ChangeSetName: 'first',
        ChangeSetType: 'CREATE',
        TemplateBody: template,
      }),
    );
    const named = { StackName: 'kept', ChangeSetName: 'first' };
    for (;;) {
      const { Status } = await cfn.send(new Cfn.DescribeChangeSetCommand(named));
      if (Status === 'CREATE_COMPLETE') break;
      assert.notEqual(Status, 'FAILED');
    }
    await cfn.send(new Cfn.ExecuteChangeSetCommand({ ...named, RetainExceptOnCreate }));
    assert.equal(await settle('kept'), 'ROLLBACK_COMPLETE');
    assert.equal((await listGroups()).includes('/kept'), !RetainExceptOnCreate);
    await cfn.send(new Cfn.DeleteStackCommand({ StackName: 'kept' }));
    await settle('kept');
  }
});

test('what a reference to a secret stands for is not in the events', async () => {
  const SecretString = 'never-told';
  const secrets = new SecretsManagerClient({ endpoint: emulator.url, region, credentials });
  await secrets.send(new CreateSecretCommand({ Name: 'told', SecretString }));
  secrets.destroy();
  const template = `
Resources:
  A: { Type: AWS::SSM::Parameter, Properties: { Name: /told, Type: String, Value: '{{resolve:secretsmanager:told}}' } }
`;
  assert.equal(await create('told', template), 'CREATE_COMPLETE');
  const { Parameter } = await ssm.send(new GetParameterCommand({ Name: '/told' }));
  assert.equal(Parameter?.Value, SecretString);
  const events = await cfn.send(new Cfn.DescribeStackEventsCommand({ StackName: 'told' }));
  assert.doesNotMatch(JSON.stringify(events), /never-told/);
  assert.match(JSON.stringify(events), /resolve:secretsmanager:told/);
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
  const at = { endpoint: emulator.url, region, credentials };
  const deployer = new Cfn.CloudFormationClient({
    ...at,
    credentials: await openRoleSession(at, RoleArn),
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

test('bug: a role that nobody created may deploy, where the cloud is not strict', async () => {
  const RoleARN = 'arn:aws:iam::000000000000:role/nobody';
  assert.equal(await create('free', TWO.replaceAll('two', 'free'), { RoleARN }), 'CREATE_COMPLETE');
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

test('rules of a template are judged before anything is made', async () => {
  const template = `
Parameters:
  Name: { Type: String }
Rules:
  Named:
    Assertions:
      - Assert: !Equals [!Ref Name, /right]
        AssertDescription: the name is /right
Resources:
  Group: { Type: AWS::Logs::LogGroup, Properties: { LogGroupName: !Ref Name } }
`;
  const Parameters = [{ ParameterKey: 'Name', ParameterValue: '/wrong' }];
  const refusal = { name: 'ValidationError', message: /the name is \/right/ };
  await assert.rejects(create('ruled', template, { Parameters }), refusal);
  await assert.rejects(
    cfn.send(
      new Cfn.CreateChangeSetCommand({
        StackName: 'ruled',
        ChangeSetName: 'one',
        ChangeSetType: 'CREATE',
        TemplateBody: template,
        Parameters,
      }),
    ),
    refusal,
  );
  assert.equal(await settle('ruled'), 'gone');
  const right = [{ ParameterKey: 'Name', ParameterValue: '/right' }];
  assert.equal(await create('right', template, { Parameters: right }), 'CREATE_COMPLETE');
  await assert.rejects(update('right', template, { Parameters }), refusal);
  assert.deepEqual(await listGroups(), ['/right']);
});
