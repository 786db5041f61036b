/**
 * The emulator refuses what it does not know by name, in every service: actions, members of
 * requests, parameters, values. So an empty list always means that the list was understood and is
 * empty.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import * as scalingModel from '@aws-sdk/client-auto-scaling';
import * as stackModel from '@aws-sdk/client-cloudformation';
import * as ec2Model from '@aws-sdk/client-ec2';
import * as ecsModel from '@aws-sdk/client-ecs';
import * as elastiCacheModel from '@aws-sdk/client-elasticache';
import * as iamModel from '@aws-sdk/client-iam';
import * as rdsModel from '@aws-sdk/client-rds';
import * as s3Model from '@aws-sdk/client-s3';
import * as secretsModel from '@aws-sdk/client-secrets-manager';
import * as mapModel from '@aws-sdk/client-servicediscovery';
import * as sqsModel from '@aws-sdk/client-sqs';
import * as ssmModel from '@aws-sdk/client-ssm';
import * as tokenModel from '@aws-sdk/client-sts';
import { sha256Hex, signRequest } from '../../src/aws/signing.ts';
import { MEMBERS } from '../../src/emulator/members.ts';
import type { JsonService } from '../../src/emulator/service.ts';
import { type EmulatedAws, startEmulatedAws } from '../kit/emulated-aws.ts';

/** Services that speak no JSON with X-Amz-Target. */
const OTHER_PROTOCOLS = new Set(['xray', 'kafka', 'aps', 'elasticfilesystem']);

let aws: EmulatedAws;
let services: readonly JsonService[] = [];
before(async () => {
  aws = await startEmulatedAws();
  services = [...aws.account.services.values()].filter(
    ({ signingName }) => !OTHER_PROTOCOLS.has(signingName),
  );
});
after(() => aws.close());

const MODELS: Readonly<Record<string, object>> = {
  AmazonEC2: ec2Model,
  AutoScaling: scalingModel,
  CloudFormation: stackModel,
  elasticache: elastiCacheModel,
  iam: iamModel,
  rds: rdsModel,
  sts: tokenModel,
  AmazonEC2ContainerServiceV20141113: ecsModel,
  Route53AutoNaming_v20170314: mapModel,
  AmazonSSM: ssmModel,
  secretsmanager: secretsModel,
  AmazonSQS: sqsModel,
};

/** Those whose model is in none of our packages; test/aws/cloudwatch-clients.test.ts has them. */
const OTHERS = new Set(['GraniteServiceVersion20100801', 'Logs_20140328']);

/** Requests are signed by hand, because the SDK leaves out members that it does not know. */
async function call(
  service: string,
  {
    path = '/',
    method = 'POST',
    headers = {},
    body = '',
  }: {
    path?: string;
    method?: string;
    headers?: Record<string, string>;
    body?: string;
  },
): Promise<{ status: number; text: string }> {
  const url = aws.url + path;
  const hash = service === 's3' ? { 'x-amz-content-sha256': sha256Hex(body) } : {};
  const request = { method, url, headers: { ...headers, ...hash }, body };
  const signed = signRequest(
    request,
    aws.credentials,
    { region: 'us-east-1', service },
    Date.now(),
  );
  const answer = await fetch(url, {
    method,
    headers: signed,
    ...(method === 'GET' || method === 'HEAD' ? {} : { body }),
  });
  return { status: answer.status, text: await answer.text() };
}

const json = (service: JsonService, action: string, input: object) =>
  call(service.signingName, {
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `${service.target}.${action}`,
    },
    body: JSON.stringify(input),
  });

test('each service refuses an action that it does not have', async () => {
  for (const service of services) {
    const { status, text } = await json(service, 'DoWhatNobodyKnows', {});
    assert.equal(status, 400);
    assert.match(text, /UnknownOperationException.*DoWhatNobodyKnows is not supported here/);
  }
});

test('each action of each service refuses an unknown member, and lists those it knows', async () => {
  let asked = 0;
  for (const service of services)
    for (const action of Object.keys(service.actions)) {
      const { status, text } = await json(service, action, { NoSuchMember: 1 });
      assert.equal(status, 501, `${service.target}.${action}: ${text}`);
      assert.match(
        text,
        new RegExp(`NotImplemented.*${action}: NoSuchMember is not supported here`),
      );
      asked += 1;
    }
  assert.ok(asked >= 50, `${asked}`);
});

test('the table has exactly the existing actions, with members that AWS has', () => {
  for (const service of services) {
    const known = MEMBERS[service.target] ?? {};
    assert.deepEqual(Object.keys(known).sort(), Object.keys(service.actions).sort());
    if (OTHERS.has(service.target)) continue;
    for (const [action, { acts, idle = '' }] of Object.entries(known)) {
      const schema = (MODELS[service.target] as Record<string, unknown>)[`${action}$`];
      const input = (schema as unknown[])[4] as () => unknown[];
      const members = ((typeof input === 'function' ? input() : input)[4] ?? []) as string[];
      for (const one of `${acts} ${idle}`.trim().split(' ').filter(Boolean))
        assert.ok(members.includes(one), `${action} of AWS has no ${one}: ${members.join(', ')}`);
    }
  }
});

test('ECS refuses values that would select nothing or be ignored', async () => {
  const ecs = services.find(({ signingName }) => signingName === 'ecs')!;
  await json(ecs, 'CreateCluster', { clusterName: 'values' });
  const cluster = 'values';
  const cases: [string, object, RegExp][] = [
    ['ListTasks', { cluster, desiredStatus: 'FLYING' }, /desiredStatus.*FLYING.*RUNNING/],
    ['ListTasks', { cluster, launchType: 'LAMBDA' }, /launchType.*LAMBDA/],
    ['ListTasks', { cluster, containerInstance: 'none' }, /No container instance none/],
    ['ListTasks', { cluster, nextToken: '!!' }, /Invalid token/],
    ['ListTasks', { cluster, nextToken: 7 }, /Invalid token/],
    ['ListServices', { cluster, launchType: 'LAMBDA' }, /launchType.*LAMBDA/],
    ['ListServices', { cluster, schedulingStrategy: 'ALL' }, /schedulingStrategy.*ALL/],
    ['ListContainerInstances', { cluster, status: 'GONE' }, /status.*GONE/],
    ['ListContainerInstances', { cluster, filter: 'a' }, /filter is not supported/],
    ['ListTaskDefinitions', { status: 'DELETED' }, /status.*DELETED/],
    ['ListTaskDefinitions', { sort: 'UP' }, /sort.*UP/],
    ['DescribeClusters', { clusters: [cluster], include: ['STATISTICS'] }, /include: STATISTICS/],
    ['RunTask', { cluster, taskDefinition: 'a', count: 11 }, /count must be a number from 1 to 10/],
    ['RunTask', { cluster, taskDefinition: 'a', overrides: { cpu: '1' } }, /overrides: cpu is not/],
    ['CreateService', { cluster, serviceName: 'a', vpcLatticeConfigurations: [] }, /vpcLattice/],
    ['RegisterTaskDefinition', { family: 'a', networkMode: 'nat' }, /networkMode.*nat/],
  ];
  for (const [action, input, words] of cases) {
    const { status, text } = await json(ecs, action, input);
    assert.ok(status === 400 || status === 501, `${action}: ${status}`);
    assert.match(text, words, action);
  }
});

test('EC2 and STS refuse unknown parameters and invalid tokens of list pages', async () => {
  const form = (service: string, body: string) =>
    call(service, { headers: { 'content-type': 'application/x-www-form-urlencoded' }, body });
  const ec2 = (rest: string) => form('ec2', `Action=DescribeInstances&Version=2016-11-15${rest}`);
  assert.match(
    (await ec2('&Owner.1=me')).text,
    /UnknownParameter.*DescribeInstances: Owners is not supported/,
  );
  assert.match(
    (await ec2('&Filter.1.Name=kernel-id&Filter.1.Value.1=a')).text,
    /kernel-id.*invalid/,
  );
  for (const most of ['abc', '4', '1001', ''])
    assert.match((await ec2(`&MaxResults=${most}`)).text, /InvalidParameterValue/, most);
  assert.match((await form('ec2', 'Action=DescribeNothing')).text, /InvalidAction/);
  const sts = (rest: string) => form('sts', `Version=2011-06-15&Action=${rest}`);
  assert.match((await sts('GetSessionToken')).text, /GetSessionToken is not supported here/);
  for (const action of ['GetCallerIdentity', 'AssumeRole', 'AssumeRoleWithWebIdentity'])
    assert.match((await sts(`${action}&NoSuch=1`)).text, /NotImplemented.*NoSuch/, action);
});

test('S3 refuses parameters, headers and methods that it does not know', async () => {
  await call('s3', { path: '/edges', method: 'PUT' });
  await call('s3', { path: '/edges/key', method: 'PUT', body: 'text' });
  const cases: [string, string, Record<string, string>, RegExp][] = [
    ['GET', '/edges', {}, /ListObjects is not supported here; ListObjectsV2/],
    ['GET', '/edges?versioning', {}, /ListObjectsV2: the parameter versioning/],
    ['GET', '/edges?list-type=2&marker=a', {}, /the parameter marker/],
    ['GET', '/edges?uploads', {}, /the parameter uploads/],
    ['POST', '/edges?delete', {}, /POST of a bucket/],
    ['PUT', '/edges?policy', {}, /CreateBucket: the parameter policy/],
    ['DELETE', '/edges?policy', {}, /DeleteBucket: the parameter policy/],
    ['GET', '/?marker=a', {}, /ListBuckets: the parameter marker/],
    ['GET', '/edges/key?acl', {}, /GetObject: the parameter acl/],
    ['GET', '/edges/key?partNumber=1', {}, /partNumber/],
    ['GET', '/edges/key', { 'x-amz-expected-bucket-owner': '1' }, /x-amz-expected-bucket-owner/],
    ['PUT', '/edges/key', { 'x-amz-copy-source': '/a/b' }, /x-amz-copy-source/],
    ['PUT', '/edges/key', { 'x-amz-acl': 'private' }, /x-amz-acl/],
    ['PUT', '/edges/key', { 'if-none-match': '*' }, /if-none-match/],
    ['PUT', '/edges/key?uploadId=a', {}, /uploadId/],
    ['DELETE', '/edges/key', { 'if-match': '"a"' }, /if-match/],
    ['POST', '/edges/key?uploads', {}, /POST of an object/],
  ];
  for (const [method, path, headers, words] of cases) {
    const { status, text } = await call('s3', { method, path, headers });
    assert.equal(status, 501, `${method} ${path}: ${text}`);
    assert.match(text, /<Code>NotImplemented<\/Code>/, path);
    assert.match(text, words, path);
  }
  assert.equal((await call('s3', { method: 'GET', path: '/edges/key' })).text, 'text');
  const bad = await call('s3', { method: 'GET', path: '/edges/%zz' });
  assert.match(bad.text, /InvalidURI/);
});

test('parameters that the SDKs always send are accepted', async () => {
  const { url: endpoint, credentials } = aws;
  const settings = { endpoint, region: 'us-east-1', credentials, maxAttempts: 1 };
  const ecs = new ecsModel.ECSClient(settings);
  await ecs.send(new ecsModel.CreateClusterCommand({ clusterName: 'sdk' }));
  await ecs.send(
    new ecsModel.RegisterTaskDefinitionCommand({
      family: 'sdk',
      networkMode: 'awsvpc',
      requiresCompatibilities: ['FARGATE'],
      cpu: '256',
      memory: '512',
      containerDefinitions: [{ name: 'a', image: 'a', memory: 128 }],
    }),
  );
  const run = { cluster: 'sdk', taskDefinition: 'sdk', launchType: 'FARGATE' as const };
  const awsvpcConfiguration = { subnets: ['subnet-1'] };
  await ecs.send(
    new ecsModel.RunTaskCommand({
      ...run,
      clientToken: 'a',
      networkConfiguration: { awsvpcConfiguration },
    }),
  );
  await ecs.send(
    new ecsModel.CreateServiceCommand({
      ...run,
      serviceName: 's',
      clientToken: 'a',
      networkConfiguration: { awsvpcConfiguration },
    }),
  );
  const map = new mapModel.ServiceDiscoveryClient(settings);
  await map.send(new mapModel.CreateHttpNamespaceCommand({ Name: 'sdk' }));
  const s3 = new s3Model.S3Client({ ...settings, forcePathStyle: true });
  await s3.send(new s3Model.CreateBucketCommand({ Bucket: 'sdk-bucket' }));
  const place = { Bucket: 'sdk-bucket', Key: 'k' };
  await s3.send(new s3Model.PutObjectCommand({ ...place, Body: 'b' }));
  await s3.send(new s3Model.HeadObjectCommand(place));
  await s3.send(new s3Model.HeadBucketCommand({ Bucket: 'sdk-bucket' }));
  const secrets = new secretsModel.SecretsManagerClient(settings);
  await secrets.send(new secretsModel.CreateSecretCommand({ Name: 'sdk', SecretString: 'a' }));
  const sqs = new sqsModel.SQSClient(settings);
  await sqs.send(new sqsModel.CreateQueueCommand({ QueueName: 'sdk' }));
  const ec2 = new ec2Model.EC2Client(settings);
  await ec2.send(new ec2Model.DescribeInstancesCommand({ MaxResults: 5 }));
  const sts = new tokenModel.STSClient(settings);
  const RoleArn = 'arn:aws:iam::000000000000:role/a';
  await sts.send(
    new tokenModel.AssumeRoleCommand({ RoleArn, RoleSessionName: 'aa', DurationSeconds: 900 }),
  );
  for (const client of [ecs, map, s3, secrets, sqs, ec2, sts]) client.destroy();
});
