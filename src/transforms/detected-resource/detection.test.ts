import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeSeries } from '../../../test/kit/transforming.ts';
import { createWorld } from '../../../test/kit/world.ts';
import type { HttpClient } from '../../kernel/http-client.ts';
import { applyAll } from '../../model/transform.ts';
import { Detection } from './detection.ts';
import type { DetectorSettings } from './settings.ts';
import { detectedResource, mergeDetected } from './transform.ts';

const LOGS = { 'awslogs-group': 'g', 'awslogs-region': 'r', 'awslogs-stream': 's' };
const logging = { Type: 'NORMAL', KnownStatus: 'RUNNING', LogDriver: 'awslogs', LogOptions: LOGS };
const OWN = { DockerId: 'me', Name: 'collector', ...logging };
const TASK = {
  Cluster: 'c', TaskARN: 'arn:aws:ecs:eu-west-1:1234:task/c/t1', Family: 'f', Revision: '7',
  AvailabilityZone: 'eu-west-1a', LaunchType: 'EC2',
  Containers: [OWN, { DockerId: 'app', Name: 'app', ...logging }],
}; // prettier-ignore
const ECS_ENV = { ECS_CONTAINER_METADATA_URI_V4: 'http://m/v4/me' };
const IMDS: Readonly<Record<string, string>> = {
  'PUT /latest/api/token': 'token',
  'GET /latest/dynamic/instance-identity/document': JSON.stringify({
    region: 'eu-west-1', accountId: '1234', availabilityZone: 'eu-west-1b', instanceId: 'i-1',
    imageId: 'ami-1', instanceType: 'm7g.large',
  }),
  'GET /latest/meta-data/hostname': 'ip-1.ec2.internal',
  'GET /latest/meta-data/tags/instance': 'Name\nteam\nother',
  'GET /latest/meta-data/tags/instance/team': 'shop',
}; // prettier-ignore

const ecs: DetectorSettings = { kind: 'ecs', without: [] };
const ec2 = {
  kind: 'ec2', without: [], mustBeThere: false, attemptsMax: 2, maxBackoffMs: 500, tags: ['^te'],
} as const; // prettier-ignore

interface Faults {
  fails: (path: string) => boolean;
}

async function detect(
  detectors: readonly DetectorSettings[],
  env: Readonly<Record<string, string>>,
  faults: Faults = { fails: () => false },
) {
  const asked: string[] = [];
  const http: HttpClient = {
    close: async () => undefined,
    send: async ({ url, method, headers }) => {
      const path = `${method} ${new URL(url).pathname}`;
      asked.push(path);
      if (faults.fails(path)) throw new Error('it hangs');
      const isToken = method === 'PUT' || headers?.['x-aws-ec2-metadata-token'] === 'token';
      const task: Record<string, unknown> = { '/v4/me': OWN, '/v4/me/task': TASK };
      const found = task[new URL(url).pathname];
      const body = found === undefined ? (isToken ? IMDS[path] : undefined) : JSON.stringify(found);
      return { status: body === undefined ? 404 : 200, headers: {}, body: Buffer.from(body ?? '') };
    },
  };
  const world = createWorld({ http });
  const state = { late: 0 };
  const settings = { detectors, override: true, timeoutMs: 5_000 };
  const run = new Detection({ name: 'p', settings, world, env, onLate: () => (state.late += 1) });
  const settle = async () => {
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
  };
  const started = run.start();
  await settle();
  const pass = async (ms: number) => {
    await world.clock.advance(ms);
    await settle();
  };
  const read = () => {
    const series = applyAll([run.transform], makeSeries({ __name__: 'x' }));
    return Object.fromEntries(series!.resource.map(({ name, value }) => [name, value]));
  };
  return { run, started, pass, read, asked, state, world };
}

const OF_TASK = {
  'aws.ecs.cluster.arn': 'arn:aws:ecs:eu-west-1:1234:cluster/c',
  'aws.ecs.launchtype': 'ec2',
  'aws.ecs.task.arn': TASK.TaskARN,
  'aws.ecs.task.family': 'f',
  'aws.ecs.task.id': 't1',
  'aws.ecs.task.revision': '7',
  'aws.log.group.arns': '["arn:aws:logs:r:1234:log-group:g"]',
  'aws.log.group.names': '["g"]',
  'aws.log.stream.arns': '["arn:aws:logs:r:1234:log-group:g:log-stream:s"]',
  'aws.log.stream.names': '["s"]',
  'cloud.account.id': '1234',
  'cloud.availability_zone': 'eu-west-1a',
  'cloud.platform': 'aws_ecs',
  'cloud.provider': 'aws',
  'cloud.region': 'eu-west-1',
};

test('the detector ecs knows the task and where the other containers log', async () => {
  const { started, read } = await detect([ecs], ECS_ENV);
  await started;
  assert.deepEqual(read(), OF_TASK);
  const outside = await detect([ecs], {});
  await outside.started;
  assert.deepEqual([outside.read(), outside.asked], [{}, []]);
});

test('the detector ec2 asks with a token, and for the tags that match', async () => {
  const { started, read } = await detect([{ ...ec2, without: ['host.type'] }], {});
  await started;
  assert.deepEqual(read(), {
    'cloud.account.id': '1234',
    'cloud.availability_zone': 'eu-west-1b',
    'cloud.platform': 'aws_ec2',
    'cloud.provider': 'aws',
    'cloud.region': 'eu-west-1',
    'ec2.tag.team': 'shop',
    'host.id': 'i-1',
    'host.image.id': 'ami-1',
    'host.name': 'ip-1.ec2.internal',
  });
});

test('instance metadata that do not answer are not there, and are not asked on Fargate', async () => {
  const hangs: Faults = { fails: (path) => path.startsWith('PUT') };
  const behindHopLimit = await detect([ec2], {}, hangs);
  await behindHopLimit.pass(500);
  await behindHopLimit.started;
  assert.deepEqual([behindHopLimit.read(), behindHopLimit.asked.length], [{}, 2]);
  const fargate = await detect([ec2], { AWS_EXECUTION_ENV: 'AWS_ECS_FARGATE' });
  await fargate.started;
  assert.deepEqual([fargate.read(), fargate.asked], [{}, []]);
  assert.match(fargate.world.lines.join(), /the detector ec2 is skipped: a task on Fargate has no/);
  const must = await detect([{ ...ec2, mustBeThere: true }], {}, hangs);
  await must.pass(5_000);
  await must.started;
  hangs.fails = () => false;
  await must.pass(60_000);
  assert.deepEqual([must.read()['host.id'], must.state.late], ['i-1', 1]);
});

test('instance metadata are asked as often as max_attempts says, max_backoff apart', async () => {
  const hangs: Faults = { fails: (path) => path.startsWith('PUT') };
  const count = async (attemptsMax: number, maxBackoffMs: number, ms: number) => {
    const { pass, asked, run } = await detect([{ ...ec2, attemptsMax, maxBackoffMs }], {}, hangs);
    for (let passedMs = 0; passedMs < ms; passedMs += 50) await pass(50);
    await run.stop();
    return asked.length;
  };
  // A wait is within half of the longest one and all of it.
  assert.equal(await count(25, 200, 24 * 200), 25);
  const within = await count(25, 200, 1_000);
  assert.ok(within >= 5 && within <= 11, String(within));
  assert.equal(await count(3, 20_000, 450), 1);
  assert.equal(await count(3, 20_000, 3_000), 3);
  const endless = await count(0, 200, 10_000);
  assert.ok(endless > 49, String(endless));
});

test('the first detector that knows an attribute has it', async () => {
  const env = { ...ECS_ENV, OTEL_RESOURCE_ATTRIBUTES: 'cloud.region=here,a=b' };
  const { started, read } = await detect([{ kind: 'env' }, ecs, ec2], env);
  await started;
  const { a, 'cloud.region': region, 'cloud.platform': platform, 'host.id': id } = read();
  assert.deepEqual([a, region, platform, id], ['b', 'here', 'aws_ecs', 'i-1']);
});

test('a detector that fails delays nothing beyond the timeout, and counts when it is whole', async () => {
  // The task is known, and not yet which of its containers is our own.
  const faults: Faults = { fails: (path) => path === 'GET /v4/me' };
  const env = { ...ECS_ENV, OTEL_RESOURCE_ATTRIBUTES: 'a=b' };
  const { started, read, pass, state, world, run } = await detect([{ kind: 'env' }, ecs], env, faults);
  let isStarted = false;
  void started.then(() => (isStarted = true));
  await pass(4_999);
  assert.equal(isStarted, false);
  await pass(1);
  assert.equal(isStarted, true);
  assert.deepEqual([read(), state.late], [{ a: 'b' }, 0]);
  const before = run.transform.identity;
  faults.fails = () => false;
  await pass(60_000);
  assert.deepEqual([read(), state.late], [{ a: 'b', ...OF_TASK }, 1]);
  assert.notEqual(run.transform.identity, before);
  const said = world.lines.filter((line) => line.includes('a detector failed'));
  assert.equal(said.length, 1);
  await run.stop();
}); // prettier-ignore

test('system knows the name and the kind of the host', async () => {
  const system: DetectorSettings = {
    kind: 'system', without: ['host.arch', 'host.ip', 'host.mac', 'host.interface'],
    hostNameSources: ['os'],
  }; // prettier-ignore
  const { started, read } = await detect([system], {});
  await started;
  assert.deepEqual(Object.keys(read()), ['host.name', 'os.type']);
});

test('override decides whether what a resource has stays', () => {
  const series = makeSeries({ __name__: 'x' }, { resource: { a: 'own', b: 'own' } });
  const detected = mergeDetected([new Map([['a', '1']]), new Map([['a', '2'], ['c', '2']])]); // prettier-ignore
  const read = (override: boolean) =>
    applyAll([detectedResource(detected, override)], series)!.resource.map(
      ({ name, value }) => `${name}=${value}`,
    );
  assert.deepEqual(read(true), ['a=1', 'b=own', 'c=2']);
  assert.deepEqual(read(false), ['a=own', 'b=own', 'c=2']);
  const [on, off] = [detectedResource(detected, true), detectedResource(detected, false)];
  assert.notEqual(on.identity, off.identity);
});
