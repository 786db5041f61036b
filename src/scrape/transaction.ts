/**
 * What the scrapes of one target do to its appender. Each is a transaction: a body is committed
 * whole with `up` 1; or it is rolled back, and stale markers of all series are committed with `up`
 * 0. Either way the report is committed with them.
 *
 *     body ──► samples, markers of series that it lacks ─┐
 *                  │ malformed, a limit broken           ├─► report ─► commit
 *     no body ─────┴─► rollback, markers of all series ──┘
 *
 * A body that is lent is read within the turn of the event loop in which it came. A large body, or
 * any scrape of a target whose series came from a large body, is handled over several turns; the
 * transaction owns that body. Nothing is seen of it until the commit, which is a single turn, and
 * it may be given up before that at any turn.
 *
 * Not here: when a target is scraped and how its body is fetched (loop.ts), how a body is read
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

/** What the report needs to know of a scrape besides its counts. */
export interface ScrapeMoment {
  /** The time of its samples. */
  readonly tMs: number;
  readonly timeoutMs: number;
  /** How long the scrape has taken so far; called when all but the report is done. */
  readonly elapsedMs: () => number;
}

/** The result of a scrape. */
export interface ScrapeOutcome {
  /** Undefined when the scrape succeeded. */
  readonly failure: Error | undefined;
  /** Undefined when there was no body. */
  readonly counts: Readonly<ScrapeCounts> | undefined;
  readonly durationMs: number;
}

export class ScrapeTransaction {
  readonly #appender: RoutedAppender;
  readonly #intake: Intake;
  readonly #report: ScrapeReport;
  #config: ScrapeConfig;
  /** The transaction over several turns that is under way. */
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

  /** The metadata of the target's metric families. */
  get metadata(): ReadonlyMap<string, SeriesMetadata> {
    return this.#intake.metadata;
  }

  /** Changes the configuration: series that it no longer makes end with the next body. */
  setConfig(config: ScrapeConfig): void {
    this.#config = config;
    this.#intake.setConfig(config);
    this.#report.setExtra(config.hasExtraMetrics);
  }

  /** Whether a scrape with this result needs several turns: `takeInSlices`. */
  isLarge(fetched: FetchedBody | Error): boolean {
    return (
      this.#intake.isLarge || (!(fetched instanceof Error) && fetched.body.length > LENT_BYTES_MAX)
    );
  }

  /**
   * Takes and commits one scrape: a body, or the reason why there is none. The body is not used
   * after this returns.
   */
  take(fetched: FetchedBody | Error, moment: ScrapeMoment): ScrapeOutcome {
    this.giveUp();
    const { tMs } = moment;
    const failure = fetched instanceof Error ? fetched : this.#read(fetched, tMs);
    if (failure !== undefined) {
      this.#appender.rollback();
      this.#intake.fail(tMs);
    }
    return this.#conclude(fetched, failure, moment);
  }

  /** The same as `take`, over several turns; undefined when it was given up. */
  takeInSlices(
    fetched: FetchedBody | Error,
    moment: ScrapeMoment,
  ): Promise<ScrapeOutcome | undefined> {
    // A small body is lent for this turn only, so it is copied.
    const kept = fetched instanceof Error ? fetched : { ...fetched, body: takeOver(fetched.body) };
    return this.#run(this.#takeSlices(kept, moment));
  }

  /** Commits stale markers of all series and of the report: the target is gone. */
  async end(tMs: number): Promise<void> {
    await this.#run(this.#endSlices(tMs));
  }

  /** Gives up a transaction that is under way and rolls it back. Another one may begin at once. */
  giveUp(): void {
    if (this.#running === undefined) return;
    this.#running.return(undefined);
    this.#running = undefined;
    this.#appender.rollback();
  }

  /** Ends the use of the appender; what was committed stays. */
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
    fetched: { readonly body: Uint8Array; readonly kind: ExpositionKind } | Error,
    moment: ScrapeMoment,
  ): Steps<ScrapeOutcome> {
    const { tMs } = moment;
    let failure = fetched instanceof Error ? fetched : undefined;
    if (!(fetched instanceof Error))
      try {
        yield* this.#intake.ingestInSlices(fetched.body, tMs, fetched.kind);
      } catch (error) {
        failure = toError(error);
      }
    if (failure === undefined) this.#intake.accept();
    else {
      this.#appender.rollback();
      yield* this.#intake.failInSlices(tMs);
      this.#intake.acceptEnd(tMs);
    }
    const outcome = this.#conclude(fetched, failure, moment);
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
      return toError(error);
    }
  }

  #conclude(
    fetched: FetchedBody | Error,
    failure: Error | undefined,
    { tMs, timeoutMs, elapsedMs }: ScrapeMoment,
  ): ScrapeOutcome {
    const durationMs = elapsedMs();
    const counts = fetched instanceof Error ? undefined : this.#intake.counts;
    this.#report.append(tMs, [
      failure === undefined ? 1 : 0,
      durationMs / 1_000,
      counts?.scraped ?? 0,
      counts?.kept ?? 0,
      counts?.added ?? 0,
      timeoutMs / 1_000,
      this.#config.limits.samples,
      fetched instanceof Error ? chooseBodySize(fetched) : fetched.body.length,
    ]);
    this.#appender.commit(failure === undefined);
    return { failure, counts, durationMs };
  }
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(describeError(error));
}

/**
 * The value of scrape_body_size_bytes after a failure, as in Prometheus: -1 for a body above the
 * limit, 0 where there is none.
 */
function chooseBodySize(failure: Error): number {
  return failure instanceof HttpClientError && failure.kind === 'body_too_large' ? -1 : 0;
}
