import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { conformancePath, skipWithoutConformance } from '../../../test/kit/conformance.ts';
import { openQueue } from '../../../test/kit/durable-queue.ts';
import { onEnd } from '../../../test/kit/ending.ts';
import { temporaryFolder } from '../../../test/kit/folder.ts';
import { until } from '../../../test/kit/waiting.ts';
import { createWorld, openHttp, type TestWorld } from '../../../test/kit/world.ts';
import { startXrayReceiver, type XrayReceiver } from '../../../test/kit/xray-receiver.ts';
import { VirtualClock } from '../../kernel/clock.ts';
import type { DurableQueue } from '../../queue/queue.ts';
import type { Reporter } from '../../settings/finding.ts';
import { resolveXray, xraySchema } from './schema.ts';
import { XraySink } from './sink.ts';

/** Waits for what sockets bring. */
const waitUntil = (holds: () => boolean): Promise<void> => until(String(holds), 10_000, holds, 2);

const T0 = 1_700_000_000_000;

interface Road {
  readonly receiver: XrayReceiver;
  readonly world: TestWorld;
  readonly queue: DurableQueue;
  readonly open: (more?: object, before?: XraySink) => Promise<XraySink>;
}

async function openRoad(context: TestContext, capBytes = 1e9): Promise<Road> {
  const receiver = await startXrayReceiver(context);
  const world = createWorld({ http: openHttp(context), clock: new VirtualClock(T0) });
  let running: XraySink | undefined;
  const queue = await openQueue(
    temporaryFolder(context),
    { lanes: 8, capBytes, onDropped: (...loss) => running?.countDropped(...loss) },
    world,
  );
  onEnd(context, () => queue.stop());
  const open = async (more: object = {}, before?: XraySink): Promise<XraySink> => {
    const input = { ...receiver.entry, queue_config: { batch_send_deadline: '0s' }, ...more };
    const { settings, delivery } = resolve(input);
    const parts = { id: 'xray/test', name: 'test', queue, world, userAgent: 'test', before };
    const sink = new XraySink(settings, delivery, parts);
    await before?.release(1_000);
    running = sink;
    await sink.start();
    onEnd(context, async () => {
      const ended = sink.stop(0);
      await world.clock.advance(0);
      await ended;
    });
    return sink;
  };
  return { receiver, world, queue, open };
}

function resolve(input: object, faults: string[] = [], env: Record<string, string> = {}) {
  const report: Reporter = {
    error: (path, _, message) => void faults.push(`${path.join('.')}: ${message}`),
    warn: () => undefined,
    lacks: (path, message) => void faults.push(`lacks ${path.join('.')}: ${message}`),
    positionOf: () => '',
  };
  return resolveXray(xraySchema.parse(input), { report, path: ['x'], baseDirectory: '/', env });
}

const idOf = (text: string): string => /"id":"(\w+)"/.exec(text)?.[1] ?? '';
const document = (id: number, more = ''): string => `{"id":"${id}","name":"shop"${more}}`;

test(
  'each published document passes unchanged',
  { skip: skipWithoutConformance },
  async (context) => {
    const { receiver, open } = await openRoad(context);
    const appender = (await open()).openTraces();
    const folder = conformancePath('xray', 'segments');
    const all = readdirSync(folder).map((name) => readFileSync(`${folder}/${name}`));
    for (const one of all) appender.append(one, T0);
    appender.commit();
    await waitUntil(() => receiver.kept.length === all.length);
    assert.deepEqual(receiver.kept, all.map(String));
  },
);

test('a full chunk leaves at once, by count and by bytes, the rest at the commit', async (context) => {
  const { receiver, open, queue } = await openRoad(context);
  receiver.answer = () => ({ status: 503 });
  const appender = (await open()).openTraces();
  for (let i = 0; i < 50; i++) appender.append(Buffer.from(document(i)), T0);
  assert.equal(queue.pendingItems, 50);
  for (let i = 0; i < 5; i++) appender.append(Buffer.from(document(i, ' '.repeat(60_000))), T0);
  assert.equal(queue.pendingItems, 54);
  appender.commit();
  assert.equal(queue.pendingItems, 55);
});

test('requests have at most 50 documents and a bounded number of bytes', async (context) => {
  const { receiver, open } = await openRoad(context);
  const config = { max_bytes_per_send: '200KB', batch_send_deadline: '0s' };
  const appender = (await open({ queue_config: config })).openTraces();
  for (let i = 0; i < 120; i++) appender.append(Buffer.from(document(i)), T0);
  for (let i = 0; i < 10; i++) appender.append(Buffer.from(document(i, ' '.repeat(60_000))), T0);
  appender.commit();
  await waitUntil(() => receiver.kept.length === 130);
  for (const { documents } of receiver.requests) {
    assert.ok(documents.length <= 50);
    const bytes = documents.reduce((sum, one) => sum + one.length, 0);
    assert.ok(bytes <= 300 * 1024, String(bytes));
  }
});

test('after a change of settings appenders go on, and the open documents with them', async (context) => {
  const { receiver, open } = await openRoad(context);
  const first = await open();
  const appender = first.openTraces();
  appender.append(Buffer.from(document(1)), T0);
  const second = await open({ request_timeout: '7s' }, first);
  assert.equal(second.openTraces, first.openTraces);
  appender.append(Buffer.from(document(2)), T0);
  appender.commit();
  await waitUntil(() => receiver.kept.length === 2);
  assert.deepEqual(receiver.kept, [document(1), document(2)]);
});

test('documents that X-Ray can never take hold up no others, and are kept', async (context) => {
  const { receiver, open, queue, world } = await openRoad(context);
  // Where a request has none but such documents, it waits before they make room for others.
  const waitAlong = (holds: () => boolean): Promise<void> =>
    waitUntil(() => {
      void world.clock.advance(1_000);
      return holds();
    });
  receiver.judge = (text) =>
    text.includes('"bad"') ? { Id: idOf(text), ErrorCode: 'Throttled' } : undefined;
  const appender = (await open()).openTraces();
  for (let i = 0; i < 600; i++) {
    appender.append(Buffer.from(document(i, i % 10 === 0 ? ',"a":"bad"' : '')), T0);
    appender.commit();
  }
  await waitAlong(() => receiver.kept.length === 540);
  await waitAlong(() => queue.pendingItems === 60);
  receiver.judge = () => undefined;
  await waitAlong(() => new Set(receiver.kept).size === 600);
});

test('a throttled request is sent again after Retry-After, and all of it arrives', async (context) => {
  const { receiver, open, world } = await openRoad(context);
  receiver.answer = () => ({ status: 429, headers: { 'retry-after': '9' } });
  const appender = (await open()).openTraces();
  appender.append(Buffer.from(document(1)), T0);
  appender.commit();
  await waitUntil(() => world.lines.some((line) => line.includes('wait_ms=9000')));
  receiver.answer = () => undefined;
  await world.clock.advance(9_000);
  await waitUntil(() => receiver.kept.length === 1);
});

test('credentials that have expired are fetched anew, at once', async (context) => {
  const { receiver, open, world } = await openRoad(context);
  let refusals = 0;
  receiver.answer = () =>
    refusals++ === 0 ? { status: 403, body: '{"__type":"ExpiredTokenException"}' } : undefined;
  const appender = (await open()).openTraces();
  appender.append(Buffer.from(document(1)), T0);
  appender.commit();
  await waitUntil(() => world.lines.some((line) => line.includes('tried again')));
  await world.clock.advance(100);
  await waitUntil(() => receiver.kept.length === 1);
});

test('a request refused as a whole is halved until the guilty document is alone', async (context) => {
  const { receiver, open, world } = await openRoad(context);
  receiver.answer = ({ documents }) =>
    documents.includes(document(17)) ? { status: 400, body: 'InvalidRequestException' } : undefined;
  const appender = (await open()).openTraces();
  for (let i = 0; i < 50; i++) appender.append(Buffer.from(document(i)), T0);
  await waitUntil(() => receiver.kept.length === 49);
  const start =
    'amperage_sink_items_dropped_total{sink="xray/test",reason="bad_request",owner="shop"}';
  await waitUntil(() => world.metric(start) === 1);
});

test('what the queue drops above its cap is counted for its services', async (context) => {
  const { receiver, open, world } = await openRoad(context, 64 * 1024);
  receiver.answer = () => ({ status: 503 });
  const appender = (await open()).openTraces();
  for (let i = 0; i < 400; i++) {
    appender.append(
      Buffer.from(document(i, `,"x":"${randomBytes(2_000).toString('base64')}"`)),
      T0,
    );
    appender.commit();
  }
  const start =
    'amperage_sink_items_dropped_total{sink="xray/test",reason="disk_cap",owner="shop"}';
  assert.ok(world.metric(start) > 100, String(world.metric(start)));
});

test('bytes that are not UTF-8, and a document that is far too large, are counted', async (context) => {
  const { receiver, open, world } = await openRoad(context);
  const appender = (await open()).openTraces();
  appender.append(Buffer.from([0x22, 0xff, 0x22]), T0);
  appender.append(Buffer.alloc(5 * 2 ** 20, 0x20), T0);
  appender.commit();
  await waitUntil(() => receiver.kept.length === 1);
  assert.equal(world.metric('amperage_xray_documents_invalid_utf8_total'), 1);
  assert.equal(
    world.metric('amperage_sink_items_dropped_total{sink="xray/test",reason="too_large"}'),
    1,
  );
});

const telemetry = {
  telemetry: { hostname: 'h', instance_id: 'i-1', resource_arn: 'arn:aws:ecs:x' },
};

test('a telemetry record a minute tells of what came, was sent, and failed', async (context) => {
  const { receiver, open, world } = await openRoad(context);
  const sink = await open(telemetry);
  await world.clock.advance(60_000);
  assert.deepEqual(receiver.telemetry, []);
  const appender = sink.openTraces();
  receiver.answer = () => ({ status: 500 });
  appender.append(Buffer.from(document(1)), T0);
  appender.append(Buffer.from(document(2)), T0);
  appender.commit();
  appender.noteRejected?.(3);
  await waitUntil(() => world.lines.some((line) => line.includes('tried again')));
  receiver.answer = () => undefined;
  receiver.judge = (text) =>
    text === document(1) ? { Id: '1', ErrorCode: 'InvalidName' } : undefined;
  await world.clock.advance(1_000);
  await waitUntil(() => receiver.kept.length === 1);
  sink.countDropped(4, 'disk_cap', undefined);
  await world.clock.advance(59_000);
  await waitUntil(() => receiver.telemetry.length === 1);
  const told: Record<string, unknown> = receiver.telemetry[0] ?? {};
  const { TelemetryRecords: records, ...host } = told;
  assert.deepEqual(host, { Hostname: 'h', EC2InstanceId: 'i-1', ResourceARN: 'arn:aws:ecs:x' });
  assert.deepEqual(records, [
    {
      Timestamp: (T0 + 120_000) / 1_000,
      SegmentsReceivedCount: 2,
      SegmentsSentCount: 1,
      SegmentsSpilloverCount: 4,
      SegmentsRejectedCount: 4,
      BackendConnectionErrors: {
        TimeoutCount: 0,
        ConnectionRefusedCount: 0,
        HTTPCode4XXCount: 0,
        HTTPCode5XXCount: 1,
        UnknownHostCount: 0,
        OtherCount: 0,
      },
    },
  ]);
});

test('telemetry records that are refused are kept, thirty of them, and go ten at a time', async (context) => {
  const { receiver, open, world } = await openRoad(context);
  const sink = await open(telemetry);
  const appender = sink.openTraces();
  appender.append(Buffer.from(document(1)), T0);
  appender.commit();
  receiver.telemetryAnswer = () => ({ status: 403 });
  const failures = (): number => world.metric('amperage_xray_telemetry_failures_total');
  for (let minute = 1; minute <= 35; minute++) {
    await world.clock.advance(60_000);
    await waitUntil(() => failures() === minute);
  }
  const warned = world.lines.filter((line) => line.includes('xray:PutTelemetryRecords'));
  assert.equal(warned.length, 35, 'each minute');
  receiver.telemetryAnswer = () => ({ status: 200 });
  await world.clock.advance(60_000);
  await waitUntil(() => receiver.telemetry.length === 3);
  const counts = receiver.telemetry.map(({ TelemetryRecords: list }) => (list as []).length);
  assert.deepEqual(counts, [10, 10, 10]);
  await waitUntil(() => world.lines.some((line) => line.includes('are taken again')));
  assert.equal(world.metric('amperage_xray_telemetry_records_dropped_total'), 6);
});

test('a reload keeps the figures, and a stop sends the last record', async (context) => {
  const { receiver, open } = await openRoad(context);
  const first = await open(telemetry);
  const appender = first.openTraces();
  appender.append(Buffer.from(document(1)), T0);
  appender.commit();
  await waitUntil(() => receiver.kept.length === 1);
  const second = await open({ ...telemetry, request_timeout: '7s' }, first);
  assert.equal(receiver.telemetry.length, 0);
  await second.stop(2_000);
  const told: Record<string, unknown> = receiver.telemetry[0] ?? {};
  const [record] = told['TelemetryRecords'] as Record<string, unknown>[];
  assert.equal(record?.['SegmentsReceivedCount'], 1);
  assert.equal(record?.['SegmentsSentCount'], 1);
});

test('settings: defaults, endpoints, and what cannot be done is refused by name', () => {
  const plain = resolve({});
  assert.deepEqual(
    [plain.delivery.maxItemsPerSend, plain.delivery.batchSendDeadlineMs, plain.delivery.shardsMax],
    [50, 1_000, 8],
  );
  assert.deepEqual([plain.settings.timeoutMs, plain.settings.telemetry.isSent], [30_000, true]);
  assert.deepEqual(plain.settings.spans, {
    form: 'documents',
    indexing: { all: false, attributes: [] },
  });
  const written = { spans: 'otlp', index_all_attributes: true, indexed_attributes: ['a'] };
  assert.deepEqual(resolve(written).settings.spans, {
    form: 'otlp',
    indexing: { all: true, attributes: ['a'] },
  });
  const env = {
    AWS_USE_FIPS_ENDPOINT: 'true',
    AWS_USE_DUALSTACK_ENDPOINT: 'TRUE',
    AWS_HOSTNAME: 'h',
  };
  const { access, telemetry: told } = resolve({ use_fips_endpoint: false }, [], env).settings;
  assert.deepEqual([access.useFips, access.useDualStack, told.hostname], [false, true, 'h']);
  const faults: string[] = [];
  resolve({ endpoint: 'xray' }, faults);
  resolve(
    { access_key: 'a', external_id: 'e', queue_config: { min_shards: 9, max_shards: 2 } },
    faults,
  );
  assert.deepEqual(
    faults.map((fault) => fault.split(' ').slice(0, 3).join(' ')),
    [
      'x.endpoint: endpoint "xray"',
      'x.access_key: "access_key" and',
      'x.external_id: "external_id" needs',
      'x.queue_config.min_shards: min_shards 9',
    ],
  );
  assert.throws(
    () => xraySchema.parse({ queue_config: { max_documents_per_send: 51 } }),
    /at most 50/,
  );
});
