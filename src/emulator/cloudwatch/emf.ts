/**
 * Reads the metrics out of an event of the embedded metric format. An event that breaks the format
 * gives none of its metrics. Pure.
 * Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
import type { Dimension, MetricDatum, StatisticSet } from './store.ts';
import { sortDimensions } from './store.ts';

/**
 * `parsing`: no JSON object, or `_aws` has not its form. `validation`: a metric, a value or a
 * dimension breaks a rule.
 */
export type EmfFault = 'parsing' | 'validation';

/** An event without `_aws` is none of the format, unless its sender said that it is one. */
export type EmfReading =
  | { readonly is: 'metrics'; readonly data: readonly MetricDatum[] }
  | { readonly is: 'fault'; readonly fault: EmfFault; readonly words: string }
  | { readonly is: 'other' };

type Json = Readonly<Record<string, unknown>>;

/** What the reading of an event stops at. */
class Stop extends Error {
  readonly fault: EmfFault;
  constructor(fault: EmfFault, words: string) {
    super(words);
    this.fault = fault;
  }
}

const DIRECTIVES_MAX = 100;
const DIMENSIONS_MAX = 30;
const METRICS_MAX = 100;
const VALUES_MAX = 100;
const NAME_MAX = 255;
const DIMENSION_VALUE_MAX = 1_024;
const VALUE_MAX = 2 ** 360;
const UNITS = new Set([
  'Seconds', 'Microseconds', 'Milliseconds', 'Percent', 'Count', 'None', 'Count/Second',
  ...['Bytes', 'Kilobytes', 'Megabytes', 'Gigabytes', 'Terabytes'].flatMap(addRate),
  ...['Bits', 'Kilobits', 'Megabits', 'Gigabits', 'Terabits'].flatMap(addRate),
]); // prettier-ignore

function addRate(unit: string): string[] {
  return [unit, `${unit}/Second`];
}

/** @param isSaid  whether the sender said that the event is of the format */
export function readEmf(message: string, isSaid: boolean): EmfReading {
  try {
    const root = parseRoot(message, isSaid);
    return root === undefined ? { is: 'other' } : { is: 'metrics', data: readRoot(root) };
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    return { is: 'fault', fault: error.fault, words: error.message };
  }
}

function parseRoot(message: string, isSaid: boolean): Json | undefined {
  if (!isSaid && !message.includes('"_aws"')) return undefined;
  let root: unknown;
  try {
    root = JSON.parse(message);
  } catch {
    if (!isSaid) return undefined;
    throw new Stop('parsing', 'the event is not JSON');
  }
  if (isObject(root) && root['_aws'] !== undefined) return root;
  if (!isSaid) return undefined;
  throw new Stop('parsing', 'the event has no _aws');
}

function readRoot(root: Json): MetricDatum[] {
  const meta = root['_aws'];
  if (!isObject(meta)) throw new Stop('parsing', '_aws is no object');
  const { Timestamp: timestamp, CloudWatchMetrics: directives } = meta;
  if (typeof timestamp !== 'number' || !Number.isInteger(timestamp) || timestamp < 0)
    throw new Stop('parsing', '_aws.Timestamp is no number of milliseconds');
  if (!Array.isArray(directives)) throw new Stop('parsing', '_aws.CloudWatchMetrics is no array');
  if (directives.length > DIRECTIVES_MAX)
    throw new Stop('validation', `more than ${DIRECTIVES_MAX} directives`);
  return directives.flatMap((directive: unknown) => readDirective(root, directive, timestamp));
}

function readDirective(root: Json, directive: unknown, timestampMs: number): MetricDatum[] {
  if (!isObject(directive)) throw new Stop('parsing', 'a directive is no object');
  const { Namespace: namespace, Dimensions: sets, Metrics: metrics } = directive;
  if (typeof namespace !== 'string' || !Array.isArray(sets) || !Array.isArray(metrics))
    throw new Stop('parsing', 'a directive lacks Namespace, Dimensions or Metrics');
  requireName(namespace, 'a namespace');
  if (metrics.length > METRICS_MAX)
    throw new Stop('validation', `more than ${METRICS_MAX} metrics in a directive`);
  const all = sets.map((set: unknown) => readDimensions(root, set));
  const named = metrics.flatMap((metric: unknown) => readMetric(root, metric));
  return all.flatMap((dimensions) =>
    named.map((metric) => ({ ...metric, namespace, dimensions, timestampMs })),
  );
}

function readDimensions(root: Json, set: unknown): Dimension[] {
  if (!Array.isArray(set)) throw new Stop('parsing', 'a dimension set is no array');
  if (set.length > DIMENSIONS_MAX)
    throw new Stop('validation', `more than ${DIMENSIONS_MAX} dimensions in a set`);
  const dimensions = set.map((name: unknown): Dimension => {
    requireName(name, 'a dimension');
    const value = root[name];
    if (typeof value !== 'string' || value === '' || value.length > DIMENSION_VALUE_MAX)
      throw new Stop('validation', `the dimension ${name} has no text as value`);
    return { name, value };
  });
  if (new Set(set).size !== set.length)
    throw new Stop('validation', 'a dimension stands twice in a set');
  return sortDimensions(dimensions);
}

type NamedValues = Pick<
  MetricDatum,
  'name' | 'unit' | 'isHighResolution' | 'values' | 'statistics'
>;

/** A metric whose value the event lacks is none. */
function readMetric(root: Json, metric: unknown): NamedValues[] {
  if (!isObject(metric)) throw new Stop('parsing', 'a metric is no object');
  const { Name: name, Unit: unit = 'None', StorageResolution: resolution = 60 } = metric;
  requireName(name, 'a metric');
  if (typeof unit !== 'string' || !UNITS.has(unit))
    throw new Stop('validation', `the unit of ${name} is unknown`);
  if (resolution !== 1 && resolution !== 60)
    throw new Stop('validation', `the resolution of ${name} is neither 1 nor 60`);
  const target = root[name];
  if (target === undefined) return [];
  return [{ name, unit, isHighResolution: resolution === 1, ...readTarget(name, target) }];
}

function readTarget(
  name: string,
  target: unknown,
): Pick<MetricDatum, 'values'> & { readonly statistics?: StatisticSet } {
  if (typeof target === 'number') return { values: [[requireValue(name, target), 1]] };
  if (Array.isArray(target)) {
    if (target.length > VALUES_MAX)
      throw new Stop('validation', `${name} has more than ${VALUES_MAX} values`);
    return { values: target.map((value: unknown) => [requireValue(name, value), 1]) };
  }
  if (!isObject(target)) throw new Stop('validation', `the value of ${name} is no number`);
  const { Values: values, Counts: counts } = target;
  if (values === undefined) return { values: [], statistics: readStatistics(name, target) };
  if (!Array.isArray(values) || values.length > VALUES_MAX)
    throw new Stop('validation', `Values of ${name} are no list of at most ${VALUES_MAX}`);
  if (counts !== undefined && !(Array.isArray(counts) && counts.length === values.length))
    throw new Stop('validation', `${name} has other numbers of Values and Counts`);
  return {
    values: values.map((value: unknown, index) => [
      requireValue(name, value),
      counts === undefined ? 1 : requireCount(name, counts[index]),
    ]),
  };
}

function readStatistics(name: string, target: Json): StatisticSet {
  const [sum, min, max] = ['Sum', 'Min', 'Max'].map((key) => requireValue(name, target[key]));
  const count = requireCount(name, target['Count']);
  return { count, sum: sum as number, min: min as number, max: max as number };
}

function requireValue(name: string, value: unknown): number {
  if (typeof value === 'number' && Math.abs(value) <= VALUE_MAX) return value;
  throw new Stop('validation', `a value of ${name} is no number within ±2^360`);
}

function requireCount(name: string, value: unknown): number {
  if (requireValue(name, value) >= 0) return value as number;
  throw new Stop('validation', `a count of ${name} is negative`);
}

function requireName(name: unknown, what: string): asserts name is string {
  if (typeof name === 'string' && name !== '' && name.length <= NAME_MAX) return;
  throw new Stop('validation', `the name of ${what} has not 1 to ${NAME_MAX} characters`);
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
