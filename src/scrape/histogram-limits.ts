/**
 * Reduces the resolution of native histograms: each step to a lower schema merges two neighbouring
 * buckets.
 * Source: https://prometheus.io/docs/specs/native_histograms/#limit-the-bucket-count,
 * prometheus/scrape/target.go (bucketLimitAppender, maxSchemaAppender)
 */
import type { BucketSpan, NativeHistogram } from '../model/histogram.ts';

const SCHEMA_MIN = -4;
const SCHEMA_MAX = 8;

/**
 * Reduces a histogram to at most `bucketsMax` buckets (0: any number) that grow by at least
 * `minFactor` (0: by any factor); undefined where even the lowest resolution has too many buckets.
 */
export function reduceBuckets(
  histogram: NativeHistogram,
  bucketsMax: number,
  minFactor: number,
): NativeHistogram | undefined {
  if (histogram.schema < SCHEMA_MIN || histogram.schema > SCHEMA_MAX)
    return bucketsMax > 0 && histogram.positiveCounts.length > bucketsMax ? undefined : histogram;
  let reduced = histogram;
  const widest = chooseSchema(minFactor);
  while (reduced.schema > widest && reduced.schema > SCHEMA_MIN) reduced = halveResolution(reduced);
  if (bucketsMax === 0) return reduced;
  while (countBuckets(reduced) > bucketsMax) {
    if (reduced.schema === SCHEMA_MIN) return undefined;
    reduced = halveResolution(reduced);
  }
  return reduced;
}

/** The finest schema whose buckets grow by at least this factor. */
function chooseSchema(minFactor: number): number {
  if (minFactor <= 1) return SCHEMA_MAX;
  return Math.max(SCHEMA_MIN, Math.min(SCHEMA_MAX, -Math.ceil(Math.log2(Math.log2(minFactor)))));
}

function countBuckets({ positiveCounts, negativeCounts }: NativeHistogram): number {
  return positiveCounts.length + negativeCounts.length;
}

function halveResolution(histogram: NativeHistogram): NativeHistogram {
  const positive = mergeBuckets(histogram.positiveSpans, histogram.positiveCounts);
  const negative = mergeBuckets(histogram.negativeSpans, histogram.negativeCounts);
  return {
    ...histogram,
    schema: histogram.schema - 1,
    positiveSpans: positive.spans,
    positiveCounts: positive.counts,
    negativeSpans: negative.spans,
    negativeCounts: negative.counts,
  };
}

/** Bucket i goes to bucket ceil(i / 2). */
function mergeBuckets(
  spans: readonly BucketSpan[],
  counts: readonly number[],
): { spans: BucketSpan[]; counts: number[] } {
  const result: { spans: { offset: number; length: number }[]; counts: number[] } = {
    spans: [],
    counts: [],
  };
  let index = 0;
  let at = 0;
  let last: number | undefined;
  for (const { offset, length } of spans) {
    index += offset;
    for (let i = 0; i < length; i++, index++) {
      const bucket = Math.ceil(index / 2);
      const count = counts[at++] ?? 0;
      if (bucket === last) {
        result.counts[result.counts.length - 1] = (result.counts.at(-1) ?? 0) + count;
        continue;
      }
      const span = result.spans.at(-1);
      if (span !== undefined && last !== undefined && bucket === last + 1) span.length += 1;
      else result.spans.push({ offset: bucket - (last === undefined ? 0 : last + 1), length: 1 });
      result.counts.push(count);
      last = bucket;
    }
  }
  return result;
}
