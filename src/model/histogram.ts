/**
 * Native histograms: one sample that holds a whole distribution in exponential (or custom) buckets.
 * Values only.
 *
 *     spans [{offset: 2, length: 2}, {offset: 1, length: 1}], counts [5, 7, 1]
 *     → bucket 2: 5, bucket 3: 7, bucket 5: 1      an offset counts from the end of the span before
 *
 * Schema n (-4 to 8): bucket i holds values in (2^((i-1)/2^n), 2^(i/2^n)]. Schema -53: bounds are
 * `customValues`.
 * Source: https://prometheus.io/docs/specs/native_histograms/
 */

export interface BucketSpan {
  readonly offset: number;
  readonly length: number;
}

export interface NativeHistogram {
  readonly schema: number;
  readonly zeroThreshold: number;
  readonly zeroCount: number;
  readonly count: number;
  readonly sum: number;
  /**
   * Whether counts may be fractions, as in rates and sums of scaled histograms; else they are
   * whole.
   */
  readonly isFloat: boolean;
  /**
   * `gauge`: the counts go up and down. Else whether the writer knows that the counter was reset.
   */
  readonly resetHint: 'unknown' | 'reset' | 'no-reset' | 'gauge';
  readonly positiveSpans: readonly BucketSpan[];
  /** Observations in each bucket of the spans, in order: absolute numbers, not deltas. */
  readonly positiveCounts: readonly number[];
  readonly negativeSpans: readonly BucketSpan[];
  readonly negativeCounts: readonly number[];
  /** Upper bounds of the buckets of schema -53, ascending, without +Inf; else empty. */
  readonly customValues: readonly number[];
  /** The least and the greatest observation, where the writer tells them: Prometheus does not. */
  readonly extremes?: Extremes | undefined;
}

/** The least and the greatest of the observations that a distribution holds. */
export interface Extremes {
  readonly min: number;
  readonly max: number;
}

/** What the histogram is where each observation is multiplied, as far as the buckets stay. */
export function scaleHistogram(histogram: NativeHistogram, scale: number): NativeHistogram {
  if (scale === 1) return histogram;
  const { sum, extremes } = histogram;
  return {
    ...histogram,
    sum: sum * scale,
    ...(extremes === undefined ? {} : { extremes: scaleExtremes(extremes, scale) }),
  };
}

export function scaleExtremes({ min, max }: Extremes, scale: number): Extremes {
  return scale < 0
    ? { min: max * scale, max: min * scale }
    : { min: min * scale, max: max * scale };
}

/** Whether spans describe as many buckets as there are, in order. */
export function fitsSpans(spans: readonly BucketSpan[], counts: readonly number[]): boolean {
  return (
    spans.reduce((length, span) => length + span.length, 0) === counts.length &&
    spans.every((span, index) => index === 0 || span.offset >= 0)
  );
}

/** The schema of custom buckets, and those of exponential ones. */
const CUSTOM_BUCKETS = -53;
const SCHEMA_MIN = -4;
const SCHEMA_MAX = 8;

/**
 * Whether a receiver takes it, by the rules of Prometheus, which answers 500 to a request with one
 * that breaks them: sent on, it would be sent for ever.
 */
export function isSound(histogram: NativeHistogram): boolean {
  const { schema, positiveSpans, positiveCounts, negativeSpans, negativeCounts } = histogram;
  const isKnown =
    schema === CUSTOM_BUCKETS
      ? fitsBounds(histogram)
      : schema >= SCHEMA_MIN && schema <= SCHEMA_MAX && histogram.customValues.length === 0;
  return (
    isKnown &&
    fitsSpans(positiveSpans, positiveCounts) &&
    fitsSpans(negativeSpans, negativeCounts) &&
    !positiveCounts.some(isNegative) &&
    !negativeCounts.some(isNegative) &&
    // Fractions are rounded when they are added up.
    (histogram.isFloat || isConsistent(histogram))
  );
}

const isNegative = (count: number): boolean => count < 0;

/** Whether custom buckets have bounds, and nothing but those. */
function fitsBounds({ customValues: bounds, positiveSpans: spans, ...one }: NativeHistogram) {
  const reach = spans.reduce((length, span) => length + span.offset + span.length, 0);
  return (
    one.zeroCount === 0 &&
    one.zeroThreshold === 0 &&
    one.negativeSpans.length === 0 &&
    one.negativeCounts.length === 0 &&
    bounds.every((bound, i) => !(bound <= (bounds[i - 1] ?? -Infinity))) &&
    bounds.at(-1) !== Infinity &&
    spans.every(({ offset }) => offset >= 0) &&
    reach <= bounds.length + 1
  );
}

/** Whether its buckets hold as many observations as it says. */
function isConsistent({ count, sum, zeroCount, ...one }: NativeHistogram): boolean {
  const inBuckets = addUp(one.positiveCounts) + addUp(one.negativeCounts) + zeroCount;
  // Observations of NaN are in no bucket.
  return Number.isNaN(sum) ? inBuckets <= count : inBuckets === count;
}

function addUp(counts: readonly number[]): number {
  let all = 0;
  for (const count of counts) all += count;
  return all;
}
