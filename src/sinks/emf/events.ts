/**
 * Makes events of the embedded metric format of metrics: points of the same labels and time are one
 * event, with the dimensions that declarations choose. Pure.
 *
 *     point ─► labels (event-labels.ts), values (values.ts) ─► group ─► events (event-json.ts)
 *
 * What CloudWatch would not take is left out and told with its reason: NaN and infinity, names,
 * sets of dimensions. An increase of nothing is no observation, and makes no histogram or summary.
 * Source: contrib's exporter/awsemfexporter/{metric_translator,grouped_metric,datapoint}.go
 */
import { type LabelSet, makeLabelSet } from '../../model/labels.ts';
import type {
  MetricData,
  MetricPoint,
  OtelMetric,
  ResourceMetrics,
  SummaryPoint,
} from '../../model/otel-metrics.ts';
import { formatSampleValue } from '../../wire/exposition/writer.ts';
import { EMF_NAME_LENGTH_MAX } from '../../wire/emf/limits.ts';
import type { EmfSettings, EventSettings } from './config.ts';
import { type DimensionChoice, DimensionRules } from './dimensions.ts';
import type { EmfEvent, MakeEvents } from './event.ts';
import { type EventGroup, writeEvents } from './event-json.ts';
import {
  type EventLabels,
  type EventResource,
  type EventLabelRules,
  makeEventLabels,
} from './event-labels.ts';
import { LabelCache } from './label-cache.ts';
import type { LeftOutReason } from './left-out.ts';
import { cleanNamespace, findNamespace } from './namespace.ts';
import { compileName, fixedName } from './placeholders.ts';
import { listNames, SaidOnce, type Warn } from './said-once.ts';
import { translateToCloudWatch } from './units.ts';
import {
  type EventValues,
  formatExponential,
  formatHistogram,
  formatEmfValue,
  formatSummary,
} from './values.ts';

export interface EventMakerParts {
  readonly onLeftOut: (points: number, reason: LeftOutReason) => void;
  /** Counts an event in whose group or stream a placeholder stands as its own name. */
  readonly onUnfilled: (placeholder: string) => void;
  /** Each thing is said once. */
  readonly warn: Warn;
}

/** Members of the root that are not labels, by version. */
const RESERVED: Readonly<Record<'0' | '1', ReadonlySet<string>>> = {
  '0': new Set(['Version', 'Timestamp', 'CloudWatchMetrics', '_aws']),
  '1': new Set(['_aws']),
};

/** What a target tells of its resource: attributes, and no metric, though it is read as one. */
const TARGET_INFO = 'target_info';

const TYPES: Readonly<Record<MetricData['kind'], string>> = {
  gauge: 'gauge',
  sum: 'counter',
  histogram: 'histogram',
  exponential: 'histogram',
  summary: 'summary',
};

export function makeEventMaker(
  { events: settings }: Pick<EmfSettings, 'events'>,
  parts: EventMakerParts,
): MakeEvents {
  const maker = new EventMaker(settings, parts);
  return (all) => maker.make(all);
}

class EventMaker {
  readonly #settings: EventSettings;
  readonly #parts: EventMakerParts;
  readonly #said: SaidOnce;
  readonly #dimensions: DimensionRules;
  readonly #reserved: ReadonlySet<string>;
  readonly #resources = new WeakMap<LabelSet, { own: EventResource; rules: EventLabelRules }>();

  constructor(settings: EventSettings, parts: EventMakerParts) {
    this.#settings = settings;
    this.#parts = parts;
    this.#said = new SaidOnce(parts.warn);
    this.#dimensions = new DimensionRules(settings);
    this.#reserved = RESERVED[settings.version];
  }

  make(all: readonly ResourceMetrics[]): readonly EmfEvent[] {
    const events: EmfEvent[] = [];
    for (const { resource, metrics } of all) {
      const opened = this.#openResource(resource);
      const groups = new Groups();
      for (const metric of metrics)
        if (metric.name !== TARGET_INFO) this.#addMetric(metric, opened, groups);
      for (const group of groups.all()) this.#write(group, events);
    }
    return events;
  }

  #write(group: EventGroup, events: EmfEvent[]): void {
    const { events: written, tooLarge } = writeEvents(group, this.#settings.version);
    for (const event of written) {
      events.push(event);
      for (const placeholder of group.labels.missing) this.#parts.onUnfilled(placeholder);
    }
    for (const { name } of tooLarge)
      this.#leaveOut('too_large', name, 'a metric is larger than an event may be; left out');
  }

  #addMetric(
    metric: OtelMetric,
    { own, rules }: { own: EventResource; rules: EventLabelRules },
    groups: Groups,
  ): void {
    const renamed = this.#settings.renamedMetrics.get(metric.name);
    const name = renamed?.name ?? metric.name;
    const unit = this.#findUnit(name, renamed?.unit ?? metric.unit);
    const type = own.isOfPrometheus ? TYPES[metric.data.kind] : undefined;
    const find = (attributes: LabelSet): EventLabels => this.#findLabels(attributes, own, rules);
    const add = (
      one: string,
      { tMs }: MetricPoint,
      labels: EventLabels,
      values: EventValues,
    ): void => {
      const { leftOut, parts } = values;
      if (leftOut !== undefined) this.#parts.onLeftOut(1, leftOut);
      else if (parts.length > 0 && this.#isFit(one, labels)) {
        const choice = labels.choose(one);
        if (choice.faults.length > 0) this.#tellDimensions(one, choice, parts.length);
        if (choice.missed.length > 0) this.#tellMissed(one, choice, labels, parts.length);
        const group = groups.find(labels, tMs, type);
        for (const value of parts) group.metrics.push({ name: one, unit, value, choice });
      }
    };
    const { data } = metric;
    switch (data.kind) {
      case 'gauge':
      case 'sum':
        for (const point of data.points)
          if (!point.isStale) add(name, point, find(point.attributes), formatEmfValue(point.value));
        return;
      case 'histogram':
        for (const point of data.points)
          if (!point.isStale) add(name, point, find(point.attributes), formatHistogram(point));
        return;
      case 'exponential':
        for (const point of data.points)
          if (!point.isStale) add(name, point, find(point.attributes), formatExponential(point));
        return;
      case 'summary':
        for (const point of data.points) {
          if (point.isStale) continue;
          if (this.#settings.isDetailed) addDetails(name, point, find, add);
          else add(name, point, find(point.attributes), formatSummary(point));
        }
    }
  }

  /** A label of the same name would be a dimension that is a number, which CloudWatch refuses. */
  #isFit(name: string, labels: EventLabels): boolean {
    if (name.length <= EMF_NAME_LENGTH_MAX && name.trim() !== '' && !this.#reserved.has(name)) {
      if (!labels.values.has(name)) return true;
      this.#leaveOut('name', name, 'a metric has the name of one of its labels; left out');
      return false;
    }
    const remark = 'CloudWatch does not take the name of a metric; left out';
    this.#leaveOut('name', name.slice(0, EMF_NAME_LENGTH_MAX), remark);
    return false;
  }

  #leaveOut(reason: LeftOutReason, metric: string, message: string): void {
    this.#parts.onLeftOut(1, reason);
    this.#said.say(message, { metric });
  }

  #tellDimensions(metric: string, { sets, faults }: DimensionChoice, points: number): void {
    if (sets.length === 0) this.#parts.onLeftOut(points, 'dimensions');
    for (const { fault, ...more } of faults)
      this.#said.say('a set of dimensions is left out, as CloudWatch does not take it', {
        metric,
        fault,
        ...more,
      });
  }

  #tellMissed(
    metric: string,
    { sets, faults, missed }: DimensionChoice,
    { values }: EventLabels,
    points: number,
  ): void {
    if (sets.length === 0 && faults.length === 0) this.#parts.onLeftOut(points, 'no_set');
    this.#said.say(
      sets.length > 0
        ? 'a metric has not all labels of any set of its declarations; only the rollup is left'
        : 'a metric has not all labels of any set of its declarations; it is only in the log',
      { metric },
      { dimensions: listNames(missed.flat()), labels: listNames(values.keys()) },
    );
  }

  #findUnit(name: string, unit: string): string | undefined {
    const descriptor = this.#settings.descriptors.get(name);
    if (descriptor !== undefined && (unit === '' || descriptor.overwrites))
      return descriptor.unit === 'None' ? undefined : descriptor.unit;
    return translateToCloudWatch(unit);
  }

  #findLabels(attributes: LabelSet, own: EventResource, rules: EventLabelRules): EventLabels {
    return own.labels.find(attributes, () => {
      const labels = makeEventLabels(attributes, own, rules);
      this.#tellLabels(attributes, labels, own);
      return labels;
    });
  }

  #tellLabels(
    attributes: LabelSet,
    { missing, group, stream, values }: EventLabels,
    own: EventResource,
  ): void {
    for (const placeholder of missing)
      this.#said.say(
        'no attribute or label has the value of a placeholder; its name stands in the log',
        { placeholder, group, stream },
        { attributes: listNames(own.attributes.keys()), labels: listNames(values.keys()) },
      );
    for (const { name } of attributes)
      if (this.#reserved.has(name))
        this.#said.say('a label has a name that the format needs; left out', { label: name });
  }

  #openResource(resource: LabelSet): { own: EventResource; rules: EventLabelRules } {
    const known = this.#resources.get(resource);
    if (known !== undefined) return known;
    const attributes = new Map(resource.map(({ name, value }) => [name, value] as const));
    const { namespace: configured, logGroup, logStream } = this.#settings;
    const namespace = cleanNamespace(configured || findNamespace(attributes));
    const own: EventResource = {
      attributes,
      namespace,
      isOfPrometheus: attributes.get('receiver') === 'prometheus',
      labels: new LabelCache(),
    };
    const rules: EventLabelRules = {
      settings: this.#settings,
      dimensions: this.#dimensions,
      reserved: this.#reserved,
      fillGroup:
        logGroup === ''
          ? fixedName(`/metrics/${namespace}`, 'group')
          : compileName(logGroup, 'group'),
      fillStream: compileName(logStream, 'stream'),
    };
    const opened = { own, rules };
    this.#resources.set(resource, opened);
    return opened;
  }
}

/** Groups by labels, time and, where it is told, type. */
class Groups {
  readonly #byLabels = new Map<EventLabels, Map<string, EventGroup>>();

  find(labels: EventLabels, tMs: number, metricType: string | undefined): EventGroup {
    const own = this.#byLabels.get(labels) ?? new Map<string, EventGroup>();
    const key = `${tMs} ${metricType ?? ''}`;
    const known = own.get(key);
    if (known !== undefined) return known;
    if (own.size === 0) this.#byLabels.set(labels, own);
    const group: EventGroup = { labels, tMs, metricType, metrics: [] };
    own.set(key, group);
    return group;
  }

  *all(): Iterable<EventGroup> {
    for (const groups of this.#byLabels.values()) yield* groups.values();
  }
}

/** A summary as its sum, its count and a value for each quantile. */
function addDetails(
  name: string,
  point: SummaryPoint,
  find: (attributes: LabelSet) => EventLabels,
  add: (name: string, point: MetricPoint, labels: EventLabels, values: EventValues) => void,
): void {
  const labels = find(point.attributes);
  if (point.sum !== undefined) add(`${name}_sum`, point, labels, formatEmfValue(point.sum));
  add(`${name}_count`, point, labels, formatEmfValue(point.count));
  for (const { quantile, value } of point.quantiles) {
    const own = new Map(point.attributes.map((label) => [label.name, label.value] as const));
    own.set('quantile', formatSampleValue(quantile));
    add(name, point, find(makeLabelSet(own)), formatEmfValue(value));
  }
}
