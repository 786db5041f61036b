/**
 * Native histograms in remote write messages, 1.0 and 2.0 alike: prometheus.Histogram.
 *
 *   1/2 count int/float  3 sum  4 schema  5 zero threshold  6/7 zero count int/float  8 negative spans  9 deltas
 *   10 counts  11 positive spans  12 deltas  13 counts  14 reset hint  15 timestamp ms  16 custom values
 *   17 start timestamp ms (2.0 only)
 *
 * Source: https://github.com/prometheus/prometheus/blob/main/prompb/types.proto
 */
import type { BucketSpan, NativeHistogram } from '../model/histogram.ts';
import { WireError } from './errors.ts';
import { BYTES, FIXED64, type ProtoReader, ProtoWriter, tagOf, VARINT } from './protobuf.ts';

const RESET_HINTS = ['unknown', 'reset', 'no-reset', 'gauge'] as const;
export const HISTOGRAM_START_FIELD = 17;
const BUCKETS_MAX = 65_536;

/** The fields of a Histogram message, without a tag round them. */
export function encodeHistogram(histogram: NativeHistogram, tMs: number, startMs = 0): Uint8Array {
  const writer = new ProtoWriter(256);
  const { isFloat } = histogram;
  const double = (field: number, value: number): void => {
    writer.varint(tagOf(field, FIXED64));
    writer.double(value);
  };
  const uint = (field: number, value: number): void => {
    writer.varint(tagOf(field, VARINT));
    writer.varint(value);
  };
  if (isFloat) double(2, histogram.count);
  else uint(1, histogram.count);
  double(3, histogram.sum);
  uint(4, zigzag(histogram.schema));
  double(5, histogram.zeroThreshold);
  if (isFloat) double(7, histogram.zeroCount);
  else uint(6, histogram.zeroCount);
  writeBuckets(writer, 8, histogram.negativeSpans, histogram.negativeCounts, isFloat);
  writeBuckets(writer, 11, histogram.positiveSpans, histogram.positiveCounts, isFloat);
  uint(14, RESET_HINTS.indexOf(histogram.resetHint));
  writer.varint(tagOf(15, VARINT));
  writer.int64(tMs);
  if (histogram.customValues.length > 0) writeDoubles(writer, 16, histogram.customValues);
  if (startMs !== 0) {
    writer.varint(tagOf(HISTOGRAM_START_FIELD, VARINT));
    writer.int64(startMs);
  }
  return writer.written();
}

/** Spans at `field`, deltas behind them, counts behind those. */
function writeBuckets(
  writer: ProtoWriter,
  field: number,
  spans: readonly BucketSpan[],
  counts: readonly number[],
  isFloat: boolean,
): void {
  for (const { offset, length } of spans) {
    const span = new ProtoWriter(16);
    span.varint(tagOf(1, VARINT));
    span.varint(zigzag(offset));
    span.varint(tagOf(2, VARINT));
    span.varint(length);
    writer.field(field, span.written());
  }
  if (counts.length === 0) return;
  if (isFloat) {
    writeDoubles(writer, field + 2, counts);
    return;
  }
  const deltas = new ProtoWriter(counts.length * 3);
  let before = 0;
  for (const count of counts) {
    deltas.varint(zigzag(count - before));
    before = count;
  }
  writer.field(field + 1, deltas.written());
}

function writeDoubles(writer: ProtoWriter, field: number, values: readonly number[]): void {
  const doubles = new ProtoWriter(values.length * 8);
  for (const value of values) doubles.double(value);
  writer.field(field, doubles.written());
}

/** The histogram of a message that the reader has entered, and its time. @throws WireError */
export function decodeHistogram(reader: ProtoReader): { histogram: NativeHistogram; tMs: number } {
  const spans = { negative: [] as BucketSpan[], positive: [] as BucketSpan[] };
  const counts = { negative: [] as number[], positive: [] as number[] };
  const customValues: number[] = [];
  const seen = { count: 0, sum: 0, schema: 0, zeroThreshold: 0, zeroCount: 0, hint: 0, tMs: 0 };
  let isFloat = false;
  while (reader.more()) {
    const tag = reader.varint();
    switch (tag >>> 3) {
      case 1:
        seen.count = reader.varint();
        break;
      case 2:
        seen.count = reader.double();
        isFloat = true;
        break;
      case 3:
        seen.sum = reader.double();
        break;
      case 4:
        seen.schema = unzigzag(reader.varint());
        break;
      case 5:
        seen.zeroThreshold = reader.double();
        break;
      case 6:
        seen.zeroCount = reader.varint();
        break;
      case 7:
        seen.zeroCount = reader.double();
        break;
      case 8:
        spans.negative.push(readSpan(reader));
        break;
      case 9:
        readDeltas(reader, tag, counts.negative);
        break;
      case 10:
        readDoubles(reader, tag, counts.negative);
        break;
      case 11:
        spans.positive.push(readSpan(reader));
        break;
      case 12:
        readDeltas(reader, tag, counts.positive);
        break;
      case 13:
        readDoubles(reader, tag, counts.positive);
        break;
      case 14:
        seen.hint = reader.varint();
        break;
      case 15:
        seen.tMs = reader.int64();
        break;
      case 16:
        readDoubles(reader, tag, customValues);
        break;
      default:
        reader.skip(tag);
    }
  }
  const { count, sum, schema, zeroThreshold, zeroCount, hint, tMs } = seen;
  const histogram: NativeHistogram = {
    schema,
    zeroThreshold,
    zeroCount,
    count,
    sum,
    isFloat,
    resetHint: RESET_HINTS[hint] ?? 'unknown',
    positiveSpans: spans.positive,
    positiveCounts: counts.positive,
    negativeSpans: spans.negative,
    negativeCounts: counts.negative,
    customValues,
  };
  return { histogram, tMs };
}

function readSpan(reader: ProtoReader): BucketSpan {
  const outer = reader.enter();
  let offset = 0;
  let length = 0;
  while (reader.more()) {
    const tag = reader.varint();
    if (tag === tagOf(1, VARINT)) offset = unzigzag(reader.varint());
    else if (tag === tagOf(2, VARINT)) length = reader.varint();
    else reader.skip(tag);
  }
  reader.leave(outer);
  return { offset, length };
}

function readDeltas(reader: ProtoReader, tag: number, into: number[]): void {
  readRepeated(reader, tag, into, () => (into.at(-1) ?? 0) + unzigzag(reader.varint()));
}

function readDoubles(reader: ProtoReader, tag: number, into: number[]): void {
  readRepeated(reader, tag, into, () => reader.double());
}

/** Packed or one by one. */
function readRepeated(reader: ProtoReader, tag: number, into: number[], read: () => number): void {
  if ((tag & 7) === BYTES) {
    const outer = reader.enter();
    while (reader.more()) into.push(read());
    reader.leave(outer);
  } else into.push(read());
  if (into.length > BUCKETS_MAX)
    throw new WireError(
      'corrupt',
      `malformed protobuf: a histogram of more than ${BUCKETS_MAX} buckets`,
    );
}

function zigzag(value: number): number {
  return value < 0 ? -value * 2 - 1 : value * 2;
}

function unzigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}
