/**
 * Statistics of a metric over periods. Periods follow each other from the start of the range, which
 * is rounded down as CloudWatch does: to a minute up to 15 days ago, to 5 minutes up to 63 days, to
 * an hour beyond; for a period below a minute to a multiple of it. A percentile is the value at its
 * rank.
 * Pure.
 * Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
 */
import { refuseValue } from './requests.ts';
import { addTotals, type Bucket, type StoredMetric } from './store.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const SHORT_PERIODS_SECONDS = [1, 5, 10, 20, 30];
const BASIC = ['SampleCount', 'Average', 'Sum', 'Minimum', 'Maximum'] as const;
const PERCENTILE = /^p(\d{1,2}(?:\.\d{1,10})?|100)$/;

export interface Range {
  readonly startMs: number;
  /** Does not belong to the range. */
  readonly endMs: number;
  readonly periodMs: number;
}

/** All buckets of a period together. */
export interface ValueSummary {
  readonly atMs: number;
  count: number;
  sum: number;
  min: number;
  max: number;
  /** Undefined where not all values are known. */
  values: Map<number, number> | undefined;
}

/** @throws AwsError for a period that CloudWatch does not have, and for an empty range */
export function makeRange(
  { startMs, endMs, periodSeconds }: { startMs: number; endMs: number; periodSeconds: number },
  nowMs: number,
): Range {
  const isShort = SHORT_PERIODS_SECONDS.includes(periodSeconds);
  if (!isShort && (periodSeconds < 60 || periodSeconds % 60 !== 0))
    throw refuseValue(
      'The parameter Period must be 1, 5, 10, 20, 30 or a multiple of 60, not ' + periodSeconds,
    );
  if (!(startMs < endMs))
    throw refuseValue('The parameter StartTime must be less than the parameter EndTime.');
  const ageMs = nowMs - startMs;
  const minutes = ageMs > 63 * DAY_MS ? 60 : ageMs > 15 * DAY_MS ? 5 : 1;
  const periodMs = periodSeconds * 1_000;
  const stepMs = isShort && minutes === 1 ? periodMs : minutes * MINUTE_MS;
  return { startMs: startMs - (startMs % stepMs), endMs, periodMs };
}

/** In order of time; periods without a value are left out. @param unit  all units if absent */
export function summarizeValues(
  metric: StoredMetric | undefined,
  { startMs, endMs, periodMs }: Range,
  unit?: string,
): ValueSummary[] {
  const found = new Map<number, ValueSummary>();
  for (const bucket of metric?.buckets.values() ?? []) {
    if (bucket.atMs < startMs || bucket.atMs >= endMs) continue;
    if (unit !== undefined && bucket.unit !== unit) continue;
    const atMs = bucket.atMs - ((bucket.atMs - startMs) % periodMs);
    const into = found.get(atMs) ?? startAggregate(atMs);
    found.set(atMs, into);
    addTotals(into, bucket);
    into.values = joinValues(into.values, bucket);
  }
  return [...found.values()].sort((a, b) => a.atMs - b.atMs);
}

function startAggregate(atMs: number): ValueSummary {
  return { atMs, count: 0, sum: 0, min: Infinity, max: -Infinity, values: new Map() };
}

function joinValues(
  into: Map<number, number> | undefined,
  { values }: Bucket,
): Map<number, number> | undefined {
  if (into === undefined || values === undefined) return undefined;
  for (const [value, count] of values) into.set(value, (into.get(value) ?? 0) + count);
  return into;
}

/** Reads one statistic of a period; undefined where there is none. */
export type ReadStatistic = (aggregate: ValueSummary) => number | undefined;

/** @throws AwsError for a statistic that is not here, by its name */
export function parseStatistic(name: string): ReadStatistic {
  switch (name) {
    case 'SampleCount':
      return ({ count }) => count;
    case 'Sum':
      return ({ sum }) => sum;
    case 'Average':
      return ({ sum, count }) => (count === 0 ? undefined : sum / count);
    case 'Minimum':
      return ({ min }) => min;
    case 'Maximum':
      return ({ max }) => max;
    default: {
      const percent = PERCENTILE.exec(name)?.[1];
      if (percent !== undefined) return (period) => findPercentile(period, Number(percent));
      throw refuseValue(
        `The statistic ${name} is not supported here; these are: ${BASIC.join(', ')}, pNN`,
      );
    }
  }
}

function findPercentile(
  { values, count, min, max }: ValueSummary,
  percent: number,
): number | undefined {
  // Of a statistic set CloudWatch has percentiles if all its values must be equal.
  if (values === undefined) return min === max ? min : undefined;
  const rank = Math.ceil((percent / 100) * count);
  let seen = 0;
  for (const [value, times] of [...values].sort(([a], [b]) => a - b)) {
    seen += times;
    if (seen >= rank && times > 0) return value;
  }
  return undefined;
}
