import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { componentContract } from '../../../test/contracts/component.ts';
import { serve } from '../../../test/kit/listen.ts';
import { until } from '../../../test/kit/waiting.ts';
import { createWorld, openHttp } from '../../../test/kit/world.ts';
import { VirtualClock } from '../../kernel/clock.ts';
import { decodeMessage } from '../../wire/protobuf/decode.ts';
import { METRICS_REQUEST } from '../../wire/otlp/metrics-request.ts';
import { TRACE_REQUEST } from '../../wire/otlp/trace-request.ts';
import type { SegmentDocument } from '../tracing/document.ts';
import { OtlpExporter } from './exporter.ts';

const TRACE_ID = '5759e988bd862e3fe1be46a994272793';

const DOCUMENT: SegmentDocument = {
  name: 'shop', id: '1'.repeat(16), trace_id: `1-${TRACE_ID.slice(0, 8)}-${TRACE_ID.slice(8)}`,
  parent_id: 'f'.repeat(16), start_time: 1_700_000_000.25, end_time: 1_700_000_001,
  http: { request: { method: 'GET', url: 'http://a:1/work?x=1' }, response: { status: 500 } },
  annotations: { slow: true, latency_ms: 7, share: 0.5 },
  fault: true,
  cause: { working_directory: '/', exceptions: [{ id: '9'.repeat(16), type: 'E', message: 'no', remote: false, stack: [] }] },
  subsegments: [
    { name: 'b', id: '2'.repeat(16), namespace: 'remote', start_time: 1_700_000_000.3, end_time: 1_700_000_000.5,
      http: { request: { method: 'GET', url: 'http://b:2/stock' }, response: { status: 404 } }, error: true },
    { name: 'orders@db', id: '3'.repeat(16), namespace: 'remote', start_time: 1_700_000_000.5, end_time: 1_700_000_000.6,
      sql: { database_type: 'PostgreSQL', sanitized_query: 'SELECT 1' } },
    { name: '## price', id: '4'.repeat(16), start_time: 1_700_000_000.6, end_time: 1_700_000_001 },
  ],
}; // prettier-ignore

/** A receiver that answers with these statuses in order, then with 200. */
async function open(context: TestContext, statuses: number[] = []) {
  const got: { path: string; body: Buffer }[] = [];
  const server = await serve(context, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      got.push({ path: request.url ?? '', body: Buffer.concat(chunks) });
      response.statusCode = statuses.shift() ?? 200;
      response.end();
    });
  });
  const world = createWorld({ clock: new VirtualClock(), http: openHttp(context) });
  const resource = { 'service.name': 'shop' };
  const exporter = new OtlpExporter({ world, endpoint: `${server.url}/`, resource });
  const spans = () =>
    got.filter(({ path }) => path === '/v1/traces').map(({ body }) => {
      const [one] = decodeMessage(TRACE_REQUEST, body).resourceSpans;
      return one!.scopeSpans.flatMap((scope) => scope.spans);
    });
  return { world, exporter, got, spans };
} // prettier-ignore

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

componentContract('the OTLP exporter', () => {
  const world = createWorld({ clock: new VirtualClock() });
  return new OtlpExporter({ world, endpoint: 'http://127.0.0.1:1', resource: {} });
});

test('a document becomes a server span with its calls, in one trace', async (context) => {
  const { exporter, spans } = await open(context);
  await exporter.start();
  exporter.add(DOCUMENT);
  await exporter.stop(4_999.5);
  const [sent] = spans();
  assert.deepEqual(sent!.map(({ name, kind }) => `${kind} ${name}`), [
    'server GET /work', 'client GET', 'client SELECT cart_items', 'internal ## price',
  ]);
  assert.ok(sent!.every(({ traceId }) => hex(traceId) === TRACE_ID));
  assert.deepEqual(sent!.map(({ parentSpanId }) => hex(parentSpanId)[0]), ['f', '1', '1', '1']);
  assert.equal(sent![0]!.startUnixNano, 1_700_000_000_250_000_000n);
  assert.deepEqual(sent!.map(({ status }) => status?.code), ['error', 'error', undefined, undefined]);
  assert.equal(sent![0]!.status?.message, 'no');
  const attributes = new Map(sent![0]!.attributes.map(({ key, value }) => [key, value?.value?.value]));
  assert.deepEqual(
    ['url.path', 'http.response.status_code', 'slow', 'latency_ms', 'share'].map((key) => attributes.get(key)),
    ['/work', 500, true, 7, 0.5],
  );
}); // prettier-ignore

test('metrics are totals without the suffixes of their units, with the traces behind them', async (context) => {
  const { exporter, world, got } = await open(context);
  const exemplar = { labels: { trace_id: TRACE_ID }, value: 700, tMs: 5 };
  world.metrics.counter('http_requests_total', 'Requests.').inc(3, { ...exemplar, value: 1 });
  const durations = world.metrics.histograms('request_duration_milliseconds', 'D.', [500, 1_000]);
  durations.with({ path: '/work' }).observe(700, exemplar);
  durations.with({ path: '/work' }).observe(70_000);
  await exporter.start();
  await exporter.stop(5_000);
  const request = decodeMessage(METRICS_REQUEST, got[0]!.body);
  const metrics = request.resourceMetrics[0]!.scopeMetrics[0]!.metrics;
  const [counter, histogram] = metrics;
  assert.deepEqual([counter!.name, histogram!.name, histogram!.unit], ['http_requests', 'request_duration', 'ms']);
  const [sum, distribution] = [counter!.data!, histogram!.data!];
  assert.ok(sum.is === 'sum' && distribution.is === 'histogram');
  const { points, isMonotonic, temporality } = sum.value;
  assert.deepEqual([isMonotonic, temporality, points[0]!.value?.value], [true, 'cumulative', 3]);
  assert.equal(hex(points[0]!.exemplars[0]!.traceId), TRACE_ID);
  const [point] = distribution.value.points;
  assert.deepEqual([point!.count, point!.sum], [2, 70_700]);
  assert.deepEqual([point!.bucketCounts, point!.explicitBounds], [[0, 1, 1], [500, 1_000]]);
  assert.deepEqual(point!.exemplars.map(({ value, timeMs }) => [value?.value, timeMs]), [[700, 5]]);
  assert.deepEqual(point!.attributes.map(({ key }) => key), ['path']);
}); // prettier-ignore

test('spans that a receiver may take later are sent again, others are counted as lost', async (context) => {
  const { exporter, world, spans } = await open(context, [200, 503, 200, 400]);
  await exporter.start();
  exporter.add(DOCUMENT);
  await world.clock.advance(15_000);
  await until('the first try', 5_000, () => spans().length === 1);
  await new Promise((resolve) => setTimeout(resolve, 20));
  await world.clock.advance(15_000);
  await until('the second try', 5_000, () => spans().length === 2);
  await exporter.stop(5_000);
  assert.equal(spans().length, 2);
  assert.equal(world.metric('sample_app_spans_dropped_total{reason="refused"}'), 4);
});

test('the spans that wait are bounded', async (context) => {
  const { exporter, world } = await open(context);
  for (let i = 0; i < 5_001; i++) exporter.add(DOCUMENT);
  assert.equal(world.metric('sample_app_spans_dropped_total{reason="queue_full"}'), 4);
});

test('a receiver that is not there does not hold up the stop', async () => {
  const world = createWorld({ clock: new VirtualClock() });
  const exporter = new OtlpExporter({ world, endpoint: 'http://127.0.0.1:1', resource: {} });
  await exporter.start();
  exporter.add(DOCUMENT);
  await exporter.stop(1_000);
  assert.equal(world.metric('sample_app_spans_dropped_total{reason="stopped"}'), 4);
});
