/**
 * What one target's scrapes do to its appender, each of them a transaction: a page is committed whole with `up` 1, or
 * rolled back, and stale markers of all series are committed with `up` 0. Either way the report goes with it.
 *
 *     page ──► samples, markers of series that it lacks ─┐
 *                  │ malformed, a limit broken           ├─► report ─► commit
 *     no page ─────┴─► rollback, markers of all series ──┘
 *
 * Not here: when a target is scraped and how its page is got (loop.ts), how a page is read (intake.ts).
 */
import { messageOf } from '../kernel/errors.ts';
import { HttpClientError } from '../kernel/http-client.ts';
import type { LabelSet } from '../model/labels.ts';
import type { RoutedAppender, SeriesMetadata } from '../model/sample.ts';
import type { ScrapeCounts, ScrapeScratch } from './cache.ts';
import type { ScrapeConfig } from './config.ts';
import type { FetchedPage } from './fetch.ts';
import { Intake } from './intake.ts';
import { ScrapeReport } from './report.ts';

export interface TransactionOptions {
  readonly appender: RoutedAppender;
  readonly targetLabels: LabelSet;
  readonly config: ScrapeConfig;
  readonly scratch: ScrapeScratch;
}

/** What the report says of a scrape besides its samples. */
export interface ScrapeMoment {
  /** The time of its samples. */
  readonly tMs: number;
  readonly timeoutMs: number;
  /** How long it has taken so far; asked when all but the report is done. */
  readonly elapsedMs: () => number;
}

/** What became of a scrape. */
export interface ScrapeOutcome {
  /** Undefined when it was good. */
  readonly failure: Error | undefined;
  /** Undefined when there was no page. */
  readonly counts: Readonly<ScrapeCounts> | undefined;
  readonly durationMs: number;
}

export class ScrapeTransaction {
  readonly #appender: RoutedAppender;
  readonly #intake: Intake;
  readonly #report: ScrapeReport;
  #config: ScrapeConfig;

  constructor(options: TransactionOptions) {
    const { appender, targetLabels, config } = options;
    this.#appender = appender;
    this.#config = config;
    this.#intake = new Intake(options);
    this.#report = new ScrapeReport(appender, targetLabels, config.hasExtraMetrics);
  }

  get seriesCount(): number {
    return this.#intake.seriesCount;
  }

  /** What the target says of its metric families. */
  get metadata(): ReadonlyMap<string, SeriesMetadata> {
    return this.#intake.metadata;
  }

  /** Goes on under another configuration: series that it no longer makes end with the next page. */
  setConfig(config: ScrapeConfig): void {
    this.#config = config;
    this.#intake.setConfig(config);
    this.#report.setExtra(config.hasExtraMetrics);
  }

  /** One scrape, committed: what was got, or why nothing was. Done with the page when it returns. */
  take(got: FetchedPage | Error, moment: ScrapeMoment): ScrapeOutcome {
    const { tMs } = moment;
    const failure = got instanceof Error ? got : this.#read(got, tMs);
    if (failure !== undefined) {
      this.#appender.rollback();
      this.#intake.fail(tMs);
    }
    return this.#conclude(got, failure, moment);
  }

  /** The target is gone: stale markers of all its series and of its report, committed. */
  end(tMs: number): void {
    this.#intake.fail(tMs);
    this.#report.appendStale(tMs);
    this.#appender.commit();
  }

  /** Nothing is taken any more; what was committed stays. */
  close(): void {
    this.#appender.close();
  }

  #read({ body, kind }: FetchedPage, tMs: number): Error | undefined {
    try {
      this.#intake.ingest(body, tMs, kind);
      return undefined;
    } catch (error) {
      return error instanceof Error ? error : new Error(messageOf(error));
    }
  }

  #conclude(
    got: FetchedPage | Error,
    failure: Error | undefined,
    { tMs, timeoutMs, elapsedMs }: ScrapeMoment,
  ): ScrapeOutcome {
    const durationMs = elapsedMs();
    const counts = got instanceof Error ? undefined : this.#intake.counts;
    this.#report.append(tMs, [
      failure === undefined ? 1 : 0,
      durationMs / 1_000,
      counts?.scraped ?? 0,
      counts?.kept ?? 0,
      counts?.added ?? 0,
      timeoutMs / 1_000,
      this.#config.limits.samples,
      got instanceof Error ? bodySizeAfter(got) : got.body.length,
    ]);
    this.#appender.commit();
    return { failure, counts, durationMs };
  }
}

/** As Prometheus tells it: -1 for a body above the limit, 0 where there is none. */
function bodySizeAfter(failure: Error): number {
  return failure instanceof HttpClientError && failure.kind === 'body_too_large' ? -1 : 0;
}
