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
import { type Label, METRIC_NAME } from './labels.ts';
import type { SeriesFamily, SeriesType } from './sample.ts';

/** May be changed; `OpenSeries` makes a series of it again. */
export interface Point {
  /** Name of the metric. */
  name: string;
  type: SeriesType;
  unit: string;
  isDelta: boolean;
  /** In no particular order, as the resource; none of them is empty when a transform begins. */
  readonly attributes: Map<string, string>;
  readonly resource: Map<string, string>;
  /** What the samples are multiplied by. */
  scale: number;
  /** Which of a metric's series this is: '' for its only one, `_bucket`, `_sum` or `_count`. */
  suffix: string;
  /** The label `le` or `quantile` of a part of a distribution. */
  bound: Label | undefined;
}

/** What a point shares with the form in which the series has its labels. */
export interface PointOrigin {
  readonly family: SeriesFamily;
  readonly resource: Map<string, string>;
  readonly scale: number;
}

/**
 * Makes a point of labels. The resource is asked for where the point's is: few transforms read it.
 *
 * @param attributes  all labels; the point takes the map over
 */
export function splitLabels(attributes: Map<string, string>, origin: PointOrigin): Point {
  const { family, scale } = origin;
  const { type, unit, isDelta = false } = family;
  const whole = attributes.get(METRIC_NAME) ?? '';
  attributes.delete(METRIC_NAME);
  // OpenMetrics leaves `_total` out of the family of a counter; a Collector's metric has it.
  const isPart = hasParts(type, whole) && whole.startsWith(family.name);
  const suffix = isPart ? whole.slice(family.name.length) : '';
  const name = suffix === '' ? whole : family.name;
  const bound = takeBound(attributes, type, suffix);
  const point = new SplitPoint(attributes, origin);
  point.name = name;
  point.type = type;
  point.unit = unit;
  point.isDelta = isDelta;
  point.scale = scale;
  point.suffix = suffix;
  point.bound = bound;
  return point;
}

/** A class, since a literal with a getter is made anew for each series. */
class SplitPoint implements Point {
  name = '';
  type: SeriesType = 'unknown';
  unit = '';
  isDelta = false;
  scale = 1;
  suffix = '';
  bound: Label | undefined = undefined;
  readonly attributes: Map<string, string>;
  readonly #origin: PointOrigin;

  constructor(attributes: Map<string, string>, origin: PointOrigin) {
    this.attributes = attributes;
    this.#origin = origin;
  }

  get resource(): Map<string, string> {
    return this.#origin.resource;
  }
}

/** Makes labels of a point, whose attributes they take over. */
export function joinPointLabels({ name, suffix, attributes, bound }: Point): Map<string, string> {
  const whole = name + suffix;
  if (whole !== '') attributes.set(METRIC_NAME, whole);
  if (bound !== undefined) attributes.set(bound.name, bound.value);
  return attributes;
}

/** The family that was made last: the series of a metric come one after another, and share it. */
let last: { readonly given: SeriesFamily; readonly made: SeriesFamily } | undefined;

/** The family of a point: the given one where nothing of it has changed, so that it is shared. */
export function makeFamily(point: Point, given: SeriesFamily): SeriesFamily {
  if (isOfFamily(point, given)) return given;
  if (last?.given === given && isOfFamily(point, last.made)) return last.made;
  const { name, type, unit, isDelta } = point;
  const isSum = type === 'gauge' && given.isSum === true;
  const made = { name, type, unit, ...(isDelta ? { isDelta } : {}), ...(isSum ? { isSum } : {}) };
  last = { given, made };
  return made;
}

function isOfFamily({ name, type, unit, isDelta }: Point, family: SeriesFamily): boolean {
  return (
    name === family.name &&
    type === family.type &&
    unit === family.unit &&
    isDelta === (family.isDelta ?? false)
  );
}

/**
 * Makes a changed point what it would be if it were made of its own labels: a series has one name,
 * and one `le`, which is that of its part.
 */
export function settlePoint(point: Point): void {
  const { attributes, type } = point;
  attributes.delete(METRIC_NAME);
  if (!hasParts(type, point.name + point.suffix)) {
    point.name += point.suffix;
    point.suffix = '';
  }
  if (point.bound !== undefined) attributes.set(point.bound.name, point.bound.value);
  point.bound = takeBound(attributes, type, point.suffix);
}

/** The label by which the parts of a distribution are told apart; undefined for other series. */
export function findBoundName(type: SeriesType, suffix: string): 'le' | 'quantile' | undefined {
  if (suffix === '_bucket' && (type === 'histogram' || type === 'gaugehistogram')) return 'le';
  return type === 'summary' && suffix === '' ? 'quantile' : undefined;
}

function hasParts(type: SeriesType, whole: string): boolean {
  return type !== 'counter' || whole.endsWith('_created');
}

function takeBound(
  attributes: Map<string, string>,
  type: SeriesType,
  suffix: string,
): Label | undefined {
  const name = findBoundName(type, suffix);
  const value = name && attributes.get(name);
  if (name === undefined || value === undefined || value === '') return undefined;
  attributes.delete(name);
  return { name, value };
}
