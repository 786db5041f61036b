/**
 * Writes metrics as the protobuf of an ExportMetricsServiceRequest, field by field: it runs for
 * each scrape, and attributes that come again are written from the bytes of the time before. A
 * field with its initial value is left out. Pure.
 * Source:
 * https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/metrics/v1/metrics.proto
 */
import type { Extremes } from '../../model/histogram.ts';
import { type Label, type LabelSet, METRIC_NAME } from '../../model/labels.ts';
import type {
  ExponentialBuckets,
  ExponentialPoint,
  HistogramPoint,
  MetricData,
  MetricPoint,
  NumberPoint,
  OtelMetric,
  ResourceMetrics,
  SummaryPoint,
} from '../../model/otel-metrics.ts';
import type { Exemplar } from '../../model/sample.ts';
import { writeNested } from '../protobuf/encode.ts';
import { FIXED64, tagOf, VARINT } from '../protobuf/wire-format.ts';
import { ProtoWriter } from '../protobuf/writer.ts';
import type { Scope } from './metrics-json.ts';
import { NO_RECORDED_VALUE } from './metrics-request.ts';

const DELTA = 1;
const CUMULATIVE = 2;

const TWO_32 = 2 ** 32;
/** The largest number of JavaScript that a uint64 holds. */
const UINT64_MAX = 2 ** 64 - 2_048;

/** The bytes of one request; they are the caller's own. */
export function writeMetricsRequest(all: readonly ResourceMetrics[], scope: Scope): Uint8Array {
  const writer = new ProtoWriter(16_384);
  for (const { resource, metrics } of all)
    writeNested(writer, 1, () => {
      if (resource.length > 0)
        writeNested(writer, 1, () => writer.raw(encodeAttributes(resource, 1)));
      writeNested(writer, 2, () => {
        writeNested(writer, 1, () => {
          writeText(writer, 1, scope.name);
          writeText(writer, 2, scope.version);
        });
        for (const metric of metrics) writeNested(writer, 2, () => writeMetric(writer, metric));
      });
    });
  return writer.written();
}

function writeMetric(
  writer: ProtoWriter,
  { name, description, unit, type, data }: OtelMetric,
): void {
  writeText(writer, 1, name);
  writeText(writer, 2, description);
  writeText(writer, 3, unit);
  writeNested(writer, DATA_FIELDS[data.kind], () => writeData(writer, data));
  writer.raw(encodeType(type));
}

const DATA_FIELDS = { gauge: 5, sum: 7, histogram: 9, exponential: 10, summary: 11 } as const;

function writeData(writer: ProtoWriter, data: MetricData): void {
  switch (data.kind) {
    case 'gauge':
    case 'sum':
      for (const point of data.points) writeNested(writer, 1, () => writeNumber(writer, point));
      break;
    case 'histogram':
      for (const point of data.points) writeNested(writer, 1, () => writeHistogram(writer, point));
      break;
    case 'exponential':
      for (const point of data.points)
        writeNested(writer, 1, () => writeExponential(writer, point));
      break;
    case 'summary':
      for (const point of data.points) writeNested(writer, 1, () => writeSummary(writer, point));
      break;
  }
  if ('isDelta' in data) writeUnsigned(writer, 2, data.isDelta ? DELTA : CUMULATIVE);
  if (data.kind === 'sum' && data.isMonotonic) writeUnsigned(writer, 3, 1);
}

/** Numbers of the fields in which kinds of points differ. */
interface PointFields {
  readonly attributes: number;
  /** Undefined where such points have none. */
  readonly exemplars: number | undefined;
  readonly flags: number;
}

const NUMBER: PointFields = { attributes: 7, exemplars: 5, flags: 8 };
const HISTOGRAM: PointFields = { attributes: 9, exemplars: 8, flags: 10 };
const EXPONENTIAL: PointFields = { attributes: 1, exemplars: 11, flags: 10 };
const SUMMARY: PointFields = { attributes: 7, exemplars: undefined, flags: 8 };

function writePoint(
  writer: ProtoWriter,
  { attributes, tMs, startMs, isStale, exemplars }: MetricPoint,
  fields: PointFields,
): void {
  if (attributes.length > 0) writer.raw(encodeAttributes(attributes, fields.attributes));
  if (startMs !== undefined) writeTime(writer, 2, startMs);
  writeTime(writer, 3, tMs);
  const { exemplars: field } = fields;
  if (field !== undefined)
    for (const one of exemplars) writeNested(writer, field, () => writeExemplar(writer, one));
  if (isStale) writeUnsigned(writer, fields.flags, NO_RECORDED_VALUE);
}

function writeNumber(writer: ProtoWriter, point: NumberPoint): void {
  writePoint(writer, point, NUMBER);
  if (!point.isStale) writeDouble(writer, 4, point.value);
}

function writeHistogram(writer: ProtoWriter, point: HistogramPoint): void {
  writePoint(writer, point, HISTOGRAM);
  writeTotals(writer, point);
  writeNested(writer, 6, () => {
    for (const count of point.counts) putWords(writer, toWhole(count), 1);
  });
  writeNested(writer, 7, () => {
    for (const bound of point.bounds) writer.double(bound);
  });
  writeExtremes(writer, 11, point);
}

function writeExponential(writer: ProtoWriter, point: ExponentialPoint): void {
  writePoint(writer, point, EXPONENTIAL);
  if (point.isStale) return;
  const { scale, zeroCount, zeroThreshold, positive, negative } = point;
  writeTotals(writer, point);
  writeSigned(writer, 6, scale);
  writeFixed(writer, 7, zeroCount);
  writeBuckets(writer, 8, positive);
  writeBuckets(writer, 9, negative);
  writeExtremes(writer, 12, point);
  if (zeroThreshold !== 0) writeDouble(writer, 14, zeroThreshold);
}

function writeBuckets(
  writer: ProtoWriter,
  field: number,
  { offset, counts }: ExponentialBuckets,
): void {
  if (counts.length === 0) return;
  writeNested(writer, field, () => {
    writeSigned(writer, 1, offset);
    writeNested(writer, 2, () => {
      for (const count of counts) writer.varint(toWhole(count));
    });
  });
}

function writeSummary(writer: ProtoWriter, point: SummaryPoint): void {
  writePoint(writer, point, SUMMARY);
  writeTotals(writer, point);
  for (const { quantile, value } of point.quantiles)
    writeNested(writer, 6, () => {
      writeDouble(writer, 1, quantile);
      writeDouble(writer, 2, value);
    });
}

function writeTotals(
  writer: ProtoWriter,
  { count, sum }: { readonly count: number; readonly sum: number | undefined },
): void {
  writeFixed(writer, 4, count);
  if (sum !== undefined) writeDouble(writer, 5, sum);
}

/** @param field  that of the least; the greatest is the next one */
function writeExtremes(
  writer: ProtoWriter,
  field: number,
  { extremes }: { readonly extremes?: Extremes | undefined },
): void {
  if (extremes === undefined) return;
  writeDouble(writer, field, extremes.min);
  writeDouble(writer, field + 1, extremes.max);
}

function writeExemplar(writer: ProtoWriter, { labels, value, tMs }: Exemplar): void {
  const traceId = labels.find((label) => isId(label, 'trace_id', 32));
  const spanId = labels.find((label) => isId(label, 'span_id', 16));
  writeTime(writer, 2, tMs);
  writeDouble(writer, 3, value);
  if (spanId !== undefined) writer.field(4, Buffer.from(spanId.value, 'hex'));
  if (traceId !== undefined) writer.field(5, Buffer.from(traceId.value, 'hex'));
  for (const label of labels)
    if (label !== traceId && label !== spanId)
      writeNested(writer, 7, () => writeKeyValue(writer, label));
}

/** Other ids, such as those of 64 bits, stay attributes: OTLP takes one length only. */
function isId({ name, value }: Label, expected: string, digits: number): boolean {
  return name === expected && value.length === digits && /^[0-9a-fA-F]+$/.test(value);
}

/** Bytes of attributes, by the number of their field: sets of labels live as long as series. */
const attributesByField = new Map<number, WeakMap<LabelSet, Uint8Array>>();

function encodeAttributes(labels: LabelSet, field: number): Uint8Array {
  let known = attributesByField.get(field);
  if (known === undefined) attributesByField.set(field, (known = new WeakMap()));
  let bytes = known.get(labels);
  if (bytes === undefined) {
    const writer = new ProtoWriter(256);
    for (const label of labels)
      if (label.name !== METRIC_NAME)
        writeNested(writer, field, () => writeKeyValue(writer, label));
    bytes = writer.written().slice();
    known.set(labels, bytes);
  }
  return bytes;
}

const typeBytes = new Map<string, Uint8Array>();

/** The type that the target states, among the metadata of the metric. */
function encodeType(type: string): Uint8Array {
  let bytes = typeBytes.get(type);
  if (bytes === undefined) {
    const writer = new ProtoWriter(64);
    writeNested(writer, 12, () => writeKeyValue(writer, { name: 'prometheus.type', value: type }));
    bytes = writer.written().slice();
    typeBytes.set(type, bytes);
  }
  return bytes;
}

function writeKeyValue(writer: ProtoWriter, { name, value }: Label): void {
  writer.string(1, name);
  // A value that is an empty text is written, since an absent one is none.
  writeNested(writer, 2, () => writer.string(1, value));
}

function writeText(writer: ProtoWriter, field: number, text: string): void {
  if (text !== '') writer.string(field, text);
}

function writeDouble(writer: ProtoWriter, field: number, value: number): void {
  writer.varint(tagOf(field, FIXED64));
  writer.double(value);
}

function writeUnsigned(writer: ProtoWriter, field: number, value: number): void {
  writer.varint(tagOf(field, VARINT));
  writer.varint(value);
}

function writeSigned(writer: ProtoWriter, field: number, value: number): void {
  if (value === 0) return;
  writer.varint(tagOf(field, VARINT));
  writer.sint64(value);
}

/** A count as fixed64. */
function writeFixed(writer: ProtoWriter, field: number, count: number): void {
  const whole = toWhole(count);
  if (whole === 0) return;
  writer.varint(tagOf(field, FIXED64));
  putWords(writer, whole, 1);
}

/** Nanoseconds since 1970, exact to the millisecond; times before 1970 do not exist there. */
function writeTime(writer: ProtoWriter, field: number, tMs: number): void {
  writer.varint(tagOf(field, FIXED64));
  putWords(writer, toWhole(tMs), 1_000_000);
}

/** What is no whole number from 0 to 2^64 - 1 becomes the nearest below. */
function toWhole(count: number): number {
  return count >= 1 ? Math.min(UINT64_MAX, Math.trunc(count)) : 0;
}

/** Writes `whole * factor` in two words of 32 bits, each exact where `whole` is. */
function putWords(writer: ProtoWriter, whole: number, factor: number): void {
  const upper = Math.floor(whole / TWO_32);
  const low = (whole - upper * TWO_32) * factor;
  const carried = Math.floor(low / TWO_32);
  writer.uint32(low - carried * TWO_32);
  writer.uint32(Math.min(TWO_32 - 1, upper * factor + carried));
}
