/**
 * What the scrapes of one target do to its appender. Each is a transaction: a body is committed
 * whole with `up` 1; or it is rolled back, and stale markers of all series are committed with `up`
 * 0. Either way the report is committed with them.
 *
 *     body ──► samples, markers of series that it lacks ─┐
 *                  │ malformed, a limit broken           ├─► report ─► commit
 *     no body ─────┴─► rollback, markers of all series ──┘
 *
 * A body that is lent is read within the turn of the event loop in which it came, where that has
 * time left. What is large is handled over several turns: a large body, the rest of one with many
 * series that are not where they were, any scrape of a target whose series came from a large body.
 * The transaction owns such a body. Nothing is seen of it until the commit, and it may be given up
 * before that at any turn. The commit takes several turns too; once begun it is done to its end,
 * the rest at once where the transaction is given up.
 *
 * Not here: when a target is scraped and how its body is fetched (loop.ts), how a body is read
 * (intake.ts).
 */
import type { BodyBuffers } from '../kernel/body-buffers.ts';
import { assert, describeError } from '../kernel/errors.ts';
import { HttpClientError } from '../kernel/http-client.ts';
import { giveLargeBody } from '../kernel/large-bodies.ts';
import { LENT_BYTES_MAX, peek, takeOver } from '../model/borrowed.ts';
import type { LabelSet } from '../model/labels.ts';
import { commitInSlices, type RoutedAppender, type SeriesMetadata } from '../model/sample.ts';
import type { ExpositionKind } from '../wire/exposition/negotiation.ts';
import type { ScrapeScratch } from './scratch.ts';
import type { ScrapeConfig } from './config.ts';
import type { FetchedBody } from './fetch.ts';
import { Intake } from './intake.ts';
import { type ReportMarks, ScrapeReport } from './report.ts';
import type { Steps } from './steps.ts';
import type { Turns } from './turns.ts';
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

/** A body that the transaction owns. */
interface OwnBody {
  readonly body: Uint8Array;
  readonly kind: ExpositionKind;
}

/** The result of a scrape. */
export interface ScrapeOutcome {
  /** Undefined when the scrape succeeded. */
  readonly failure: Error | undefined;
  /** Undefined when there was no body. */
  readonly counts: Readonly<ScrapeCounts> | undefined;
  readonly durationMs: number;
}

/**
 * The most bytes with new or moved series that are read in one turn: about 800 series, which take
 * some 10 ms where all of them are new.
 */
const AT_ONCE_BYTES_MAX = 64 * 1_024;

export class ScrapeTransaction {
  readonly #appender: RoutedAppender;
  readonly #turns: Turns;
  readonly #bodies: BodyBuffers;
  readonly #intake: Intake;
  readonly #report: ScrapeReport;
  #config: ScrapeConfig;
  /** The transaction over several turns that is under way. */
  #running: Steps<unknown> | undefined;

  constructor(options: TransactionOptions) {
    const { appender, targetLabels, config, marks } = options;
    this.#appender = appender;
    this.#turns = options.scratch.turns;
    this.#bodies = options.scratch.bodies;
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

  /** Whether a scrape with this result needs several turns in any case. */
  isLarge(fetched: FetchedBody | Error): boolean {
    if (this.#intake.isLarge) return true;
    if (fetched instanceof Error) return false;
    const { body, kind } = fetched;
    return body.length > (this.#intake.readsBySample(kind) ? AT_ONCE_BYTES_MAX : LENT_BYTES_MAX);
  }

  /**
   * Takes and commits one scrape: a body, or the reason why there is none. It is done at once where
   * that is little work and the turn has time for it. A lent body is not used after this returns.
   *
   * @returns undefined when it was given up
   */
  scrape(
    fetched: FetchedBody | Error,
    moment: ScrapeMoment,
  ): ScrapeOutcome | Promise<ScrapeOutcome | undefined> {
    if (this.isLarge(fetched) || !this.#turns.hasTime()) return this.takeInSlices(fetched, moment);
    this.giveUp();
    const outcome = this.#takeSome(fetched, moment, AT_ONCE_BYTES_MAX);
    if (outcome !== 'more') return outcome;
    const kept = this.#keep(fetched);
    return this.#run(this.#takeRest(kept.fetched, moment), kept.release);
  }

  /** The same as `scrape`, all of it at once. */
  take(fetched: FetchedBody | Error, moment: ScrapeMoment): ScrapeOutcome {
    this.giveUp();
    const outcome = this.#takeSome(fetched, moment, Infinity);
    assert(outcome !== 'more', 'a body was not read to its end');
    return outcome;
  }

  /** The same as `scrape`, in as many turns as it takes. */
  takeInSlices(
    fetched: FetchedBody | Error,
    moment: ScrapeMoment,
  ): Promise<ScrapeOutcome | undefined> {
    const isLarge = this.isLarge(fetched);
    const { fetched: kept, release } = this.#keep(fetched);
    const slices = isLarge ? this.#takeSlices(kept, moment) : this.#takeLater(kept, moment);
    return this.#run(slices, release);
  }

  /** Commits stale markers of all series and of the report: the target is gone. */
  async end(tMs: number): Promise<void> {
    await this.#run(this.#endSlices(tMs));
  }

  /** Between two scrapes: frees what only a next one would need, which takes longer then. */
  rest(): void {
    if (this.#running === undefined) this.#intake.rest();
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

  /** @param release  called once the slices have ended or were given up */
  async #run<T>(slices: Steps<T>, release?: () => void): Promise<T | undefined> {
    this.giveUp();
    this.#running = slices;
    try {
      const result = await this.#turns.run(slices);
      if (this.#running === slices) this.#running = undefined;
      return result;
    } finally {
      release?.();
    }
  }

  /** The result of a fetch for later turns: what is only lent is copied. */
  #keep(fetched: FetchedBody | Error): { fetched: OwnBody | Error; release?: () => void } {
    if (fetched instanceof Error) return { fetched };
    const { body, kind } = fetched;
    if (body.length > LENT_BYTES_MAX) {
      const own = takeOver(body);
      const release = (): void => {
        if (!this.#intake.keeps(own)) giveLargeBody(own);
      };
      return { fetched: { kind, body: own }, release };
    }
    const { take, release } = this.#bodies.open();
    const copy = take(body.length).subarray(0, body.length);
    copy.set(peek(body));
    return { fetched: { kind, body: copy }, release };
  }

  /**
   * Takes a scrape unless its body has more than `restMax` bytes with series that are not where
   * they are expected.
   */
  #takeSome(
    fetched: FetchedBody | Error,
    moment: ScrapeMoment,
    restMax: number,
  ): ScrapeOutcome | 'more' {
    const { tMs } = moment;
    const failure = fetched instanceof Error ? fetched : this.#read(fetched, tMs, restMax);
    if (failure === 'more') return 'more';
    if (failure !== undefined) {
      this.#appender.rollback();
      this.#intake.fail(tMs);
    }
    const outcome = this.#conclude(fetched, failure, moment);
    this.#appender.commit(failure === undefined);
    return outcome;
  }

  /** A scrape that is not large, and for which the turn in which it came had no time. */
  *#takeLater(given: OwnBody | Error, moment: ScrapeMoment): Steps<ScrapeOutcome> {
    const fetched = failIfLate(given, moment);
    const outcome = this.#takeSome(fetched, moment, AT_ONCE_BYTES_MAX);
    return outcome === 'more' ? yield* this.#takeRest(fetched, moment) : outcome;
  }

  /** Goes on with a body of which `#takeSome` has left more. */
  *#takeRest(fetched: OwnBody | Error, moment: ScrapeMoment): Steps<ScrapeOutcome> {
    return yield* this.#takeBy(fetched, moment, (body, tMs) => this.#intake.ingestRest(body, tMs));
  }

  *#takeSlices(given: OwnBody | Error, moment: ScrapeMoment): Steps<ScrapeOutcome> {
    return yield* this.#takeBy(failIfLate(given, moment), moment, (body, tMs, kind) =>
      this.#intake.ingestInSlices(body, tMs, kind),
    );
  }

  *#takeBy(
    fetched: OwnBody | Error,
    moment: ScrapeMoment,
    ingest: (body: Uint8Array, tMs: number, kind: ExpositionKind) => Steps,
  ): Steps<ScrapeOutcome> {
    const { tMs } = moment;
    let failure = fetched instanceof Error ? fetched : undefined;
    if (!(fetched instanceof Error))
      try {
        yield* ingest(fetched.body, tMs, fetched.kind);
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
    yield* commitInSlices(this.#appender, failure === undefined);
    yield* this.#intake.clean();
    return outcome;
  }

  *#endSlices(tMs: number): Steps {
    yield* this.#intake.failInSlices(tMs);
    this.#intake.acceptEnd(tMs);
    this.#report.appendStale(tMs);
    yield* commitInSlices(this.#appender);
  }

  #read({ body, kind }: FetchedBody, tMs: number, restMax: number): Error | 'more' | undefined {
    try {
      return this.#intake.ingest(body, tMs, kind, restMax) ? undefined : 'more';
    } catch (error) {
      return toError(error);
    }
  }

  /** Appends the report. */
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
    return { failure, counts, durationMs };
  }
}

/**
 * A body that has waited for its turn until after the timeout is none: where more is to be read
 * than can be, scrapes fail, as they do where the target is slow, and do not pile up in memory.
 */
function failIfLate(
  fetched: OwnBody | Error,
  { timeoutMs, elapsedMs }: ScrapeMoment,
): OwnBody | Error {
  if (fetched instanceof Error || elapsedMs() <= timeoutMs) return fetched;
  const message = `the body waited to be read until after the timeout of ${timeoutMs} ms`;
  return new HttpClientError('timeout', message);
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
