/**
 * The emulated services by the official SDK, each in its own terms: what they answer, and what they
 * refuse as AWS does.
 */
import assert from 'node:assert/strict';
import { Agent } from 'node:http';
import type { LookupFunction } from 'node:net';
import { after, before, test } from 'node:test';
import {
  DescribeAvailabilityZonesCommand,
  DescribeHostsCommand,
  DescribeInstancesCommand,
  EC2Client,
  paginateDescribeInstances,
} from '@aws-sdk/client-ec2';
import {
  CreateClusterCommand,
  CreateServiceCommand,
  DescribeContainerInstancesCommand,
  DescribeTasksCommand,
  ECSClient,
  ListContainerInstancesCommand,
  ListTaskDefinitionsCommand,
  ListTasksCommand,
  RegisterTaskDefinitionCommand,
  UpdateContainerInstancesStateCommand,
} from '@aws-sdk/client-ecs';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import {
  CreateSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import {
  CreateHttpNamespaceCommand,
  CreateServiceCommand as CreateCloudMapServiceCommand,
  DeleteNamespaceCommand,
  DeleteServiceCommand,
  DeregisterInstanceCommand,
  DiscoverInstancesCommand,
  DiscoverInstancesRevisionCommand,
  GetInstanceCommand,
  ListInstancesCommand,
  ListNamespacesCommand,
  RegisterInstanceCommand,
  ServiceDiscoveryClient,
  UpdateInstanceCustomHealthStatusCommand,
} from '@aws-sdk/client-servicediscovery';
import {
  GetParametersByPathCommand,
  GetParametersCommand,
  LabelParameterVersionCommand,
  PutParameterCommand,
  SSMClient,
} from '@aws-sdk/client-ssm';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { type EmulatedAws, startEmulatedAws } from '../kit/emulated-aws.ts';

let aws: EmulatedAws;
before(async () => {
  aws = await startEmulatedAws();
});
after(() => aws.close());

function settings(): {
  endpoint: string;
  region: string;
  credentials: EmulatedAws['credentials'];
  maxAttempts: number;
} {
  const { url: endpoint, credentials } = aws;
  return { endpoint, region: 'us-east-1', credentials, maxAttempts: 1 };
}

function isNotModified(error: unknown): boolean {
  return (error as { $metadata: { httpStatusCode: number } }).$metadata.httpStatusCode === 304;
}

test('S3: versions, conditions, ranges, buckets in the host', async () => {
  const s3 = new S3Client({ ...settings(), forcePathStyle: true });
  const place = { Bucket: 'configs', Key: 'a/b c.yml' };
  await s3.send(new CreateBucketCommand({ Bucket: 'configs' }));
  const first = await s3.send(new PutObjectCommand({ ...place, Body: 'first text' }));
  const second = await s3.send(new PutObjectCommand({ ...place, Body: 'second text' }));
  const get = async (more: object = {}, client = s3): Promise<string> =>
    await (
      await client.send(new GetObjectCommand({ ...place, ...more }))
    ).Body!.transformToString();
  assert.equal(await get(), 'second text');
  assert.equal(await get({ VersionId: first.VersionId }), 'first text');
  assert.equal(await get({ Range: 'bytes=0-5' }), 'second');
  assert.equal(await get({ Range: 'bytes=-4' }), 'text');
  await assert.rejects(get({ Range: 'bytes=50-' }), { name: 'InvalidRange' });
  await assert.rejects(get({ VersionId: 'f'.repeat(32) }), { name: 'NoSuchVersion' });
  await assert.rejects(get({ IfNoneMatch: second.ETag }), isNotModified);
  await assert.rejects(get({ IfMatch: first.ETag }), { name: 'PreconditionFailed' });
  await assert.rejects(get({ IfModifiedSince: new Date(Date.now() + 10_000) }), isNotModified);
  const { port } = new URL(aws.url);
  // Not every resolver resolves names below localhost.
  const lookup: LookupFunction = (_name, _options, callback) =>
    callback(null, [{ address: '127.0.0.1', family: 4 }]);
  const hosted = new S3Client({
    ...settings(),
    endpoint: `http://localhost:${port}`,
    requestHandler: { httpAgent: new Agent({ lookup }) },
  });
  assert.equal(await get({}, hosted), 'second text');
  await s3.send(new DeleteObjectCommand(place));
  await assert.rejects(get(), { name: 'NoSuchKey' });
  s3.destroy();
  hosted.destroy();
});

test('Secrets Manager: stages, versions, binary secrets', async () => {
  const secrets = new SecretsManagerClient(settings());
  await secrets.send(new CreateSecretCommand({ Name: 's', SecretString: 'one' }));
  const get = (
    more: object = {},
  ): Promise<{
    SecretString?: string | undefined;
    SecretBinary?: Uint8Array | undefined;
    VersionStages?: string[] | undefined;
  }> => secrets.send(new GetSecretValueCommand({ SecretId: 's', ...more }));
  await assert.rejects(get({ VersionStage: 'AWSPREVIOUS' }), { name: 'ResourceNotFoundException' });
  const SecretBinary = new Uint8Array([1, 2, 3]);
  const { VersionId } = await secrets.send(
    new PutSecretValueCommand({ SecretId: 's', SecretBinary }),
  );
  assert.deepEqual([...(await get()).SecretBinary!], [1, 2, 3]);
  assert.equal((await get({ VersionStage: 'AWSPREVIOUS' })).SecretString, 'one');
  assert.deepEqual((await get({ VersionId })).VersionStages, ['AWSCURRENT']);
  await assert.rejects(get({ VersionStage: 'MINE' }), { name: 'ResourceNotFoundException' });
  await assert.rejects(get({ VersionId, VersionStage: 'AWSPREVIOUS' }), {
    name: 'InvalidParameterException',
  });
  secrets.destroy();
});

test('SSM: labels of existing versions, and several parameters by selectors', async () => {
  const ssm = new SSMClient(settings());
  for (const Value of ['one', 'two'])
    await ssm.send(new PutParameterCommand({ Name: '/l', Type: 'String', Value, Overwrite: true }));
  const label = (ParameterVersion: number, ...Labels: string[]) =>
    ssm.send(new LabelParameterVersionCommand({ Name: '/l', ParameterVersion, Labels }));
  assert.deepEqual((await label(1, 'good', '9bad', 'aws-bad')).InvalidLabels, ['9bad', 'aws-bad']);
  await assert.rejects(label(7, 'none'), { name: 'ParameterVersionNotFound' });
  const Names = ['/l:good', '/l:2', '/l:9', '/absent'];
  const found = await ssm.send(new GetParametersCommand({ Names }));
  assert.deepEqual(
    found.Parameters!.map(({ Value }) => Value),
    ['one', 'two'],
  );
  assert.deepEqual(found.InvalidParameters, ['/l:9', '/absent']);
  ssm.destroy();
});

test('SSM: a name without a slash is at the root of the hierarchy', async () => {
  const ssm = new SSMClient(settings());
  for (const Name of ['bare', '/tree/leaf'])
    await ssm.send(new PutParameterCommand({ Name, Type: 'String', Value: 'v' }));
  const below = async (Path: string, Recursive: boolean): Promise<string[]> => {
    const { Parameters } = await ssm.send(new GetParametersByPathCommand({ Path, Recursive }));
    const names = Parameters!.map(({ Name = '' }) => Name);
    return names.filter((name) => /bare|leaf/.test(name));
  };
  assert.deepEqual(await below('/', false), ['bare']);
  assert.deepEqual(await below('/', true), ['bare', '/tree/leaf']);
  assert.deepEqual(await below('/tree', false), ['/tree/leaf']);
  ssm.destroy();
});

test('EC2: instances that are put, their states, zones and pages', async () => {
  const ec2 = new EC2Client(settings());
  const admin = (path: string, body: object): Promise<Response> =>
    fetch(`${aws.url}/_emulator/ec2/${path}`, { method: 'PUT', body: JSON.stringify(body) });
  for (let at = 1; at <= 7; at++) {
    const instance = { id: `i-0000ab0${at}`, address: `10.6.0.${at}`, tags: { set: 'put' } };
    const more =
      at === 7 ? { lifecycle: 'spot', zone: 'us-east-1c', publicAddress: '1.2.3.4' } : {};
    assert.equal((await admin('instances', { ...instance, ...more })).status, 200);
  }
  const Filters = [{ Name: 'tag-key', Values: ['set'] }];
  const ids: string[] = [];
  let pages = 0;
  for await (const page of paginateDescribeInstances({ client: ec2, pageSize: 5 }, { Filters })) {
    pages += 1;
    for (const { Instances = [] } of page.Reservations ?? [])
      ids.push(...Instances.map(({ InstanceId = '' }) => InstanceId));
  }
  assert.deepEqual([ids.length, pages], [7, 2]);
  const describe = async (id: string) => {
    const own = new DescribeInstancesCommand({ InstanceIds: [id] });
    return (await ec2.send(own)).Reservations?.[0]?.Instances?.[0];
  };
  const spot = await describe('i-0000ab07');
  assert.equal(spot?.InstanceLifecycle, 'spot');
  assert.equal(spot.PublicDnsName, 'ec2-1-2-3-4.compute-1.amazonaws.com');
  assert.equal(spot.PrivateDnsName, 'ip-10-6-0-7.ec2.internal');
  await admin('instance-state', { id: 'i-0000ab07', state: 'stopped' });
  const stopped = await describe('i-0000ab07');
  assert.deepEqual([stopped?.PrivateIpAddress, stopped?.PublicIpAddress], ['10.6.0.7', undefined]);
  await admin('instance-state', { id: 'i-0000ab07', state: 'terminated' });
  const ended = await describe('i-0000ab07');
  assert.deepEqual([ended?.State?.Name, ended?.PrivateIpAddress], ['terminated', undefined]);
  for (const [path, body, words] of [
    ['instances', { id: 'i-1' }, /Invalid id: "i-1"/],
    ['instances', { id: 'i-0000ab01', state: 'asleep' }, /state/],
    ['instance-state', { id: 'i-0000abff', state: 'running' }, /'i-0000abff' does not exist/],
  ] as const) {
    const answer = await admin(path, body);
    assert.equal(answer.status, 400);
    assert.match(await answer.text(), words);
  }
  const zones = async (input: object): Promise<(string | undefined)[]> => {
    const answer = await ec2.send(new DescribeAvailabilityZonesCommand(input));
    return (answer.AvailabilityZones ?? []).map(({ ZoneId }) => ZoneId);
  };
  assert.deepEqual(await zones({}), ['use1-az1', 'use1-az2', 'use1-az3']);
  assert.deepEqual(await zones({ ZoneNames: ['us-east-1b'] }), ['use1-az2']);
  const byId = [{ Name: 'zone-id', Values: ['*-az3'] }];
  assert.deepEqual(await zones({ Filters: byId }), ['use1-az3']);
  await assert.rejects(zones({ ZoneNames: ['us-east-1x'] }), { name: 'InvalidParameterValue' });
  aws.cloud.trouble.set({ throttle: 0.02 });
  await zones({});
  await assert.rejects(zones({}), { name: 'RequestLimitExceeded' });
  aws.cloud.trouble.set({});
  ec2.destroy();
});

test('EC2: filters, tokens of list pages and other actions', async () => {
  const cluster = aws.account.ecs.createCluster('filters');
  aws.account.addInstance(cluster, 'i-00000001', '10.9.0.1', { team: 'core' });
  aws.account.addInstance(cluster, 'i-00000002', '10.9.0.2', { team: 'edge' });
  const ec2 = new EC2Client(settings());
  const find = async (Name: string, ...Values: string[]): Promise<(string | undefined)[]> => {
    const { Reservations = [] } = await ec2.send(
      new DescribeInstancesCommand({ Filters: [{ Name, Values }] }),
    );
    return Reservations.map(({ Instances }) => Instances![0]!.InstanceId);
  };
  assert.deepEqual(await find('tag:team', 'core'), ['i-00000001']);
  assert.deepEqual(await find('private-ip-address', '10.9.0.?'), ['i-00000001', 'i-00000002']);
  assert.deepEqual(await find('tag:team', 'e*', 'x'), ['i-00000002']);
  await assert.rejects(find('no-such'), { name: 'InvalidParameterValue' });
  await assert.rejects(ec2.send(new DescribeInstancesCommand({ NextToken: 'bad' })), {
    name: 'InvalidNextToken',
  });
  await assert.rejects(ec2.send(new DescribeHostsCommand({})), { name: 'InvalidAction' });
  ec2.destroy();
});

test('Cloud Map: instances are discovered by health, and all can be deleted', async () => {
  const map = new ServiceDiscoveryClient({ ...settings(), disableHostPrefix: true });
  await map.send(new CreateHttpNamespaceCommand({ Name: 'space' }));
  const { Namespaces } = await map.send(new ListNamespacesCommand({}));
  const NamespaceId = Namespaces!.find(({ Name }) => Name === 'space')!.Id!;
  const { Service } = await map.send(
    new CreateCloudMapServiceCommand({ Name: 's', NamespaceId, HealthCheckCustomConfig: {} }),
  );
  const ServiceId = Service!.Id!;
  for (const InstanceId of ['one', 'two'])
    await map.send(
      new RegisterInstanceCommand({ ServiceId, InstanceId, Attributes: { color: InstanceId } }),
    );
  const listed = await map.send(new ListInstancesCommand({ ServiceId }));
  assert.equal(listed.ResourceOwner, '000000000000');
  const got = await map.send(new GetInstanceCommand({ ServiceId, InstanceId: 'one' }));
  assert.equal(got.ResourceOwner, '000000000000');
  const discover = async (more: object = {}): Promise<(string | undefined)[]> => {
    const { Instances } = await map.send(
      new DiscoverInstancesCommand({ NamespaceName: 'space', ServiceName: 's', ...more }),
    );
    return Instances!.map(({ InstanceId }) => InstanceId ?? '').sort((a, b) => a.localeCompare(b));
  };
  const revision = async (): Promise<number> => {
    const names = { NamespaceName: 'space', ServiceName: 's' };
    const answer = await map.send(new DiscoverInstancesRevisionCommand(names));
    return answer.InstancesRevision!;
  };
  assert.deepEqual(await discover(), ['one', 'two']);
  assert.equal((await discover({ MaxResults: 1 })).length, 1, 'cut short without a word');
  await assert.rejects(discover({ MaxResults: 1_001 }), { name: 'InvalidInput' });
  const before = await revision();
  const sick = (InstanceId: string) =>
    map.send(
      new UpdateInstanceCustomHealthStatusCommand({ ServiceId, InstanceId, Status: 'UNHEALTHY' }),
    );
  await sick('one');
  assert.deepEqual(await discover(), ['two']);
  assert.deepEqual(await discover({ HealthStatus: 'UNHEALTHY' }), ['one']);
  assert.deepEqual(await discover({ QueryParameters: { color: 'two' } }), ['two']);
  await sick('two');
  assert.deepEqual(await discover(), ['one', 'two'], 'all, when none is healthy');
  assert.deepEqual(await discover({ HealthStatus: 'HEALTHY' }), []);
  assert.deepEqual(await discover({ HealthStatus: 'ALL' }), ['one', 'two']);
  assert.equal(await revision(), before, 'health does not raise it');
  await assert.rejects(map.send(new DeleteServiceCommand({ Id: ServiceId })), {
    name: 'ResourceInUse',
  });
  for (const InstanceId of ['one', 'two'])
    await map.send(new DeregisterInstanceCommand({ ServiceId, InstanceId }));
  assert.ok((await revision()) > before);
  await map.send(new DeleteServiceCommand({ Id: ServiceId }));
  await map.send(new DeleteNamespaceCommand({ Id: NamespaceId }));
  await assert.rejects(discover(), { name: 'NamespaceNotFound' });
  map.destroy();
});

test('ECS: definitions, a service that exists already, an instance that drains', async () => {
  const ecs = new ECSClient(settings());
  const cluster = 'draining';
  await ecs.send(new CreateClusterCommand({ clusterName: cluster }));
  const own = aws.account.ecs.cluster(cluster);
  aws.account.addInstance(own, 'i-0000000a', '10.8.0.1');
  aws.account.addInstance(own, 'i-0000000b', '10.8.0.2');
  const containerDefinitions = [{ name: 'app', image: 'app', memory: 128 }];
  for (let i = 0; i < 2; i++)
    await ecs.send(new RegisterTaskDefinitionCommand({ family: 'app', containerDefinitions }));
  const { taskDefinitionArns } = await ecs.send(
    new ListTaskDefinitionsCommand({ familyPrefix: 'app', sort: 'DESC' }),
  );
  assert.deepEqual(
    taskDefinitionArns!.map((arn) => arn.split('/')[1]),
    ['app:2', 'app:1'],
  );
  const service = { cluster, serviceName: 'app', taskDefinition: 'app', desiredCount: 2 };
  await ecs.send(new CreateServiceCommand({ ...service, launchType: 'EC2' }));
  await assert.rejects(ecs.send(new CreateServiceCommand(service)), /not idempotent/);
  const { containerInstanceArns } = await ecs.send(new ListContainerInstancesCommand({ cluster }));
  const hosts = async (): Promise<Set<string | undefined>> => {
    const { taskArns: tasks } = await ecs.send(new ListTasksCommand({ cluster }));
    const found = await ecs.send(new DescribeTasksCommand({ cluster, tasks }));
    assert.equal(found.tasks!.length, 2);
    return new Set(found.tasks!.map(({ containerInstanceArn }) => containerInstanceArn));
  };
  const [before] = await hosts();
  const containerInstances = [before!];
  await ecs.send(
    new UpdateContainerInstancesStateCommand({ cluster, containerInstances, status: 'DRAINING' }),
  );
  assert.deepEqual(
    [...(await hosts())],
    containerInstanceArns!.filter((arn) => arn !== before),
  );
  const told = await ecs.send(
    new DescribeContainerInstancesCommand({ cluster, containerInstances }),
  );
  assert.equal(told.containerInstances![0]!.status, 'DRAINING');
  ecs.destroy();
});

test('STS fails on command', async () => {
  const sts = new STSClient(settings());
  aws.cloud.trouble.set({ faults: [{ action: 'GetCallerIdentity', code: 'Throttling' }] });
  await assert.rejects(sts.send(new GetCallerIdentityCommand({})), { name: 'Throttling' });
  aws.cloud.trouble.set({});
  await sts.send(new GetCallerIdentityCommand({}));
  sts.destroy();
});
