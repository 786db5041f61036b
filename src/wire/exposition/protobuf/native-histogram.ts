/**
 * Reads the fields of a Histogram of protobuf exposition that make it a native one.
 *
 *     4 count float  5 schema  6 zero threshold  7 zero count  8 its float
 *     9 negative spans  10 deltas  11 counts  12 positive spans  13 deltas  14 counts
 *     BucketSpan  1 offset  2 length
 *
 * Limits: BUCKETS_MAX buckets a side.
 * Source:
 * https://github.com/prometheus/client_model/blob/master/io/prometheus/client/metrics.proto,
 * prometheus/model/textparse/protobufparse.go
 */
import {
  type BucketSpan,
  fitsSpans,
  isSound,
  type NativeHistogram,
} from '../../../model/histogram.ts';
import type { ProtoReader } from '../../protobuf/reader.ts';
import { BYTES, FIXED64, tagOf, VARINT } from '../../protobuf/wire-format.ts';
import { makeFaultError, readNested } from './parts.ts';

const BUCKETS_MAX = 65_536;
const SCHEMA_MIN = -4;
const SCHEMA_MAX = 8;
const CUSTOM_BUCKETS = -53;

/** The fields of a native histogram as they were sent. */
export interface NativeParts {
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

export function newNativeParts(): NativeParts {
  return {
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
}

/** Reads one of these fields; false for another field or wire type. */
export function readNativeField(reader: ProtoReader, tag: number, parts: NativeParts): boolean {
  if (tag === tagOf(4, FIXED64)) parts.countFloat = reader.double();
  else if (tag === tagOf(5, VARINT)) parts.schema = reader.sint64();
  else if (tag === tagOf(6, FIXED64)) parts.zeroThreshold = reader.double();
  else if (tag === tagOf(7, VARINT)) parts.zeroCount = reader.uint64();
  else if (tag === tagOf(8, FIXED64)) parts.zeroCountFloat = reader.double();
  else if (tag === tagOf(9, BYTES)) parts.negativeSpans.push(readNested(reader, readSpan));
  else if (tag === tagOf(12, BYTES)) parts.positiveSpans.push(readNested(reader, readSpan));
  else return readBuckets(reader, tag, parts);
  return true;
}

/** Reads deltas and counts, packed or with a tag each. */
function readBuckets(reader: ProtoReader, tag: number, parts: NativeParts): boolean {
  switch (tag) {
    case tagOf(10, BYTES):
    case tagOf(10, VARINT):
      readNumbers(reader, tag, parts.negativeDeltas, readDelta);
      return true;
    case tagOf(11, BYTES):
    case tagOf(11, FIXED64):
      readNumbers(reader, tag, parts.negativeCounts, readCount);
      return true;
    case tagOf(13, BYTES):
    case tagOf(13, VARINT):
      readNumbers(reader, tag, parts.positiveDeltas, readDelta);
      return true;
    case tagOf(14, BYTES):
    case tagOf(14, FIXED64):
      readNumbers(reader, tag, parts.positiveCounts, readCount);
      return true;
    default:
      return false;
  }
}

const readDelta = (reader: ProtoReader): number => reader.sint64();
const readCount = (reader: ProtoReader): number => reader.double();

function readNumbers(
  reader: ProtoReader,
  tag: number,
  into: number[],
  read: (reader: ProtoReader) => number,
): void {
  if ((tag & 7) === BYTES) {
    const outer = reader.enter();
    while (reader.more()) into.push(read(reader));
    reader.leave(outer);
  } else into.push(read(reader));
  if (into.length > BUCKETS_MAX) throw makeFaultError(reader, `more than ${BUCKETS_MAX} buckets`);
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
  if (length > BUCKETS_MAX) throw makeFaultError(reader, `more than ${BUCKETS_MAX} buckets`);
  return { offset, length };
}

/**
 * Whether a histogram is native, decided as in Prometheus: even an empty native histogram has a
 * span.
 */
export function isNative(parts: NativeParts): boolean {
  return (
    parts.positiveSpans.length > 0 ||
    parts.negativeSpans.length > 0 ||
    parts.zeroThreshold > 0 ||
    parts.zeroCount > 0 ||
    parts.zeroCountFloat > 0
  );
}

/**
 * Makes the histogram of these fields and of `count` and `sum`, which classic histograms have too.
 *
 * @throws WireError for a schema that is unknown, spans that do not fit the buckets, or counts that
 *                   contradict each other: Prometheus fails such a scrape, and receivers refuse it
 */
export function toNativeHistogram(
  reader: ProtoReader,
  parts: NativeParts,
  { count = 0, sum }: { readonly count: number | undefined; readonly sum: number },
): NativeHistogram {
  const schema = parts.schema ?? 0;
  if (schema !== CUSTOM_BUCKETS && (schema < SCHEMA_MIN || schema > SCHEMA_MAX))
    throw makeFaultError(reader, `native histogram schema ${schema} is unknown`);
  const isFloat = parts.countFloat > 0 || parts.zeroCountFloat > 0;
  const positiveCounts = isFloat ? parts.positiveCounts : accumulate(parts.positiveDeltas);
  const negativeCounts = isFloat ? parts.negativeCounts : accumulate(parts.negativeDeltas);
  if (
    !fitsSpans(parts.positiveSpans, positiveCounts) ||
    !fitsSpans(parts.negativeSpans, negativeCounts)
  )
    throw makeFaultError(reader, 'the spans of a native histogram do not fit its buckets');
  if (!isFloat && [count, ...positiveCounts, ...negativeCounts].some(isRounded))
    throw makeFaultError(reader, 'a count of a native histogram is beyond 2^53');
  const histogram: NativeHistogram = {
    schema,
    zeroThreshold: parts.zeroThreshold,
    zeroCount: isFloat ? parts.zeroCountFloat : parts.zeroCount,
    count: isFloat ? parts.countFloat : count,
    sum,
    isFloat,
    resetHint: 'unknown',
    positiveSpans: parts.positiveSpans,
    positiveCounts,
    negativeSpans: parts.negativeSpans,
    negativeCounts,
    customValues: [],
  };
  if (!isSound(histogram))
    throw makeFaultError(
      reader,
      'the counts of a native histogram are negative, or not as many as it says',
    );
  return histogram;
}

const isRounded = (count: number): boolean => !Number.isSafeInteger(count);

function accumulate(deltas: readonly number[]): number[] {
  let sum = 0;
  return deltas.map((delta) => (sum += delta));
}
