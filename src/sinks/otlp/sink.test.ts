import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { onEnd } from '../../../test/kit/ending.ts';
import { temporaryFolder } from '../../../test/kit/folder.ts';
import { startOtlpReceiver } from '../../../test/kit/fake-otlp.ts';
import { until } from '../../../test/kit/waiting.ts';
import { createWorld, openHttp } from '../../../test/kit/world.ts';
import { systemClock } from '../../kernel/clock.ts';
import { makeLabelSet } from '../../model/labels.ts';
import { DurableQueue } from '../../queue/queue.ts';
import type { Reporter } from '../../settings/finding.ts';
import { encodeMessage } from '../../wire/protobuf/encode.ts';
import { TRACE_REQUEST } from '../../wire/otlp/trace-request.ts';
import { resolveOtlp } from './resolve.ts';
import { otlpSchema } from './schema.ts';
import { OtlpSink } from './sink.ts';

const T0 = 1_700_000_000_000;

function resolve(input: object, faults: string[] = []) {
  const report: Reporter = {
    error: (path, _, message) => void faults.push(`${path.join('.')}: ${message}`),
    warn: () => undefined,
    lacks: (path, message) => void faults.push(`lacks ${path.join('.')}: ${message}`),
    positionOf: () => '',
  };
  const context = { report, path: ['x'], baseDirectory: '/', env: {} };
  return resolveOtlp(otlpSchema.parse(input), context);
}

async function openRoad(context: TestContext, more: object = {}) {
  const receiver = await startOtlpReceiver(context);
  const world = createWorld({ http: openHttp(context), clock: systemClock });
  const { settings, delivery } = resolve({
    endpoint: receiver.url,
    queue_config: { batch_send_deadline: '20ms', min_backoff: '5ms', max_backoff: '20ms' },
    ...more,
  });
  const directory = temporaryFolder(context);
  const lanes = delivery.shardsMax;
  const queue = new DurableQueue({ name: 'test', directory, lanes, capBytes: 1e9 }, world);
  await queue.start();
  onEnd(context, () => queue.stop());
  const parts = { id: 'otlp/test', name: 'test', queue, world, userAgent: 'amperage/1' };
  const sink = new OtlpSink(settings, delivery, parts);
  await sink.start();
  onEnd(context, () => sink.stop(0));
  const metrics = sink.openAppender!('target');
  const refs = new Map<string, number>();
  const commit = (values: Readonly<Record<string, number>>): void => {
    for (const [name, value] of Object.entries(values)) {
      const ref = refs.get(name) ?? metrics.refOf(makeLabelSet({ __name__: name, job: 'j' }));
      refs.set(name, ref);
      metrics.append(ref, T0, value);
    }
    metrics.commit();
  };
  const traces = sink.openTraces!();
  const send = (...documents: string[]): void => {
    for (const one of documents) traces.append(Buffer.from(one), T0);
    traces.commit();
  };
  const settle = (): Promise<void> =>
    until('the queue is empty', 10_000, () => queue.pendingItems === 0, 2);
  const lost = (reason: string, owner: string): number =>
    world.metric(
      `amperage_sink_items_dropped_total{sink="otlp/test",reason="${reason}",owner="${owner}"}`,
    );
  const itemsOf = (): number[] => receiver.requests.map(({ items }) => items);
  return { receiver, world, queue, commit, send, settle, lost, itemsOf };
}

function spansDocument(names: readonly string[]): string {
  const request = encodeMessage(TRACE_REQUEST, {
    resourceSpans: [
      { resource: { attributes: [] }, scopeSpans: [{ spans: names.map((name) => ({ name })) }] },
    ],
  } as never);
  return `T1S${Buffer.from(request).toString('base64')}`;
}

const namesIn = (value: unknown): string[] =>
  [...JSON.stringify(value).matchAll(/"name":"(span \w+)"/g)].map(([, name]) => name ?? '');

test('metrics and spans go to their own endpoints, each request of one signal', async (context) => {
  for (const more of [
    {},
    { compression: 'zstd', compression_level: 3 },
    { compression: 'deflate' },
    { compression: 'snappy' },
    { compression: 'none', encoding: 'json' },
  ]) {
    const { receiver, world, commit, send, settle } = await openRoad(context, more);
    commit({ a: 1, b: 2 });
    send(spansDocument(['span a', 'span b']), spansDocument(['span c']));
    await settle();
    const paths = receiver.requests.map(({ request }) => request.path);
    assert.deepEqual(paths.toSorted(), ['/v1/metrics', '/v1/traces']);
    assert.equal(receiver.resourcesOf('metrics').length, 1);
    assert.deepEqual(namesIn(receiver.resourcesOf('traces')), ['span a', 'span b', 'span c']);
    assert.equal(world.lines.filter((one) => one.includes('first delivery')).length, 1);
  }
});

test('requests hold no more points and spans than the receiver takes', async (context) => {
  const queue_config = {
    batch_send_deadline: '20ms',
    max_points_per_send: 3,
    max_spans_per_send: 5,
  };
  const { receiver, commit, send, settle, itemsOf } = await openRoad(context, { queue_config });
  commit(Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`m${i}`, i])));
  send(spansDocument(Array.from({ length: 12 }, (_, i) => `span ${i}`)));
  await settle();
  for (const { signal, items } of receiver.requests)
    assert.ok(items <= (signal === 'metrics' ? 3 : 5), `${signal} ${items}`);
  assert.equal(
    itemsOf().reduce((sum, items) => sum + items, 0),
    20,
  );
});

test('what is rejected in part is counted with its message, and not sent again', async (context) => {
  const { receiver, world, commit, settle, lost } = await openRoad(context);
  receiver.answer = () => ({
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: '{"partialSuccess":{"rejectedDataPoints":"1","errorMessage":"too old"}}',
  });
  commit({ a: 1, b: 2, c: 3 });
  await settle();
  assert.equal(receiver.requests.length, 1);
  assert.equal(lost('rejected', 'metrics'), 1);
  assert.equal(world.metric('amperage_sink_items_delivered_total'), 2);
  assert.ok(world.lines.some((line) => line.includes('too old')));
});

test('429, 502, 503 and 504 are sent again, after the time that is asked for', async (context) => {
  const { receiver, commit, settle, lost } = await openRoad(context);
  const statuses = [429, 502, 503, 504];
  receiver.answer = () => {
    const status = statuses.shift();
    return status === undefined ? undefined : { status, headers: { 'retry-after': '0' } };
  };
  commit({ a: 1 });
  await settle();
  assert.deepEqual([receiver.requests.length, receiver.kept.length], [5, 1]);
  assert.ok(Number.isNaN(lost('refused', 'metrics')));
});

test('a request that is too large goes in halves, and one bad point costs no other', async (context) => {
  const { receiver, commit, settle, lost } = await openRoad(context);
  receiver.answer = ({ items, json }) => {
    if (items > 2) return { status: 413 };
    return json.includes('"name":"bad"') ? { status: 400, body: 'bad name' } : undefined;
  };
  commit({ a: 1, bad: 2, c: 3, d: 4, e: 5 });
  await settle();
  assert.equal(lost('bad_request', 'metrics'), 1);
  const kept = receiver.kept.join('');
  for (const name of ['a', 'c', 'd', 'e']) assert.ok(kept.includes(`"name":"${name}"`), name);
});

test('a series that was refused alone goes apart, and costs one request more a batch', async (context) => {
  const { receiver, world, commit, settle, lost } = await openRoad(context);
  receiver.answer = ({ json }) =>
    json.includes('"name":"bad"') ? { status: 400, body: 'bad name' } : undefined;
  const values = { a: 1, b: 2, bad: 3, c: 4, d: 5, e: 6, f: 7 };
  commit(values);
  await settle();
  const searched = receiver.requests.length;
  assert.ok(searched > 3, `${searched}`);
  for (let count = 0; count < 3; count++) {
    commit(values);
    await settle();
  }
  assert.equal(receiver.requests.length - searched, 6);
  assert.equal(lost('bad_request', 'metrics'), 4);
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f'])
    assert.equal(receiver.kept.join('').split(`"name":"${name}"`).length - 1, 4, name);
  const told = world.lines.filter((line) => line.includes('they are sent apart'));
  assert.equal(told.length, 1);
  assert.match(told[0] ?? '', /series=1 metrics=bad answer=/);
  // Once it is taken again, it goes with the others.
  receiver.answer = () => undefined;
  commit(values);
  await settle();
  commit(values);
  await settle();
  assert.equal(receiver.requests.length - searched, 6 + 2 + 1);
});

test('a status that OTLP does not retry loses the request, counted by signal', async (context) => {
  const { receiver, send, settle, lost } = await openRoad(context);
  receiver.answer = () => ({ status: 500, body: 'no' });
  send(spansDocument(['span a', 'span b']));
  await settle();
  assert.equal(receiver.requests.length, 1);
  assert.equal(lost('refused', 'traces'), 2);
});

test('an endpoint of traces that is away holds up no metrics', async (context) => {
  const { receiver, commit, send } = await openRoad(context);
  receiver.answer = ({ signal }) => (signal === 'traces' ? { status: 503 } : undefined);
  send(spansDocument(['span a']));
  commit({ a: 1 });
  send(spansDocument(['span b']));
  commit({ a: 2 });
  await until('metrics arrive', 10_000, () => receiver.kept.length > 0, 2);
});

test('documents that give no spans are counted by reason', async (context) => {
  const { receiver, world, send, lost, settle } = await openRoad(context);
  send(
    '{"id":"1","name":"shop"}',
    'T1UAAAA',
    'T1Sfw==',
    `T1S${Buffer.from([0x0a, 0x7f]).toString('base64')}`,
  );
  send(spansDocument(['span a']));
  await settle();
  assert.equal(lost('segment_document', 'traces'), 1);
  assert.equal(lost('unsampled', 'traces'), 1);
  assert.equal(lost('malformed', 'traces'), 2);
  assert.ok(world.lines.some((line) => line.includes('xray_write')));
  assert.equal(receiver.requests.length, 1);
});

test('a redirect, and refused credentials, lose nothing and are not followed', async (context) => {
  const { receiver, queue, commit } = await openRoad(context, {
    basic_auth: { username: 'u', password: 'p' },
  });
  const elsewhere = await startOtlpReceiver(context);
  receiver.answer = () => ({ status: 307, headers: { location: `${elsewhere.url}/v1/metrics` } });
  commit({ a: 1 });
  await until('it is asked', 10_000, () => receiver.requests.length > 0, 2);
  assert.equal(elsewhere.requests.length, 0);
  assert.equal(queue.pendingItems, 1);
});

test('an entry says what does not go together, by name', () => {
  const told = (input: object): string => {
    const faults: string[] = [];
    resolve(input, faults);
    return faults.join('; ');
  };
  assert.match(told({}), /needs an "endpoint"/);
  assert.match(told({ protocol: 'grpc', endpoint: 'h:1', sigv4: { region: 'r' } }), /not signed/);
  assert.match(told({ protocol: 'grpc', endpoint: 'h:1', encoding: 'json' }), /protobuf alone/);
  assert.match(told({ protocol: 'grpc', endpoint: 'http://h:1/p' }), /expected host:port/);
  assert.match(told({ endpoint: 'http://h', authority: 'x' }), /needs "protocol: grpc"/);
  assert.match(told({ endpoint: 'http://h', sigv4: { region: 'r' } }), /needs a "service_name"/);
  const cloudWatch = 'https://monitoring.us-east-1.amazonaws.com/v1/metrics';
  const many = { metrics_endpoint: cloudWatch, queue_config: { max_points_per_send: 1_001 } };
  assert.match(told(many), /at most 1000 points/);
});

test('services and limits follow from the hosts of AWS', () => {
  const { settings, signals } = resolve({
    metrics_endpoint: 'https://monitoring.us-east-1.amazonaws.com/v1/metrics',
    traces_endpoint: 'https://xray.eu-west-1.amazonaws.com/v1/traces',
    sigv4: {},
  });
  const { metrics, traces } = settings.endpoints;
  assert.deepEqual(
    [metrics?.sigv4?.serviceName, metrics?.sigv4?.region],
    ['monitoring', 'us-east-1'],
  );
  assert.deepEqual([traces?.sigv4?.serviceName, traces?.sigv4?.region], ['xray', 'eu-west-1']);
  assert.deepEqual(settings.maxItems, { metrics: 1_000, traces: 10_000 });
  assert.deepEqual(signals, ['metrics', 'traces']);
  assert.deepEqual(resolve({ traces_endpoint: 'http://h/t' }).signals, ['traces']);
});
