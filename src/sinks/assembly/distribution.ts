/**
 * Makes whole points of the series of a histogram or a summary, as one scrape has them. Pure.
 *
 *     x_bucket{le="1"} 2, x_bucket{le="+Inf"} 5, x_sum 9, x_count 5
 *     → { count 5, sum 9, bounds [1], counts [2, 3] }
 *
 * What a filter has taken away is filled in where the rest says it: without _count the bucket +Inf
 * is the count; without +Inf the count is that bucket; a bound that is missing in between joins its
 * bucket to the next. Without both there is no point, and the parts are metrics of their own.
 * Source: https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/
 */
import type { Extremes } from '../../model/histogram.ts';
import type { LabelSet } from '../../model/labels.ts';
import type { HistogramPoint, MetricPoint, SummaryPoint } from '../../model/otel-metrics.ts';
import type { Exemplar } from '../../model/sample.ts';

/** The value of a part; undefined where the scrape has the stale marker for it. */
type PartValue = number | undefined;

/** The parts of one point, which one transaction appended for one time. */
export interface Parts {
  readonly attributes: LabelSet;
  readonly tMs: number;
  count: { readonly value: PartValue } | undefined;
  sum: { readonly value: PartValue } | undefined;
  extremes: Extremes | undefined;
  /** By bound or quantile: as series have them, cumulative. */
  readonly bounds: Map<number, PartValue>;
  readonly exemplars: Exemplar[];
}

export function newParts(attributes: LabelSet, tMs: number): Parts {
  const bounds = new Map<number, PartValue>();
  const none = { count: undefined, sum: undefined, extremes: undefined };
  return { attributes, tMs, ...none, bounds, exemplars: [] };
}

/** Undefined when neither _count nor the bucket +Inf is there. */
export function makeHistogramPoint(
  parts: Parts,
  startMs: number | undefined,
): HistogramPoint | undefined {
  const total = parts.count ?? wholeBucket(parts);
  if (total === undefined) return undefined;
  const isStale = !hasValue(parts);
  const buckets = sortBounds(parts, isStale).filter(({ bound }) => bound !== Infinity);
  const bounds = buckets.map(({ bound }) => bound);
  const common = makeCommon(parts, startMs, isStale);
  if (isStale) {
    const counts = new Array<number>(bounds.length + 1).fill(0);
    return { ...common, count: 0, sum: undefined, bounds, counts };
  }
  const count = total.value ?? wholeBucket(parts)?.value;
  if (count === undefined) return undefined;
  // A target that is read while it counts may have a bucket above the next one.
  const counts = [...buckets.map(({ value }) => value), count].map((value, index) =>
    Math.max(0, value - (index === 0 ? 0 : (buckets[index - 1]?.value ?? 0))),
  );
  const told = parts.extremes === undefined ? {} : { extremes: parts.extremes };
  return { ...common, count, sum: parts.sum?.value, ...told, bounds, counts };
}

/** Undefined when there is no _count. */
export function makeSummaryPoint(
  parts: Parts,
  startMs: number | undefined,
): SummaryPoint | undefined {
  if (parts.count === undefined) return undefined;
  const isStale = !hasValue(parts);
  const quantiles = sortBounds(parts, isStale).map(({ bound, value }) => ({
    quantile: bound,
    value,
  }));
  const common = makeCommon(parts, startMs, isStale);
  if (isStale) return { ...common, count: 0, sum: undefined, quantiles };
  const { value: count } = parts.count;
  return count === undefined ? undefined : { ...common, count, sum: parts.sum?.value, quantiles };
}

function makeCommon(
  { attributes, tMs, exemplars }: Parts,
  startMs: number | undefined,
  isStale: boolean,
): MetricPoint {
  return { attributes, tMs, startMs, isStale, exemplars };
}

/** Whether a part has a value. Where all have ended, the point has ended. */
function hasValue({ count, sum, bounds }: Parts): boolean {
  if (count?.value !== undefined || sum?.value !== undefined) return true;
  for (const value of bounds.values()) if (value !== undefined) return true;
  return false;
}

function wholeBucket({ bounds }: Parts): { readonly value: PartValue } | undefined {
  return bounds.has(Infinity) ? { value: bounds.get(Infinity) } : undefined;
}

/** Ascending. A bound that has ended beside others that go on is left out. */
function sortBounds(
  { bounds }: Parts,
  isStale: boolean,
): { readonly bound: number; readonly value: number }[] {
  return [...bounds]
    .filter(([, value]) => isStale || value !== undefined)
    .map(([bound, value]) => ({ bound, value: value ?? 0 }))
    .sort((a, b) => a.bound - b.bound);
}
