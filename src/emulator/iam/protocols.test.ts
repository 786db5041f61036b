/** A denial in the form of each protocol, and what a policy for each service lets through. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CloudWatchClient, ListMetricsCommand } from '@aws-sdk/client-cloudwatch';
import { CloudWatchLogsClient, CreateLogStreamCommand } from '@aws-sdk/client-cloudwatch-logs';
import { DescribeInstancesCommand, EC2Client } from '@aws-sdk/client-ec2';
import * as Ecs from '@aws-sdk/client-ecs';
import { DescribeServerlessCachesCommand, ElastiCacheClient } from '@aws-sdk/client-elasticache';
import { IAMClient, ListRolesCommand } from '@aws-sdk/client-iam';
import { DescribeDBInstancesCommand, RDSClient } from '@aws-sdk/client-rds';
import { KafkaClient, ListClustersV2Command } from '@aws-sdk/client-kafka';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { DiscoverInstancesCommand, ServiceDiscoveryClient } from '@aws-sdk/client-servicediscovery';
import { GetQueueUrlCommand, SQSClient } from '@aws-sdk/client-sqs';
import { GetParametersCommand, SSMClient } from '@aws-sdk/client-ssm';
import { GetSamplingRulesCommand, XRayClient } from '@aws-sdk/client-xray';
import { type EmulatedAws, startEmulatedAws } from '../../../test/kit/emulated-aws.ts';
import { callIam, putRole, writeDocument } from '../../../test/kit/emulated-roles.ts';
import { postSigned } from '../../../test/kit/signed-call.ts';

let aws: EmulatedAws;
before(async () => {
  aws = await startEmulatedAws();
});
after(() => aws.close());

/** Keys of a session of a role that may do what the statements allow. */
async function openRole(name: string, statements: readonly object[]) {
  const { cloud } = aws;
  const roleArn = await putRole(cloud, name, { statements });
  const session = cloud.openSession(roleArn, 's');
  const { accessKeyId, secretAccessKey, sessionToken } = cloud.identities.issue(
    cloud.nowMs(),
    3_600_000,
    session,
  );
  return { accessKeyId, secretAccessKey, sessionToken };
}

interface Answer {
  readonly status: number;
  readonly name: string;
  readonly message: string;
}

type Client = { send: (command: never) => Promise<unknown>; destroy(): void };

/** How a call fails; undefined if it does not. */
async function tryCall(client: Client, command: object): Promise<Answer | undefined> {
  try {
    await client.send(command as never);
    return undefined;
  } catch (error) {
    const { name, message, $metadata } = error as Error & {
      $metadata?: { httpStatusCode?: number };
    };
    return { status: $metadata?.httpStatusCode ?? 0, name, message };
  } finally {
    client.destroy();
  }
}

const ON = 'arn:aws:{}:us-east-1:000000000000:';
/** No name of a host before the emulator's. */
const PLAIN = { forcePathStyle: true, disableHostPrefix: true };
const JSON_CODE = 'AccessDeniedException';

test('each service denies in the form of its protocol, and lets through what the policy allows', async () => {
  const none = await openRole('none', [{ Effect: 'Allow', Action: 'none:None', Resource: '*' }]);
  /** The client, a call, the status and code of its denial, and what the policy must allow. */
  type Row = [new (config: never) => Client, object, number, string, string, string];
  const rows: Row[] = [
    [Ecs.ECSClient, new Ecs.ListTasksCommand({ cluster: 'c' }), 400, JSON_CODE, 'ecs:ListTasks', `${ON}container-instance/c/*`],
    [SSMClient, new GetParametersCommand({ Names: ['/a'] }), 400, JSON_CODE, 'ssm:GetParameters', `${ON}parameter/a`],
    [SecretsManagerClient, new GetSecretValueCommand({ SecretId: 'x' }), 400, JSON_CODE, 'secretsmanager:GetSecretValue', `${ON}secret:x`],
    [CloudWatchLogsClient, new CreateLogStreamCommand({ logGroupName: '/g', logStreamName: 's' }), 400, JSON_CODE, 'logs:CreateLogStream', `${ON}log-group:/g:log-stream:s`],
    [ServiceDiscoveryClient, new DiscoverInstancesCommand({ NamespaceName: 'n', ServiceName: 's' }), 400, JSON_CODE, 'servicediscovery:DiscoverInstances', `${ON}namespace/n`],
    [SQSClient, new GetQueueUrlCommand({ QueueName: 'q' }), 400, JSON_CODE, 'sqs:GetQueueUrl', `${ON}q`],
    [XRayClient, new GetSamplingRulesCommand({}), 403, JSON_CODE, 'xray:GetSamplingRules', '*'],
    [KafkaClient, new ListClustersV2Command({}), 403, JSON_CODE, 'kafka:ListClustersV2', '*'],
    [ElastiCacheClient, new DescribeServerlessCachesCommand({}), 403, 'AccessDenied', 'elasticache:DescribeServerlessCaches', `${ON}serverlesscache:*`],
    [RDSClient, new DescribeDBInstancesCommand({}), 403, 'AccessDenied', 'rds:DescribeDBInstances', `${ON}db:*`],
    [CloudWatchClient, new ListMetricsCommand({}), 400, JSON_CODE, 'cloudwatch:ListMetrics', '*'],
    [EC2Client, new DescribeInstancesCommand({}), 403, 'UnauthorizedOperation', 'ec2:DescribeInstances', '*'],
    [IAMClient, new ListRolesCommand({}), 403, 'AccessDenied', 'iam:ListRoles', '*'],
    [S3Client, new GetObjectCommand({ Bucket: 'b', Key: 'k' }), 403, 'AccessDenied', 's3:GetObject', 'arn:aws:s3:::b/k'],
  ]; // prettier-ignore
  for (const [Service, command, status, name, action, written] of rows) {
    const service = action.split(':')[0]!;
    const resource = written.replace('{}', service);
    const shared = { endpoint: aws.url, region: 'us-east-1', maxAttempts: 1, ...PLAIN };
    const call = (credentials: object) =>
      tryCall(new Service({ ...shared, credentials } as never), command);
    const denial = await call(none);
    assert.deepEqual([denial?.status, denial?.name], [status, name], action);
    assert.match(
      denial!.message,
      new RegExp(`assumed-role/none/s is not authorized to perform: ${action} `),
    );
    assert.ok(denial!.message.includes(`on resource: ${resource} `), denial!.message);
    const Resource = [resource, resource.replace('namespace/n', 'service/s')];
    const other = await call(
      await openRole('one', [{ Effect: 'Allow', Action: action, Resource }]),
    );
    assert.doesNotMatch(other?.message ?? '', /not authorized/, action);
  }
});

test('OTLP endpoints ask for the actions that take metrics and spans', async () => {
  const { url } = aws;
  const headers = { 'content-type': 'application/json' };
  const send = async (keys: EmulatedAws['credentials'], signal: 'metrics' | 'traces') => {
    const service = signal === 'metrics' ? 'monitoring' : 'xray';
    const call = { path: `/v1/${signal}`, headers, body: '{}' };
    const answer = await postSigned({ url, credentials: keys }, service, call);
    return `${answer.status} ${answer.body.toString()}`;
  };
  const none = await openRole('none', [{ Effect: 'Allow', Action: 'none:None', Resource: '*' }]);
  assert.match(
    await send(none, 'metrics'),
    /^403 .*"code":7.*perform: cloudwatch:PutMetricData on/,
  );
  assert.match(await send(none, 'traces'), /^403 .*"code":7.*perform: xray:PutSpans on/);
  const actions = ['cloudwatch:PutMetricData', 'xray:PutSpans'];
  const both = await openRole('both', [{ Effect: 'Allow', Action: actions, Resource: '*' }]);
  assert.match(await send(both, 'metrics'), /^200/);
  assert.doesNotMatch(await send(both, 'traces'), /not authorized/);
});

test('a role is handed to ECS, and a resource tagged, by the permission for it', async () => {
  const passed = 'arn:aws:iam::000000000000:role/passed';
  const register = { Effect: 'Allow', Action: 'ecs:RegisterTaskDefinition', Resource: '*' };
  const handOver = (service: string) => ({
    Effect: 'Allow',
    Action: 'iam:PassRole',
    Resource: passed,
    Condition: { StringEquals: { 'iam:PassedToService': service } },
  });
  const call = async (statements: readonly object[], more: object = {}) => {
    const credentials = await openRole('maker', [register, ...statements]);
    const config = { endpoint: aws.url, region: 'us-east-1', maxAttempts: 1, credentials };
    const containerDefinitions = [{ name: 'a', image: 'a', memory: 128 }];
    const input = { family: 'f', containerDefinitions, taskRoleArn: passed, ...more };
    const command = new Ecs.RegisterTaskDefinitionCommand(input);
    return (await tryCall(new Ecs.ECSClient(config), command))?.message;
  };
  const denied =
    /perform: iam:PassRole on resource: arn:aws:iam::000000000000:role\/passed because/;
  assert.match((await call([])) ?? '', denied);
  assert.match((await call([handOver('ec2.amazonaws.com')])) ?? '', denied);
  assert.equal(await call([handOver('ecs-tasks.amazonaws.com')]), undefined);
  const tags = [{ key: 'team', value: 'a' }];
  const own = handOver('ecs-tasks.amazonaws.com');
  assert.match((await call([own], { tags })) ?? '', /perform: ecs:TagResource/);
  const tag = (team: string) => ({
    Effect: 'Allow',
    Action: 'ecs:TagResource',
    Resource: '*',
    Condition: { StringEquals: { 'aws:RequestTag/team': team } },
  });
  assert.match((await call([own, tag('b')], { tags })) ?? '', /perform: ecs:TagResource/);
  assert.equal(await call([own, tag('a')], { tags }), undefined);
});

test('a call from inside is judged as that caller; a service of AWS may do all', async () => {
  const { cloud } = aws;
  await putRole(cloud, 'inside', { statements: [{ Effect: 'Deny', Action: '*', Resource: '*' }] });
  const caller = cloud.openSession(cloud.roleArnOf('inside'), 's');
  const call = (who: typeof caller) =>
    cloud.call({ caller: who, region: 'us-east-1', headers: {} }, 'ecs', 'CreateCluster', {
      clusterName: 'inside',
    });
  await assert.rejects(call(caller), { code: 'AccessDeniedException' });
  const service = { accountId: cloud.accountId, arn: 'ecs.amazonaws.com', userId: 'ecs' };
  assert.ok(await call(service));
  const boundless = writeDocument([{ Effect: 'Allow', Action: 'ecs:*', Resource: '*' }]);
  const policy = { RoleName: 'inside', PolicyName: 'only', PolicyDocument: boundless };
  await callIam(cloud, 'PutRolePolicy', policy);
  assert.ok(await call(caller));
});
