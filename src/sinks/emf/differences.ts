/**
 * From totals to increases: CloudWatch adds up what an event says, so a counter, a histogram or a
 * summary that counts since its start is sent as what was added since the reading before.
 *
 *     target       key of its appender
 *     └ resource   of the metrics of a commit
 *       └ series   metric, attributes and form of a point: its last totals
 *
 * The first value of a series is an increase as a whole where nothing of it can have been counted
 * before: the counter began after this state did, or the target was read before without the
 * series. Else it is what later values are compared with. So is a total that has fallen: the
 * counter began anew, and its whole value was added since.
 *
 * It is not the transform `cumulativeToDelta`: that one is for series before they are points, of
 * one target at a time, and forgets at a restart. What is known here is kept in a file
 * (differences-journal.ts).
 * Limits: SERIES_MAX series; those that are above are not sent, and counted.
 */
import type { Moment } from '../../kernel/clock.ts';
import { labelSetKey } from '../../model/labels.ts';
import type {
  MetricData,
  MetricPoint,
  OtelMetric,
  ResourceMetrics,
} from '../../model/otel-metrics.ts';
import { EXPONENTIALS, type Form, HISTOGRAMS, NUMBERS, SUMMARIES } from './differences-forms.ts';
import type { Totals } from './differences-totals.ts';

export const SERIES_MAX = 200_000;
/** How long a target is known after its last reading. */
export const FORGET_TARGET_MS = 3_600_000;
/** How long a series is known that a target no longer has, while the target is read. */
export const FORGET_SERIES_MS = 86_400_000;
/** The same where there are too many series. */
const FORGET_EARLY_MS = 600_000;
/** How often series above the limit may cause a search for some to forget. */
const EARLY_INTERVAL_MS = 10_000;

/** How far the time of a point may be ahead of our clock without a clock being wrong. */
const AHEAD_MS = 60_000;

/** Why a point is not sent. */
export type Unsent = 'first_value' | 'out_of_order' | 'not_finite' | 'series_limit';

export interface CountedSeries {
  /** Never given twice. */
  readonly id: number;
  readonly key: string;
  readonly resource: CountedResource;
  totals: Totals;
  /** Time of the last point. */
  lastMs: number;
  /** When it last came, by elapsed time. */
  seenMs: number;
}

export interface CountedResource {
  readonly key: string;
  readonly target: CountedTarget;
  readonly series: Map<string, CountedSeries>;
  /** The number of the commit that brought it. */
  readonly firstCommit: number;
}

export interface CountedTarget {
  readonly key: string;
  readonly resources: Map<string, CountedResource>;
  /** The commit by which it was first read as a whole; infinite before. */
  firstCommit: number;
  /** When it was last read, by elapsed time. */
  seenMs: number;
}

export interface DifferencesOptions {
  /** Whether the first value of a series is always an increase as a whole. */
  retainsInitialValue: boolean;
  readonly seriesMax?: number;
  readonly onUnsent: (reason: Unsent, points: number, metric: string) => void;
}

/** The keys of a series: target, resource, and its own. */
export type SeriesPath = readonly [target: string, resource: string, series: string];

/** What a commit becomes: the metrics that are sent, and the series whose totals have changed. */
export interface Increases {
  readonly metrics: readonly ResourceMetrics[];
  readonly changed: readonly CountedSeries[];
}

export interface TargetReading {
  readonly now: Moment;
  /** As `Appender.commit` has it; where the source does not know, its metrics tell. */
  readonly hasAnswered?: boolean | undefined;
}

/** A reading of a target that is under way: its metrics come in parts. */
export interface OpenReading {
  readonly target: CountedTarget;
  readonly now: Moment;
  readonly hasAnswered: boolean;
  readonly commit: number;
}

export class Differences {
  options: DifferencesOptions;
  /** A counter that began later has not been counted by anybody before. */
  sinceMs: number;
  readonly targets = new Map<string, CountedTarget>();
  #seriesCount = 0;
  #nextId = 1;
  #commit = 1;
  #earlySweepMs = -Infinity;
  /** Whether a series found no room since the last search for some to forget. */
  #isFull = false;

  constructor(options: DifferencesOptions, sinceMs: number) {
    this.options = options;
    this.sinceMs = sinceMs;
  }

  get seriesCount(): number {
    return this.#seriesCount;
  }

  /**
   * Begins with the metrics of one commit. Other targets may be read before its end.
   *
   * @param key  of the target
   * @param all  of the commit, before they are divided
   */
  begin(
    key: string,
    all: readonly ResourceMetrics[],
    { now, hasAnswered = isReading(all) }: TargetReading,
  ): OpenReading {
    this.#commit += 1;
    const known = this.targets.get(key);
    if (known !== undefined) known.seenMs = now.elapsedMs;
    if (this.#isFull) this.#makeRoom(now);
    const target = known ?? newTarget(key, now);
    return { target, now, hasAnswered, commit: this.#commit };
  }

  /** Makes increases of some metrics of a commit. */
  apply(reading: OpenReading, metrics: readonly ResourceMetrics[]): Increases {
    const changed: CountedSeries[] = [];
    const { target, hasAnswered } = reading;
    const increases = metrics.flatMap(({ resource: labels, metrics: own }) => {
      const resource = findResource(target, labelSetKey(labels), reading.commit);
      const at = { resource, reading, changed };
      const made = own.flatMap((metric) => this.#convert(metric, at) ?? []);
      return made.length === 0 ? [] : [{ resource: labels, metrics: made }];
    });
    if (changed.length > 0 || hasAnswered) this.targets.set(target.key, target);
    return { metrics: increases, changed };
  }

  /** Ends with a commit: from now on, what is new of the target has begun since. */
  end({ target, hasAnswered, commit }: OpenReading): void {
    if (hasAnswered) this.targets.set(target.key, target);
    target.firstCommit = Math.min(target.firstCommit, commit);
  }

  /** Forgets what has not come for long. */
  sweep({ wallMs, elapsedMs }: Moment, forgetSeriesMs = FORGET_SERIES_MS): void {
    const forget = (series: CountedSeries): void => {
      series.resource.series.delete(series.key);
      this.#seriesCount -= 1;
      // It may come back: it must not look as if it had begun since.
      // A sender's clock may be ahead of ours: the first values of others are no later for that.
      this.sinceMs = Math.max(this.sinceMs, Math.min(series.lastMs, wallMs));
    };
    for (const target of this.targets.values()) {
      const isGone = elapsedMs - target.seenMs > Math.min(FORGET_TARGET_MS, forgetSeriesMs);
      for (const resource of target.resources.values()) {
        for (const series of resource.series.values())
          if (isGone || elapsedMs - series.seenMs > forgetSeriesMs) forget(series);
        if (resource.series.size === 0) target.resources.delete(resource.key);
      }
      if (isGone) this.targets.delete(target.key);
    }
  }

  /** Puts a series back that an earlier run has written. */
  restore(
    [targetKey, resourceKey, key]: SeriesPath,
    totals: Totals,
    lastMs: number,
    now: Moment,
  ): void {
    const known = this.targets.get(targetKey);
    const target = known ?? { ...newTarget(targetKey, now), firstCommit: 0 };
    if (known === undefined) this.targets.set(targetKey, target);
    const resource = findResource(target, resourceKey, 0);
    const before = resource.series.get(key);
    if (before === undefined) this.#add(resource, key, totals, lastMs, now);
    else Object.assign(before, { totals, lastMs });
  }

  /** Says of a target that was put back that its first reading was cut off. */
  reopen(key: string): void {
    const target = this.targets.get(key);
    if (target !== undefined) target.firstCommit = Infinity;
  }

  /** All series, in the order of their targets. */
  *list(): Generator<CountedSeries> {
    for (const { resources } of this.targets.values())
      for (const { series } of resources.values()) yield* series.values();
  }

  #convert(metric: OtelMetric, at: Place): OtelMetric | undefined {
    const { data } = metric;
    switch (data.kind) {
      case 'gauge':
        return metric;
      case 'sum': {
        if (!data.isMonotonic || data.isDelta) return metric;
        const points = this.#convertAll(data.points, NUMBERS, metric, at);
        return withPoints(metric, { ...data, isDelta: true, points });
      }
      case 'histogram': {
        if (data.isDelta) return metric;
        const points = this.#convertAll(data.points, HISTOGRAMS, metric, at);
        return withPoints(metric, { ...data, isDelta: true, points });
      }
      case 'exponential': {
        if (data.isDelta) return metric;
        const points = this.#convertAll(data.points, EXPONENTIALS, metric, at);
        return withPoints(metric, { ...data, isDelta: true, points });
      }
      case 'summary':
        return withPoints(metric, {
          ...data,
          points: this.#convertAll(data.points, SUMMARIES, metric, at),
        });
    }
  }

  #convertAll<Point extends MetricPoint>(
    points: readonly Point[],
    form: Form<Point>,
    { name, unit }: OtelMetric,
    at: Place,
  ): readonly Point[] {
    const prefix = `${form.letter}${name.length}:${name}${unit}|`;
    return points.flatMap((point) => {
      if (point.isStale) return [];
      const shape = form.shapeOf(point);
      const key = `${prefix}${labelSetKey(point.attributes)}${shape === '' ? '' : `|${shape}`}`;
      const made = this.#difference(key, form, point, at);
      if (typeof made !== 'string') return [made];
      this.options.onUnsent(made, 1, name);
      return [];
    });
  }

  #difference<Point extends MetricPoint>(
    key: string,
    form: Form<Point>,
    point: Point,
    at: Place,
  ): Point | Unsent {
    const { tMs, startMs } = point;
    const totals = form.totalsOf(point);
    if (!totals.every(Number.isFinite)) return 'not_finite';
    const { resource, reading, changed } = at;
    const { now } = reading;
    const series = resource.series.get(key);
    if (series === undefined) {
      const isWhole = this.#isWhole(point, resource, reading);
      this.#isFull = this.#seriesCount >= (this.options.seriesMax ?? SERIES_MAX);
      if (this.#isFull) return 'series_limit';
      changed.push(this.#add(resource, key, totals, tMs, now));
      return isWhole ? form.rewrite(point, totals, startMs) : 'first_value';
    }
    const { totals: before, lastMs } = series;
    // After a clock was set back, points would else be late until it has caught up.
    const wasAhead = lastMs > now.wallMs + AHEAD_MS && tMs <= now.wallMs + AHEAD_MS;
    if (tMs <= lastMs && !wasAhead) return 'out_of_order';
    series.seenMs = now.elapsedMs;
    series.lastMs = tMs;
    if (!isSame(before, totals)) {
      series.totals = totals;
      changed.push(series);
    }
    const hasRestarted = startMs !== undefined && startMs > lastMs;
    const added = hasRestarted ? undefined : form.subtract(totals, before);
    return added === undefined
      ? form.rewrite(point, totals, startMs)
      : form.rewrite(point, added, Math.min(lastMs, tMs));
  }

  /** Whether the first value of a series was added since the target was last read. */
  #isWhole(
    { startMs, tMs }: MetricPoint,
    { firstCommit, target }: CountedResource,
    { commit }: OpenReading,
  ): boolean {
    if (this.options.retainsInitialValue) return true;
    // A start that equals the time of the point says that the start is not known.
    if (startMs !== undefined && startMs > this.sinceMs && startMs < tMs) return true;
    const isReadBefore = target.firstCommit < commit;
    return isReadBefore && (startMs === undefined || firstCommit < commit);
  }

  #makeRoom(now: Moment): void {
    if (now.elapsedMs - this.#earlySweepMs < EARLY_INTERVAL_MS) return;
    this.#earlySweepMs = now.elapsedMs;
    this.#isFull = false;
    this.sweep(now, FORGET_EARLY_MS);
  }

  #add(
    resource: CountedResource,
    key: string,
    totals: Totals,
    lastMs: number,
    { elapsedMs }: Moment,
  ): CountedSeries {
    const series = { id: this.#nextId++, key, resource, totals, lastMs, seenMs: elapsedMs };
    resource.series.set(key, series);
    this.#seriesCount += 1;
    return series;
  }
}

function newTarget(key: string, { elapsedMs }: Moment): CountedTarget {
  return { key, resources: new Map(), firstCommit: Infinity, seenMs: elapsedMs };
}

/** @param firstCommit  that of one which is not known yet */
function findResource(target: CountedTarget, key: string, firstCommit: number): CountedResource {
  const known = target.resources.get(key);
  if (known !== undefined) return known;
  const resource = { key, target, series: new Map<string, CountedSeries>(), firstCommit };
  target.resources.set(key, resource);
  return resource;
}

interface Place {
  readonly resource: CountedResource;
  readonly reading: OpenReading;
  /** Gets the series whose totals have changed. */
  readonly changed: CountedSeries[];
}

function withPoints(metric: OtelMetric, data: MetricData): OtelMetric | undefined {
  return data.points.length === 0 ? undefined : { ...metric, data };
}

/**
 * Whether a target has answered, as far as its metrics tell: what a scrape tells of itself is there
 * for a failure too.
 */
function isReading(metrics: readonly ResourceMetrics[]): boolean {
  return metrics.some(({ metrics: own }) =>
    own.some(
      ({ name, data }) =>
        name !== 'up' &&
        !name.startsWith('scrape_') &&
        (data.points as readonly MetricPoint[]).some(({ isStale }) => !isStale),
    ),
  );
}

function isSame(a: Totals, b: Totals): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}
