/**
 * Values of metrics in an event: numbers, statistic sets of summaries, and values with counts of
 * histograms, whose Min and Max are those that the sender tells, or else the bounds of the
 * outermost buckets that hold anything. Pure.
 *
 *     bounds 1 2 4, counts 0 3 1 0  →  Values 1.5 3, Counts 3 1, Min 1, Max 4
 *
 * Limits: 100 values of a histogram in an event, so that a longer one has several parts; the parts
 * share the sum as their values do, and have Min and Max of their own.
 * Source: contrib's exporter/awsemfexporter/datapoint.go
 */
import type { Extremes } from '../../model/histogram.ts';
import type { ExponentialPoint, HistogramPoint, SummaryPoint } from '../../model/otel-metrics.ts';
import { EMF_VALUE_MAX, EMF_VALUES_MAX } from '../../wire/emf/limits.ts';
import type { LeftOutReason } from './left-out.ts';

/** JSON of each part; none where there is nothing to say. */
export type EventValues =
  | { readonly parts: readonly string[]; readonly leftOut?: undefined }
  | { readonly parts?: undefined; readonly leftOut: LeftOutReason };

const NOTHING: EventValues = { parts: [] };

export function formatEmfValue(value: number): EventValues {
  const leftOut = findFault([value]);
  return leftOut === undefined ? { parts: [toJson(value)] } : { leftOut };
}

/** Of a summary without observations there is nothing to say: Min and Max would be made up. */
export function formatSummary({ count, sum, quantiles }: SummaryPoint): EventValues {
  if (count === 0) return NOTHING;
  if (sum === undefined) return { leftOut: 'not_a_number' };
  const known = quantiles.filter(({ value }) => !Number.isNaN(value));
  const mean = sum / count;
  const min = known[0]?.value ?? mean;
  const max = known.at(-1)?.value ?? mean;
  const leftOut = findFault([count, sum, min, max]);
  if (leftOut !== undefined) return { leftOut };
  return { parts: [formatStatistics({ min, max, count, sum })] };
}

interface Bucket {
  readonly low: number;
  readonly high: number;
  /** What stands for all that is in it. */
  readonly value: number;
  readonly count: number;
  /** Whether it goes on below or above what is known of it. */
  readonly isOpen: boolean;
}

export function formatHistogram(point: HistogramPoint): EventValues {
  const { bounds, counts, sum, extremes } = point;
  const buckets: Bucket[] = [];
  for (const [index, count] of counts.entries()) {
    if (count <= 0) continue;
    const last = bounds.at(-1) ?? NaN;
    const high = bounds[index] ?? last;
    const low = index === 0 ? Math.min(0, high) : (bounds[index - 1] ?? last);
    const isOpen = index === 0 || index >= bounds.length;
    buckets.push({ low, high, value: (low + high) / 2, count, isOpen });
  }
  return formatBuckets(buckets, sum, extremes);
}

/** The lowest first, as those of a classic histogram are. */
export function formatExponential(point: ExponentialPoint): EventValues {
  const { scale, positive, negative, zeroCount, sum, extremes } = point;
  const power = (index: number): number => 2 ** (index * 2 ** -scale);
  const buckets: Bucket[] = [];
  for (let i = negative.counts.length - 1; i >= 0; i--) {
    const count = negative.counts[i] ?? 0;
    if (count <= 0) continue;
    const low = -power(negative.offset + i + 1);
    const high = -power(negative.offset + i);
    buckets.push({ low, high, value: (low + high) / 2, count, isOpen: false });
  }
  if (zeroCount > 0) buckets.push({ low: 0, high: 0, value: 0, count: zeroCount, isOpen: false });
  for (const [i, count] of positive.counts.entries()) {
    if (count <= 0) continue;
    const low = power(positive.offset + i);
    const high = power(positive.offset + i + 1);
    buckets.push({ low, high, value: (low + high) / 2, count, isOpen: false });
  }
  return formatBuckets(buckets, sum, extremes);
}

/** @param buckets  those that hold something, ascending */
function formatBuckets(
  buckets: readonly Bucket[],
  sum: number | undefined,
  extremes: Extremes | undefined,
): EventValues {
  if (buckets.length === 0) return NOTHING;
  const all = sharpen(tighten(buckets, extremes), sum);
  const estimate = all.reduce((total, { value, count }) => total + value * count, 0);
  // A sum that one NaN has spoilt for ever is no reason to lose the buckets.
  const total = sum === undefined || !Number.isFinite(sum) ? estimate : sum;
  const leftOut = findFault([total, ...all.flatMap(({ low, high, count }) => [low, high, count])]);
  if (leftOut !== undefined) return { leftOut };
  const parts: string[] = [];
  for (let from = 0; from < all.length; from += EMF_VALUES_MAX) {
    const part = all.slice(from, from + EMF_VALUES_MAX);
    const own = part.reduce((share, { value, count }) => share + value * count, 0);
    const share =
      all.length <= EMF_VALUES_MAX ? total : estimate === 0 ? 0 : (total * own) / estimate;
    parts.push(formatPart(part, share));
  }
  return { parts };
}

/** Ends the outermost buckets at the least and greatest observation, where these lie in them. */
function tighten(buckets: readonly Bucket[], extremes: Extremes | undefined): readonly Bucket[] {
  if (extremes === undefined) return buckets;
  const { min, max } = extremes;
  const all = [...buckets];
  const narrow = (at: number, low: number, high: number): void => {
    const one = all.at(at);
    if (one !== undefined) all.splice(at, 1, { ...one, low, high, value: (low + high) / 2 });
  };
  const [first] = all;
  // Without bounds there is one bucket, of which nothing else is known.
  if (Number.isNaN(first?.high)) narrow(0, min, max);
  if (first !== undefined && min <= first.high && (first.isOpen || min >= first.low))
    narrow(0, min, first.high);
  const last = all.at(-1);
  if (last !== undefined && max >= last.low && (last.isOpen || max <= last.high))
    narrow(-1, last.low, max);
  return all;
}

/** Where all is in one bucket, its mean stands for it; a single observation is known exactly. */
function sharpen(buckets: readonly Bucket[], sum: number | undefined): readonly Bucket[] {
  const [only] = buckets;
  if (buckets.length > 1 || only === undefined || sum === undefined || !Number.isFinite(sum))
    return buckets;
  const { low, high, count, isOpen } = only;
  const mean = sum / count;
  if (count === 1 || Number.isNaN(low)) return [{ ...only, low: mean, high: mean, value: mean }];
  if (isOpen)
    return [{ ...only, low: Math.min(low, mean), high: Math.max(high, mean), value: mean }];
  return [{ ...only, value: Math.min(high, Math.max(low, mean)) }];
}

function formatPart(part: readonly Bucket[], sum: number): string {
  const values = part.map(({ value }) => toJson(value)).join(',');
  const counts = part.map(({ count }) => toJson(count)).join(',');
  const count = part.reduce((total, one) => total + one.count, 0);
  const min = part[0]?.low ?? 0;
  const max = part.at(-1)?.high ?? 0;
  const statistics = formatStatistics({ min, max, count, sum });
  return `{"Values":[${values}],"Counts":[${counts}],${statistics.slice(1)}`;
}

function formatStatistics(set: { min: number; max: number; count: number; sum: number }): string {
  const { min, max, count, sum } = set;
  return JSON.stringify({ Max: max, Min: min, Count: count, Sum: sum });
}

function findFault(values: readonly number[]): LeftOutReason | undefined {
  for (const value of values) {
    if (!Number.isFinite(value)) return 'not_a_number';
    if (Math.abs(value) > EMF_VALUE_MAX) return 'out_of_range';
  }
  return undefined;
}

function toJson(value: number): string {
  return String(value);
}
