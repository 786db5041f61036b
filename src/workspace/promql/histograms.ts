/**
 * histogram_quantile and histogram_fraction of classic histograms: the series that differ only in
 * `le` are the buckets of one histogram. No native histograms.
 * Source: https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile
 */
import { type LabelSet, labelSetKey, labelValue } from '../../model/labels.ts';
import { type Column, mergeEqual, createColumn, dropName } from './value.ts';

interface Bucket {
  readonly bound: number;
  count: number;
}

interface Histogram {
  readonly labels: LabelSet;
  /** Sorted by bound. */
  readonly buckets: { readonly bound: number; readonly column: Column }[];
}

/** A relative difference of counts below this is a rounding error and is smoothed away. */
const ROUNDING = 1e-12;

/**
 * For each histogram the value below which the share `q` of the observations lies, interpolated
 * linearly within a bucket. `q` has one number per step.
 */
export function computeHistogramQuantile(
  q: Float64Array,
  columns: readonly Column[],
  steps: number,
): Column[] {
  return computePerHistogram(columns, steps, (buckets, step) =>
    computeBucketQuantile(q[step] ?? NaN, buckets),
  );
}

/** For each histogram the share of the observations between two values. */
export function computeHistogramFraction(
  { lower, upper }: { readonly lower: Float64Array; readonly upper: Float64Array },
  columns: readonly Column[],
  steps: number,
): Column[] {
  return computePerHistogram(columns, steps, (buckets, step) =>
    computeBucketFraction(lower[step] ?? NaN, upper[step] ?? NaN, buckets),
  );
}

/**
 * Computes one value per histogram and step. `compute` gets the buckets that have a value at the
 * step, at least one; those of equal bounds are added up.
 */
function computePerHistogram(
  columns: readonly Column[],
  steps: number,
  compute: (buckets: readonly Bucket[], step: number) => number,
): Column[] {
  const results = gatherHistograms(columns).map(({ labels, buckets }) => {
    const result = createColumn(labels, steps);
    for (let i = 0; i < steps; i++) {
      const here = readBuckets(buckets, i);
      if (here.length === 0) continue;
      result.present[i] = 1;
      result.values[i] = compute(here, i);
    }
    return result;
  });
  return mergeEqual(results);
}

function gatherHistograms(columns: readonly Column[]): Histogram[] {
  const histograms = new Map<string, Histogram>();
  for (const column of columns) {
    const bound = parseBound(labelValue(column.labels, 'le'));
    if (bound === undefined) continue;
    const rest = column.labels.filter(({ name }) => name !== 'le');
    const key = labelSetKey(rest);
    const histogram = histograms.get(key) ?? { labels: dropName(rest), buckets: [] };
    histograms.set(key, histogram);
    histogram.buckets.push({ bound, column });
  }
  for (const { buckets } of histograms.values()) buckets.sort((a, b) => a.bound - b.bound);
  return [...histograms.values()];
}

function readBuckets(buckets: Histogram['buckets'], step: number): Bucket[] {
  const here: Bucket[] = [];
  for (const { bound, column } of buckets) {
    if (column.present[step] === 0) continue;
    const count = column.values[step] ?? 0;
    const last = here.at(-1);
    if (last?.bound === bound) last.count += count;
    else here.push({ bound, count });
  }
  return here;
}

/** A bound as Go's ParseFloat reads it; undefined for NaN and for what is not a number. */
function parseBound(le: string): number | undefined {
  const infinity = /^([+-]?)inf(?:inity)?$/i.exec(le);
  if (infinity !== null) return infinity[1] === '-' ? -Infinity : Infinity;
  if (!/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(le)) return undefined;
  return Number(le);
}

function computeBucketQuantile(q: number, given: readonly Bucket[]): number {
  if (Number.isNaN(q)) return NaN;
  if (q < 0) return -Infinity;
  if (q > 1) return Infinity;
  if (given.at(-1)?.bound !== Infinity) return NaN;
  const buckets = makeMonotonic(given);
  const last = buckets.at(-1);
  if (last === undefined || buckets.length < 2 || last.count === 0) return NaN;
  const rank = q * last.count;
  const index = findFirstReaching(buckets, rank);
  if (index === buckets.length - 1) return buckets[index - 1]?.bound ?? NaN;
  const { bound, count } = buckets[index] ?? last;
  if (index === 0 && bound <= 0) return bound;
  const below = buckets[index - 1] ?? { bound: 0, count: 0 };
  return below.bound + (bound - below.bound) * ((rank - below.count) / (count - below.count));
}

/** The index of the first bucket with a count of at least `rank`, else of the last bucket. */
function findFirstReaching(buckets: readonly Bucket[], rank: number): number {
  let low = 0;
  let high = buckets.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((buckets[middle]?.count ?? NaN) >= rank) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Copies buckets so that counts never fall, and smooths differences that are rounding errors. */
function makeMonotonic(given: readonly Bucket[]): Bucket[] {
  let most = given[0]?.count ?? 0;
  return given.map(({ bound, count }, index) => {
    if (index > 0 && (count < most || isRounding(most, count))) return { bound, count: most };
    most = count;
    return { bound, count };
  });
}

function isRounding(a: number, b: number): boolean {
  if (a === b) return true;
  const sum = Math.abs(a) + Math.abs(b);
  const smallest = 2.2250738585072014e-308;
  const distance = Math.abs(a - b);
  if (a === 0 || b === 0 || sum < smallest) return distance < ROUNDING * smallest;
  return distance / Math.min(sum, Number.MAX_VALUE) < ROUNDING;
}

function computeBucketFraction(lower: number, upper: number, buckets: readonly Bucket[]): number {
  const count = buckets.at(-1)?.count ?? 0;
  if (buckets.at(-1)?.bound !== Infinity || count === 0) return NaN;
  if (Number.isNaN(lower) || Number.isNaN(upper)) return NaN;
  if (lower >= upper) return 0;
  return (findRank(upper, buckets, count) - findRank(lower, buckets, count)) / count;
}

/** How many observations are below a value, interpolated within its bucket. */
function findRank(value: number, buckets: readonly Bucket[], count: number): number {
  let rank = 0;
  let lowerBound = -Infinity;
  for (const bucket of buckets) {
    if (lowerBound >= value) return Math.min(rank, count);
    if (bucket.bound > value) {
      const share = (value - lowerBound) / (bucket.bound - lowerBound);
      const within = rank + (bucket.count - rank) * share;
      return within > count ? count : within;
    }
    rank = bucket.count;
    lowerBound = bucket.bound;
  }
  return count;
}
