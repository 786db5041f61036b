/** Spans of OpenTelemetry on their way through the sink, in each form. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { openQueue } from '../../../test/kit/durable-queue.ts';
import { onEnd } from '../../../test/kit/ending.ts';
import { temporaryFolder } from '../../../test/kit/folder.ts';
import { listAttributes, makeSpan, makeSpanDocument } from '../../../test/kit/spans.ts';
import { until } from '../../../test/kit/waiting.ts';
import { createWorld, openHttp } from '../../../test/kit/world.ts';
import { startXrayReceiver } from '../../../test/kit/xray-receiver.ts';
import { VirtualClock } from '../../kernel/clock.ts';
import { readTraceDocument } from '../../wire/otlp/trace-document.ts';
import { encodeMessage } from '../../wire/protobuf/encode.ts';
import { int, string } from '../../wire/protobuf/scalars.ts';
import { defineMessage, field } from '../../wire/protobuf/schema.ts';
import { resolveXray, xraySchema } from './schema.ts';
import { XraySink } from './sink.ts';

const T0 = 1_700_000_000_000;
const NO_REPORT = {
  error: () => undefined,
  warn: () => undefined,
  lacks: () => undefined,
  positionOf: () => '',
};

async function openSink(context: TestContext, more: object = {}) {
  const receiver = await startXrayReceiver(context);
  const world = createWorld({ http: openHttp(context), clock: new VirtualClock(T0) });
  const queue = await openQueue(temporaryFolder(context), { lanes: 8, capBytes: 1e9 }, world);
  onEnd(context, () => queue.stop());
  const input = { ...receiver.entry, queue_config: { batch_send_deadline: '0s' }, ...more };
  const resolving = { report: NO_REPORT, path: ['x'], baseDirectory: '/', env: {} };
  const { settings, delivery } = resolveXray(xraySchema.parse(input), resolving);
  const parts = { id: 'xray/test', name: 'test', queue, world, userAgent: 'test' };
  const sink = new XraySink(settings, delivery, parts);
  await sink.start();
  onEnd(context, async () => {
    const ended = sink.stop(0);
    await world.clock.advance(0);
    await ended;
  });
  const send = (...documents: Buffer[]): void => {
    const appender = sink.openTraces();
    for (const document of documents) appender.append(document, T0);
    appender.commit();
  };
  const { metric, lines } = world;
  return { receiver, queue, send, metric, lines };
}

const waitUntil = (holds: () => boolean): Promise<void> => until(String(holds), 10_000, holds, 2);
const SEGMENT = Buffer.from('{"id":"1","name":"shop"}');
const span = makeSpan({ attributes: listAttributes({ 'tenant.id': 'a' }) });

test('spans go as they came, and so do those that are not sampled', async (context) => {
  const { receiver, send } = await openSink(context);
  const unsampled = Buffer.from(makeSpanDocument([span]).toString().replace('T1S', 'T1U'));
  send(makeSpanDocument([span]), SEGMENT, unsampled);
  await waitUntil(() => receiver.kept.length === 3);
  const sent = [makeSpanDocument([span]), SEGMENT, unsampled].map(String);
  assert.deepEqual(receiver.kept.toSorted(), sent.toSorted());
});

test('what is to be indexed, and log groups, are attributes of the resource then', async (context) => {
  const { receiver, send } = await openSink(context, {
    indexed_attributes: ['tenant.id'],
    aws_log_groups: ['/ecs/shop'],
  });
  send(makeSpanDocument([span]));
  await waitUntil(() => receiver.kept.length === 1);
  const [resource] = readTraceDocument(Buffer.from(receiver.kept[0]!))!.resourceSpans;
  assert.deepEqual(
    resource?.resource?.attributes,
    listAttributes({
      'service.name': 'my.service',
      'aws.xray.exporter.config.index_all_attributes': false,
      'aws.xray.exporter.config.indexed_attributes': ['tenant.id'],
      'aws.log.group.names': ['/ecs/shop'],
    }),
  );
  assert.deepEqual(
    Buffer.from(resource.scopeSpans[0]!.spans[0]!.traceId),
    Buffer.from(span.traceId),
  );
});

test('as segments, each span is a document, and one without an id is counted as lost', async (context) => {
  const { receiver, send, metric } = await openSink(context, {
    spans: 'segments',
    indexed_attributes: ['tenant.id'],
    aws_log_groups: ['/ecs/shop'],
  });
  const nameless = makeSpan({ spanId: Buffer.alloc(8) });
  send(SEGMENT, makeSpanDocument([span, nameless]));
  await waitUntil(() => receiver.kept.length === 2);
  const segment = JSON.parse(receiver.kept.find((text) => text.includes('tenant'))!) as object;
  assert.deepEqual(segment, {
    id: 'eee19b7ec3c1b174',
    trace_id: '1-5b8efff7-98038103d269b633813fc60c',
    name: 'my.service',
    start_time: 1_544_712_660,
    end_time: 1_544_712_661.5,
    aws: { cloudwatch_logs: [{ log_group: '/ecs/shop' }] },
    annotations: { 'tenant.id': 'a' },
    metadata: { default: { 'otel.resource.service.name': 'my.service' } },
  });
  assert.equal(
    metric('amperage_sink_items_dropped_total{sink="xray/test",reason="invalid_span_id"'),
    1,
  );
});

test('as OTLP, spans of all documents are one request, and segments have their own', async (context) => {
  const { receiver, send } = await openSink(context, { spans: 'otlp' });
  send(makeSpanDocument([span]), SEGMENT, makeSpanDocument([span, span]));
  await waitUntil(() => receiver.kept.length === 1 && receiver.spanRequests.length === 1);
  const [request] = receiver.spanRequests;
  assert.deepEqual(
    request?.resourceSpans.map(({ scopeSpans }) => scopeSpans[0]?.spans.length),
    [1, 2],
  );
  assert.deepEqual(receiver.kept, [SEGMENT.toString()]);
});

test('more spans than X-Ray takes are several requests', async (context) => {
  const { receiver, send } = await openSink(context, { spans: 'otlp' });
  const small = makeSpan({ name: '', endUnixNano: 0n });
  const documents = Array.from({ length: 21 }, () =>
    makeSpanDocument(Array.from({ length: 500 }, () => small)),
  );
  send(...documents);
  const count = (): number =>
    receiver.spanRequests
      .flatMap(({ resourceSpans }) => resourceSpans)
      .reduce((sum, { scopeSpans }) => sum + (scopeSpans[0]?.spans.length ?? 0), 0);
  await waitUntil(() => count() === 10_500);
  assert.ok(receiver.spanRequests.length > 1);
});

test('spans that X-Ray rejects of a request are counted, and the rest is delivered', async (context) => {
  const { receiver, send, metric, lines } = await openSink(context, { spans: 'otlp' });
  const partial = defineMessage('Partial', { rejected: field(1, int), message: field(2, string) });
  const response = defineMessage('Response', { partialSuccess: field(1, partial) });
  const rejecting = (rejected: number): Buffer =>
    Buffer.from(encodeMessage(response, { partialSuccess: { rejected, message: 'too old' } }));
  let body = rejecting(2);
  receiver.spansAnswer = () => ({ status: 200, body });
  send(makeSpanDocument([span, span, span]));
  await waitUntil(() => lines.some((line) => line.includes('too old')));
  assert.equal(
    metric('amperage_sink_items_dropped_total{sink="xray/test",reason="part_rejected"'),
    2,
  );
  await waitUntil(() => metric('amperage_sink_items_delivered_total{') === 1);
  // More than were sent cannot be lost.
  body = rejecting(2 ** 40);
  send(makeSpanDocument([span]));
  await waitUntil(() => metric('amperage_sink_items_delivered_total{') === 2);
  const reason = 'amperage_sink_items_dropped_total{sink="xray/test",reason="part_rejected"';
  assert.equal(metric(reason), 3);
});

test('without Transaction Search nothing is lost, and the log says what to do', async (context) => {
  const { receiver, send, queue, lines } = await openSink(context, { spans: 'otlp' });
  receiver.spansAnswer = () => ({
    status: 400,
    headers: { 'x-amzn-errortype': 'InvalidRequestException' },
    body: 'The OTLP API is supported with CloudWatch Logs as a Trace Segment Destination.',
  });
  send(makeSpanDocument([span]));
  await waitUntil(() => lines.some((line) => line.includes('turn on Transaction Search')));
  assert.equal(queue.pendingItems, 1);
});

test('a document of spans above 64 kB goes in several, and loses nothing', async (context) => {
  const { receiver, send, metric } = await openSink(context);
  const spans = Array.from({ length: 100 }, (_, index) =>
    makeSpan({
      spanId: Buffer.from(String(index).padStart(16, '1'), 'hex'),
      attributes: listAttributes({ text: 'x'.repeat(1_000) }),
    }),
  );
  send(makeSpanDocument(spans));
  const received = () =>
    receiver.kept.flatMap((text) =>
      readTraceDocument(Buffer.from(text))!.resourceSpans.flatMap(
        ({ scopeSpans }) => scopeSpans[0]!.spans,
      ),
    );
  await waitUntil(() => received().length === 100);
  assert.ok(receiver.kept.every((text) => text.length <= 65_536));
  assert.ok(received().every(({ attributes }) => attributes.length === 1));
  const apart = 'amperage_xray_documents_slimmed_total{sink="xray/test",step="spans"';
  await waitUntil(() => metric(apart) === 2);
});
