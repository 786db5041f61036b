/**
 * The way into the queue: the metrics of a commit become increases, these become events, and the
 * events go to the queue as one chunk. The totals behind the increases are written before it
 * (differences-journal.ts), in the same turn of the event loop. A large commit is divided before
 * all that, and each part is a commit to the journal and the queue: what a kill cuts off comes as
 * an increase with the next reading.
 *
 * Chunks go to the lane of their target. They need no order, and a lane for each log stream would
 * cut a commit into several chunks, of which a crash could leave a part.
 */
import { join } from 'node:path';
import type { Load } from '../../delivery/load.ts';
import { type Clock, readMoment } from '../../kernel/clock.ts';
import type { Logger } from '../../kernel/logger.ts';
import type { ResourceMetrics } from '../../model/otel-metrics.ts';
import type { ChunkQueue } from '../../model/queue.ts';
import type { Appender } from '../../model/sample.ts';
import { MetricsAppender } from '../assembly/appender.ts';
import { makeEventChunk, unpackEventBytes } from './chunk.ts';
import { Differences, type DifferencesOptions, type OpenReading } from './differences.ts';
import { DifferencesJournal } from './differences-journal.ts';
import { divideByAttributes, hashUnits } from './divided.ts';
import type { MakeEvents } from './event.ts';
import type { EmfMetrics } from './metrics.ts';

export interface EmfWayInOptions {
  readonly queue: ChunkQueue;
  readonly load: Load;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: EmfMetrics;
  readonly makeEvents: MakeEvents;
  readonly retainsInitialValue: boolean;
  /** Called with the key of each metric of each event. */
  readonly onMetric: (key: string) => void;
}

const FILE_NAME = 'increases.journal';
/** Data points of a part: some milliseconds of work. */
const POINTS_MAX = 256;

/** What the appenders of one sink share. */
export class EmfWayIn {
  #options: EmfWayInOptions;
  readonly #differences: Differences;
  #journal: DifferencesJournal | undefined;
  #hasToldFirstValue = false;

  constructor(options: EmfWayInOptions) {
    this.#options = options;
    this.#differences = new Differences(this.#makeRules(options), options.clock.nowMs());
  }

  /** Goes on with other settings for the same queue. */
  goOn(options: EmfWayInOptions): void {
    this.#options = options;
    this.#differences.options = this.#makeRules(options);
  }

  /** The same function for as long as what it opens goes on. */
  readonly open = (key: string): Appender =>
    new MetricsAppender((metrics, hasAnswered) => this.#take(key, metrics, hasAnswered), {
      takesNothing: true,
    });

  /** Goes on from the totals that an earlier run has left. @param folder  none keeps nothing */
  async resume(folder: string | undefined): Promise<void> {
    if (folder === undefined || this.#journal !== undefined) return;
    const { clock, queue, log, metrics } = this.#options;
    const hasChunk = (commit: number): boolean => {
      const bytes = queue.newest?.();
      return bytes !== undefined && unpackEventBytes(bytes)?.commit === commit;
    };
    const onError = (error: unknown): void => {
      metrics.journalErrors.inc();
      log.error('the last totals of counters cannot be written; a kill now may count some twice', {
        error,
      });
    };
    const onDamage = (error: unknown): void => {
      metrics.journalErrors.inc();
      log.error('last totals of counters cannot be read; counters without them begin anew', {
        error,
      });
    };
    const path = join(folder, FILE_NAME);
    const onGone = (): void =>
      log.error(
        'the file of the last totals is gone or was replaced while in use; it is written anew, ' +
          'with all totals: a kill before that would have counted from the next reading on',
        { path },
      );
    const options = { path, differences: this.#differences, onError, onDamage, onGone };
    this.#journal = await DifferencesJournal.open(options, hasChunk, readMoment(clock));
    const { seriesCount } = this.#differences;
    metrics.series.set(seriesCount);
    if (seriesCount > 0) log.info('counters go on from their last totals', { series: seriesCount });
  }

  /** Notes that all chunks so far are in the queue, before the first of them can leave it. */
  noteQueued(): void {
    this.#journal?.mark();
  }

  /** Forgets series that have not come for long. */
  sweep(): void {
    this.#differences.sweep(readMoment(this.#options.clock));
    this.#options.metrics.series.set(this.#differences.seriesCount);
  }

  /** Sees that the file of the last totals is there, while the queue has its folder. */
  lookAfterJournal(): void {
    if (this.#options.queue.hasFolder !== false) this.#journal?.look();
  }

  async close(): Promise<void> {
    await this.#journal?.close();
  }

  *#take(
    key: string,
    all: readonly ResourceMetrics[],
    hasAnswered: boolean | undefined,
  ): Generator<undefined, void, undefined> {
    const now = readMoment(this.#options.clock);
    const reading = this.#differences.begin(key, all, { now, hasAnswered });
    const parts = yield* divideByAttributes(all, POINTS_MAX);
    // A kill in between must not make the rest look as if it had begun since.
    const isCut = parts.length > 1 && reading.target.firstCommit === Infinity;
    if (isCut) this.#journal?.writeReading(key, false);
    const lane = hashUnits(key);
    for (const part of parts) {
      this.#takePart(reading, part, lane);
      yield;
    }
    this.#differences.end(reading);
    if (isCut) this.#journal?.writeReading(key, true);
  }

  #takePart(reading: OpenReading, part: readonly ResourceMetrics[], lane: number): void {
    const { queue, load, makeEvents, onMetric } = this.#options;
    const { metrics: increases, changed } = this.#differences.apply(reading, part);
    const events = makeEvents(increases);
    const commit = this.#journal?.write(changed) ?? 0;
    if (events.length === 0) {
      this.#journal?.mark();
      return;
    }
    const logged = events.map(({ timestampMs, group, stream, message }) => ({
      timestampMs,
      group,
      stream,
      message: Buffer.from(message),
    }));
    const chunk = makeEventChunk(logged, commit, lane);
    queue.append(chunk);
    load.taken(chunk.items, chunk.newestMs);
    for (const { metrics: billed } of events) for (const { key: one } of billed) onMetric(one);
  }

  #makeRules({ retainsInitialValue, metrics, log }: EmfWayInOptions): DifferencesOptions {
    return {
      retainsInitialValue,
      onUnsent: (reason, points, metric) => {
        metrics.unsent(reason, points);
        if (reason === 'series_limit')
          log.error(
            'too many series of counters are known; the increases of new ones are not sent',
          );
        if (reason !== 'first_value' || this.#hasToldFirstValue) return;
        this.#hasToldFirstValue = true;
        log.info(
          'the first value of a counter whose target was not read before is what later ones are ' +
            'compared with, and is not sent; "retain_initial_value_of_delta_metric: true" sends ' +
            'it; further ones are only counted',
          { metric },
        );
      },
    };
  }
}
