/**
 * Sums of native histograms. Pure. Those of different resolution are brought to the coarsest: n
 * steps down, 2^n buckets become one. Those with bounds of their own are added where the bounds are
 * the same; others can't be, and stay apart.
 * Source: https://prometheus.io/docs/specs/native_histograms/
 */
import type { BucketSpan, NativeHistogram } from '../model/histogram.ts';

const CUSTOM_BOUNDS = -53;

/** The fewest histograms that are the sum of those given, in order. */
export function addHistograms(histograms: readonly NativeHistogram[]): NativeHistogram[] {
  const sums = new Map<string, NativeHistogram>();
  for (const histogram of histograms) {
    const { schema, customValues } = histogram;
    const kind = schema === CUSTOM_BOUNDS ? customValues.join() : 'exponential';
    const sum = sums.get(kind);
    sums.set(kind, sum === undefined ? histogram : add(sum, histogram));
  }
  return [...sums.values()];
}

function add(a: NativeHistogram, b: NativeHistogram): NativeHistogram {
  const schema = Math.min(a.schema, b.schema);
  const positive = addBuckets(
    readBuckets(a.positiveSpans, a.positiveCounts, a.schema - schema),
    readBuckets(b.positiveSpans, b.positiveCounts, b.schema - schema),
  );
  const negative = addBuckets(
    readBuckets(a.negativeSpans, a.negativeCounts, a.schema - schema),
    readBuckets(b.negativeSpans, b.negativeCounts, b.schema - schema),
  );
  const zero = joinZeroBuckets([a, b], [positive, negative], schema);
  const [positiveSpans, positiveCounts] = writeBuckets(positive);
  const [negativeSpans, negativeCounts] = writeBuckets(negative);
  return {
    schema,
    ...zero,
    count: a.count + b.count,
    sum: a.sum + b.sum,
    isFloat: a.isFloat || b.isFloat,
    resetHint: a.resetHint === b.resetHint ? a.resetHint : 'unknown',
    positiveSpans,
    positiveCounts,
    negativeSpans,
    negativeCounts,
    customValues: a.customValues,
    ...joinExtremes(a, b),
  };
}

/** Nothing where they are not known of both. */
function joinExtremes(
  { extremes: a }: NativeHistogram,
  { extremes: b }: NativeHistogram,
): Pick<NativeHistogram, 'extremes'> {
  if (a === undefined || b === undefined) return {};
  return { extremes: { min: Math.min(a.min, b.min), max: Math.max(a.max, b.max) } };
}

/** Counts by number of the bucket. */
type Buckets = Map<number, number>;

function readBuckets(
  spans: readonly BucketSpan[],
  counts: readonly number[],
  stepsDown: number,
): Buckets {
  const buckets: Buckets = new Map();
  let bucket = 0;
  let at = 0;
  for (const { offset, length } of spans) {
    bucket += offset;
    for (let i = 0; i < length; i++, bucket++, at++) {
      const coarse = Math.ceil(bucket / 2 ** stepsDown);
      buckets.set(coarse, (buckets.get(coarse) ?? 0) + (counts[at] ?? 0));
    }
  }
  return buckets;
}

function addBuckets(to: Buckets, from: Buckets): Buckets {
  for (const [bucket, count] of from) to.set(bucket, (to.get(bucket) ?? 0) + count);
  return to;
}

/** The wider of two zero buckets takes in what the other histogram has within it. */
function joinZeroBuckets(
  [a, b]: readonly [NativeHistogram, NativeHistogram],
  sides: readonly Buckets[],
  schema: number,
): Pick<NativeHistogram, 'zeroThreshold' | 'zeroCount'> {
  let zeroThreshold = Math.max(a.zeroThreshold, b.zeroThreshold);
  let zeroCount = a.zeroCount + b.zeroCount;
  if (a.zeroThreshold === b.zeroThreshold || schema === CUSTOM_BOUNDS)
    return { zeroThreshold, zeroCount };
  const upperBound = (bucket: number): number => 2 ** (bucket / 2 ** schema);
  const buckets = sides
    .flatMap((side) => [...side].map(([bucket, count]) => ({ side, bucket, count })))
    .sort((one, other) => one.bucket - other.bucket);
  for (const { side, bucket, count } of buckets) {
    if (upperBound(bucket - 1) >= zeroThreshold) break;
    side.delete(bucket);
    if (count === 0) continue;
    // A bucket that lies across the threshold moves it up to its own bound.
    zeroThreshold = Math.max(zeroThreshold, upperBound(bucket));
    zeroCount += count;
  }
  return { zeroThreshold, zeroCount };
}

function writeBuckets(
  buckets: Buckets,
): readonly [spans: readonly BucketSpan[], counts: readonly number[]] {
  const spans: { offset: number; length: number }[] = [];
  const counts: number[] = [];
  let end = 0;
  for (const [bucket, count] of [...buckets].sort(([a], [b]) => a - b)) {
    const last = spans.at(-1);
    if (last !== undefined && bucket === end) last.length += 1;
    else spans.push({ offset: bucket - end, length: 1 });
    counts.push(count);
    end = bucket + 1;
  }
  return [spans, counts];
}
