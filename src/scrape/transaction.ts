/**
 * What one target's scrapes do to its appender, each of them a transaction: a page is committed
 * whole with `up` 1, or rolled back, and stale markers of all series are committed with `up` 0.
 * Either way the report goes with it.
 *
 *     page ──► samples, markers of series that it lacks ─┐
 *                  │ malformed, a limit broken           ├─► report ─► commit
 *     no page ─────┴─► rollback, markers of all series ──┘
 *
 * A page that is lent is done with in the turn in which it came. A large one, or one of a target
 * whose series were those of a large one, is the transaction's own and is taken in over several
 * turns; until its commit nothing of it is seen, and it may be given up at any of them. The commit
 * is one turn.
 *
 * Not here: when a target is scraped and how its page is got (loop.ts), how a page is read
 * (intake.ts).
 */
import { describeError } from '../kernel/errors.ts';
import { HttpClientError } from '../kernel/http-client.ts';
import { LENT_BYTES_MAX, takeOver } from '../model/borrowed.ts';
import type { LabelSet } from '../model/labels.ts';
import type { RoutedAppender, SeriesMetadata } from '../model/sample.ts';
import type { ExpositionKind } from '../wire/exposition/negotiation.ts';
import type { ScrapeScratch } from './cache.ts';
import type { ScrapeConfig } from './config.ts';
import type { FetchedBody } from './fetch.ts';
import { Intake } from './intake.ts';
import { type ReportMarks, ScrapeReport } from './report.ts';
import type { Steps } from './steps.ts';
import { runOnItsOwn } from './turns.ts';
import type { ScrapeCounts } from './target-series.ts';

export interface TransactionOptions {
  readonly appender: RoutedAppender;
  readonly targetLabels: LabelSet;
  readonly config: ScrapeConfig;
  readonly scratch: ScrapeScratch;
  readonly marks?: ReportMarks;
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
  /** A transaction over several turns. */
  #running: Steps<unknown> | undefined;

  constructor(options: TransactionOptions) {
    const { appender, targetLabels, config, marks } = options;
    this.#appender = appender;
    this.#config = config;
    this.#intake = new Intake(options);
    this.#report = new ScrapeReport(appender, targetLabels, config.hasExtraMetrics, marks);
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

  /** Whether a scrape that got this is to be taken over several turns. */
  isLarge(got: FetchedBody | Error): boolean {
    return this.#intake.isLarge || (!(got instanceof Error) && got.body.length > LENT_BYTES_MAX);
  }

  /**
   * One scrape, committed: what was got, or why nothing was. Done with the page when it returns.
   */
  take(got: FetchedBody | Error, moment: ScrapeMoment): ScrapeOutcome {
    this.giveUp();
    const { tMs } = moment;
    const failure = got instanceof Error ? got : this.#read(got, tMs);
    if (failure !== undefined) {
      this.#appender.rollback();
      this.#intake.fail(tMs);
    }
    return this.#conclude(got, failure, moment);
  }

  /** As `take`, over several turns; undefined when it was given up. */
  takeInSlices(got: FetchedBody | Error, moment: ScrapeMoment): Promise<ScrapeOutcome | undefined> {
    // A small page was lent, and this takes longer than the loan.
    const kept = got instanceof Error ? got : { ...got, body: takeOver(got.body) };
    return this.#run(this.#takeSlices(kept, moment));
  }

  /** The target is gone: stale markers of all its series and of its report, committed. */
  async end(tMs: number): Promise<void> {
    await this.#run(this.#endSlices(tMs));
  }

  /**
   * Of a transaction under way: what was not committed never was. Another one may begin at once.
   */
  giveUp(): void {
    if (this.#running === undefined) return;
    this.#running.return(undefined);
    this.#running = undefined;
    this.#appender.rollback();
  }

  /** Nothing is taken any more; what was committed stays. */
  close(): void {
    this.giveUp();
    this.#appender.close();
  }

  async #run<T>(slices: Steps<T>): Promise<T | undefined> {
    this.giveUp();
    this.#running = slices;
    const result = await runOnItsOwn(slices);
    if (this.#running === slices) this.#running = undefined;
    return result;
  }

  *#takeSlices(
    got: { readonly body: Uint8Array; readonly kind: ExpositionKind } | Error,
    moment: ScrapeMoment,
  ): Steps<ScrapeOutcome> {
    const { tMs } = moment;
    let failure = got instanceof Error ? got : undefined;
    if (!(got instanceof Error))
      try {
        yield* this.#intake.ingestInSlices(got.body, tMs, got.kind);
      } catch (error) {
        failure = asError(error);
      }
    if (failure === undefined) this.#intake.accept();
    else {
      this.#appender.rollback();
      yield* this.#intake.failInSlices(tMs);
      this.#intake.acceptEnd(tMs);
    }
    const outcome = this.#conclude(got, failure, moment);
    yield* this.#intake.clean();
    return outcome;
  }

  *#endSlices(tMs: number): Steps {
    yield* this.#intake.failInSlices(tMs);
    this.#intake.acceptEnd(tMs);
    this.#report.appendStale(tMs);
    this.#appender.commit();
  }

  #read({ body, kind }: FetchedBody, tMs: number): Error | undefined {
    try {
      this.#intake.ingest(body, tMs, kind);
      return undefined;
    } catch (error) {
      return asError(error);
    }
  }

  #conclude(
    got: FetchedBody | Error,
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

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(describeError(error));
}

/** As Prometheus tells it: -1 for a body above the limit, 0 where there is none. */
function bodySizeAfter(failure: Error): number {
  return failure instanceof HttpClientError && failure.kind === 'body_too_large' ? -1 : 0;
}
