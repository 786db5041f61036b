/**
 * Functions of a range vector: from a window of samples to one value or none. Windows have no stale
 * markers.
 * Source: Prometheus' documented behaviour,
 * https://prometheus.io/docs/prometheus/latest/querying/functions/
 */
import { computeQuantile } from './quantile.ts';

export interface Window {
  readonly times: Float64Array;
  readonly values: Float64Array;
  /** The samples of the window are lo ≤ i < hi; there is at least one. */
  lo: number;
  hi: number;
  /** The window's bounds, ms: startMs < t ≤ endMs. */
  startMs: number;
  endMs: number;
  /** The time of the step, which `offset` and `@` do not move, ms. */
  stepMs: number;
  /** The scalar parameter at this step; 0 for functions without one. */
  parameter: number;
}

/** Returns undefined where the series has no value at this step. */
export type RangeFunction = (window: Window) => number | undefined;

const FUNCTIONS: Readonly<Record<string, RangeFunction>> = {
  rate: (window) => extrapolate(window, true, true),
  increase: (window) => extrapolate(window, true, false),
  delta: (window) => extrapolate(window, false, false),
  irate: (window) => compareLastTwo(window, true),
  idelta: (window) => compareLastTwo(window, false),
  count_over_time: ({ lo, hi }) => hi - lo,
  sum_over_time: (window) => sumSamples(window),
  avg_over_time: computeAverage,
  min_over_time: (window) => findExtreme(window, (a, b) => a < b),
  max_over_time: (window) => findExtreme(window, (a, b) => a > b),
  last_over_time: ({ values, hi }) => values[hi - 1],
  first_over_time: ({ values, lo }) => values[lo],
  present_over_time: () => 1,
  stddev_over_time: (window) => Math.sqrt(computeVariance(window)),
  stdvar_over_time: computeVariance,
  quantile_over_time: ({ values, lo, hi, parameter }) =>
    computeQuantile(parameter, values.subarray(lo, hi)),
  mad_over_time: ({ values, lo, hi }) => computeMedianDeviation(values.subarray(lo, hi)),
  ts_of_last_over_time: ({ times, hi }) => (times[hi - 1] ?? 0) / 1_000,
  ts_of_first_over_time: ({ times, lo }) => (times[lo] ?? 0) / 1_000,
  ts_of_max_over_time: (window) => findTimeOfLast(window, (a, b) => a >= b),
  ts_of_min_over_time: (window) => findTimeOfLast(window, (a, b) => a <= b),
  changes: (window) =>
    countPairs(
      window,
      (before, now) => now !== before && !(Number.isNaN(now) && Number.isNaN(before)),
    ),
  resets: (window) => countPairs(window, (before, now) => now < before),
  deriv: (window) => fitLine(window, window.times[window.lo] ?? 0)?.slope,
  predict_linear: (window) => {
    const line = fitLine(window, window.stepMs);
    return line === undefined ? undefined : line.slope * window.parameter + line.intercept;
  },
};

export const RANGE_FUNCTIONS: ReadonlyMap<string, RangeFunction> = new Map(
  Object.entries(FUNCTIONS),
);

/** The functions whose results keep the metric name. */
export const KEEPS_NAME = new Set(['last_over_time', 'first_over_time']);

/**
 * rate, increase and delta: the difference of the last and first sample, extrapolated to the
 * window's bounds. Where the first or last sample is 1.1 average spacings or more from its bound,
 * only half a spacing is added; a counter is not extrapolated below zero.
 */
function extrapolate(
  { times, values, lo, hi, startMs, endMs }: Window,
  isCounter: boolean,
  isRate: boolean,
): number | undefined {
  const count = hi - lo;
  if (count < 2) return undefined;
  const first = values[lo] ?? 0;
  const firstMs = times[lo] ?? 0;
  const lastMs = times[hi - 1] ?? 0;
  let result = (values[hi - 1] ?? 0) - first;
  if (isCounter) {
    let before = first;
    for (let i = lo + 1; i < hi; i++) {
      const now = values[i] ?? 0;
      if (now < before) result += before;
      before = now;
    }
  }
  const sampled = (lastMs - firstMs) / 1_000;
  const spacing = sampled / (count - 1);
  const threshold = spacing * 1.1;
  let toStart = (firstMs - startMs) / 1_000;
  let toEnd = (endMs - lastMs) / 1_000;
  if (toStart >= threshold) toStart = spacing / 2;
  if (isCounter && result > 0 && first >= 0)
    toStart = Math.min(toStart, sampled * (first / result));
  if (toEnd >= threshold) toEnd = spacing / 2;
  const factor = (sampled + toStart + toEnd) / sampled;
  return result * (isRate ? factor / ((endMs - startMs) / 1_000) : factor);
}

function compareLastTwo({ times, values, lo, hi }: Window, isRate: boolean): number | undefined {
  if (hi - lo < 2) return undefined;
  const last = values[hi - 1] ?? 0;
  const before = values[hi - 2] ?? 0;
  const spanMs = (times[hi - 1] ?? 0) - (times[hi - 2] ?? 0);
  if (spanMs === 0) return undefined;
  if (!isRate) return last - before;
  return (last < before ? last : last - before) / (spanMs / 1_000);
}

/** Neumaier's sum: the low bits that rounding loses are summed apart and added at the end. */
function sumSamples({ values, lo, hi }: Window): number {
  let sum = 0;
  let lost = 0;
  for (let i = lo; i < hi; i++) {
    const value = values[i] ?? 0;
    const next = sum + value;
    if (Math.abs(next) === Infinity) lost = 0;
    else lost += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum;
    sum = next;
  }
  return sum + lost;
}

function computeAverage(window: Window): number {
  const count = window.hi - window.lo;
  const sum = sumSamples(window);
  if (Number.isFinite(sum) || !areFinite(window)) return sum / count;
  // The sum overflowed, but the mean of finite values is finite.
  let mean = 0;
  for (let i = window.lo; i < window.hi; i++) {
    const nth = i - window.lo + 1;
    mean += (window.values[i] ?? 0) / nth - mean / nth;
  }
  return mean;
}

function areFinite({ values, lo, hi }: Window): boolean {
  for (let i = lo; i < hi; i++) if (!Number.isFinite(values[i])) return false;
  return true;
}

/** The value that wins over all others; NaN only where all are NaN. */
function findExtreme({ values, lo, hi }: Window, wins: (a: number, b: number) => boolean): number {
  let best = values[lo] ?? 0;
  for (let i = lo + 1; i < hi; i++) {
    const value = values[i] ?? 0;
    if (wins(value, best) || Number.isNaN(best)) best = value;
  }
  return best;
}

/** The time of the winning sample, s; of the last one where several win. */
function findTimeOfLast(
  { times, values, lo, hi }: Window,
  wins: (a: number, b: number) => boolean,
): number {
  let best = lo;
  for (let i = lo + 1; i < hi; i++) {
    if (wins(values[i] ?? 0, values[best] ?? 0) || Number.isNaN(values[best])) best = i;
  }
  return (times[best] ?? 0) / 1_000;
}

function computeMedianDeviation(values: Float64Array): number {
  const median = computeQuantile(0.5, values);
  return computeQuantile(
    0.5,
    values.map((value) => Math.abs(value - median)),
  );
}

function computeVariance({ values, lo, hi }: Window): number {
  let mean = 0;
  let sum = 0;
  for (let i = lo; i < hi; i++) {
    const value = values[i] ?? 0;
    const distance = value - mean;
    mean += distance / (i - lo + 1);
    sum += distance * (value - mean);
  }
  return sum / (hi - lo);
}

function countPairs(
  { values, lo, hi }: Window,
  counts: (before: number, now: number) => boolean,
): number {
  let count = 0;
  for (let i = lo + 1; i < hi; i++) if (counts(values[i - 1] ?? 0, values[i] ?? 0)) count += 1;
  return count;
}

/** Fits a line by least squares: its slope per second, and its value at `interceptMs`. */
function fitLine(
  { times, values, lo, hi }: Window,
  interceptMs: number,
): { slope: number; intercept: number } | undefined {
  const count = hi - lo;
  if (count < 2) return undefined;
  let sumX = 0;
  let sumY = 0;
  let sumXY = 0;
  let sumXX = 0;
  const first = values[lo] ?? 0;
  let isConstant = true;
  for (let i = lo; i < hi; i++) {
    const x = ((times[i] ?? 0) - interceptMs) / 1_000;
    const y = values[i] ?? 0;
    if (y !== first) isConstant = false;
    sumX += x;
    sumY += y;
    sumXY += x * y;
    sumXX += x * x;
  }
  if (isConstant)
    return Number.isFinite(first) ? { slope: 0, intercept: first } : { slope: NaN, intercept: NaN };
  const slope = (sumXY - (sumX * sumY) / count) / (sumXX - (sumX * sumX) / count);
  return { slope, intercept: sumY / count - (slope * sumX) / count };
}
