import assert from 'node:assert/strict';
import { get } from 'node:http';
import { after, before, test } from 'node:test';
import {
  CreateServiceCommand,
  CreateHttpNamespaceCommand,
  ListInstancesCommand,
  ListNamespacesCommand,
  RegisterInstanceCommand,
  ServiceDiscoveryClient,
} from '@aws-sdk/client-servicediscovery';
import { GetParameterCommand, PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { componentContract } from '../../test/contracts/component.ts';
import { openInstanceMetadata } from '../aws/instance-metadata.ts';
import { createTaskMetadataClient } from '../aws/task-metadata.ts';
import { systemClock } from '../kernel/clock.ts';
import { EmulatedCloud } from './cloud.ts';
import { createEmulator } from './server.ts';
import { createWorld, openHttp } from '../../test/kit/world.ts';

const credentials = { accessKeyId: 'AKIAEMULATED', secretAccessKey: 'secret' };
const world = createWorld({ clock: systemClock, http: openHttp({ after }) });
const startCloud = (): EmulatedCloud =>
  new EmulatedCloud({ clock: world.clock, regions: ['us-east-1'], credentials });
const emulator = createEmulator({ world, listen: '127.0.0.1:0', cloud: startCloud() });
before(() => emulator.start());
after(async () => {
  await emulator.stop(100);
});

componentContract('the emulator', () =>
  createEmulator({ world, listen: '127.0.0.1:0', cloud: startCloud() }),
);

function client(more: object = {}): {
  endpoint: string;
  region: string;
  credentials: typeof credentials;
  maxAttempts: number;
} {
  return { endpoint: emulator.url, region: 'us-east-1', credentials, maxAttempts: 1, ...more };
}

test('the official SDK works on Cloud Map, through all list pages', async () => {
  const cloudMap = new ServiceDiscoveryClient(client());
  for (let i = 0; i < 5; i++)
    await cloudMap.send(new CreateHttpNamespaceCommand({ Name: `space-${i}` }));
  const names: string[] = [];
  let NextToken: string | undefined;
  let space: string | undefined;
  do {
    const page = await cloudMap.send(new ListNamespacesCommand({ MaxResults: 2, NextToken }));
    assert.ok((page.Namespaces ?? []).length <= 2);
    names.push(...(page.Namespaces ?? []).map(({ Name }) => Name ?? ''));
    space ??= page.Namespaces?.[0]?.Id;
    ({ NextToken } = page);
  } while (NextToken !== undefined);
  assert.deepEqual(names, ['space-0', 'space-1', 'space-2', 'space-3', 'space-4']);
  const { Service } = await cloudMap.send(
    new CreateServiceCommand({ Name: 's', NamespaceId: space }),
  );
  await cloudMap.send(
    new RegisterInstanceCommand({
      ServiceId: Service?.Id,
      InstanceId: 'i',
      Attributes: { AWS_INSTANCE_IPV4: '10.0.0.1' },
    }),
  );
  const { Instances } = await cloudMap.send(new ListInstancesCommand({ ServiceId: Service?.Id }));
  assert.deepEqual(Instances, [{ Id: 'i', Attributes: { AWS_INSTANCE_IPV4: '10.0.0.1' } }]);
  await assert.rejects(cloudMap.send(new ListInstancesCommand({ ServiceId: 'srv-none' })), {
    name: 'ServiceNotFound',
  });
  await assert.rejects(cloudMap.send(new CreateHttpNamespaceCommand({ Name: 'space-0' })), {
    name: 'NamespaceAlreadyExists',
  });
  cloudMap.destroy();
});

test('parameters have versions and a size limit', async () => {
  const ssm = new SSMClient(client());
  const put = (Value: string, Overwrite: boolean) =>
    ssm.send(new PutParameterCommand({ Name: '/a/b', Type: 'StringList', Value, Overwrite }));
  assert.equal((await put('x', false)).Version, 1);
  assert.equal((await put('x,y', true)).Version, 2);
  await assert.rejects(put('z', false), { name: 'ParameterAlreadyExists' });
  await assert.rejects(put('z'.repeat(4_097), true), /maximum parameter value/);
  assert.equal((await ssm.send(new GetParameterCommand({ Name: '/a/b' }))).Parameter?.Value, 'x,y');
  await assert.rejects(ssm.send(new GetParameterCommand({ Name: 'none' })), {
    name: 'ParameterNotFound',
  });
  ssm.destroy();
});

test('a wrong key, region or secret is refused as AWS refuses it', async () => {
  const list = (more: object) =>
    new ServiceDiscoveryClient(client(more)).send(new ListNamespacesCommand({}));
  await assert.rejects(list({ credentials: { ...credentials, secretAccessKey: 'wrong' } }), {
    name: 'InvalidSignatureException',
  });
  await assert.rejects(list({ credentials: { ...credentials, accessKeyId: 'AKIAOTHER' } }), {
    name: 'UnrecognizedClientException',
  });
  await assert.rejects(list({ region: 'eu-west-1' }), { name: 'InvalidSignatureException' });
  const unsigned = await fetch(emulator.url, {
    method: 'POST',
    headers: { 'x-amz-target': 'AmazonSSM.GetParameter' },
    body: '{}',
  });
  assert.equal(unsigned.status, 400);
  assert.match(await unsigned.text(), /MissingAuthenticationTokenException/);
});

test('temporary credentials, assumed or of a container, sign like others, and not without their token', async () => {
  const sts = new STSClient(client());
  assert.match(
    (await sts.send(new GetCallerIdentityCommand({}))).Arn ?? '',
    /^arn:aws:iam::000000000000:root$/,
  );
  const { Credentials } = await sts.send(
    new AssumeRoleCommand({ RoleArn: 'arn:aws:iam::123456789012:role/r', RoleSessionName: 'test' }),
  );
  const answer = await fetch(`${emulator.url}/v2/credentials/task`);
  const container = (await answer.json()) as {
    AccessKeyId: string;
    SecretAccessKey: string;
    Token: string;
    Expiration: string;
  };
  assert.ok(Date.parse(container.Expiration) > Date.now());
  const temporary = [
    {
      accessKeyId: Credentials?.AccessKeyId ?? '',
      secretAccessKey: Credentials?.SecretAccessKey ?? '',
      sessionToken: Credentials?.SessionToken,
    },
    {
      accessKeyId: container.AccessKeyId,
      secretAccessKey: container.SecretAccessKey,
      sessionToken: container.Token,
    },
  ];
  for (const { sessionToken, ...keys } of temporary) {
    const list = (more: object) =>
      new ServiceDiscoveryClient(client({ credentials: more })).send(new ListNamespacesCommand({}));
    await list({ ...keys, sessionToken });
    await assert.rejects(list(keys), { name: 'UnrecognizedClientException' });
  }
  await assert.rejects(
    sts.send(new AssumeRoleCommand({ RoleArn: 'role', RoleSessionName: 'test' })),
    /is invalid/,
  );
  sts.destroy();
});

test(
  'a task of real processes has answers in the form of the metadata endpoint, with real figures',
  { skip: process.platform === 'linux' ? false : 'the figures are read from /proc' },
  async () => {
    const id = 'a'.repeat(32);
    const register = (body: object) =>
      fetch(`${emulator.url}/_emulator/tasks/${id}`, { method: 'PUT', body: JSON.stringify(body) });
    const task = {
      cluster: 'c',
      family: 'f',
      cpu: 0.25,
      memoryMiB: 512,
      containers: [{ name: 'self', pid: process.pid }, { name: 'later' }],
    };
    const registered = (await (await register(task)).json()) as {
      containers: { name: string; dockerId: string; metadataUri: string }[];
    };
    const [self, later] = registered.containers;
    assert.match(self!.dockerId, /^a{32}-\d{10}$/);
    const metadata = createTaskMetadataClient(self!.metadataUri, world.http);
    const signal = new AbortController().signal;
    assert.deepEqual(
      (await metadata.tasks(signal))
        .flatMap(({ Containers }) => Containers)
        .map(({ Name, KnownStatus }) => [Name, KnownStatus]),
      [
        ['self', 'RUNNING'],
        ['later', 'PENDING'],
      ],
    );
    const stats = await metadata.stats(signal);
    assert.equal(stats[later!.dockerId], null);
    const { cpu_stats: cpu, memory_stats: memory, networks } = stats[self!.dockerId]!;
    assert.ok((cpu?.cpu_usage?.total_usage ?? 0) > 1e7);
    assert.ok(Math.abs((memory?.usage ?? 0) / process.memoryUsage.rss() - 1) < 0.5);
    assert.ok((networks?.['eth1']?.rx_bytes ?? -1) >= 0);
    const again = (await (
      await register({ ...task, containers: [{ name: 'self', pid: 2 ** 22 - 1 }] })
    ).json()) as typeof registered;
    assert.equal(again.containers[0]!.dockerId, self!.dockerId);
    assert.equal((await register({ cluster: 'c' })).status, 400);
    assert.equal((await fetch(`${emulator.url}/v4/none/task`)).status, 404);
    assert.equal(
      (await fetch(`${emulator.url}/_emulator/tasks/${id}`, { method: 'DELETE' })).status,
      204,
    );
    await assert.rejects(metadata.tasks(signal), /404/);
  },
);

test('instance metadata have what a client asks of an instance, and no tags', async () => {
  const env = { AWS_EC2_METADATA_SERVICE_ENDPOINT: emulator.url };
  const { signal } = new AbortController();
  const read = await openInstanceMetadata(world.http, env, signal);
  const text = await read('dynamic/instance-identity/document', signal);
  const document = JSON.parse(text) as Record<string, unknown>;
  const { accountId, availabilityZone, imageId, instanceId, instanceType, region } = document;
  assert.deepEqual(
    { accountId, availabilityZone, imageId, instanceId, instanceType, region },
    {
      accountId: '000000000000',
      availabilityZone: 'us-east-1a',
      imageId: 'ami-0123456789abcdef0',
      instanceId: 'i-0123456789abcdef0',
      instanceType: 'm7g.large',
      region: 'us-east-1',
    },
  );
  assert.match(String(document['pendingTime']), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  assert.equal(await read('meta-data/hostname', signal), 'ip-10-0-0-10.ec2.internal');
  assert.equal(await read('meta-data/instance-id', signal), instanceId);
  assert.equal(await read('meta-data/placement/region', signal), 'us-east-1');
  await assert.rejects(read('meta-data/tags/instance', signal), /404/);
});

/** What is answered to a request from an address of the loopback. */
function askFrom(
  localAddress: string,
  path: string,
  { method = 'GET', headers = {} } = {},
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const options = { localAddress, method, headers, agent: false };
    const request = get(`${emulator.url}${path}`, options, (answer) => {
      let text = '';
      answer.on('data', (data: Buffer) => (text += data.toString()));
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }));
    });
    request.on('error', reject);
  });
}

test('the admin side answers to this machine and not to its tasks, but for names', async () => {
  const statusOf = async (address: string, path: string): Promise<number> =>
    (await askFrom(address, path)).status;
  const shown = ['xray', 'logs', 'cloudwatch', 'workspaces/ws-1/', 'credentials/KEY'];
  for (const path of shown) {
    const { status, text } = await askFrom('127.64.0.9', `/_emulator/${path}`);
    assert.deepEqual([status, text], [403, 'the admin side answers to no task\n'], path);
  }
  assert.equal(await statusOf('127.0.0.1', '/_emulator/xray'), 200);
  assert.equal(await statusOf('127.63.0.9', '/_emulator/xray'), 200);
  assert.equal(await statusOf('127.64.0.9', '/_emulator/names/a.nowhere'), 404);
  assert.equal(await statusOf('127.64.0.9', '/-/healthy'), 200);
});

test('an instance is told of itself, by the address that asks', async () => {
  const [id, address] = ['i-00000000000000042', '127.64.0.42'];
  const put = await fetch(`${emulator.url}/_emulator/ec2/instances`, {
    method: 'PUT',
    body: JSON.stringify({ id, address, zone: 'us-east-1c', type: 'c7i.large' }),
  });
  assert.equal(put.status, 200);
  const ttl = { 'x-aws-ec2-metadata-token-ttl-seconds': '60' };
  const { text: token } = await askFrom(address, '/latest/api/token', {
    method: 'PUT',
    headers: ttl,
  });
  const read = async (from: string, name: string): Promise<string> => {
    const headers = { 'x-aws-ec2-metadata-token': token };
    return (await askFrom(from, `/latest/meta-data/${name}`, { headers })).text;
  };
  assert.equal(await read(address, 'instance-id'), id);
  assert.equal(await read(address, 'placement/availability-zone'), 'us-east-1c');
  assert.equal(await read(address, 'local-ipv4'), address);
  assert.equal(await read('127.64.0.43', 'instance-id'), 'i-0123456789abcdef0');
});
