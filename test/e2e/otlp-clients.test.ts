/**
 * OpenTelemetry's own SDK as client: its metrics and traces through a collector that runs as a
 * process, over HTTP with protobuf and JSON and over gRPC, with and without gzip.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { OTLPMetricExporter as GrpcMetrics } from '@opentelemetry/exporter-metrics-otlp-grpc';
import { OTLPMetricExporter as JsonMetrics } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPMetricExporter as ProtoMetrics } from '@opentelemetry/exporter-metrics-otlp-proto';
import { OTLPTraceExporter as GrpcTraces } from '@opentelemetry/exporter-trace-otlp-grpc';
import { OTLPTraceExporter as JsonTraces } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtoTraces } from '@opentelemetry/exporter-trace-otlp-proto';
import { CompressionAlgorithm } from '@opentelemetry/otlp-exporter-base';
import {
  MeterProvider,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
} from '@opentelemetry/sdk-metrics';
import { SimpleSpanProcessor, type SpanExporter, TracerProvider } from '@opentelemetry/sdk-trace';
import { TRACE_REQUEST } from '../../src/wire/otlp/trace-request.ts';
import { decodeMessage } from '../../src/wire/protobuf/decode.ts';
import { temporaryFolder } from '../kit/folder.ts';
import { serve } from '../kit/listen.ts';
import { freePort, startAmperage } from '../kit/processes.ts';
import { until } from '../kit/waiting.ts';

interface Collected {
  readonly http: string;
  readonly grpc: string;
  /** Names of the spans that X-Ray got. */
  readonly spans: () => readonly string[];
  /** Lines of the file of samples. */
  readonly samples: () => readonly string[];
}

async function startCollector(t: TestContext): Promise<Collected> {
  const folder = temporaryFolder(t);
  const spans: string[] = [];
  const xray = await serve(t, (request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const { TraceSegmentDocuments: documents = [] } = JSON.parse(
        Buffer.concat(parts).toString(),
      ) as { TraceSegmentDocuments?: string[] };
      spans.push(...documents.flatMap(readSpanNames));
      response.setHeader('content-type', 'application/json');
      response.end('{"UnprocessedTraceSegments":[]}');
    });
  });
  const [http, grpc] = [await freePort(), await freePort()];
  const file = path.join(folder, 'samples.jsonl');
  const config = path.join(folder, 'c.yml');
  writeFileSync(
    config,
    `otlp_receivers:
  - { http: { listen: '127.0.0.1:${http}' }, grpc: { listen: '127.0.0.1:${grpc}' } }
file_write: [{ path: '${file}' }]
xray_write:
  - { endpoint: 'http://${xray.host}', region: us-east-1, access_key: a, secret_key: b }
`,
  );
  const flags = ['--config', config, '--storage.path', path.join(folder, 'storage')];
  await startAmperage(t, 'collect', flags, {});
  return {
    http: `http://127.0.0.1:${http}`,
    grpc: `http://127.0.0.1:${grpc}`,
    spans: () => spans,
    samples: () => {
      try {
        return readFileSync(file, 'utf8').split('\n');
      } catch {
        return [];
      }
    },
  };
}

function readSpanNames(document: string): string[] {
  if (!document.startsWith('T1S')) return [];
  const request = decodeMessage(TRACE_REQUEST, Buffer.from(document.slice(3), 'base64'));
  return request.resourceSpans.flatMap(({ scopeSpans }) =>
    scopeSpans.flatMap((scope) => scope.spans.map(({ name }) => name)),
  );
}

async function sendSpan(exporter: SpanExporter, name: string): Promise<void> {
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  const span = provider.getTracer('e2e').startSpan(name, { attributes: { 'http.route': '/' } });
  span.addEvent('an event', { key: 'value' });
  span.end();
  await provider.forceFlush();
  await provider.shutdown();
}

async function sendMetrics(exporter: PushMetricExporter, name: string): Promise<void> {
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 60_000 });
  const provider = new MeterProvider({ readers: [reader] });
  const meter = provider.getMeter('e2e');
  meter.createCounter(`${name}.requests`).add(7, { route: '/' });
  meter.createHistogram(`${name}.duration`, { unit: 's' }).record(0.3);
  await provider.forceFlush();
  await provider.shutdown();
}

test('metrics and traces of the SDK arrive over each protocol', async (t) => {
  const { http, grpc, spans, samples } = await startCollector(t);
  const compression = CompressionAlgorithm.GZIP;
  const [traces, metrics] = [`${http}/v1/traces`, `${http}/v1/metrics`];
  const clients: [string, SpanExporter, PushMetricExporter][] = [
    ['proto', new ProtoTraces({ url: traces }), new ProtoMetrics({ url: metrics })],
    ['json', new JsonTraces({ url: traces }), new JsonMetrics({ url: metrics })],
    ['grpc', new GrpcTraces({ url: grpc }), new GrpcMetrics({ url: grpc })],
    [
      'gzip_proto',
      new ProtoTraces({ url: traces, compression }),
      new ProtoMetrics({ url: metrics, compression }),
    ],
    [
      'gzip_grpc',
      new GrpcTraces({ url: grpc, compression }),
      new GrpcMetrics({ url: grpc, compression }),
    ],
  ];
  for (const [name, spanExporter, metricExporter] of clients) {
    await sendSpan(spanExporter, `span by ${name}`);
    await sendMetrics(metricExporter, name);
  }
  await until('all spans are at X-Ray', 20_000, () => spans().length >= clients.length);
  assert.deepEqual(
    spans().toSorted(),
    clients.map(([name]) => `span by ${name}`).toSorted(),
  );
  for (const [name] of clients) {
    const find = (series: string) => samples().find((line) => line.includes(`"${series}"`));
    await until(`the counter by ${name} is in the file`, 20_000, () => find(`${name}_requests_total`) !== undefined);
    const line = find(`${name}_requests_total`) ?? '';
    assert.match(line, /"route":"\/"/);
    assert.match(line, /\b7\b/);
    assert.ok(find(`${name}_duration_seconds_bucket`), `${name}: a histogram`);
  }
}); // prettier-ignore
