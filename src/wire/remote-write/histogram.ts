/**
 * Native histograms in remote write messages, 1.0 and 2.0 alike: prometheus.Histogram.
 * Source: https://github.com/prometheus/prometheus/blob/main/prompb/types.proto
 */
import type { NativeHistogram } from '../../model/histogram.ts';
import { readMessage } from '../protobuf/decode.ts';
import type { ProtoReader } from '../protobuf/reader.ts';
import { double, enumeration, int, sint, uint } from '../protobuf/scalars.ts';
import {
  defineMessage,
  field,
  type MessageValue,
  alternatives,
  packed,
  repeated,
} from '../protobuf/schema.ts';

/** When the counter behind it began; 2.0 alone knows it. */
export const HISTOGRAM_START_FIELD = 17;

const SPAN = defineMessage('BucketSpan', { offset: field(1, sint), length: field(2, uint) });
const COUNT = { int: field(1, uint), float: field(2, double) };
const ZERO_COUNT = { int: field(6, uint), float: field(7, double) };

/** Buckets are deltas from one to the next where counts are whole, absolute where they are not. */
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

/** Spans and buckets of both sides and custom bounds, 65,536 of each. */
const ELEMENTS_MAX = 5 * 65_536;
/** All that does not repeat, at its longest; a span; a bucket or a bound. */
const REST_BYTES_MAX = 128;
const SPAN_BYTES_MAX = 24;
const NUMBER_BYTES_MAX = 10;

/** No histogram of so many spans, buckets and bounds is longer. */
export function boundHistogram(histogram: NativeHistogram): number {
  const { positiveSpans, positiveCounts, negativeSpans, negativeCounts, customValues } = histogram;
  const spans = positiveSpans.length + negativeSpans.length;
  const numbers = positiveCounts.length + negativeCounts.length + customValues.length;
  return spans * SPAN_BYTES_MAX + numbers * NUMBER_BYTES_MAX + REST_BYTES_MAX;
}

/** @param startMs  0 is unknown */
export function histogramMessage(
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
    negativeDeltas: isFloat ? [] : differences(negativeCounts),
    negativeCounts: isFloat ? negativeCounts : [],
    positiveDeltas: isFloat ? [] : differences(positiveCounts),
    positiveCounts: isFloat ? positiveCounts : [],
    tMs,
    startMs,
  };
}

export interface TimedHistogram {
  readonly tMs: number;
  readonly histogram: NativeHistogram;
}

/** The histogram of a message that the reader has entered, and its time. @throws WireError */
export function readHistogram(reader: ProtoReader): TimedHistogram {
  const limits = { elementsMax: ELEMENTS_MAX };
  const message = readMessage(HISTOGRAM, reader, limits);
  const { schema, sum, zeroThreshold, zeroCount, count, resetHint, customValues, tMs } = message;
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
    positiveCounts: isFloat ? message.positiveCounts : sums(message.positiveDeltas),
    negativeSpans: message.negativeSpans,
    negativeCounts: isFloat ? message.negativeCounts : sums(message.negativeDeltas),
    customValues,
  };
  return { histogram, tMs };
}

function differences(counts: readonly number[]): number[] {
  return counts.map((count, index) => count - (counts[index - 1] ?? 0));
}

function sums(deltas: readonly number[]): number[] {
  let sum = 0;
  return deltas.map((delta) => (sum += delta));
}
