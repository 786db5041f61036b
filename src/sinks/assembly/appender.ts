/**
 * The appender of sinks that hand on metrics as OpenTelemetry has them: it collects the samples of
 * a transaction, and its commit makes metrics of them, with whole histograms and summaries.
 *
 *     slot        name, type, unit and resource of a metric
 *     └ group     its attributes: the series of one histogram are one group
 *       └ series  a part of the group: its value, _sum, _count, or one bound
 *
 * Slots and groups live as long as a series of them; what is collected, as long as a transaction.
 * Source: contrib's receiver/prometheusreceiver/internal/metricfamily.go
 */
import { SpreadMap } from '../../kernel/spread-map.ts';
import type { Extremes, NativeHistogram } from '../../model/histogram.ts';
import { type LabelSet, labelSetKey, makeLabelSet, METRIC_NAME } from '../../model/labels.ts';
import type { ResourceMetrics } from '../../model/otel-metrics.ts';
import { readPoint } from '../../model/open-series.ts';
import {
  type Appender,
  type Exemplar,
  originOf,
  type SeriesFamily,
  type SeriesMetadata,
  type SeriesOrigin,
  type SeriesRef,
} from '../../model/sample.ts';
import { makeMetrics } from './collected.ts';
import { newParts, type Parts } from './distribution.ts';
import {
  type Collected,
  findGroup,
  type PointGroup,
  newCollected,
  type MetricSlot,
} from './slot.ts';
import { translateUnit } from './units.ts';

type Part = 'value' | 'bound' | 'sum' | 'count' | 'created';

interface Series {
  readonly slot: MetricSlot;
  readonly group: PointGroup;
  readonly part: Part;
  readonly bound: number;
  /** Whether its samples are native histograms, so that its stale marker ends one. */
  isNative: boolean;
  /** Exemplars of the sample that was appended last in this transaction. */
  exemplars: Exemplar[] | undefined;
}

/**
 * @param hasAnswered  as `Appender.commit` has it
 * @returns            the work that is left to do, in slices; undefined where all is done
 */
export type TakeMetrics = (
  metrics: readonly ResourceMetrics[],
  hasAnswered: boolean | undefined,
) => Generator<undefined, void, undefined> | undefined;

export class MetricsAppender implements Appender {
  readonly #take: TakeMetrics;
  readonly #takesNothing: boolean;
  #series = new SpreadMap<Series>();
  readonly #slots = new Map<string, MetricSlot>();
  #nextRef = 0;
  /** The slots that the transaction has appended to, in order. */
  #touched: MetricSlot[] = [];
  #withExemplars: Series[] = [];

  /**
   * @param take          gets what a commit holds
   * @param takesNothing  whether it is called for a commit without samples too
   */
  constructor(take: TakeMetrics, { takesNothing = false } = {}) {
    this.#take = take;
    this.#takesNothing = takesNothing;
  }

  refOf(labels: LabelSet, origin?: SeriesOrigin): SeriesRef {
    const whole = labels.find(({ name }) => name === METRIC_NAME)?.value ?? '';
    const { family, resource = [] } = origin ?? originOf(whole);
    const { suffix, bound, attributes } = readPoint({ labels, family, resource, scale: 1 });
    const part = findPart(family, suffix, bound !== undefined);
    const name = part === 'value' ? whole : family.name;
    const slot = this.#findSlot(name, family, resource);
    const group = findGroup(slot, makeLabelSet(attributes));
    group.seriesCount += 1;
    const ref = this.#nextRef++;
    const boundValue = bound === undefined ? NaN : parseBound(bound.value);
    const state = { isNative: false, exemplars: undefined };
    this.#series.set(ref, { slot, group, part, bound: boundValue, ...state });
    return ref;
  }

  append(ref: SeriesRef, tMs: number, value: number): void {
    this.#add(ref, tMs, value);
  }

  appendStale(ref: SeriesRef, tMs: number): void {
    const series = this.#series.get(ref);
    if (series?.isNative === true) this.#addNative(series, tMs, undefined);
    else this.#add(ref, tMs, undefined);
  }

  appendHistogram(ref: SeriesRef, tMs: number, histogram: NativeHistogram): void {
    const series = this.#series.get(ref);
    if (series === undefined) return;
    series.isNative = true;
    this.#addNative(series, tMs, histogram);
  }

  appendExtremes(ref: SeriesRef, tMs: number, extremes: Extremes): void {
    const series = this.#series.get(ref);
    if (series === undefined || (series.part !== 'sum' && series.part !== 'count')) return;
    findParts(this.#collect(series.slot), series.group, tMs).extremes = extremes;
  }

  appendExemplar(ref: SeriesRef, exemplar: Exemplar): void {
    this.#series.get(ref)?.exemplars?.push(exemplar);
  }

  setMetadata(ref: SeriesRef, _family: string, { help }: SeriesMetadata): void {
    const series = this.#series.get(ref);
    if (series !== undefined) series.slot.description = help;
  }

  setCreated(ref: SeriesRef, createdMs: number): void {
    const series = this.#series.get(ref);
    if (series !== undefined) series.group.startMs = createdMs;
  }

  forget(ref: SeriesRef): void {
    const series = this.#series.get(ref);
    if (series === undefined) return;
    this.#series.delete(ref);
    const { slot, group } = series;
    group.seriesCount -= 1;
    if (group.seriesCount > 0) return;
    slot.groups.delete(group.key);
    if (slot.groups.size === 0) this.#slots.delete(slot.key);
  }

  commit(hasAnswered?: boolean): void {
    const slices = this.commitSlices(hasAnswered);
    while (slices.next().done !== true);
  }

  *commitSlices(hasAnswered?: boolean): Generator<undefined, void, undefined> {
    let metrics: readonly ResourceMetrics[];
    try {
      metrics = yield* makeMetrics(this.#touched);
    } finally {
      this.rollback();
    }
    if (metrics.length > 0 || this.#takesNothing) yield* this.#take(metrics, hasAnswered) ?? [];
  }

  rollback(): void {
    for (const slot of this.#touched) {
      for (const group of slot.collected?.groups ?? []) group.open = [];
      slot.collected = undefined;
    }
    for (const series of this.#withExemplars) series.exemplars = undefined;
    this.#touched = [];
    this.#withExemplars = [];
  }

  close(): void {
    this.rollback();
    this.#series = new SpreadMap();
    this.#slots.clear();
  }

  #add(ref: SeriesRef, tMs: number, value: number | undefined): void {
    const series = this.#series.get(ref);
    if (series === undefined) return;
    const { group, part, bound } = series;
    if (part === 'created') {
      if (value !== undefined) group.startMs = value * 1_000;
      return;
    }
    const collected = this.#collect(series.slot);
    if (part === 'value') {
      const exemplars = this.#openExemplars(series, []);
      collected.numbers.push({ group, tMs, value, exemplars });
      return;
    }
    const parts = findParts(collected, group, tMs);
    this.#openExemplars(series, parts.exemplars);
    if (part === 'sum') parts.sum = { value };
    else if (part === 'count') parts.count = { value };
    else parts.bounds.set(bound, value);
  }

  #addNative(series: Series, tMs: number, histogram: NativeHistogram | undefined): void {
    const exemplars = this.#openExemplars(series, []);
    this.#collect(series.slot).natives.push({ group: series.group, tMs, histogram, exemplars });
  }

  #openExemplars(series: Series, exemplars: Exemplar[]): readonly Exemplar[] {
    if (series.exemplars === undefined) this.#withExemplars.push(series);
    series.exemplars = exemplars;
    return exemplars;
  }

  #collect(slot: MetricSlot): Collected {
    if (slot.collected === undefined) {
      slot.collected = newCollected();
      this.#touched.push(slot);
    }
    return slot.collected;
  }

  #findSlot(name: string, family: SeriesFamily, resource: LabelSet): MetricSlot {
    const resourceKey = labelSetKey(resource);
    const { type, unit, isDelta = false, isSum = false } = family;
    const key = JSON.stringify([name, family.name, type, unit, isDelta, isSum, resourceKey]);
    const known = this.#slots.get(key);
    if (known !== undefined) return known;
    const slot: MetricSlot = {
      key,
      name,
      family,
      unit: translateUnit(unit),
      resource,
      resourceKey,
      groups: new Map(),
      description: '',
      collected: undefined,
    };
    this.#slots.set(key, slot);
    return slot;
  }
}

function findParts(collected: Collected, group: PointGroup, tMs: number): Parts {
  const known = group.open.find((one) => one.tMs === tMs);
  if (known !== undefined) return known;
  if (group.open.length === 0) collected.groups.push(group);
  const parts = newParts(group.attributes, tMs);
  group.open.push(parts);
  return parts;
}

function findPart({ type }: SeriesFamily, suffix: string, hasBound: boolean): Part {
  const isWhole = type === 'histogram' || type === 'summary';
  if (suffix === '_created' && (isWhole || type === 'counter')) return 'created';
  if (!isWhole) return 'value';
  if (suffix === '_sum') return 'sum';
  if (suffix === '_count') return 'count';
  return hasBound ? 'bound' : 'value';
}

/** As Prometheus writes bounds; what is no number is NaN, and then stands alone. */
function parseBound(text: string): number {
  if (text === '+Inf' || text === 'Inf') return Infinity;
  return text === '-Inf' ? -Infinity : Number(text);
}
