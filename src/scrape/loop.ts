/**
 * The loop of one target: waits for its place in the interval, scrapes, commits; never overlaps itself.
 *
 *     start ──► first scrape soon ──► grid: t ≡ offset (mod interval), ticks missed are left out
 *     retire ─► the next due time passes, one interval and a tenth more ─► stale markers at the missed time ─► ends
 *     stop ───► ends at once; no markers: another process may go on with the target
 *
 * A scrape is a transaction: it is committed whole with `up` 1, or rolled back and `up` 0 with stale markers committed.
 * Source: prometheus/scrape/scrape.go (scrapeLoop)
 */
import { messageOf, PermanentError } from '../kernel/errors.ts';
import { type HttpClient, HttpClientError } from '../kernel/http-client.ts';
import { type World } from '../kernel/world.ts';
import type { Appender, OpenAppender, SeriesMetadata } from '../model/sample.ts';
import { formatDurationMs } from '../model/duration.ts';
import { ExpositionError } from '../wire/exposition-error.ts';
import type { ScrapeScratch } from './cache.ts';
import type { ScrapeConfig } from './config.ts';
import { fetchExposition, type FetchedPage } from './fetch.ts';
import { Intake } from './intake.ts';
import { type ScrapeMetrics } from './metrics.ts';
import { ScrapeReport } from './report.ts';
import { type Target } from './target.ts';

/** The series of a target and where they go: what outlives a loop when another goes on with the same labels. */
export interface LoopEstate {
  readonly key: string;
  readonly appender: Appender;
  readonly intake: Intake;
  readonly report: ScrapeReport;
  readonly status: Omit<LoopStatus, 'seriesCount'>;
}

export interface LoopOptions {
  readonly world: World;
  readonly metrics: ScrapeMetrics;
  readonly openAppender: OpenAppender;
  readonly scratch: ScrapeScratch;
  readonly userAgent: string;
  readonly http: HttpClient;
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
  readonly #options: LoopOptions;
  readonly #appender: Appender;
  readonly #intake: Intake;
  readonly #report: ScrapeReport;
  readonly #stopping = new AbortController();
  /** One more scrape, at once, and no other; aborted by a stop too, so that sleeps need no signal of two signals. */
  readonly #lastCall = new AbortController();
  readonly #intervals: ReturnType<ScrapeMetrics['intervals']['with']>;
  #retiring: AbortController | undefined;
  #isHandedOver = false;
  #isOver = false;
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
    const { estate, scratch } = options;
    const config = options.pageConfig();
    const { labels: targetLabels, key } = this.target;
    this.#intervals = options.metrics.intervals.with({
      interval: formatDurationMs(this.target.intervalMs),
    });
    const appender = estate?.appender ?? options.openAppender(key);
    this.#appender = appender;
    this.#intake = estate?.intake ?? new Intake({ appender, targetLabels, config, scratch });
    this.#report =
      estate?.report ?? new ScrapeReport(appender, targetLabels, config.hasExtraMetrics);
    if (estate === undefined) return;
    this.#intake.setConfig(config);
    this.#report.setExtra(config.hasExtraMetrics);
    if (estate.key === key) this.#status = estate.status;
  }

  get status(): LoopStatus {
    return { ...this.#status, seriesCount: this.#intake.seriesCount };
  }

  /** What the target says of its metric families. */
  get metadata(): ReadonlyMap<string, SeriesMetadata> {
    return this.#intake.metadata;
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

  /** Scrapes once more, at once, and ends; a scrape under way is the last one. */
  finish(): Promise<void> {
    this.#lastCall.abort();
    return this.#ended;
  }

  /** Ends the loop; a scrape under way is given up and leaves nothing. */
  stop(): Promise<void> {
    this.#stopping.abort();
    this.#lastCall.abort();
    return this.#ended;
  }

  /**
   * Ends the loop and gives its series to another: nothing is appended here any more, also not by a scrape under way.
   * They keep their appender, and with it their lane, so that samples of old and new loop leave in order.
   */
  handOver(): LoopEstate {
    this.#isHandedOver = true;
    this.#isOver = true;
    this.#stopping.abort();
    this.#lastCall.abort();
    return {
      key: this.target.key,
      appender: this.#appender,
      intake: this.#intake,
      report: this.#report,
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
    if (!this.#isHandedOver) this.#appender.close();
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
        if (this.#retiring === undefined) await this.#scrape(nowMs);
        return;
      }
      const retiring = this.#retiring;
      if (retiring === undefined) await this.#scrape(dueMs);
      else if (await this.#isGoneAfter(intervalMs * 1.1, retiring)) {
        this.#endSeries(dueMs);
        return;
      }
      if (signal.aborted || this.#lastCall.signal.aborted) return;
      // Right after a first scrape off the grid the next place may be very near: leave that one out.
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

  /** Soon; but a loop that goes on with the same target stays on its grid, as if nothing had happened. */
  #firstDueMs(): number {
    const { estate, offsetMs, firstWithinMs, world } = this.#options;
    const { key, intervalMs } = this.target;
    const nowMs = world.clock.nowMs();
    if (estate?.key === key && estate.status.lastScrapeMs > 0)
      return nextOnGrid(nowMs, intervalMs, offsetMs);
    const firstMs = Math.round(offsetMs * Math.min(1, firstWithinMs / intervalMs));
    // Not in the millisecond of the last sample of the loop before.
    return nowMs + (estate === undefined ? firstMs : Math.max(1, firstMs));
  }

  /** Waits; false when the target came back meanwhile. */
  async #isGoneAfter(waitMs: number, retiring: AbortController): Promise<boolean> {
    const signal = AbortSignal.any([this.#lastCall.signal, retiring.signal]);
    try {
      await this.#options.world.clock.sleep(waitMs, signal);
    } catch (error) {
      if (this.#stopping.signal.aborted) throw error;
    }
    this.#isOver = !retiring.signal.aborted && !this.#lastCall.signal.aborted;
    return this.#isOver;
  }

  async #scrape(dueMs: number): Promise<void> {
    const { clock } = this.#options.world;
    const startMs = clock.nowMs();
    this.#observeInterval(startMs);
    this.#intake.setConfig(this.#options.pageConfig());
    const lateMs = startMs - dueMs;
    const isOnTime = lateMs <= Math.min(SNAP_MAX_MS, this.target.intervalMs / 100);
    const tMs = isOnTime ? dueMs : startMs;
    const startedAt = performance.now();
    const outcome = await this.#fetch();
    if (this.#stopping.signal.aborted) return;
    const failure = outcome instanceof Error ? outcome : this.#ingest(outcome, tMs);
    if (failure !== undefined) {
      this.#appender.rollback();
      this.#intake.fail(tMs);
    }
    // A virtual clock counts waits, the real one also what was computed.
    const durationMs = Math.max(performance.now() - startedAt, clock.nowMs() - startMs);
    const hasCounts = !(outcome instanceof Error);
    const { scraped, kept, added } = this.#intake.counts;
    this.#report.append(tMs, [
      failure === undefined ? 1 : 0,
      durationMs / 1_000,
      hasCounts ? scraped : 0,
      hasCounts ? kept : 0,
      hasCounts ? added : 0,
      this.target.timeoutMs / 1_000,
      this.#options.config().limits.samples,
      outcome instanceof Error ? bodySizeAfter(outcome) : outcome.body.length,
    ]);
    this.#appender.commit();
    this.#status = {
      health: failure === undefined ? 'up' : 'down',
      lastError: failure === undefined ? '' : messageOf(failure),
      lastScrapeMs: startMs,
      lastDurationMs: durationMs,
      lastSamples: hasCounts ? scraped : 0,
    };
    this.#observe(failure, hasCounts);
  }

  #observeInterval(startMs: number): void {
    const { lastScrapeMs } = this.#status;
    if (lastScrapeMs === 0) return;
    this.#intervals.observe((startMs - lastScrapeMs) / 1_000);
  }

  async #fetch(): Promise<FetchedPage | Error> {
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
      return error instanceof Error ? error : new Error(messageOf(error));
    }
  }

  #ingest({ body, kind }: FetchedPage, tMs: number): Error | undefined {
    try {
      this.#intake.ingest(body, tMs, kind);
      return undefined;
    } catch (error) {
      return error instanceof Error ? error : new Error(messageOf(error));
    }
  }

  #endSeries(tMs: number): void {
    this.#intake.fail(tMs);
    this.#report.appendStale(tMs);
    this.#appender.commit();
  }

  #observe(failure: Error | undefined, hasCounts: boolean): void {
    const { metrics, world } = this.#options;
    metrics.scrapes.inc();
    if (hasCounts) {
      const { counts } = this.#intake;
      const left = counts.duplicates + counts.outOfOrder + counts.outOfBounds;
      if (failure === undefined) metrics.appended.inc(counts.kept - left);
      metrics.samples.inc(counts.scraped);
      metrics.duplicates.inc(counts.duplicates);
      metrics.outOfOrder.inc(counts.outOfOrder);
      metrics.outOfBounds.inc(counts.outOfBounds);
    }
    if (failure === undefined) return;
    const reason = reasonOf(failure);
    metrics.failures.with({ reason }).inc();
    if (reason === 'sample_limit') metrics.sampleLimits.inc();
    if (reason === 'label_limit') metrics.labelLimits.inc();
    if (reason === 'body_too_large') metrics.bodyLimits.inc();
    if (reason === 'histogram_bucket_limit') metrics.histogramLimits.inc();
    world.log.debug('scrape failed', { url: this.target.url, error: failure });
  }
}

/** As Prometheus tells it: -1 for a body above the limit, 0 where there is none. */
function bodySizeAfter(failure: Error): number {
  return failure instanceof HttpClientError && failure.kind === 'body_too_large' ? -1 : 0;
}

/** A bounded word. */
function reasonOf(failure: Error): string {
  if (failure instanceof PermanentError) return failure.reason;
  if (failure instanceof HttpClientError) return failure.kind;
  return failure instanceof ExpositionError ? 'malformed' : 'other';
}

/** The first time after `fromMs` that lies on the grid. */
function nextOnGrid(fromMs: number, intervalMs: number, offsetMs: number): number {
  const periods = Math.floor((fromMs - offsetMs) / intervalMs) + 1;
  return periods * intervalMs + offsetMs;
}
