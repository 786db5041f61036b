/**
 * A source of samples that reads this task's metadata endpoint at an interval and appends what
 * OpenTelemetry's awsecscontainermetrics receiver would tell. A reading is a transaction, with one
 * timestamp. A series that a reading lacks ends with a stale marker: when a container has gone,
 * when one of its attributes changes (it is another resource then), and when the endpoint fails,
 * until it answers again. The bounds are those of the endpoint's answer: a task has few containers.
 */
import { type Moment, readMoment } from '../kernel/clock.ts';
import type { Component } from '../kernel/component.ts';
import type { World } from '../kernel/world.ts';
import { type LabelSet, labelSetKey, makeLabelSet, METRIC_NAME } from '../model/labels.ts';
import {
  DROPPED_REF,
  type RoutedAppender,
  type SeriesOrigin,
  type SeriesRef,
} from '../model/sample.ts';
import { type ObservedResource, observeTasks, type TaskMetric } from './otel-metrics.ts';
import type { MetadataReader } from './reader.ts';

/** A reading waits no longer, so that the next one is on time. */
export const DEADLINE_MAX_MS = 4_000;

export interface TaskSourceOptions {
  readonly id: string;
  readonly intervalMs: number;
  readonly reader: Pick<MetadataReader, 'read' | 'lastError'>;
  readonly openAppender: () => RoutedAppender;
  readonly world: World;
}

/** How a source fares, as a page of targets shows it. */
export interface TaskSourceStatus {
  readonly id: string;
  readonly intervalMs: number;
  readonly health: 'up' | 'down' | 'unknown';
  readonly lastError: string;
  /** When the last reading began; undefined before the first. */
  readonly last: Moment | undefined;
  readonly lastDurationMs: number;
  readonly lastSamples: number;
}

interface Series {
  ref: SeriesRef;
  readonly labels: LabelSet;
  readonly origin: SeriesOrigin;
  /** The number of the last reading that had it. */
  seenIn: number;
}

export class TaskSource implements Component {
  readonly name: string;
  readonly #options: TaskSourceOptions;
  readonly #stopping = new AbortController();
  readonly #ended = new AbortController();
  readonly #series = new Map<string, Series>();
  #appender: RoutedAppender | undefined;
  #generation = 0;
  #readings = 0;
  #lastMs = 0;
  #running: Promise<void> = Promise.resolve();
  #status: TaskSourceStatus;

  constructor(options: TaskSourceOptions) {
    const { id, intervalMs } = options;
    this.#options = options;
    this.name = `task metrics ${id}`;
    this.#status = {
      id,
      intervalMs,
      health: 'unknown',
      lastError: '',
      last: undefined,
      lastDurationMs: 0,
      lastSamples: 0,
    };
  }

  get status(): TaskSourceStatus {
    return this.#status;
  }

  /** Reads at once for the first time, in the background. */
  start(): Promise<void> {
    this.#appender = this.#options.openAppender();
    this.#generation = this.#appender.generation;
    this.#running = this.#run().finally(() => this.#ended.abort());
    return Promise.resolve();
  }

  /** Stops without stale markers: the series go on where the task's next collector starts. */
  async stop(deadlineMs: number): Promise<void> {
    this.#stopping.abort();
    this.#appender?.close();
    this.#appender = undefined;
    this.#forgetMetrics();
    // A reading may be under way; what it brings goes nowhere any more.
    const late = this.#options.world.clock.sleep(deadlineMs, this.#ended.signal);
    await Promise.race([this.#running, late.catch(() => undefined)]);
  }

  /** Stops, and ends the series: for a source that a configuration has no longer. */
  async end(deadlineMs: number): Promise<void> {
    if (this.#appender !== undefined) this.#appendAll(this.#appender, [], this.#nowMs());
    await this.stop(deadlineMs);
  }

  /** Reads once more, out of turn, where the source runs. */
  async readLast(): Promise<void> {
    this.#stopping.abort();
    if (this.#appender !== undefined) await this.#read();
  }

  async #run(): Promise<void> {
    const { world, intervalMs } = this.#options;
    const { signal } = this.#stopping;
    let nextMs = world.clock.elapsedMs();
    while (!signal.aborted) {
      await this.#read();
      // Ticks that a slow reading or a suspended machine has missed are left out.
      const missed = Math.floor((world.clock.elapsedMs() - nextMs) / intervalMs);
      nextMs += Math.max(1, missed + 1) * intervalMs;
      await world.clock.sleep(nextMs - world.clock.elapsedMs(), signal).catch(() => undefined);
    }
  }

  async #read(): Promise<void> {
    const { reader, intervalMs, world, id } = this.#options;
    const last = readMoment(world.clock);
    const reading = await reader.read(Math.min(DEADLINE_MAX_MS, intervalMs));
    const appender = this.#appender;
    // Two readings that come together share one answer.
    if (appender === undefined || reading.tMs === this.#lastMs) return;
    this.#lastMs = reading.tMs;
    const resources = observeTasks(reading);
    try {
      this.#appendAll(appender, resources, reading.tMs);
    } catch (error) {
      appender.rollback();
      world.log.error('a reading of the task could not be appended', { source: id, error });
    }
    const lastError = reading.isUp ? '' : reader.lastError || NO_ANSWER;
    this.#report({
      ...this.#status,
      health: reading.isUp ? 'up' : 'down',
      lastError,
      last,
      lastDurationMs: world.clock.elapsedMs() - last.elapsedMs,
      lastSamples: resources.reduce((sum, { metrics }) => sum + metrics.length, 0),
    });
  }

  #appendAll(appender: RoutedAppender, resources: readonly ObservedResource[], tMs: number): void {
    this.#renewAll(appender);
    this.#readings += 1;
    for (const { attributes, metrics } of resources) {
      const resource = makeLabelSet(attributes);
      const key = labelSetKey(resource);
      for (const metric of metrics) {
        const series = this.#take(appender, `${metric.name} ${key}`, metric, resource);
        series.seenIn = this.#readings;
        appender.append(series.ref, tMs, metric.value);
      }
    }
    const gone = [...this.#series].filter(([, { seenIn }]) => seenIn !== this.#readings);
    for (const [, { ref }] of gone) appender.appendStale(ref, tMs);
    appender.commit();
    for (const [key, { ref }] of gone) {
      if (ref !== DROPPED_REF) appender.forget(ref);
      this.#series.delete(key);
    }
  }

  #take(appender: RoutedAppender, key: string, metric: TaskMetric, resource: LabelSet): Series {
    const known = this.#series.get(key);
    if (known !== undefined) return known;
    const labels = makeLabelSet({ [METRIC_NAME]: metric.name });
    // A sum that is not monotonic is a gauge for Prometheus, as in the Collector's exporter.
    const family = { name: metric.name, type: 'gauge', unit: metric.unit } as const;
    const origin = { family, resource };
    const series = { ref: appender.refOf(labels, origin), labels, origin, seenIn: 0 };
    this.#series.set(key, series);
    tellMetadata(appender, series);
    return series;
  }

  /** Completes all refs where the routes have changed since the last reading. */
  #renewAll(appender: RoutedAppender): void {
    if (appender.generation === this.#generation) return;
    this.#generation = appender.generation;
    for (const series of this.#series.values()) {
      series.ref = appender.renew(series.ref, series.labels, series.origin);
      tellMetadata(appender, series);
    }
  }

  #report(status: TaskSourceStatus): void {
    this.#status = status;
    const { up, failures } = this.#metrics();
    const labels = { source: status.id };
    up.with(labels).set(status.health === 'up' ? 1 : 0);
    failures.with(labels).inc(status.health === 'up' ? 0 : 1);
  }

  #forgetMetrics(): void {
    const { up, failures } = this.#metrics();
    for (const family of [up, failures]) family.remove({ source: this.#options.id });
  }

  #metrics() {
    const { metrics } = this.#options.world;
    return {
      up: metrics.gauges(
        'amperage_task_source_up',
        'Whether the last reading of the task metadata endpoint was answered in full.',
      ),
      failures: metrics.counters(
        'amperage_task_source_failures_total',
        'Readings of the task metadata endpoint that were not answered in full.',
      ),
    };
  }

  #nowMs(): number {
    return this.#options.world.clock.nowMs();
  }
}

const NO_ANSWER = 'the task metadata endpoint did not answer in time';

function tellMetadata(appender: RoutedAppender, { ref, origin: { family } }: Series): void {
  if (ref === DROPPED_REF) return;
  appender.setMetadata(ref, family.name, { type: family.type, unit: family.unit, help: '' });
}
