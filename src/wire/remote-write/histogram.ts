/**
 * Reads and writes native histograms in remote write messages: prometheus.Histogram, which is the
 * same in 1.0 and 2.0.
 * Source: https://github.com/prometheus/prometheus/blob/main/prompb/types.proto
 */
import type { NativeHistogram } from '../../model/histogram.ts';
import { STALE_NAN_HIGH, STALE_NAN_LOW } from '../../model/sample.ts';
import { WireError } from '../errors.ts';
import { readMessage } from '../protobuf/decode.ts';
import { ProtoReader } from '../protobuf/reader.ts';
import { double, enumeration, int, sint, uint } from '../protobuf/scalars.ts';
import {
  defineMessage,
  field,
  type MessageValue,
  alternatives,
  packed,
  repeated,
} from '../protobuf/schema.ts';
import { FIXED64, tagOf } from '../protobuf/wire-format.ts';

/** The field that says when the counter behind the histogram began; only 2.0 has it. */
export const HISTOGRAM_START_FIELD = 17;

const SPAN = defineMessage('BucketSpan', { offset: field(1, sint), length: field(2, uint) });
const COUNT = { int: field(1, uint), float: field(2, double) };
const ZERO_COUNT = { int: field(6, uint), float: field(7, double) };

/** Whole counts are written as deltas from bucket to bucket, float counts as absolute numbers. */
export const HISTOGRAM = defineMessage('Histogram', {
  count: alternatives(COUNT),
  sum: field(3, double),
  schema: field(4, sint),
  zeroThreshold: field(5, double),
  zeroCount: alternatives(ZERO_COUNT),
  negativeSpans: repeated(8, SPAN),
  negativeDeltas: packed(9, sint),
  negativeCounts: packed(10, double),
  positiveSpans: repeated(11, SPAN),
  positiveDeltas: packed(12, sint),
  positiveCounts: packed(13, double),
  resetHint: field(14, enumeration(['unknown', 'reset', 'no-reset', 'gauge'])),
  tMs: field(15, int),
  customValues: packed(16, double),
  startMs: field(HISTOGRAM_START_FIELD, int),
});

/** At most 65,536 of each: spans of both sides, buckets of both sides, custom bounds. */
const ELEMENTS_MAX = 5 * 65_536;
/** The most bytes of all fields that do not repeat, of a span, and of a bucket or bound. */
const REST_BYTES_MAX = 128;
const SPAN_BYTES_MAX = 24;
const NUMBER_BYTES_MAX = 10;

/** The most bytes that a histogram of this many spans, buckets and bounds takes. */
export function boundHistogram(histogram: NativeHistogram): number {
  const { positiveSpans, positiveCounts, negativeSpans, negativeCounts, customValues } = histogram;
  const spans = positiveSpans.length + negativeSpans.length;
  const numbers = positiveCounts.length + negativeCounts.length + customValues.length;
  return spans * SPAN_BYTES_MAX + numbers * NUMBER_BYTES_MAX + REST_BYTES_MAX;
}

/** @param startMs 0 where it is unknown */
export function toHistogramMessage(
  histogram: NativeHistogram,
  tMs: number,
  startMs: number,
): MessageValue<typeof HISTOGRAM> {
  const { count, zeroCount, positiveCounts, negativeCounts, isFloat } = histogram;
  const is = isFloat ? 'float' : 'int';
  return {
    ...histogram,
    count: { is, value: count },
    zeroCount: { is, value: zeroCount },
    negativeDeltas: isFloat ? [] : toDeltas(negativeCounts),
    negativeCounts: isFloat ? negativeCounts : [],
    positiveDeltas: isFloat ? [] : toDeltas(positiveCounts),
    positiveCounts: isFloat ? positiveCounts : [],
    tMs,
    startMs,
  };
}

export interface TimedHistogram {
  readonly tMs: number;
  readonly histogram: NativeHistogram;
  /** When the counter behind it began, as 2.0 may say; 0 for unknown. */
  readonly startMs: number;
  /** Whether it is a stale marker, which its sum says. */
  readonly isStale: boolean;
}

/** Reads the histogram whose message the reader has entered, and its time. @throws WireError */
export function readHistogram(reader: ProtoReader): TimedHistogram {
  const limits = { elementsMax: ELEMENTS_MAX };
  const start = reader.at;
  const message = readMessage(HISTOGRAM, reader, limits);
  const { schema, sum, zeroThreshold, zeroCount, count, resetHint, customValues } = message;
  const { tMs, startMs } = message;
  const isFloat = count?.is === 'float';
  const histogram: NativeHistogram = {
    schema,
    zeroThreshold,
    zeroCount: zeroCount?.value ?? 0,
    count: count?.value ?? 0,
    sum,
    isFloat,
    resetHint,
    positiveSpans: message.positiveSpans,
    positiveCounts: isFloat ? message.positiveCounts : accumulate(message.positiveDeltas),
    negativeSpans: message.negativeSpans,
    negativeCounts: isFloat ? message.negativeCounts : accumulate(message.negativeDeltas),
    customValues,
  };
  const isStale = Number.isNaN(sum) && isStaleSum(reader.bytes.subarray(start, reader.end));
  return { histogram, tMs, startMs, isStale };
}

/** Whether the sum of a histogram has the bits of a stale marker, which a number may lose. */
function isStaleSum(bytes: Uint8Array): boolean {
  const reader = new ProtoReader(bytes);
  let isStale = false;
  while (reader.more()) {
    const tag = reader.varint();
    if (tag === tagOf(3, FIXED64)) {
      const at = reader.fixed64At();
      isStale = reader.uint32At(at) === STALE_NAN_LOW && reader.uint32At(at + 4) === STALE_NAN_HIGH;
    } else reader.skip(tag);
  }
  return isStale;
}

function toDeltas(counts: readonly number[]): number[] {
  return counts.map((count, index) => count - (counts[index - 1] ?? 0));
}

function accumulate(deltas: readonly number[]): number[] {
  let sum = 0;
  const counts = deltas.map((delta) => (sum += delta));
  if (!counts.every(Number.isSafeInteger))
    throw new WireError('value', 'malformed histogram: a count is beyond 2^53');
  return counts;
}
