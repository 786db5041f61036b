/** What the loop of a target is given, what it hands over to another one, and what it tells. */
import type { Moment } from '../kernel/clock.ts';
import type { HttpClient } from '../kernel/http-client.ts';
import type { ScrapeCounts } from './target-series.ts';
import type { World } from '../kernel/world.ts';
import type { Borrowed } from '../model/borrowed.ts';
import type { OpenRoutedAppender } from '../model/sample.ts';
import type { ScrapeScratch } from './scratch.ts';
import type { ScrapeConfig } from './config.ts';
import type { ScrapeMetrics } from './metrics.ts';
import type { ReportMarks } from './report.ts';
import type { Target } from './target.ts';
import type { ScrapeTransaction } from './transaction.ts';

/**
 * What a loop hands over to the next one for the same labels: the series of the target and where
 * they go.
 */
export interface LoopHandover {
  readonly key: string;
  readonly transaction: ScrapeTransaction;
  readonly status: Omit<LoopStatus, 'seriesCount'>;
  /** When the last scrape began, by elapsed time; undefined before the first. */
  readonly beganAtMs: number | undefined;
  readonly pending: Moment | undefined;
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
  /** The offset of its ticks in the interval, [0, interval). */
  readonly offsetMs: number;
  /** The first scrape comes within this time, also where the next tick of the grid is later. */
  readonly firstWithinMs: number;
  /** Called for each scrape, since the configuration may change while the loop runs. */
  readonly config: () => ScrapeConfig;
  /**
   * The configuration by which bodies are read; the same object as long as nothing changes in that.
   */
  readonly bodyConfig: () => ScrapeConfig;
  /** Returns a reason to fail every scrape, such as too many targets. */
  readonly veto: () => Error | undefined;
  readonly onEnd: () => void;
  /** Called after each scrape, with what it failed of. */
  readonly onScraped: (
    failure: Error | undefined,
    counts: Readonly<ScrapeCounts> | undefined,
  ) => void;
  /** From a loop with the same target labels; without it the loop starts with no series. */
  readonly handover?: LoopHandover | undefined;
  /**
   * When a loop whose series are not taken over would have scraped the target next; undefined where
   * there was none.
   */
  readonly pending?: Moment | undefined;
  /**
   * When another process, on the same grid, ceased to scrape the target, ms since 1970; undefined
   * where none is known to have scraped it.
   */
  readonly othersSinceMs?: number | undefined;
  /** Whether this process holds the part of the target; no scrape begins while it does not. */
  readonly isHeld?: (part: number) => boolean;
}

export interface LoopStatus {
  readonly health: 'unknown' | 'up' | 'down';
  readonly lastError: string;
  /** When the last scrape began; undefined before the first. */
  readonly last: Moment | undefined;
  readonly lastDurationMs: number;
  readonly lastSamples: number;
  readonly seriesCount: number;
}
