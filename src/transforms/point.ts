/**
 * A series as the processors of an OpenTelemetry collector see it: a metric, attributes and a
 * resource. What a Prometheus series has in its labels besides (the suffix of its name, `le`,
 * `quantile`) belongs to the kind of the metric and is no attribute.
 *
 *     http_seconds_bucket{le="0.1", path="/"}   of a histogram http_seconds
 *     metric http_seconds, attributes {path="/"}, part {suffix "_bucket", le "0.1"}
 *
 * Pure.
 * Source: https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/
 */
import { type Label, makeLabelSet, METRIC_NAME } from '../model/labels.ts';
import type { SeriesFamily, SeriesType } from '../model/sample.ts';
import type { TransformedSeries } from '../model/transform.ts';

/** May be changed; `closePoint` makes a series of it again. */
export interface Point {
  /** Name of the metric. */
  name: string;
  type: SeriesType;
  unit: string;
  isDelta: boolean;
  readonly attributes: Map<string, string>;
  readonly resource: Map<string, string>;
  /** What the samples are multiplied by. */
  scale: number;
  /** Which of a metric's series this is: '' for its only one, `_bucket`, `_sum` or `_count`. */
  readonly suffix: string;
  /** The label `le` or `quantile` of a part of a distribution. */
  readonly bound: Label | undefined;
  /** The family that the series had; kept where nothing of it changes, so that series share it. */
  readonly opened: SeriesFamily;
}

/** Opens a series. Changes of the point do not reach the series. */
export function openPoint({ labels, family, resource, scale }: TransformedSeries): Point {
  const attributes = new Map(labels.map(({ name, value }) => [name, value]));
  const whole = attributes.get(METRIC_NAME) ?? '';
  attributes.delete(METRIC_NAME);
  // OpenMetrics leaves `_total` out of the family of a counter; a Collector's metric has it.
  const hasParts = family.type !== 'counter' || whole.endsWith('_created');
  const isPart = hasParts && whole.startsWith(family.name);
  const suffix = isPart ? whole.slice(family.name.length) : '';
  const bound = findBound(labels, family.type, suffix);
  if (bound !== undefined) attributes.delete(bound.name);
  return {
    name: suffix === '' ? whole : family.name,
    type: family.type,
    unit: family.unit,
    isDelta: family.isDelta ?? false,
    attributes,
    resource: new Map(resource.map(({ name, value }) => [name, value])),
    scale,
    suffix,
    bound,
    opened: family,
  };
}

export function closePoint(point: Point): TransformedSeries {
  const { name, attributes, resource, scale, suffix, bound } = point;
  const labels = new Map(attributes);
  labels.set(METRIC_NAME, name + suffix);
  if (bound !== undefined) labels.set(bound.name, bound.value);
  return {
    labels: makeLabelSet(labels),
    family: closeFamily(point),
    resource: makeLabelSet(resource),
    scale,
  };
}

function closeFamily({ name, type, unit, isDelta, opened }: Point): SeriesFamily {
  const isSame =
    name === opened.name &&
    type === opened.type &&
    unit === opened.unit &&
    isDelta === (opened.isDelta ?? false);
  return isSame ? opened : { name, type, unit, ...(isDelta ? { isDelta } : {}) };
}

function findBound(
  labels: TransformedSeries['labels'],
  type: SeriesType,
  suffix: string,
): Label | undefined {
  const isBucket = suffix === '_bucket' && (type === 'histogram' || type === 'gaugehistogram');
  const wanted = isBucket ? 'le' : type === 'summary' && suffix === '' ? 'quantile' : undefined;
  return wanted === undefined ? undefined : labels.find(({ name }) => name === wanted);
}
