/**
 * Reads the metrics out of an event of the embedded metric format. An event that breaks the format
 * (wire/emf/validate.ts) gives none of its metrics. Pure.
 * Source:
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
import { validateEmf } from '../../wire/emf/validate.ts';
import { type Dimension, type MetricDatum, sortDimensions } from './store.ts';

/** Which metric of AWS/Logs counts an event that breaks the format. */
export type EmfFaultKind = 'parsing' | 'validation';

/**
 * An object without `_aws` is a plain event of the log, even if its sender says that the request is
 * of the format: nothing in it asks for a metric. What is no object is a fault then.
 */
export type EmfReading =
  | { readonly is: 'metrics'; readonly data: readonly MetricDatum[] }
  | { readonly is: 'fault'; readonly kind: EmfFaultKind; readonly words: string }
  | { readonly is: 'other' };

/** What a valid event holds under `_aws`, or in its root in the older form. */
interface Metadata {
  readonly Timestamp: number | string;
  readonly CloudWatchMetrics: readonly Directive[];
}

interface Directive {
  readonly Namespace: string;
  readonly Dimensions: readonly (readonly string[])[];
  readonly Metrics: readonly {
    readonly Name: string;
    readonly Unit?: string;
    readonly StorageResolution?: number;
  }[];
}

/** Metrics under their dimension sets: a small event can multiply both. An assumption. */
const DATA_MAX = 10_000;

type Root = Readonly<Record<string, unknown>>;

/**
 * @param isSaid  whether the sender said that the event is of the format
 * @param nowMs   when the event came
 */
export function readEmf(message: string, isSaid: boolean, nowMs: number): EmfReading {
  // Most events of other kinds are known without parsing them.
  if (!isSaid && !message.includes('"_aws"')) return { is: 'other' };
  const { faults, root } = validateEmf(message, { nowMs });
  const isOther = root === undefined || !Object.hasOwn(root, '_aws');
  if (isOther && (!isSaid || (root !== undefined && !isOfOlderForm(root)))) return { is: 'other' };
  const [first] = faults;
  if (first !== undefined) {
    const kind = faults.some((fault) => fault.kind === 'parsing') ? 'parsing' : 'validation';
    return { is: 'fault', kind, words: `${first.path} ${first.message}`.trim() };
  }
  if (root === undefined) return { is: 'metrics', data: [] };
  if (countData(root) > DATA_MAX)
    return { is: 'fault', kind: 'validation', words: `more than ${DATA_MAX} metrics in an event` };
  return { is: 'metrics', data: readRoot(root) };
}

function isOfOlderForm(root: Root): boolean {
  return Object.hasOwn(root, 'CloudWatchMetrics') && root['Version'] === '0';
}

function countData(root: Root): number {
  const { CloudWatchMetrics } = readMetadata(root);
  return CloudWatchMetrics.reduce(
    (sum, { Dimensions, Metrics }) => sum + Dimensions.length * Metrics.length,
    0,
  );
}

function readMetadata(root: Root): Metadata {
  return (root['_aws'] ?? root) as Metadata;
}

function readRoot(root: Root): MetricDatum[] {
  const { Timestamp, CloudWatchMetrics } = readMetadata(root);
  const timestampMs = Number(Timestamp);
  return CloudWatchMetrics.flatMap(({ Namespace: namespace, Dimensions: sets, Metrics }) =>
    sets.flatMap((set) => {
      const dimensions = readDimensions(root, set);
      return Metrics.map(({ Name: name, Unit: unit = 'None', StorageResolution }) => ({
        namespace,
        name,
        dimensions,
        timestampMs,
        unit,
        isHighResolution: StorageResolution === 1,
        ...readTarget(root[name]),
      }));
    }),
  );
}

function readDimensions(root: Root, set: readonly string[]): Dimension[] {
  return sortDimensions(set.map((name) => ({ name, value: String(root[name]) })));
}

/** A statistic set beside values with counts is exact, where the values stand for buckets. */
function readTarget(target: unknown): Pick<MetricDatum, 'values' | 'statistics'> {
  if (typeof target === 'number') return { values: [[target, 1]] };
  if (Array.isArray(target)) return { values: target.map((value: number) => [value, 1]) };
  const set = target as {
    readonly Values?: readonly number[];
    readonly Counts?: readonly number[];
    readonly Count: number;
    readonly Sum: number;
    readonly Min: number;
    readonly Max: number;
  };
  const { Values: values, Counts: counts } = set;
  const listed = (values ?? []).map((value, index) => [value, counts?.[index] ?? 1] as const);
  const { Count: count, Sum: sum, Min: min, Max: max } = set;
  const isWhole = [count, sum, min, max].every((one) => typeof one === 'number');
  return isWhole ? { values: listed, statistics: { count, sum, min, max } } : { values: listed };
}
