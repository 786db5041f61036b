/**
 * The loop of one target: waits for its next tick, scrapes, commits; scrapes never overlap.
 *
 *     start ───► first scrape soon ──► grid: t ≡ offset (mod interval); missed ticks are left out
 *     retire ──► waits for the next tick ──► stale markers at its time ──► ends
 *     expire ──► stale markers at once ──► ends: too many are gone and wait
 *     leave ───► ends after the current scrape; no markers: another process takes the target over
 *     finish ──► scrapes once more, at once ──► ends; no markers
 *     stop ────► ends at once; no markers
 *
 * What a scrape does to the target's series is in transaction.ts.
 * Source: prometheus/scrape/scrape.go (scrapeLoop)
 */
import type { Moment } from '../kernel/clock.ts';
import { describeError, PermanentError } from '../kernel/errors.ts';
import { labelValue, makeLabelSet } from '../model/labels.ts';
import type { SeriesMetadata } from '../model/sample.ts';
import { formatDurationMs } from '../model/duration.ts';
import type { ScrapeConfig } from './config.ts';
import { fetchExposition, type FetchedBody } from './fetch.ts';
import type { LoopHandover, LoopOptions, LoopStatus } from './loop-options.ts';
import { countScrape } from './outcome-metrics.ts';
import { type ScrapeMetrics } from './metrics.ts';
import { type Target } from './target.ts';
import type { ScrapeCounts } from './target-series.ts';
import { Schedule } from './schedule.ts';
import { ScrapeTransaction } from './transaction.ts';

/**
 * Samples get the time of the tick unless the scrape begins later than this, or than a hundredth of
 * the interval, after it.
 */
const SNAP_MAX_MS = 2;

export class ScrapeLoop {
  readonly target: Target;
  /** The part that the target belongs to by the newest list; it may change. */
  part: number | undefined;
  readonly #options: LoopOptions;
  readonly #transaction: ScrapeTransaction;
  readonly #schedule: Schedule;
  readonly #stopping = new AbortController();
  /** Whether one more scrape is asked for, at once, and then the end. */
  #isLastCall = false;
  readonly #intervals: ReturnType<ScrapeMetrics['intervals']['with']>;
  /** The configuration by which its bodies are read, where that is not the job's. */
  #own: { readonly shared: ScrapeConfig; readonly config: ScrapeConfig } | undefined;
  #isRetired = false;
  #isHandedOver = false;
  #isOver = false;
  #isLeaving = false;
  #isScraping = false;
  /** When the next scrape begins, or the current one was to begin; undefined before `start`. */
  #due: Moment | undefined;
  /** When the last scrape began, by elapsed time. */
  #beganAtMs: number | undefined;
  #status: Omit<LoopStatus, 'seriesCount'> = {
    health: 'unknown',
    lastError: '',
    last: undefined,
    lastDurationMs: 0,
    lastSamples: 0,
  };
  readonly #ended: Promise<void>;
  #settle: () => void = () => undefined;
  /** Settles when the series of a loop that has expired have ended. */
  #expiring: Promise<void> = Promise.resolve();

  constructor(options: LoopOptions) {
    this.#options = options;
    this.#ended = new Promise((resolve) => (this.#settle = resolve));
    this.target = options.target;
    this.part = options.target.part;
    const { handover, scratch, marks, offsetMs, world } = options;
    const { intervalMs } = this.target;
    const onDue = (due: Moment): void => void this.#turn(due);
    this.#schedule = new Schedule({ clock: world.clock, intervalMs, offsetMs, onDue });
    const config = this.#bodyConfig();
    const { labels: targetLabels, discoveredLabels, key } = this.target;
    this.#intervals = options.metrics.intervals.with({
      interval: formatDurationMs(intervalMs),
    });
    if (handover === undefined) {
      const scheme = labelValue(discoveredLabels, '__scheme__');
      const resource = makeLabelSet({ 'url.scheme': scheme });
      const appender = options.openAppender(config.id, key, resource);
      this.#transaction = new ScrapeTransaction({ appender, targetLabels, config, scratch, marks });
      return;
    }
    this.#transaction = handover.transaction;
    this.#transaction.setConfig(config);
    if (handover.key !== key) return;
    this.#status = handover.status;
    this.#beganAtMs = handover.beganAtMs;
  }

  get status(): LoopStatus {
    return { ...this.#status, seriesCount: this.#transaction.seriesCount };
  }

  /** The metadata of the target's metric families. */
  get metadata(): ReadonlyMap<string, SeriesMetadata> {
    return this.#transaction.metadata;
  }

  get isRetired(): boolean {
    return this.#isRetired;
  }

  /** Whether the loop was handed over or its series have ended: it can't be revived then. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /**
   * When the target would be scraped next; undefined where it is gone or the loop is not started.
   */
  get pending(): Moment | undefined {
    return this.isRetired ? undefined : this.#due;
  }

  start(): void {
    this.#waitFor(this.#findFirstScrape());
  }

  /**
   * The target is gone: the loop ends by itself, after a time in which the target may come back.
   */
  retire(): void {
    this.#isRetired = true;
    if (!this.#isScraping) this.#transaction.rest();
  }

  /** The target has come back. */
  revive(): void {
    this.#isRetired = false;
  }

  /** Of a loop that is retired: its series end now, and the target can't come back. */
  expire(): void {
    this.#isOver = true;
    this.#stopping.abort();
    this.#callLast();
    const broke = (error: unknown): void => this.#logBroken(error);
    this.#expiring = this.#transaction.end(this.#schedule.now().wallMs).catch(broke);
  }

  /** Whether a scrape is under way. */
  get isScraping(): boolean {
    return this.#isScraping;
  }

  /** Another process takes the target over: the loop ends after the current scrape. */
  leave(): Promise<void> {
    this.#isLeaving = true;
    this.#callLast();
    return this.#ended;
  }

  /** Scrapes once more, at once, and ends. A scrape that is under way is the last one. */
  finish(): Promise<void> {
    this.#callLast();
    return this.#ended;
  }

  /** Ends the loop. A scrape that is under way is given up and appends nothing. */
  stop(): Promise<void> {
    this.#stopping.abort();
    this.#callLast();
    if (!this.#isHandedOver) this.#transaction.giveUp();
    return this.#ended;
  }

  /**
   * Ends the loop and gives its series to another one. This loop appends nothing any more, not even
   * from a scrape under way. The series keep their appender, and with it their lane, so that the
   * samples of both loops are sent in order.
   */
  handOver(): LoopHandover {
    this.#isHandedOver = true;
    this.#isOver = true;
    this.#stopping.abort();
    this.#callLast();
    this.#transaction.giveUp();
    return {
      key: this.target.key,
      transaction: this.#transaction,
      status: this.#status,
      beganAtMs: this.#beganAtMs,
      pending: this.pending,
    };
  }

  #waitFor(due: Moment): void {
    this.#due = due;
    this.#schedule.waitFor(due);
  }

  /** Ends a wait: what the loop still does is done next. */
  #callLast(): void {
    this.#isLastCall = true;
    const due = this.#schedule.endWait();
    if (due !== undefined) queueMicrotask(() => void this.#turn(due));
  }

  /** What is done after a wait: then the loop waits again, or ends. Never rejects. */
  async #turn(due: Moment): Promise<void> {
    try {
      const next = await this.#take(due);
      // What ends the loop may have come since, when there was no wait to end.
      if (next !== undefined && !this.#isLastCall) {
        this.#waitFor(next);
        return;
      }
    } catch (error) {
      if (!this.#stopping.signal.aborted) this.#logBroken(error);
    }
    await this.#expiring;
    this.#isOver = true;
    if (!this.#isHandedOver) this.#transaction.close();
    this.#options.onEnd();
    this.#settle();
  }

  #logBroken(error: unknown): void {
    this.#options.world.log.error('a scrape loop broke', { url: this.target.url, error });
  }

  /** @returns when the next scrape is due; undefined where the loop ends */
  async #take(due: Moment): Promise<Moment | undefined> {
    const { signal } = this.#stopping;
    if (signal.aborted) return undefined;
    if (this.#isLastCall) {
      if (!this.#isRetired && !this.#isLeaving) await this.#scrapeIfHeld();
      return undefined;
    }
    const isRetired = this.#isRetired;
    if (!isRetired) await this.#scrapeIfHeld(due);
    else {
      // What is gone would have failed at this tick, by which its series end too.
      await this.#transaction.end(this.#schedule.readWallMs(due));
      // Where there are many series this takes long, and the target may have come back meanwhile.
      this.#isOver = this.#isRetired;
      if (this.#isOver) return undefined;
    }
    if (signal.aborted || this.#isLastCall) return undefined;
    const next = this.#schedule.findNext(due);
    if (!isRetired) this.#options.metrics.missed.inc(next.missed);
    return next.due;
  }

  #findFirstScrape(): Moment {
    const { handover, firstWithinMs, othersSinceMs } = this.#options;
    const pending = handover === undefined ? this.#options.pending : handover.pending;
    const hasSeries = handover !== undefined;
    return this.#schedule.findFirst(pending, { firstWithinMs, hasSeries, othersSinceMs });
  }

  /** @param due  without it the scrape is for now */
  async #scrapeIfHeld(due?: Moment): Promise<void> {
    if (this.part !== undefined && this.#options.isHeld?.(this.part) === false) return;
    this.#isScraping = true;
    try {
      await this.#scrape(due);
    } finally {
      this.#isScraping = false;
    }
  }

  async #scrape(due: Moment | undefined): Promise<void> {
    const last = this.#schedule.now();
    const { wallMs: startMs, elapsedMs: beganAtMs } = last;
    const dueMs = due === undefined ? this.#findFreeMs(startMs) : this.#schedule.readWallMs(due);
    this.#observeInterval(beganAtMs);
    this.#transaction.setConfig(this.#bodyConfig());
    const lateMs = startMs - dueMs;
    const isOnTime = lateMs <= Math.min(SNAP_MAX_MS, this.target.intervalMs / 100);
    const tMs = isOnTime ? dueMs : startMs;
    const startedAt = performance.now();
    const fetched = await this.#fetch();
    if (this.#stopping.signal.aborted) return;
    const moment = {
      // Where the wall clock was set meanwhile, by its new setting, as what is appended with it.
      tMs: this.#schedule.readWallMs({ wallMs: tMs, elapsedMs: beganAtMs }),
      timeoutMs: this.target.timeoutMs,
      // The virtual clock of tests counts waits only; the real one also counts computing.
      elapsedMs: () =>
        Math.max(performance.now() - startedAt, this.#options.world.clock.elapsedMs() - beganAtMs),
    };
    const outcome = await this.#transaction.scrape(fetched, moment);
    if (outcome === undefined) return;
    const { failure, counts, durationMs } = outcome;
    this.#status = {
      health: failure === undefined ? 'up' : 'down',
      lastError: failure === undefined ? '' : describeError(failure),
      last,
      lastDurationMs: durationMs,
      lastSamples: counts?.scraped ?? 0,
    };
    this.#observe(failure, counts);
  }

  /** The same object as long as nothing changes in it. */
  #bodyConfig(): ScrapeConfig {
    const shared = this.#options.bodyConfig();
    const { histograms } = this.target;
    if (histograms === undefined) return shared;
    if (this.#own?.shared !== shared) {
      const all = { ...shared.histograms, ...histograms };
      this.#own = { shared, config: { ...shared, histograms: all } };
    }
    return this.#own.config;
  }

  /** Two samples need two times: a scrape right after the last one is of the next millisecond. */
  #findFreeMs(nowMs: number): number {
    const lastScrapeMs = this.#status.last?.wallMs ?? 0;
    return Math.abs(nowMs - lastScrapeMs) <= SNAP_MAX_MS ? lastScrapeMs + 1 : nowMs;
  }

  #observeInterval(beganAtMs: number): void {
    if (this.#beganAtMs !== undefined)
      this.#intervals.observe((beganAtMs - this.#beganAtMs) / 1_000);
    this.#beganAtMs = beganAtMs;
  }

  async #fetch(): Promise<FetchedBody | Error> {
    const { world, userAgent, config, veto, http } = this.#options;
    const refused = veto();
    if (refused !== undefined) return refused;
    const { fault } = this.target;
    if (fault !== undefined) return new PermanentError('SCRAPE_ADDRESS', fault);
    try {
      return await fetchExposition({
        http,
        clock: world.clock,
        config: config(),
        userAgent,
        url: this.target.url,
        socketPath: this.target.socketPath,
        timeoutMs: this.target.timeoutMs,
        signal: this.#stopping.signal,
      });
    } catch (error) {
      return error instanceof Error ? error : new Error(describeError(error));
    }
  }

  #observe(failure: Error | undefined, counts: Readonly<ScrapeCounts> | undefined): void {
    const { metrics, world } = this.#options;
    countScrape(metrics, failure, counts);
    this.#options.onScraped(failure, counts);
    if (failure === undefined) return;
    world.log.debug('scrape failed', { url: this.target.url, error: failure });
  }
}
