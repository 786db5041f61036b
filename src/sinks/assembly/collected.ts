/**
 * What one transaction has appended to a metric, and the metrics that are made of it. Pure.
 *
 * A metric is made for each kind of point: a family that a target exposes both as classic and as
 * native histogram is two metrics of one name. Parts of which no whole point can be made are
 * metrics under the names of their series, so that nothing is lost.
 */
import { type LabelSet, makeLabelSet } from '../../model/labels.ts';
import type {
  ExponentialPoint,
  HistogramPoint,
  OtelMetric,
  MetricData,
  MetricPoint,
  NumberPoint,
  ResourceMetrics,
  SummaryPoint,
} from '../../model/otel-metrics.ts';
import type { Exemplar } from '../../model/sample.ts';
import { formatSampleValue } from '../../wire/exposition/writer.ts';
import { makeHistogramPoint, makeSummaryPoint, type Parts } from './distribution.ts';
import { isCustom, makeCustomPoint, makeExponentialPoint, makeStaleExponential } from './native.ts';
import type { CollectedSample, MetricSlot } from './slot.ts';

/** Points that are made between two yields. */
const SLICE = 256;

/** In slices; by resource, in the order in which they were appended. */
export function* makeMetrics(
  slots: readonly MetricSlot[],
): Generator<undefined, readonly ResourceMetrics[], undefined> {
  const resources = new Map<string, { resource: LabelSet; metrics: OtelMetric[] }>();
  const pace: Pace = { points: 0 };
  for (const slot of slots) {
    const { resource, resourceKey } = slot;
    const metrics = yield* listMetrics(slot, pace);
    if (metrics.length === 0) continue;
    const known = resources.get(resourceKey);
    if (known === undefined) resources.set(resourceKey, { resource, metrics: [...metrics] });
    else known.metrics.push(...metrics);
  }
  return [...resources.values()];
}

/** How many points have been made so far. */
interface Pace {
  points: number;
}

/** Whether other work has a turn. */
function isSliceOver(pace: Pace): boolean {
  pace.points += 1;
  return pace.points % SLICE === 0;
}

function* listMetrics(
  slot: MetricSlot,
  pace: Pace,
): Generator<undefined, readonly OtelMetric[], undefined> {
  const { collected, family } = slot;
  if (collected === undefined) return [];
  const isDelta = family.isDelta ?? false;
  const orphans = new Map<string, NumberPoint[]>();
  const histograms: HistogramPoint[] = [];
  const summaries: SummaryPoint[] = [];
  for (const { open, startMs } of collected.groups)
    for (const parts of open) {
      if (family.type === 'summary') {
        const point = makeSummaryPoint(parts, startMs);
        if (point === undefined) addOrphans(orphans, slot, parts, startMs);
        else summaries.push(point);
      } else {
        const point = makeHistogramPoint(parts, startMs);
        if (point === undefined) addOrphans(orphans, slot, parts, startMs);
        else histograms.push(point);
      }
      if (isSliceOver(pace)) yield;
    }
  const exponentials: ExponentialPoint[] = [];
  for (const sample of collected.natives) {
    const { histogram } = sample;
    const common = makeCommon(sample, histogram === undefined);
    if (histogram === undefined) exponentials.push(makeStaleExponential(common));
    else if (isCustom(histogram)) histograms.push(makeCustomPoint(common, histogram));
    else exponentials.push(makeExponentialPoint(common, histogram));
    if (isSliceOver(pace)) yield;
  }
  const numbers: NumberPoint[] = [];
  for (const sample of collected.numbers) {
    numbers.push(makeNumber(slot, sample));
    if (isSliceOver(pace)) yield;
  }
  const all: readonly MetricData[] = [
    makeNumbers(family, isDelta, numbers),
    { kind: 'histogram', isDelta, points: histograms },
    { kind: 'exponential', isDelta, points: exponentials },
    { kind: 'summary', points: summaries },
  ];
  return [
    ...all
      .filter(({ points }) => points.length > 0)
      .map((data) => makeMetric(slot, slot.name, data)),
    ...[...orphans].map(([suffix, points]) =>
      makeMetric(slot, slot.name + suffix, makeOrphanData(suffix, isDelta, points)),
    ),
  ];
}

function makeMetric(
  { description, unit, family }: MetricSlot,
  name: string,
  data: MetricData,
): OtelMetric {
  return { name, description, unit, type: family.type, data };
}

function makeNumbers(
  { type, isSum: isTold = false }: MetricSlot['family'],
  isDelta: boolean,
  points: readonly NumberPoint[],
): MetricData {
  // An info and a state set are sums that go up and down, as the Collector has them, and so are
  // increases of what is no counter.
  const isSum = isTold || isDelta || type === 'counter' || type === 'info' || type === 'stateset';
  return isSum
    ? { kind: 'sum', isMonotonic: type === 'counter', isDelta, points }
    : { kind: 'gauge', points };
}

function makeNumber(
  { family }: MetricSlot,
  sample: CollectedSample & { readonly value: number | undefined },
): NumberPoint {
  const { value } = sample;
  const common = makeCommon(sample, value === undefined);
  const startMs = family.type === 'counter' ? common.startMs : undefined;
  return { ...common, startMs, value: value ?? 0 };
}

function makeCommon({ group, tMs, exemplars }: CollectedSample, isStale: boolean): MetricPoint {
  const { attributes, startMs } = group;
  return { attributes, tMs, startMs, isStale, exemplars };
}

/** A quantile is a gauge; a _sum may go down, where an observation is negative. */
function makeOrphanData(
  suffix: string,
  isDelta: boolean,
  points: readonly NumberPoint[],
): MetricData {
  if (suffix === '') return { kind: 'gauge', points };
  return { kind: 'sum', isMonotonic: suffix !== '_sum', isDelta, points };
}

function addOrphans(
  orphans: Map<string, NumberPoint[]>,
  { family }: MetricSlot,
  { attributes, tMs, count, sum, bounds, exemplars }: Parts,
  startMs: number | undefined,
): void {
  const add = (
    suffix: string,
    value: number | undefined,
    labels: LabelSet,
    own: readonly Exemplar[] = [],
  ): void => {
    const points = orphans.get(suffix) ?? [];
    orphans.set(suffix, points);
    const isStale = value === undefined;
    const started = suffix === '' ? undefined : startMs;
    points.push({
      attributes: labels,
      tMs,
      startMs: started,
      isStale,
      exemplars: own,
      value: value ?? 0,
    });
  };
  if (count !== undefined) add('_count', count.value, attributes);
  if (sum !== undefined) add('_sum', sum.value, attributes);
  const [suffix, label] = family.type === 'summary' ? ['', 'quantile'] : ['_bucket', 'le'];
  let left = exemplars;
  for (const [bound, value] of [...bounds].sort(([a], [b]) => a - b)) {
    const own = { name: label, value: formatSampleValue(bound) };
    const pairs = [...attributes, own].map((one) => [one.name, one.value] as const);
    add(suffix, value, makeLabelSet(pairs), left);
    left = [];
  }
}
