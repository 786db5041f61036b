/**
 * Writes metrics of one set of labels and one time as events: at most 100 metrics in each, each
 * name once, and no event longer than CloudWatch Logs takes. Pure.
 *
 *     { _aws: { Timestamp, CloudWatchMetrics: [{ Namespace, Dimensions, Metrics }] }, labels,
 *     values }
 *
 * Source:
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html,
 * contrib's exporter/awsemfexporter/metric_translator.go (translateCWMetricToEMF)
 */
import {
  EMF_EVENT_BYTES_MAX,
  EMF_METRICS_MAX,
  LOG_EVENT_OVERHEAD_BYTES,
} from '../../wire/emf/limits.ts';
import type { DimensionChoice } from './dimensions.ts';
import type { BilledMetric, EmfEvent } from './event.ts';
import type { EventLabels } from './event-labels.ts';

const MESSAGE_BYTES_MAX = EMF_EVENT_BYTES_MAX - LOG_EVENT_OVERHEAD_BYTES;

export interface EventMetric {
  readonly name: string;
  readonly unit: string | undefined;
  /** JSON of the value. */
  readonly value: string;
  readonly choice: DimensionChoice;
}

/** Metrics that may share an event. */
export interface EventGroup {
  readonly labels: EventLabels;
  readonly tMs: number;
  /** Of Prometheus' metrics; undefined for others. */
  readonly metricType: string | undefined;
  readonly metrics: EventMetric[];
}

export interface WrittenEvents {
  readonly events: readonly EmfEvent[];
  /** Metrics that are larger than an event may be, alone. */
  readonly tooLarge: readonly EventMetric[];
}

export function writeEvents(group: EventGroup, version: '0' | '1'): WrittenEvents {
  const events: EmfEvent[] = [];
  const tooLarge: EventMetric[] = [];
  const write = (metrics: readonly EventMetric[]): void => {
    const message = formatEvent(group, metrics, version);
    if (isWithin(message)) {
      events.push(new WrittenEvent(group, metrics, message));
      return;
    }
    const [first] = metrics;
    if (metrics.length === 1 && first !== undefined) {
      tooLarge.push(first);
      return;
    }
    const half = Math.ceil(metrics.length / 2);
    write(metrics.slice(0, half));
    write(metrics.slice(half));
  };
  for (const metrics of divide(group.metrics)) write(metrics);
  return { events, tooLarge };
}

/**
 * A name is in an event once, as the values of metrics are members of the root. Each metric goes
 * to the first event that has room for it, whose index is known without a search: a name fills
 * events from the first on, and those that are full of extracted metrics are the first ones.
 */
function divide(metrics: readonly EventMetric[]): readonly (readonly EventMetric[])[] {
  const parts: { readonly metrics: EventMetric[]; extracted: number }[] = [];
  /** Below it all parts have the name. */
  const nextOfName = new Map<string, number>();
  let full = 0;
  for (const metric of metrics) {
    const isExtracted = metric.choice.sets.length > 0;
    const index = Math.max(nextOfName.get(metric.name) ?? 0, isExtracted ? full : 0);
    nextOfName.set(metric.name, index + 1);
    const part = parts[index] ?? { metrics: [], extracted: 0 };
    parts[index] = part;
    part.metrics.push(metric);
    if (isExtracted) part.extracted += 1;
    while ((parts[full]?.extracted ?? 0) >= EMF_METRICS_MAX) full += 1;
  }
  return parts.map((part) => part.metrics);
}

function formatEvent(
  { labels, tMs, metricType }: EventGroup,
  metrics: readonly EventMetric[],
  version: '0' | '1',
): string {
  const members: string[] = [];
  // A name that is twice in an object means what a reader makes of it.
  const isFree = (name: string): boolean =>
    !labels.values.has(name) && metrics.every((metric) => metric.name !== name);
  const directives = formatDirectives(labels, metrics);
  if (version === '0') {
    if (directives !== '') members.push('"Version":"0"', `"CloudWatchMetrics":[${directives}]`);
    members.push(`"Timestamp":"${tMs}"`);
  } else if (directives !== '') {
    members.push(`"_aws":{"Timestamp":${tMs},"CloudWatchMetrics":[${directives}]}`);
    if (isFree('Version')) members.push('"Version":"1"');
  }
  if (labels.json !== '') members.push(labels.json);
  if (metricType !== undefined && isFree(METRIC_TYPE))
    members.push(`"${METRIC_TYPE}":"${metricType}"`);
  for (const { name, value } of metrics) members.push(`${JSON.stringify(name)}:${value}`);
  return `{${members.join(',')}}`;
}

const METRIC_TYPE = 'prom_metric_type';

/** A directive for the metrics of each choice of dimensions. */
function formatDirectives(labels: EventLabels, metrics: readonly EventMetric[]): string {
  const byChoice = new Map<DimensionChoice, string[]>();
  for (const { name, unit, choice } of metrics) {
    if (choice.sets.length === 0) continue;
    const own = byChoice.get(choice) ?? [];
    byChoice.set(choice, own);
    const unitMember = unit === undefined ? '' : `,"Unit":"${unit}"`;
    const resolution = labels.isHighResolution ? ',"StorageResolution":1' : '';
    own.push(`{"Name":${JSON.stringify(name)}${unitMember}${resolution}}`);
  }
  return [...byChoice]
    .map(
      ([{ sets }, own]) =>
        `{"Namespace":${JSON.stringify(labels.namespace)},` +
        `"Dimensions":${JSON.stringify(sets)},"Metrics":[${own.join(',')}]}`,
    )
    .join(',');
}

/** A UTF-16 unit is at most three bytes of UTF-8, so that most need not be counted. */
function isWithin(message: string): boolean {
  if (message.length * 3 <= MESSAGE_BYTES_MAX) return true;
  return Buffer.byteLength(message) <= MESSAGE_BYTES_MAX;
}

class WrittenEvent implements EmfEvent {
  readonly message: string;
  readonly #group: EventGroup;
  readonly #metrics: readonly EventMetric[];

  constructor(group: EventGroup, metrics: readonly EventMetric[], message: string) {
    this.#group = group;
    this.#metrics = metrics;
    this.message = message;
  }

  get timestampMs(): number {
    return this.#group.tMs;
  }

  get group(): string {
    return this.#group.labels.group;
  }

  get stream(): string {
    return this.#group.labels.stream;
  }

  get points(): number {
    return this.#metrics.length;
  }

  /** Made when it is asked for: only an estimate of cost wants it. */
  get metrics(): readonly BilledMetric[] {
    const { namespace, values } = this.#group.labels;
    return this.#metrics.flatMap(({ name, choice }) =>
      choice.sets.map((set) => ({
        key: JSON.stringify([namespace, name, ...set.flatMap((one) => [one, values.get(one)])]),
      })),
    );
  }
}
