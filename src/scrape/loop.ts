/**
 * The loop of one target: waits for its place in the interval, scrapes, commits; never overlaps
 * itself.
 *
 *     start ──► first scrape soon ──► grid: t ≡ offset (mod interval), ticks missed are left out
 *     retire ─► the next due time passes, one interval and a tenth more ─► stale markers at the
 *     missed time ─► ends leave ──► ends after the scrape under way; no markers: another process
 *     goes on with the target stop ───► ends at once; no markers
 *
 * What a scrape does to the target's series is transaction.ts.
 * Source: prometheus/scrape/scrape.go (scrapeLoop)
 */
import { describeError, PermanentError } from '../kernel/errors.ts';
import { type HttpClient, HttpClientError } from '../kernel/http-client.ts';
import { type World } from '../kernel/world.ts';
import type { Borrowed } from '../model/borrowed.ts';
import type { OpenRoutedAppender, SeriesMetadata } from '../model/sample.ts';
import { formatDurationMs } from '../model/duration.ts';
import { ExpositionError } from '../wire/exposition/error.ts';
import type { ScrapeScratch } from './cache.ts';
import type { ScrapeConfig } from './config.ts';
import { fetchExposition, type FetchedBody } from './fetch.ts';
import { type ScrapeMetrics } from './metrics.ts';
import { type Target } from './target.ts';
import type { ScrapeCounts } from './target-series.ts';
import type { ReportMarks } from './report.ts';
import { ScrapeTransaction } from './transaction.ts';

/**
 * The series of a target and where they go: what outlives a loop when another goes on with the same
 * labels.
 */
export interface LoopEstate {
  readonly key: string;
  readonly transaction: ScrapeTransaction;
  readonly status: Omit<LoopStatus, 'seriesCount'>;
}

export interface LoopOptions {
  readonly world: World;
  readonly metrics: ScrapeMetrics;
  readonly openAppender: OpenRoutedAppender;
  readonly scratch: ScrapeScratch;
  readonly marks: ReportMarks;
  readonly userAgent: string;
  readonly http: HttpClient<Borrowed<Uint8Array>>;
  readonly target: Target;
  /** Where in the interval its ticks lie, [0, interval). */
  readonly offsetMs: number;
  /** The first scrape comes within this, wherever the grid lies. */
  readonly firstWithinMs: number;
  /** Asked for each scrape: what does not alter series may change under way. */
  readonly config: () => ScrapeConfig;
  /** The same object as long as nothing changes that reading a page depends on. */
  readonly pageConfig: () => ScrapeConfig;
  /** A reason to fail every scrape, such as too many targets. */
  readonly veto: () => Error | undefined;
  readonly onEnd: () => void;
  /** Of a loop that had the same target labels; without it the loop starts with nothing. */
  readonly estate?: LoopEstate | undefined;
  /**
   * When another process ceased to scrape the target, on the same grid; undefined when none is
   * known to have.
   */
  readonly othersSinceMs?: number | undefined;
  /**
   * Whether the target is still this process's to scrape: from the moment that another may, no tick
   * is made any more.
   */
  readonly isHeld?: (part: number) => boolean;
}

export interface LoopStatus {
  readonly health: 'unknown' | 'up' | 'down';
  readonly lastError: string;
  /** When the last scrape began, ms since 1970; 0 before the first. */
  readonly lastScrapeMs: number;
  readonly lastDurationMs: number;
  readonly lastSamples: number;
  readonly seriesCount: number;
}

/** A tick this late, or later than a hundredth of the interval, is stamped with its real time. */
const SNAP_MAX_MS = 2;

export class ScrapeLoop {
  readonly target: Target;
  /**
   * Of all targets, the part that it belongs to by the newest list: the same target may come to
   * another.
   */
  part: number | undefined;
  readonly #options: LoopOptions;
  readonly #transaction: ScrapeTransaction;
  readonly #stopping = new AbortController();
  /**
   * One more scrape, at once, and no other; aborted by a stop too, so that sleeps need no signal of
   * two signals.
   */
  readonly #lastCall = new AbortController();
  readonly #intervals: ReturnType<ScrapeMetrics['intervals']['with']>;
  #retiring: AbortController | undefined;
  #isHandedOver = false;
  #isOver = false;
  #isLeaving = false;
  #isScraping = false;
  #status: Omit<LoopStatus, 'seriesCount'> = {
    health: 'unknown',
    lastError: '',
    lastScrapeMs: 0,
    lastDurationMs: 0,
    lastSamples: 0,
  };
  #ended: Promise<void> = Promise.resolve();

  constructor(options: LoopOptions) {
    this.#options = options;
    this.target = options.target;
    this.part = options.target.part;
    const { estate, scratch, marks } = options;
    const config = options.pageConfig();
    const { labels: targetLabels, key } = this.target;
    this.#intervals = options.metrics.intervals.with({
      interval: formatDurationMs(this.target.intervalMs),
    });
    if (estate === undefined) {
      const appender = options.openAppender(config.id, key);
      this.#transaction = new ScrapeTransaction({ appender, targetLabels, config, scratch, marks });
      return;
    }
    this.#transaction = estate.transaction;
    this.#transaction.setConfig(config);
    if (estate.key === key) this.#status = estate.status;
  }

  get status(): LoopStatus {
    return { ...this.#status, seriesCount: this.#transaction.seriesCount };
  }

  /** What the target says of its metric families. */
  get metadata(): ReadonlyMap<string, SeriesMetadata> {
    return this.#transaction.metadata;
  }

  get isRetired(): boolean {
    return this.#retiring !== undefined;
  }

  /** Handed over, or its series have ended: it can't be revived. */
  get isOver(): boolean {
    return this.#isOver;
  }

  start(): void {
    this.#ended = this.#run();
  }

  /** The target is gone: the loop ends by itself, after time for the target to come back. */
  retire(): void {
    this.#retiring ??= new AbortController();
  }

  /** The target is back. */
  revive(): void {
    this.#retiring?.abort();
    this.#retiring = undefined;
  }

  /** Whether a scrape is under way. */
  get isScraping(): boolean {
    return this.#isScraping;
  }

  /** Another process goes on with the target: ends when the scrape under way has. */
  leave(): Promise<void> {
    this.#isLeaving = true;
    this.#lastCall.abort();
    return this.#ended;
  }

  /** Scrapes once more, at once, and ends; a scrape under way is the last one. */
  finish(): Promise<void> {
    this.#lastCall.abort();
    return this.#ended;
  }

  /** Ends the loop; a scrape under way is given up and leaves nothing. */
  stop(): Promise<void> {
    this.#stopping.abort();
    this.#lastCall.abort();
    if (!this.#isHandedOver) this.#transaction.giveUp();
    return this.#ended;
  }

  /**
   * Ends the loop and gives its series to another: nothing is appended here any more, also not by a
   * scrape under way. They keep their appender, and with it their lane, so that samples of old and
   * new loop leave in order.
   */
  handOver(): LoopEstate {
    this.#isHandedOver = true;
    this.#isOver = true;
    this.#stopping.abort();
    this.#lastCall.abort();
    this.#transaction.giveUp();
    return {
      key: this.target.key,
      transaction: this.#transaction,
      status: this.#status,
    };
  }

  async #run(): Promise<void> {
    const { world } = this.#options;
    try {
      await this.#loop();
    } catch (error) {
      if (!this.#stopping.signal.aborted)
        world.log.error('a scrape loop broke', { url: this.target.url, error });
    }
    this.#isOver = true;
    if (!this.#isHandedOver) this.#transaction.close();
    this.#options.onEnd();
  }

  async #loop(): Promise<void> {
    const { clock } = this.#options.world;
    const { intervalMs } = this.target;
    const { signal } = this.#stopping;
    let dueMs = this.#firstDueMs();
    for (;;) {
      await this.#sleepUntil(dueMs);
      if (this.#lastCall.signal.aborted) {
        const nowMs = Math.max(clock.nowMs(), this.#status.lastScrapeMs + 1);
        if (this.#retiring === undefined && !this.#isLeaving) await this.#scrapeIfHeld(nowMs);
        return;
      }
      const retiring = this.#retiring;
      if (retiring === undefined) await this.#scrapeIfHeld(dueMs);
      else if (await this.#isGoneAfter(intervalMs * 1.1, retiring)) {
        await this.#transaction.end(dueMs);
        // The target may have come back on the way, which is long where it has many series.
        this.#isOver = this.#retiring === retiring;
        if (this.#isOver) return;
      }
      if (signal.aborted || this.#lastCall.signal.aborted) return;
      // Right after a first scrape off the grid the next place may be very near: leave that one
      // out.
      const fromMs = Math.max(clock.nowMs(), dueMs + intervalMs / 2);
      const nextMs = nextOnGrid(fromMs, intervalMs, this.#options.offsetMs);
      const missed = Math.floor((nextMs - dueMs) / intervalMs) - 1;
      if (missed > 0 && retiring === undefined) this.#options.metrics.missed.inc(missed);
      dueMs = nextMs;
    }
  }

  /** Rejects when the loop is to stop at once; ends early for the last call. */
  async #sleepUntil(dueMs: number): Promise<void> {
    const { clock } = this.#options.world;
    try {
      await clock.sleep(dueMs - clock.nowMs(), this.#lastCall.signal);
    } catch (error) {
      if (this.#stopping.signal.aborted) throw error;
    }
  }

  /**
   * Soon; but a loop that goes on with the same target stays on its grid, as if nothing had
   * happened.
   */
  #firstDueMs(): number {
    const { estate, offsetMs, firstWithinMs, world } = this.#options;
    const { key, intervalMs } = this.target;
    const nowMs = world.clock.nowMs();
    if (estate?.key === key && estate.status.lastScrapeMs > 0)
      return nextOnGrid(nowMs, intervalMs, offsetMs);
    const firstMs = Math.round(offsetMs * Math.min(1, firstWithinMs / intervalMs));
    const { othersSinceMs } = this.#options;
    if (estate === undefined && othersSinceMs !== undefined)
      return this.#firstDueAfterOthersMs(nowMs, othersSinceMs);
    // Not in the millisecond of the last sample of the loop before.
    return nowMs + (estate === undefined ? firstMs : Math.max(1, firstMs));
  }

  /**
   * On the grid, as if nothing had happened; a tick that fell between the other's last scrape and
   * now is made up for.
   */
  #firstDueAfterOthersMs(nowMs: number, sinceMs: number): number {
    const { offsetMs, firstWithinMs } = this.#options;
    const { intervalMs } = this.target;
    const nextMs = nextOnGrid(nowMs, intervalMs, offsetMs);
    if (nextMs - intervalMs < sinceMs) return nextMs;
    // Many may have been missed where the other one died: not all in this moment.
    const withinMs = Math.min(firstWithinMs, intervalMs, Math.max(0, nowMs - sinceMs));
    return Math.min(nextMs, nowMs + Math.round((offsetMs * withinMs) / intervalMs));
  }

  /** Waits; false when the target came back meanwhile. */
  async #isGoneAfter(waitMs: number, retiring: AbortController): Promise<boolean> {
    const signal = AbortSignal.any([this.#lastCall.signal, retiring.signal]);
    try {
      await this.#options.world.clock.sleep(waitMs, signal);
    } catch (error) {
      if (this.#stopping.signal.aborted) throw error;
    }
    return !retiring.signal.aborted && !this.#lastCall.signal.aborted;
  }

  async #scrapeIfHeld(dueMs: number): Promise<void> {
    if (this.part !== undefined && this.#options.isHeld?.(this.part) === false) return;
    this.#isScraping = true;
    try {
      await this.#scrape(dueMs);
    } finally {
      this.#isScraping = false;
    }
  }

  async #scrape(dueMs: number): Promise<void> {
    const { clock } = this.#options.world;
    const startMs = clock.nowMs();
    this.#observeInterval(startMs);
    this.#transaction.setConfig(this.#options.pageConfig());
    const lateMs = startMs - dueMs;
    const isOnTime = lateMs <= Math.min(SNAP_MAX_MS, this.target.intervalMs / 100);
    const tMs = isOnTime ? dueMs : startMs;
    const startedAt = performance.now();
    const got = await this.#fetch();
    if (this.#stopping.signal.aborted) return;
    const moment = {
      tMs,
      timeoutMs: this.target.timeoutMs,
      // A virtual clock counts waits, the real one also what was computed.
      elapsedMs: () => Math.max(performance.now() - startedAt, clock.nowMs() - startMs),
    };
    const transaction = this.#transaction;
    const outcome = transaction.isLarge(got)
      ? await transaction.takeInSlices(got, moment)
      : transaction.take(got, moment);
    if (outcome === undefined) return;
    const { failure, counts, durationMs } = outcome;
    this.#status = {
      health: failure === undefined ? 'up' : 'down',
      lastError: failure === undefined ? '' : describeError(failure),
      lastScrapeMs: startMs,
      lastDurationMs: durationMs,
      lastSamples: counts?.scraped ?? 0,
    };
    this.#observe(failure, counts);
  }

  #observeInterval(startMs: number): void {
    const { lastScrapeMs } = this.#status;
    if (lastScrapeMs === 0) return;
    this.#intervals.observe((startMs - lastScrapeMs) / 1_000);
  }

  async #fetch(): Promise<FetchedBody | Error> {
    const { world, userAgent, config, veto, http } = this.#options;
    const refused = veto();
    if (refused !== undefined) return refused;
    try {
      return await fetchExposition({
        http,
        clock: world.clock,
        config: config(),
        userAgent,
        url: this.target.url,
        timeoutMs: this.target.timeoutMs,
        signal: this.#stopping.signal,
      });
    } catch (error) {
      return error instanceof Error ? error : new Error(describeError(error));
    }
  }

  #observe(failure: Error | undefined, counts: Readonly<ScrapeCounts> | undefined): void {
    const { metrics, world } = this.#options;
    metrics.scrapes.inc();
    if (counts !== undefined) {
      const left = counts.duplicates + counts.outOfOrder + counts.outOfBounds;
      if (failure === undefined) metrics.appended.inc(counts.kept - left);
      metrics.samples.inc(counts.scraped);
      metrics.duplicates.inc(counts.duplicates);
      metrics.outOfOrder.inc(counts.outOfOrder);
      metrics.outOfBounds.inc(counts.outOfBounds);
    }
    if (failure === undefined) return;
    const reason = nameScrapeFailure(failure);
    metrics.failures.with({ reason }).inc();
    if (reason === 'sample_limit') metrics.sampleLimits.inc();
    if (reason === 'label_limit') metrics.labelLimits.inc();
    if (reason === 'body_too_large') metrics.bodyLimits.inc();
    if (reason === 'histogram_bucket_limit') metrics.histogramLimits.inc();
    world.log.debug('scrape failed', { url: this.target.url, error: failure });
  }
}

/** A bounded word. */
function nameScrapeFailure(failure: Error): string {
  if (failure instanceof PermanentError) return failure.reason;
  if (failure instanceof HttpClientError) return failure.kind;
  return failure instanceof ExpositionError ? 'malformed' : 'other';
}

/** The first time after `fromMs` that lies on the grid. */
function nextOnGrid(fromMs: number, intervalMs: number, offsetMs: number): number {
  const periods = Math.floor((fromMs - offsetMs) / intervalMs) + 1;
  return periods * intervalMs + offsetMs;
}
