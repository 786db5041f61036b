/**
 * Makes points of native histograms: exponential ones, or with explicit bounds where the buckets
 * are custom. Pure.
 *
 *     spans [{offset 2, length 2}, {offset 1, length 1}], counts [5, 7, 1]
 *     → { offset 1, counts [5, 7, 0, 1] }     OTLP numbers a bucket by its lower bound
 *
 * Source: https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/
 */
import type { BucketSpan, NativeHistogram } from '../../model/histogram.ts';
import type {
  ExponentialBuckets,
  ExponentialPoint,
  HistogramPoint,
  MetricPoint,
} from '../../model/otel-metrics.ts';

/** The schema of buckets with custom bounds. */
const CUSTOM = -53;

/** The most buckets from the first to the last of one side: OTLP writes those between, too. */
const BUCKETS_MAX = 1_000;

export function isCustom({ schema }: NativeHistogram): boolean {
  return schema === CUSTOM;
}

/**
 * Where the buckets of a side are too far apart, two neighbours are joined until they are not: each
 * step lowers the scale by one, and no observation is lost.
 */
export function makeExponentialPoint(
  common: MetricPoint,
  histogram: NativeHistogram,
): ExponentialPoint {
  const { schema, count, sum, zeroCount, zeroThreshold, extremes } = histogram;
  let positive = listBuckets(histogram.positiveSpans, histogram.positiveCounts);
  let negative = listBuckets(histogram.negativeSpans, histogram.negativeCounts);
  let scale = schema;
  while (isWide(positive) || isWide(negative)) {
    positive = joinNeighbours(positive);
    negative = joinNeighbours(negative);
    scale -= 1;
  }
  const sides = { positive: fillGaps(positive), negative: fillGaps(negative) };
  return { ...common, scale, count, sum, extremes, zeroCount, zeroThreshold, ...sides };
}

export function makeCustomPoint(
  common: MetricPoint,
  { count, sum, extremes, customValues, positiveSpans, positiveCounts }: NativeHistogram,
): HistogramPoint {
  const counts = new Array<number>(customValues.length + 1).fill(0);
  let bucket = 0;
  let next = 0;
  for (const { offset, length } of positiveSpans) {
    bucket += offset;
    for (let i = 0; i < length; i++, bucket++)
      if (bucket < counts.length) counts[bucket] = positiveCounts[next++] ?? 0;
  }
  return { ...common, count, sum, extremes, bounds: customValues, counts };
}

/** A native histogram of no observations, which stands for one that has ended. */
export function makeStaleExponential(common: MetricPoint): ExponentialPoint {
  const none = { offset: 0, counts: [] };
  const zeros = { scale: 0, count: 0, sum: 0, zeroCount: 0, zeroThreshold: 0 };
  return { ...common, ...zeros, positive: none, negative: none };
}

/** A bucket by OTLP's number, with its observations; in ascending order. */
type Bucket = readonly [index: number, count: number];

function listBuckets(spans: readonly BucketSpan[], counts: readonly number[]): readonly Bucket[] {
  const buckets: Bucket[] = [];
  let index = -1;
  for (const { offset, length } of spans) {
    index += offset;
    for (let i = 0; i < length; i++) buckets.push([index++, counts[buckets.length] ?? 0]);
  }
  return buckets;
}

function isWide(buckets: readonly Bucket[]): boolean {
  return spanOf(buckets) > BUCKETS_MAX;
}

function spanOf(buckets: readonly Bucket[]): number {
  const [first = 0] = buckets[0] ?? [];
  const [last = first - 1] = buckets.at(-1) ?? [];
  return last - first + 1;
}

function joinNeighbours(buckets: readonly Bucket[]): readonly Bucket[] {
  const joined = new Map<number, number>();
  for (const [index, count] of buckets) {
    const half = Math.floor(index / 2);
    joined.set(half, (joined.get(half) ?? 0) + count);
  }
  return [...joined];
}

function fillGaps(buckets: readonly Bucket[]): ExponentialBuckets {
  const [offset = 0] = buckets[0] ?? [];
  const counts = new Array<number>(spanOf(buckets)).fill(0);
  for (const [index, count] of buckets) counts[index - offset] = count;
  return { offset, counts };
}
