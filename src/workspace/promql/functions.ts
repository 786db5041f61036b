/**
 * Functions of instant vectors and scalars. Which functions exist is in types.ts; this file holds how.
 * Source: https://prometheus.io/docs/prometheus/latest/querying/functions/
 */
import { type LabelSet, labelSetKey, labelValue } from '../../model/labels.ts';
import { type Column, newColumn, withoutName } from './value.ts';

/** value → value, the same for every series and step. */
export const MATH_FUNCTIONS: Readonly<Record<string, (value: number) => number>> = {
  abs: Math.abs, ceil: Math.ceil, floor: Math.floor, exp: Math.exp, sqrt: Math.sqrt, ln: Math.log, log2: Math.log2, log10: Math.log10,
  sgn: (value) => (value < 0 ? -1 : value > 0 ? 1 : value),
  acos: Math.acos, acosh: Math.acosh, asin: Math.asin, asinh: Math.asinh, atan: Math.atan, atanh: Math.atanh,
  cos: Math.cos, cosh: Math.cosh, sin: Math.sin, sinh: Math.sinh, tan: Math.tan, tanh: Math.tanh,
  deg: (value) => (value * 180) / Math.PI, rad: (value) => (value * Math.PI) / 180,
}; // prettier-ignore

/** To the nearest multiple of `to`, halves up. */
export function round(value: number, to: number): number {
  // Dividing by the inverse is exact for more steps than multiplying: round(0.15, 0.05).
  const inverse = 1 / to;
  return Math.floor(value * inverse + 0.5) / inverse;
}

export function clamp(value: number, least: number, most: number): number {
  if (Number.isNaN(value)) return value;
  return Math.max(least, Math.min(most, value));
}

interface Bucket {
  readonly bound: number;
  count: number;
}

/** Relative differences between buckets below this are rounding, not a broken histogram. */
const ROUNDING = 1e-12;

/** histogram_quantile over classic buckets: series that differ only in `le` are one histogram. */
export function histogramQuantile(
  q: Float64Array,
  columns: readonly Column[],
  steps: number,
): Column[] {
  const histograms = new Map<
    string,
    { labels: LabelSet; buckets: { bound: number; column: Column }[] }
  >();
  for (const column of columns) {
    const bound = parseBound(labelValue(column.labels, 'le'));
    if (bound === undefined) continue;
    const labels = withoutName(column.labels).filter(({ name }) => name !== 'le');
    const key = labelSetKey(labels);
    const histogram = histograms.get(key) ?? { labels, buckets: [] };
    histograms.set(key, histogram);
    histogram.buckets.push({ bound, column });
  }
  return [...histograms.values()].map(({ labels, buckets }) => {
    const result = newColumn(labels, steps);
    const sorted = buckets.toSorted((a, b) => a.bound - b.bound);
    for (let i = 0; i < steps; i++) {
      const here = sorted
        .filter(({ column }) => column.present[i] === 1)
        .map(({ bound, column }) => ({ bound, count: column.values[i] ?? 0 }));
      if (here.length === 0) continue;
      result.present[i] = 1;
      result.values[i] = bucketQuantile(q[i] ?? NaN, here);
    }
    return result;
  });
}

function parseBound(le: string): number | undefined {
  if (/^[+]?Inf$/i.test(le)) return Infinity;
  const bound = Number(le);
  return le.trim() === '' || Number.isNaN(bound) ? undefined : bound;
}

/** Buckets sorted by bound. */
function bucketQuantile(q: number, given: readonly Bucket[]): number {
  if (Number.isNaN(q)) return NaN;
  if (q < 0) return -Infinity;
  if (q > 1) return Infinity;
  if (given.at(-1)?.bound !== Infinity) return NaN;
  const buckets = monotonic(given);
  const last = buckets.at(-1);
  if (last === undefined || buckets.length < 2 || last.count === 0) return NaN;
  const rank = q * last.count;
  const index = buckets.findIndex(({ count }, at) => at === buckets.length - 1 || count >= rank);
  if (index === buckets.length - 1) return buckets[buckets.length - 2]?.bound ?? NaN;
  const { bound, count } = buckets[index] ?? last;
  if (index === 0 && bound <= 0) return bound;
  const below = buckets[index - 1] ?? { bound: 0, count: 0 };
  return below.bound + (bound - below.bound) * ((rank - below.count) / (count - below.count));
}

/** Equal bounds joined, counts never falling. */
function monotonic(given: readonly Bucket[]): Bucket[] {
  const buckets: Bucket[] = [];
  for (const { bound, count } of given) {
    const last = buckets.at(-1);
    if (last?.bound === bound) last.count += count;
    else buckets.push({ bound, count });
  }
  let most = -Infinity;
  for (const bucket of buckets) {
    const isRounding = Math.abs(bucket.count - most) <= ROUNDING * Math.abs(most);
    if (bucket.count < most || (isRounding && most !== -Infinity)) bucket.count = most;
    else most = bucket.count;
  }
  return buckets;
}
