/**
 * Protobuf exposition: length-delimited `io.prometheus.client.MetricFamily` messages → samples, as Prometheus 3 reads
 * them. The only format that carries native histograms. Pure; one family is held at a time.
 *
 *   MetricFamily  1 name  2 help  3 type  4 Metric …  5 unit
 *   Metric        1 LabelPair …  2 gauge  3 counter  4 summary  5 untyped  6 timestamp ms  7 histogram
 *   Histogram     1 count  2 sum  3 Bucket …  4 count float  5 schema  6 zero threshold  7 zero count  8 its float
 *                 9 negative spans  10 deltas  11 counts  12 positive spans  13 deltas  14 counts  15 created  16 Exemplar …
 *
 * Not here: writing. Bounds: the caller bounds the body; a metric has at most METRIC_BYTES_MAX, a native histogram
 * BUCKETS_MAX buckets.
 * Source: https://github.com/prometheus/client_model/blob/master/io/prometheus/client/metrics.proto,
 * prometheus/model/textparse/protobufparse.go
 */
import type { BucketSpan, NativeHistogram } from '../../model/histogram.ts';
import type { SeriesType } from '../../model/sample.ts';
import { WireError } from '../errors.ts';
import { ExpositionError } from './error.ts';
import { formatOpenMetricsFloat } from './float.ts';
import { BYTES, FIXED64, tagOf, VARINT } from '../protobuf/wire-format.ts';
import { ProtoReader } from '../protobuf/reader.ts';

export interface ProtobufExemplar {
  readonly labels: [name: string, value: string][];
  readonly value: number;
  readonly tMs: number | undefined;
}

export interface ProtobufSample {
  readonly family: string;
  readonly type: SeriesType;
  readonly help: string;
  readonly unit: string;
  /** `__name__` first. */
  readonly labels: [name: string, value: string][];
  readonly value: number | NativeHistogram;
  readonly tMs: number | undefined;
  readonly createdMs: number | undefined;
  readonly exemplars: readonly ProtobufExemplar[];
}

export interface ProtobufOptions {
  /** Without it native histograms are read as the classic ones they may hold too. */
  readonly nativeHistograms: boolean;
  /** Classic buckets also of histograms that are native. */
  readonly alwaysClassic: boolean;
}

const TYPES: readonly SeriesType[] = [
  'counter',
  'gauge',
  'summary',
  'unknown',
  'histogram',
  'gaugehistogram',
];
const BUCKETS_MAX = 65_536;
const METRIC_BYTES_MAX = 1024 * 1024;
/** Metrics that are passed over between two pauses. */
const PAUSE_METRICS = 8_192;
const SCHEMA_MIN = -4;
const SCHEMA_MAX = 8;
const CUSTOM_BUCKETS = -53;

interface Bucket {
  readonly cumulative: number;
  readonly upperBound: number;
  readonly exemplar: ProtobufExemplar | undefined;
}

interface Metric {
  labels: [string, string][];
  tMs: number | undefined;
  createdMs: number | undefined;
  value: number | undefined;
  /** Of a counter. */
  exemplar: ProtobufExemplar | undefined;
  /** Of a summary or histogram. */
  count: number | undefined;
  sum: number;
  quantiles: { quantile: number; value: number }[];
  buckets: Bucket[];
  native: NativeHistogram | undefined;
  exemplars: ProtobufExemplar[];
}

/** Samples in the order of the body. @throws ExpositionError */
export function* readProtobufExposition(
  body: Uint8Array,
  options: ProtobufOptions,
): Generator<ProtobufSample> {
  for (const sample of readProtobufInSteps(body, options)) if (sample !== 'pause') yield sample;
}

/** As `readProtobufExposition`, with a pause now and then where there are no samples: for large bodies. */
export function* readProtobufInSteps(
  body: Uint8Array,
  options: ProtobufOptions,
): Generator<ProtobufSample | 'pause'> {
  const reader = new ProtoReader(body);
  try {
    while (reader.more()) {
      const outer = reader.enter();
      yield* readFamily(reader, options);
      reader.leave(outer);
      yield 'pause';
    }
  } catch (error) {
    if (error instanceof WireError || error instanceof RangeError)
      throw new ExpositionError(error.message, { line: 1, column: reader.at + 1 });
    throw error;
  }
}

function* readFamily(
  reader: ProtoReader,
  options: ProtobufOptions,
): Generator<ProtobufSample | 'pause'> {
  const family = { name: '', help: '', unit: '', type: TYPES[0] as SeriesType };
  const { at: start, end } = reader;
  let metrics = 0;
  while (reader.more()) {
    const tag = reader.varint();
    if (tag === tagOf(1, BYTES)) family.name = reader.string();
    else if (tag === tagOf(2, BYTES)) family.help = reader.string();
    else if (tag === tagOf(3, VARINT)) family.type = typeOf(reader);
    else if (tag === tagOf(5, BYTES)) family.unit = reader.string();
    else if (tag === tagOf(4, BYTES)) {
      // The type may stand behind the metrics: they are passed over here, and read below.
      reader.skip(tag);
      metrics += 1;
      if (metrics % PAUSE_METRICS === 0) yield 'pause';
    } else reader.skip(tag);
  }
  if (family.name === '') throw fault(reader, 'a metric family has no name');
  reader.at = start;
  while (metrics > 0 && reader.more()) {
    const tag = reader.varint();
    if (tag !== tagOf(4, BYTES)) {
      reader.skip(tag);
      continue;
    }
    metrics -= 1;
    const outer = reader.enter();
    if (reader.end - reader.at > METRIC_BYTES_MAX)
      throw fault(reader, `a metric is longer than ${METRIC_BYTES_MAX} bytes`);
    const metric = readMetric(reader, options);
    reader.leave(outer);
    yield* samplesOf(family, metric, options);
  }
  reader.at = end;
}

function typeOf(reader: ProtoReader): SeriesType {
  const type = TYPES[reader.varint()];
  if (type === undefined) throw fault(reader, 'a metric family has a type that does not exist');
  return type;
}

type Family = Pick<ProtobufSample, 'help' | 'unit' | 'type'> & { readonly name: string };

function* samplesOf(
  family: Family,
  metric: Metric,
  options: ProtobufOptions,
): Generator<ProtobufSample> {
  const { name, help, unit, type } = family;
  const { labels, tMs, createdMs } = metric;
  const sample = (
    suffix: string,
    value: number | NativeHistogram,
    more: readonly [string, string][] = [],
    exemplars: readonly (ProtobufExemplar | undefined)[] = [],
  ): ProtobufSample => ({
    family: name,
    type,
    help,
    unit,
    labels: [['__name__', name + suffix], ...labels, ...more],
    value,
    tMs,
    createdMs,
    exemplars: exemplars.filter((one) => one !== undefined),
  });
  if (type === 'histogram' || type === 'gaugehistogram') {
    const { native, count = 0, sum, buckets, exemplars } = metric;
    if (native !== undefined) yield sample('', native, [], exemplars);
    if (native !== undefined && !options.alwaysClassic) return;
    if (native !== undefined && buckets.length === 0) return;
    yield sample('_count', count);
    yield sample('_sum', sum);
    for (const { cumulative, upperBound, exemplar } of buckets)
      yield sample('_bucket', cumulative, [['le', formatOpenMetricsFloat(upperBound)]], [exemplar]);
    if (buckets.at(-1)?.upperBound !== Infinity) yield sample('_bucket', count, [['le', '+Inf']]);
    return;
  }
  if (type === 'summary') {
    yield sample('_count', metric.count ?? 0);
    yield sample('_sum', metric.sum);
    for (const { quantile, value } of metric.quantiles)
      yield sample('', value, [['quantile', formatOpenMetricsFloat(quantile)]]);
    return;
  }
  yield sample('', metric.value ?? 0, [], [metric.exemplar]);
}

function readMetric(reader: ProtoReader, options: ProtobufOptions): Metric {
  const metric: Metric = {
    labels: [],
    tMs: undefined,
    createdMs: undefined,
    value: undefined,
    exemplar: undefined,
    count: undefined,
    sum: 0,
    quantiles: [],
    buckets: [],
    native: undefined,
    exemplars: [],
  };
  while (reader.more()) {
    const tag = reader.varint();
    if (tag === tagOf(1, BYTES)) metric.labels.push(nested(reader, readPair));
    else if (tag === tagOf(6, VARINT)) metric.tMs = reader.int64();
    else if (tag === tagOf(7, BYTES)) nested(reader, () => readHistogram(reader, metric, options));
    else if (tag === tagOf(4, BYTES)) nested(reader, () => readSummary(reader, metric));
    else if (tag === tagOf(2, BYTES) || tag === tagOf(3, BYTES) || tag === tagOf(5, BYTES))
      nested(reader, () => readValue(reader, metric));
    else reader.skip(tag);
  }
  const names = new Set(metric.labels.map(([name]) => name));
  if (names.size < metric.labels.length) throw fault(reader, 'a label name is given twice');
  return metric;
}

/** Gauge, counter or untyped: alike in their first field. */
function readValue(reader: ProtoReader, metric: Metric): void {
  metric.value = 0;
  while (reader.more()) {
    const tag = reader.varint();
    if (tag === tagOf(1, FIXED64)) metric.value = reader.double();
    else if (tag === tagOf(2, BYTES)) metric.exemplar = nested(reader, readExemplar);
    else if (tag === tagOf(3, BYTES)) metric.createdMs = nested(reader, readTime);
    else reader.skip(tag);
  }
}

function readSummary(reader: ProtoReader, metric: Metric): void {
  while (reader.more()) {
    const tag = reader.varint();
    if (tag === tagOf(1, VARINT)) metric.count = reader.varint();
    else if (tag === tagOf(2, FIXED64)) metric.sum = reader.double();
    else if (tag === tagOf(3, BYTES)) metric.quantiles.push(nested(reader, readQuantile));
    else if (tag === tagOf(4, BYTES)) metric.createdMs = nested(reader, readTime);
    else reader.skip(tag);
  }
}

/** The parts of a native histogram as they come. */
interface NativeParts {
  schema: number | undefined;
  zeroThreshold: number;
  zeroCount: number;
  zeroCountFloat: number;
  countFloat: number;
  positiveSpans: BucketSpan[];
  positiveDeltas: number[];
  positiveCounts: number[];
  negativeSpans: BucketSpan[];
  negativeDeltas: number[];
  negativeCounts: number[];
}

function readHistogram(reader: ProtoReader, metric: Metric, options: ProtobufOptions): void {
  const parts: NativeParts = {
    schema: undefined,
    zeroThreshold: 0,
    zeroCount: 0,
    zeroCountFloat: 0,
    countFloat: 0,
    positiveSpans: [],
    positiveDeltas: [],
    positiveCounts: [],
    negativeSpans: [],
    negativeDeltas: [],
    negativeCounts: [],
  };
  metric.count = 0;
  while (reader.more()) {
    const tag = reader.varint();
    if (tag === tagOf(1, VARINT)) metric.count = reader.varint();
    else if (tag === tagOf(2, FIXED64)) metric.sum = reader.double();
    else if (tag === tagOf(3, BYTES)) metric.buckets.push(nested(reader, readBucket));
    else if (tag === tagOf(4, FIXED64)) parts.countFloat = reader.double();
    else if (tag === tagOf(5, VARINT)) parts.schema = reader.sint64();
    else if (tag === tagOf(6, FIXED64)) parts.zeroThreshold = reader.double();
    else if (tag === tagOf(7, VARINT)) parts.zeroCount = reader.varint();
    else if (tag === tagOf(8, FIXED64)) parts.zeroCountFloat = reader.double();
    else if (tag === tagOf(15, BYTES)) metric.createdMs = nested(reader, readTime);
    else if (tag === tagOf(16, BYTES)) metric.exemplars.push(nested(reader, readExemplar));
    else if (!readBuckets(reader, tag, parts)) reader.skip(tag);
  }
  if (parts.countFloat > 0 && metric.count === 0) metric.count = parts.countFloat;
  if (options.nativeHistograms && isNative(parts)) metric.native = nativeOf(reader, metric, parts);
  // An exemplar without a time cannot be put in order among those of other buckets.
  metric.exemplars = metric.exemplars.filter(({ tMs }) => tMs !== undefined);
}

/** Spans, deltas and counts; repeated numbers come packed or one by one. */
function readBuckets(reader: ProtoReader, tag: number, parts: NativeParts): boolean {
  const span = (into: BucketSpan[]): void => {
    into.push(nested(reader, readSpan));
  };
  const delta = (into: number[]): void => numbers(reader, tag, into, () => reader.sint64());
  const count = (into: number[]): void => numbers(reader, tag, into, () => reader.double());
  switch (tag >>> 3) {
    case 9:
      span(parts.negativeSpans);
      return true;
    case 10:
      delta(parts.negativeDeltas);
      return true;
    case 11:
      count(parts.negativeCounts);
      return true;
    case 12:
      span(parts.positiveSpans);
      return true;
    case 13:
      delta(parts.positiveDeltas);
      return true;
    case 14:
      count(parts.positiveCounts);
      return true;
    default:
      return false;
  }
}

function numbers(reader: ProtoReader, tag: number, into: number[], read: () => number): void {
  if ((tag & 7) !== BYTES) {
    into.push(read());
    return;
  }
  const outer = reader.enter();
  while (reader.more()) into.push(read());
  reader.leave(outer);
  if (into.length > BUCKETS_MAX) throw fault(reader, `more than ${BUCKETS_MAX} buckets`);
}

/** As Prometheus tells them from classic ones: even an empty native histogram has a span. */
function isNative(parts: NativeParts): boolean {
  return (
    parts.positiveSpans.length > 0 ||
    parts.negativeSpans.length > 0 ||
    parts.zeroThreshold > 0 ||
    parts.zeroCount > 0 ||
    parts.zeroCountFloat > 0
  );
}

function nativeOf(reader: ProtoReader, metric: Metric, parts: NativeParts): NativeHistogram {
  const schema = parts.schema ?? 0;
  if (schema !== CUSTOM_BUCKETS && (schema < SCHEMA_MIN || schema > SCHEMA_MAX))
    throw fault(reader, `native histogram schema ${schema} is unknown`);
  const isFloat = parts.countFloat > 0 || parts.zeroCountFloat > 0;
  const positiveCounts = isFloat ? parts.positiveCounts : sums(parts.positiveDeltas);
  const negativeCounts = isFloat ? parts.negativeCounts : sums(parts.negativeDeltas);
  const fits = (spans: readonly BucketSpan[], counts: readonly number[]): boolean =>
    spans.reduce((length, span) => length + span.length, 0) === counts.length &&
    spans.every((span, index) => index === 0 || span.offset >= 0);
  if (!fits(parts.positiveSpans, positiveCounts) || !fits(parts.negativeSpans, negativeCounts))
    throw fault(reader, 'the spans of a native histogram do not fit its buckets');
  return {
    schema,
    zeroThreshold: parts.zeroThreshold,
    zeroCount: isFloat ? parts.zeroCountFloat : parts.zeroCount,
    count: isFloat ? parts.countFloat : (metric.count ?? 0),
    sum: metric.sum,
    isFloat,
    resetHint: 'unknown',
    positiveSpans: parts.positiveSpans,
    positiveCounts,
    negativeSpans: parts.negativeSpans,
    negativeCounts,
    customValues: [],
  };
}

function sums(deltas: readonly number[]): number[] {
  let sum = 0;
  return deltas.map((delta) => (sum += delta));
}

function readSpan(reader: ProtoReader): BucketSpan {
  let offset = 0;
  let length = 0;
  while (reader.more()) {
    const tag = reader.varint();
    if (tag === tagOf(1, VARINT)) offset = reader.sint64();
    else if (tag === tagOf(2, VARINT)) length = reader.varint();
    else reader.skip(tag);
  }
  if (length > BUCKETS_MAX) throw fault(reader, `more than ${BUCKETS_MAX} buckets`);
  return { offset, length };
}

function readBucket(reader: ProtoReader): Bucket {
  let cumulative = 0;
  let upperBound = 0;
  let exemplar: ProtobufExemplar | undefined;
  while (reader.more()) {
    const tag = reader.varint();
    if (tag === tagOf(1, VARINT)) cumulative = reader.varint();
    else if (tag === tagOf(4, FIXED64)) cumulative = reader.double();
    else if (tag === tagOf(2, FIXED64)) upperBound = reader.double();
    else if (tag === tagOf(3, BYTES)) exemplar = nested(reader, readExemplar);
    else reader.skip(tag);
  }
  return { cumulative, upperBound, exemplar };
}

function readQuantile(reader: ProtoReader): { quantile: number; value: number } {
  const pair = { quantile: 0, value: 0 };
  while (reader.more()) {
    const tag = reader.varint();
    if (tag === tagOf(1, FIXED64)) pair.quantile = reader.double();
    else if (tag === tagOf(2, FIXED64)) pair.value = reader.double();
    else reader.skip(tag);
  }
  return pair;
}

function readExemplar(reader: ProtoReader): ProtobufExemplar {
  const labels: [string, string][] = [];
  let value = 0;
  let tMs: number | undefined;
  while (reader.more()) {
    const tag = reader.varint();
    if (tag === tagOf(1, BYTES)) labels.push(nested(reader, readPair));
    else if (tag === tagOf(2, FIXED64)) value = reader.double();
    else if (tag === tagOf(3, BYTES)) tMs = nested(reader, readTime);
    else reader.skip(tag);
  }
  return { labels, value, tMs };
}

function readPair(reader: ProtoReader): [string, string] {
  let name = '';
  let value = '';
  while (reader.more()) {
    const tag = reader.varint();
    if (tag === tagOf(1, BYTES)) name = reader.string();
    else if (tag === tagOf(2, BYTES)) value = reader.string();
    else reader.skip(tag);
  }
  return [name, value];
}

/** google.protobuf.Timestamp → ms. */
function readTime(reader: ProtoReader): number {
  let ms = 0;
  while (reader.more()) {
    const tag = reader.varint();
    if (tag === tagOf(1, VARINT)) ms += reader.int64() * 1_000;
    else if (tag === tagOf(2, VARINT)) ms += Math.trunc(reader.int64() / 1e6);
    else reader.skip(tag);
  }
  return ms;
}

function nested<T>(reader: ProtoReader, read: (reader: ProtoReader) => T): T {
  const outer = reader.enter();
  const value = read(reader);
  reader.leave(outer);
  return value;
}

function fault(reader: ProtoReader, message: string): WireError {
  return new WireError('corrupt', `malformed protobuf: ${message} at byte ${reader.at}`);
}
