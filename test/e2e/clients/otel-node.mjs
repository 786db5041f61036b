/**
 * An application with OpenTelemetry's SDK for Node, for tests. The environment says where it sends
 * and how (OTEL_EXPORTER_OTLP_PROTOCOL: grpc, http/protobuf or http/json). It sends metrics of each
 * kind and some spans, and prints what it counted and the ids of its traces.
 */
import { metrics, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { NodeSDK } from '@opentelemetry/sdk-node';

const REQUESTS = 40;

process.env.OTEL_TRACES_EXPORTER ??= 'otlp';
process.env.OTEL_METRICS_EXPORTER ??= 'otlp';
process.env.OTEL_LOGS_EXPORTER ??= 'none';
const sdk = new NodeSDK();
sdk.start();

const tracer = trace.getTracer('shop', '1.0.0');
const meter = metrics.getMeter('shop', '1.0.0');
const counter = meter.createCounter('shop.orders', { unit: '{order}', description: 'Orders.' });
const duration = meter.createHistogram('http.server.request.duration', { unit: 's' });
const open = meter.createUpDownCounter('shop.carts');
meter.createObservableGauge('shop.stock').addCallback((result) => result.observe(12.5));

const traceIds = [];
for (let at = 0; at < REQUESTS; at++) {
  const attributes = { 'http.route': at % 2 === 0 ? '/cart' : '/pay' };
  tracer.startActiveSpan(`GET ${attributes['http.route']}`, { kind: SpanKind.SERVER }, (span) => {
    traceIds.push(span.spanContext().traceId);
    span.setAttributes({ ...attributes, 'http.request.method': 'GET', 'order.number': at });
    tracer.startActiveSpan('ask', { kind: SpanKind.CLIENT }, (inner) => {
      inner.setAttribute('server.address', 'stock.example.com');
      inner.end();
    });
    counter.add(1, attributes);
    duration.record(at / 100, attributes);
    open.add(at % 3 === 0 ? -1 : 1);
    if (at % 10 === 9) {
      span.recordException(new Error('broken'));
      span.setStatus({ code: SpanStatusCode.ERROR });
    }
    span.end();
  });
}
await sdk.shutdown();
process.stdout.write(JSON.stringify({ orders: REQUESTS, traceIds }));
