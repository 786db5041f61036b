/**
 * The series of a receiver: what each line adds to, and what an interval appends of them.
 *
 *     line ─► key: name, tags ─► series: aggregate, refs of its parts
 *     tick ─► flush: at most BATCH_SAMPLES a transaction, other work between two of them
 *
 * A name with the same tags has one type; a line of another is refused until the series is
 * forgotten.
 * Limits: `seriesMax` series, LABEL_BYTES_MAX of their names and tags; in an interval
 * OBSERVATIONS_MAX observations and members of sets, and SERIES_OBSERVATIONS_MAX of one series.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Moment } from '../kernel/clock.ts';
import { type LabelSet, makeLabelSet, METRIC_NAME } from '../model/labels.ts';
import {
  DROPPED_REF,
  type RoutedAppender,
  type SeriesFamily,
  type SeriesOrigin,
  type SeriesRef,
} from '../model/sample.ts';
import type { Aggregate } from './aggregates.ts';
import type { StatsdLine } from './line.ts';
import { makeAggregate, type Making } from './making.ts';
import { escapeName } from './names.ts';
import type { StatsdReceiverSettings } from './settings.ts';

const OBSERVATIONS_MAX = 1_000_000;
/** Of names and tags of all series, in characters, once for each series that a metric has. */
export const LABEL_BYTES_MAX = 64 * 1024 * 1024;
/** Of one series, so that no transaction is long. */
export const SERIES_OBSERVATIONS_MAX = 10_000;
/** A flush whose time is so long before that of the last one comes after the clock was set back. */
const SET_BACK_MIN_MS = 1_000;
/** A transaction takes about this many samples, so that no turn is long. */
const BATCH_SAMPLES = 2_000;

/** Why the line of a metric adds to nothing. */
export const TABLE_REFUSALS = [
  'unmapped',
  'type_conflict',
  'negative_count',
  'series_limit',
  'label_bytes_limit',
  'observation_limit',
] as const;
export type TableRefusal = (typeof TABLE_REFUSALS)[number];

interface Part {
  readonly labels: LabelSet;
  readonly origin: SeriesOrigin;
  ref: SeriesRef;
}

interface Series {
  readonly type: StatsdLine['type'];
  readonly aggregate: Aggregate;
  readonly parts: readonly Part[];
  readonly labelBytes: number;
  /** When its last line came, by elapsed time. */
  lastMs: number;
  createdMs: number;
  /** Whether something came since it was written. */
  isChanged: boolean;
  isTold: boolean;
}

export class StatsdTable {
  readonly #settings: StatsdReceiverSettings;
  readonly #making: Making;
  readonly #appender: RoutedAppender;
  readonly #series = new Map<string, Series>();
  #generation: number;
  #heldCount = 0;
  #labelBytes = 0;
  #lastFlushMs = 0;

  constructor(settings: StatsdReceiverSettings, appender: RoutedAppender, random: () => number) {
    this.#settings = settings;
    this.#making = { settings, random };
    this.#appender = appender;
    this.#generation = appender.generation;
  }

  get size(): number {
    return this.#series.size;
  }

  /** Adds a line. Undefined when it was taken. */
  take(line: StatsdLine, now: Moment): TableRefusal | undefined {
    const { isMonotonic } = this.#settings;
    const { values, type, rate } = line;
    if (type === 'counter' && isMonotonic && values.some(({ number }) => number < 0))
      return 'negative_count';
    const series = this.#find(line, now);
    if (typeof series === 'string') return series;
    if (series.type !== type) return 'type_conflict';
    const { aggregate } = series;
    const before = aggregate.heldCount;
    const isFull =
      before + values.length > SERIES_OBSERVATIONS_MAX ||
      (this.#heldCount + values.length > OBSERVATIONS_MAX && holdsAll(type));
    if (isFull) return 'observation_limit';
    for (const value of values) aggregate.take(value, rate, now.wallMs);
    this.#heldCount += aggregate.heldCount - before;
    series.lastMs = now.elapsedMs;
    series.isChanged = true;
    return undefined;
  }

  /**
   * Appends what the interval has brought, and forgets series that nothing came for. A transaction
   * that fails is rolled back; what it held is lost.
   *
   * @param onFailure  gets how many series were in it
   */
  async flush(
    { wallMs, elapsedMs }: Moment,
    onFailure: (series: number, error: unknown) => void,
  ): Promise<void> {
    // Two flushes that follow at once need two times.
    const isSetBack = wallMs < this.#lastFlushMs - SET_BACK_MIN_MS;
    const tMs = isSetBack ? wallMs : Math.max(wallMs, this.#lastFlushMs + 1);
    this.#lastFlushMs = tMs;
    this.#renewAll();
    let batch: Series[] = [];
    let ended: Series[] = [];
    let samples = 0;
    const commit = (): void => {
      this.#tell({ batch, ended }, tMs, onFailure);
      batch = [];
      ended = [];
      samples = 0;
    };
    for (const [key, series] of this.#series) {
      if (this.#isExpired(series, elapsedMs)) {
        this.#series.delete(key);
        this.#labelBytes -= series.labelBytes;
        ended.push(series);
        samples += series.parts.length;
      } else if (series.isChanged || this.#settings.isCumulative) {
        batch.push(series);
        samples += series.parts.length + series.aggregate.heldCount;
      }
      if (samples < BATCH_SAMPLES) continue;
      commit();
      await nextTurn();
      this.#renewAll();
    }
    commit();
  }

  #isExpired({ lastMs, isChanged }: Series, elapsedMs: number): boolean {
    return !isChanged && elapsedMs - lastMs > this.#settings.expireMs;
  }

  #tell(
    { batch, ended }: { readonly batch: readonly Series[]; readonly ended: readonly Series[] },
    tMs: number,
    onFailure: (series: number, error: unknown) => void,
  ): void {
    const appender = this.#appender;
    try {
      for (const series of batch) {
        const { aggregate, parts } = series;
        const before = aggregate.heldCount;
        const refs = parts.map(({ ref }) => ref);
        aggregate.write(appender, refs, tMs);
        this.#heldCount += aggregate.heldCount - before;
        series.isChanged = false;
        series.isTold = true;
      }
      for (const series of ended) this.#end(series, tMs);
      appender.commit();
    } catch (error) {
      appender.rollback();
      onFailure(batch.length + ended.length, error);
    }
    for (const { parts } of ended)
      for (const { ref } of parts) if (ref !== DROPPED_REF) appender.forget(ref);
  }

  /** Increases end by not being told; a total would be looked for until it is old. */
  #end({ parts, isTold }: Series, tMs: number): void {
    if (!this.#settings.isCumulative || !isTold) return;
    for (const { ref } of parts) if (ref !== DROPPED_REF) this.#appender.appendStale(ref, tMs);
  }

  #find(line: StatsdLine, now: Moment): Series | TableRefusal {
    const tags = makeTags(line, this.#settings);
    const key = JSON.stringify([line.name, ...tags]);
    const known = this.#series.get(key);
    if (known !== undefined) return known;
    const aggregate = makeAggregate(line, this.#making);
    if (aggregate === undefined) return 'unmapped';
    if (this.#series.size >= this.#settings.seriesMax) return 'series_limit';
    const labelBytes = key.length * aggregate.parts.length;
    if (this.#labelBytes + labelBytes > LABEL_BYTES_MAX) return 'label_bytes_limit';
    const series: Series = {
      type: line.type,
      aggregate,
      parts: this.#open(line.name, tags, aggregate),
      labelBytes,
      lastMs: now.elapsedMs,
      createdMs: now.wallMs,
      isChanged: false,
      isTold: false,
    };
    for (const part of series.parts) this.#tellMetadata(part, now.wallMs);
    this.#series.set(key, series);
    this.#labelBytes += labelBytes;
    return series;
  }

  #open(
    written: string,
    tags: readonly (readonly [string, string])[],
    aggregate: Aggregate,
  ): readonly Part[] {
    const { escapesNames, isCumulative } = this.#settings;
    const name = escapesNames ? escapeName(written) : written;
    const isDelta = aggregate.counts && !isCumulative;
    const family: SeriesFamily = {
      name,
      type: aggregate.type,
      unit: '',
      ...(isDelta ? { isDelta } : {}),
    };
    const origin: SeriesOrigin = { family };
    return aggregate.parts.map(({ suffix, label }): Part => {
      const own = label === undefined ? [] : [label];
      const labels = makeLabelSet([...tags, ...own, [METRIC_NAME, name + suffix]]);
      return { labels, origin, ref: this.#appender.refOf(labels, origin) };
    });
  }

  #tellMetadata({ ref, origin: { family } }: Part, createdMs: number): void {
    if (ref === DROPPED_REF) return;
    const { name, type } = family;
    this.#appender.setMetadata(ref, name, { type, unit: '', help: '' });
    const isTotal = this.#settings.isCumulative && (type === 'counter' || type === 'histogram');
    if (isTotal) this.#appender.setCreated(ref, createdMs);
  }

  /** Completes all refs where the routes have changed. */
  #renewAll(): void {
    const appender = this.#appender;
    if (appender.generation === this.#generation) return;
    this.#generation = appender.generation;
    for (const { parts, createdMs } of this.#series.values())
      for (const part of parts) {
        part.ref = appender.renew(part.ref, part.labels, part.origin);
        this.#tellMetadata(part, createdMs);
      }
  }
}

/** Sorted by name; of two tags with one name the last counts. */
function makeTags(
  { tags, type }: StatsdLine,
  { hasMetricType, escapesNames }: StatsdReceiverSettings,
): readonly (readonly [string, string])[] {
  if (tags.length === 0 && !hasMetricType) return [];
  const byName = new Map<string, string>();
  for (const [key, value] of tags) {
    const name = escapesNames ? escapeName(key, 'label') : key;
    if (name !== METRIC_NAME) byName.set(name, value);
  }
  if (hasMetricType) byName.set('metric_type', type);
  return [...byName].sort(([a], [b]) => (a < b ? -1 : 1));
}

function holdsAll(type: StatsdLine['type']): boolean {
  return type !== 'counter' && type !== 'gauge';
}
