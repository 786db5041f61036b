/**
 * Requests of OTLP as protobuf, field by field: what this application has of spans and metrics, and
 * no more. Not the tables of wire/otlp, so that what reads by those is tried against another
 * writer. Pure.
 * Source: https://github.com/open-telemetry/opentelemetry-proto/tree/v1.11.0/opentelemetry/proto
 */
import type { MetricExemplar, MetricFamily, MetricSample } from '../../model/metric-family.ts';
import { FIXED64, tagOf, VARINT } from '../../wire/protobuf/wire-format.ts';
import { ProtoWriter } from '../../wire/protobuf/writer.ts';
import type { WrittenAttributes, SpanValue } from './spans.ts';

const SCOPE = 'amperage sample-app';
const CUMULATIVE = 2;

const KINDS = { internal: 1, server: 2, client: 3 } as const;
const STATUS_ERROR = 2;

/** An ExportTraceServiceRequest. */
export function encodeSpans(resource: WrittenAttributes, spans: readonly SpanValue[]): Uint8Array {
  return write((request) => {
    message(request, 1, (resourceSpans) => {
      message(resourceSpans, 1, (one) => writeAttributes(one, 1, resource));
      message(resourceSpans, 2, (scopeSpans) => {
        message(scopeSpans, 1, (scope) => scope.string(1, SCOPE));
        for (const span of spans) message(scopeSpans, 2, (one) => writeSpan(one, span));
      });
    });
  });
}

/** The times of all points of a request: since when totals count, and now. */
export interface MetricTimes {
  readonly startMs: number;
  readonly nowMs: number;
}

/** An ExportMetricsServiceRequest of totals; a summary is left out. */
export function encodeMetrics(
  resource: WrittenAttributes,
  families: readonly MetricFamily[],
  times: MetricTimes,
): Uint8Array {
  return write((request) => {
    message(request, 1, (resourceMetrics) => {
      message(resourceMetrics, 1, (one) => writeAttributes(one, 1, resource));
      message(resourceMetrics, 2, (scopeMetrics) => {
        message(scopeMetrics, 1, (scope) => scope.string(1, SCOPE));
        for (const family of families)
          if (family.type !== 'summary' && family.samples.length > 0)
            message(scopeMetrics, 2, (one) => writeMetric(one, family, times));
      });
    });
  });
}

function writeSpan(writer: ProtoWriter, span: SpanValue): void {
  writer.field(1, Buffer.from(span.traceId, 'hex'));
  writer.field(2, Buffer.from(span.spanId, 'hex'));
  if (span.parentId !== undefined) writer.field(4, Buffer.from(span.parentId, 'hex'));
  writer.string(5, span.name);
  whole(writer, 6, KINDS[span.kind]);
  nanoseconds(writer, 7, span.startMs);
  nanoseconds(writer, 8, span.endMs);
  writeAttributes(writer, 9, span.attributes);
  for (const { name, attributes } of span.events)
    message(writer, 11, (event) => {
      nanoseconds(event, 1, span.endMs);
      event.string(2, name);
      writeAttributes(event, 3, attributes);
    });
  if (span.error === undefined) return;
  const { error } = span;
  message(writer, 15, (status) => {
    if (error !== '') status.string(2, error);
    whole(status, 3, STATUS_ERROR);
  });
}

/** Names without what unit and type say: a translation to Prometheus adds it again. */
const UNITS: readonly (readonly [suffix: string, unit: string])[] = [
  ['_milliseconds', 'ms'],
  ['_seconds', 's'],
  ['_bytes', 'By'],
];

function writeMetric(writer: ProtoWriter, family: MetricFamily, times: MetricTimes): void {
  const isCounter = family.type === 'counter';
  const base = isCounter ? family.name.replace(/_total$/, '') : family.name;
  const [suffix, unit] = UNITS.find(([one]) => base.endsWith(one)) ?? ['', ''];
  writer.string(1, base.slice(0, base.length - suffix.length));
  writer.string(2, family.help);
  writer.string(3, unit);
  if (family.type === 'histogram') {
    message(writer, 9, (data) => {
      for (const point of groupHistograms(family.samples))
        message(data, 1, (one) => writeHistogramPoint(one, point, times));
      whole(data, 2, CUMULATIVE);
    });
    return;
  }
  message(writer, isCounter ? 7 : 5, (data) => {
    for (const sample of family.samples)
      message(data, 1, (one) => writeNumberPoint(one, sample, times));
    if (!isCounter) return;
    whole(data, 2, CUMULATIVE);
    whole(data, 3, 1);
  });
}

function writeNumberPoint(
  writer: ProtoWriter,
  { labels, value, exemplar }: MetricSample,
  { startMs, nowMs }: MetricTimes,
): void {
  nanoseconds(writer, 2, startMs);
  nanoseconds(writer, 3, nowMs);
  double(writer, 4, value);
  if (exemplar !== undefined) message(writer, 5, (one) => writeExemplar(one, exemplar, nowMs));
  writeAttributes(writer, 7, labels);
}

interface HistogramPoint {
  readonly labels: Readonly<Record<string, string>>;
  readonly bounds: number[];
  /** Of each bucket alone. */
  readonly counts: number[];
  readonly exemplars: MetricExemplar[];
  sum: number;
  count: number;
}

/** The histograms in the samples of a family, whose buckets are cumulative and in order. */
function groupHistograms(samples: readonly MetricSample[]): readonly HistogramPoint[] {
  const points = new Map<string, HistogramPoint>();
  for (const { suffix, labels: all, value, exemplar } of samples) {
    const { le, ...labels } = all;
    const key = JSON.stringify(labels);
    const point = points.get(key) ?? {
      labels,
      bounds: [],
      counts: [],
      exemplars: [],
      sum: 0,
      count: 0,
    };
    points.set(key, point);
    if (suffix === '_sum') point.sum = value;
    else if (suffix === '_count') point.count = value;
    else {
      const below = point.counts.reduce((sum, count) => sum + count, 0);
      point.counts.push(value - below);
      if (le !== '+Inf') point.bounds.push(Number(le));
      if (exemplar !== undefined) point.exemplars.push(exemplar);
    }
  }
  return [...points.values()];
}

function writeHistogramPoint(
  writer: ProtoWriter,
  { labels, bounds, counts, exemplars, sum, count }: HistogramPoint,
  { startMs, nowMs }: MetricTimes,
): void {
  nanoseconds(writer, 2, startMs);
  nanoseconds(writer, 3, nowMs);
  fixed(writer, 4, BigInt(count));
  double(writer, 5, sum);
  message(writer, 6, (packed) => {
    for (const one of counts) rawFixed(packed, BigInt(one));
  });
  message(writer, 7, (packed) => {
    for (const bound of bounds) packed.double(bound);
  });
  for (const exemplar of exemplars)
    message(writer, 8, (one) => writeExemplar(one, exemplar, nowMs));
  writeAttributes(writer, 9, labels);
}

function writeExemplar(
  writer: ProtoWriter,
  { labels, value, tMs }: MetricExemplar,
  nowMs: number,
): void {
  nanoseconds(writer, 2, tMs ?? nowMs);
  double(writer, 3, value);
  const { trace_id: traceId, span_id: spanId, ...rest } = labels;
  if (spanId !== undefined) writer.field(4, Buffer.from(spanId, 'hex'));
  if (traceId !== undefined) writer.field(5, Buffer.from(traceId, 'hex'));
  writeAttributes(writer, 7, rest);
}

function writeAttributes(writer: ProtoWriter, number: number, attributes: WrittenAttributes): void {
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined) continue;
    message(writer, number, (pair) => {
      pair.string(1, key);
      message(pair, 2, (any) => {
        if (typeof value === 'string') any.string(1, value);
        else if (typeof value === 'boolean') whole(any, 2, value ? 1 : 0);
        else if (Number.isSafeInteger(value)) whole(any, 3, value);
        else double(any, 4, value);
      });
    });
  }
}

function write(fill: (writer: ProtoWriter) => void): Uint8Array {
  const writer = new ProtoWriter();
  fill(writer);
  return writer.written();
}

function message(writer: ProtoWriter, number: number, fill: (inner: ProtoWriter) => void): void {
  const inner = new ProtoWriter(64);
  fill(inner);
  writer.field(number, inner.written());
}

function whole(writer: ProtoWriter, number: number, value: number): void {
  writer.varint(tagOf(number, VARINT));
  writer.int64(value);
}

function double(writer: ProtoWriter, number: number, value: number): void {
  writer.varint(tagOf(number, FIXED64));
  writer.double(value);
}

function nanoseconds(writer: ProtoWriter, number: number, ms: number): void {
  fixed(writer, number, BigInt(Math.round(ms)) * 1_000_000n);
}

function fixed(writer: ProtoWriter, number: number, value: bigint): void {
  writer.varint(tagOf(number, FIXED64));
  rawFixed(writer, value);
}

function rawFixed(writer: ProtoWriter, value: bigint): void {
  writer.reserve(8);
  writer.view.setBigUint64(writer.length, value, true);
  writer.length += 8;
}
