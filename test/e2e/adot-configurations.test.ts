/**
 * The collector configurations that ADOT ships, unchanged, with OpenTelemetry's SDK for Node as
 * client by each of its protocols: what the application counted and traced is in the emulated
 * services. The one that scrapes is in collector-dialect.test.ts.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createSocket } from 'node:dgram';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { conformancePath, skipWithoutConformance } from '../kit/conformance.ts';
import { takeFixedPorts, TURNS_MAX_MS } from '../kit/fixed-ports.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { BARE_AWS, type Running, startAmperage } from '../kit/processes.ts';
import { startReceiver } from '../kit/receiver.ts';
import { until } from '../kit/waiting.ts';

const BY_TURNS = { skip: skipWithoutConformance, timeout: TURNS_MAX_MS };

const CLIENT = path.join(import.meta.dirname, 'clients/otel-node.mjs');
const KEYS = { id: 'AKIDEXAMPLE', secret: 'not-a-secret' };
const PROTOCOLS = ['grpc', 'http/protobuf', 'http/json'] as const;
const GROUP = '/aws/ecs/application/metrics';
const TASK_ID = '0'.repeat(32);

interface Sent {
  readonly orders: number;
  readonly traceIds: readonly string[];
}

interface Rig {
  readonly emulator: Running;
  readonly collector: Running;
}

/** The collector with a shipped configuration, in a task of the emulated account. */
async function run(
  context: TestContext,
  name: string,
  more: Record<string, string> = {},
): Promise<Rig> {
  await takeFixedPorts(context);
  const folder = temporaryFolder(context);
  const keys = { EMULATE_ACCESS_KEY: KEYS.id, EMULATE_SECRET_KEY: KEYS.secret };
  const emulator = await startAmperage(context, 'emulate', [], keys);
  const task = await fetch(`${emulator.url}/_emulator/tasks/${TASK_ID}`, {
    method: 'PUT',
    body: JSON.stringify({
      cluster: 'c',
      family: 'f',
      cpu: 0.5,
      memoryMiB: 512,
      containers: [{ name: 'app', pid: process.pid }],
    }),
  });
  const { containers } = (await task.json()) as { containers: { metadataUri: string }[] };
  const collector = await startAmperage(
    context,
    'collect',
    [
      '--config.file',
      conformancePath('otel', 'adot', `${name}.yaml`),
      '--storage.path',
      path.join(folder, 'queue'),
    ],
    {
      ...BARE_AWS,
      AWS_ACCESS_KEY_ID: KEYS.id,
      AWS_SECRET_ACCESS_KEY: KEYS.secret,
      AWS_EC2_METADATA_DISABLED: '',
      AWS_EC2_METADATA_SERVICE_ENDPOINT: emulator.url,
      AWS_ENDPOINT_URL: emulator.url,
      ECS_CONTAINER_METADATA_URI_V4: containers[0]?.metadataUri ?? '',
      ...more,
    },
  );
  return { emulator, collector };
}

async function send(protocol: (typeof PROTOCOLS)[number], traces: string): Promise<Sent> {
  const port = protocol === 'grpc' ? 4317 : 4318;
  const { stdout } = await promisify(execFile)(process.execPath, [CLIENT], {
    timeout: 30_000,
    env: {
      ...process.env,
      OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
      OTEL_SERVICE_NAME: `shop-${protocol.replace('/', '-')}`,
      OTEL_NODE_RESOURCE_DETECTORS: 'env',
      OTEL_TRACES_EXPORTER: traces,
    },
  });
  return JSON.parse(stdout) as Sent;
}

/** Each protocol once; all that was sent. */
async function sendByAll(traces: 'otlp' | 'none' = 'otlp'): Promise<readonly Sent[]> {
  const all: Sent[] = [];
  for (const protocol of PROTOCOLS) all.push(await send(protocol, traces));
  return all;
}

async function assertTraced({ emulator }: Rig, sent: readonly Sent[]): Promise<void> {
  const ids = sent.flatMap(({ traceIds }) => traceIds);
  assert.equal(ids.length, 120);
  let stored: Record<string, readonly string[]> = {};
  await until('each trace is stored', 20_000, async () => {
    const answer = await fetch(`${emulator.url}/_emulator/xray`);
    ({ traces: stored } = (await answer.json()) as { traces: typeof stored });
    return ids.every((id) => findTrace(stored, id) !== undefined);
  });
  // A server span and the one of its client.
  for (const id of ids) assert.equal(findTrace(stored, id)?.length, 2, id);
}

function findTrace(
  traces: Readonly<Record<string, readonly string[]>>,
  id: string,
): readonly string[] | undefined {
  return traces[`1-${id.slice(0, 8)}-${id.slice(8)}`] ?? traces[id];
}

/** The events of the embedded metric format that are stored, parsed. */
async function readEvents({ emulator }: Rig): Promise<Record<string, unknown>[]> {
  const client = new CloudWatchLogsClient({
    endpoint: emulator.url,
    region: 'us-east-1',
    credentials: { accessKeyId: KEYS.id, secretAccessKey: KEYS.secret },
  });
  const events: Record<string, unknown>[] = [];
  try {
    let nextToken: string | undefined;
    do {
      const page = await client.send(
        new FilterLogEventsCommand({ logGroupName: GROUP, nextToken }),
      );
      for (const { message = '' } of page.events ?? [])
        events.push(JSON.parse(message) as Record<string, unknown>);
      ({ nextToken } = page);
    } while (nextToken !== undefined);
  } catch (error) {
    if ((error as Error).name !== 'ResourceNotFoundException') throw error;
  } finally {
    client.destroy();
  }
  return events;
}

/** The sum of a metric over all events. */
async function sumOf(rig: Rig, metric: string): Promise<number> {
  const events = await readEvents(rig);
  return events.reduce((sum, event) => sum + Number(event[metric] ?? 0), 0);
}

for (const name of ['apprunner-default-config', 'ecs-xray'])
  test(`${name}: each trace is stored`, BY_TURNS, async (context) => {
    const rig = await run(context, name);
    await assertTraced(rig, await sendByAll());
  });

test('ecs-cloudwatch-xray: traces, and metrics with the attributes of the task', BY_TURNS, async (context) => {
  const rig = await run(context, 'ecs-cloudwatch-xray');
  const sent = await sendByAll();
  await assertTraced(rig, sent);
  await until('each order is counted', 30_000, async () => (await sumOf(rig, 'shop.orders')) >= 120);
  assert.equal(await sumOf(rig, 'shop.orders'), 120);
  const [event] = (await readEvents(rig)).filter((one) => 'shop.orders' in one);
  assert.equal(event?.['TaskDefinitionFamily'], 'f');
  assert.equal(event['LaunchType'], 'fargate');
  assert.ok(!('cloud.region' in event) && !('aws.ecs.task.arn' in event));
}); // prettier-ignore

test('ecs-default-config: OTLP, segments and statsd', BY_TURNS, async (context) => {
  const rig = await run(context, 'ecs-default-config');
  const socket = createSocket('udp4');
  for (let at = 0; at < 10; at++)
    await new Promise((resolve) => socket.send('shop.visits:2|c|#page:home', 8125, '127.0.0.1', resolve));
  socket.close();
  const sent = await sendByAll();
  await assertTraced(rig, sent);
  await until('each order is counted', 30_000, async () => (await sumOf(rig, 'shop.orders')) >= 120);
  // What is aggregated for a minute goes out at the end.
  rig.collector.child.kill('SIGTERM');
  await rig.collector.exited;
  assert.equal(await sumOf(rig, 'shop.orders'), 120);
  assert.equal(await sumOf(rig, 'shop.visits'), 20);
}); // prettier-ignore

test('ecs-amp: metrics of OTLP and of the task', BY_TURNS, async (context) => {
  const receiver = await startReceiver(context);
  await run(context, 'ecs-amp', { AWS_PROMETHEUS_ENDPOINT: receiver.url });
  await sendByAll('none');
  const values = (name: string) =>
    receiver.kept.filter(({ series }) => series.includes(`__name__=${name}`));
  await until('all have arrived', 45_000, () =>
    values('shop_orders_total').length >= 6 && values('ecs_task_memory_reserved_MiB').length > 0);
  const orders = new Map(values('shop_orders_total').map((one) => [one.series, one.value]));
  assert.deepEqual([...orders.values()], Array.from({ length: 6 }, () => 20));
  for (const protocol of PROTOCOLS)
    assert.ok([...orders.keys()].some((series) => series.includes(`job=shop-${protocol.replace('/', '-')}`)));
}); // prettier-ignore
