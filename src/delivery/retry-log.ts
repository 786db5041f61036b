/**
 * Says how the deliveries of one sink fail: the first failure at once, then one line a minute with
 * how many there were, and one line when no batch fails any more. Warnings and errors have a minute
 * of their own, so that a fault of the set-up is said at once behind a failure that passes.
 *
 *     batch 1  ✗ ✗ ✗ ✗ ✗ ✓        warn failures=1 … warn failures=7 … it delivers again failures=9
 *     batch 2    ✗ ✗ ✗ ✗   ✓
 */
import type { Clock } from '../kernel/clock.ts';
import type { RecoverableError } from '../kernel/errors.ts';
import type { Logger } from '../kernel/logger.ts';

const INTERVAL_MS = 60_000;
/** After this many failures of a batch in a row, further ones are logged as errors. */
const LASTING = 10;

export interface FailedAttempt {
  readonly error: RecoverableError;
  /** Of the batch, 1 for the first. */
  readonly attempt: number;
  readonly waitMs: number;
  readonly items: number;
  /** Items of the sink that are not delivered yet. */
  readonly waiting: number;
}

export class RetryLog {
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #nextMs = { warn: -Infinity, error: -Infinity };
  /** Failures since the last line. */
  #untold = 0;
  /** Failures since a batch began to fail, while none did. */
  #failures = 0;
  #sinceMs = 0;
  #hasTold = false;

  constructor(log: Logger, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  failed({ error, attempt, waitMs, items, waiting }: FailedAttempt): void {
    const atMs = this.#clock.elapsedMs();
    if (this.#failures === 0) this.#sinceMs = atMs;
    this.#failures += 1;
    this.#untold += 1;
    const level = isFaultOfSetUp(error) || attempt > LASTING ? 'error' : 'warn';
    if (atMs < this.#nextMs[level]) return;
    this.#nextMs[level] = atMs + INTERVAL_MS;
    const fields = { error, attempt, wait_ms: waitMs, items, waiting, failures: this.#untold };
    this.#log[level]('delivery failed; it is tried again', fields);
    this.#untold = 0;
    this.#hasTold = true;
  }

  /** To be called when the last batch that failed was delivered. */
  delivered(waiting: number): void {
    const [failures, atMs] = [this.#failures, this.#clock.elapsedMs()];
    this.#failures = 0;
    // A warning keeps its minute: a receiver that refuses now and then would have two lines a time.
    this.#nextMs.error = -Infinity;
    if (!this.#hasTold) return;
    this.#hasTold = false;
    this.#untold = 0;
    const fields = { failures, after_ms: Math.round(atMs - this.#sinceMs), waiting };
    this.#log.info('it delivers again', fields);
  }
}

/** Whether somebody has to change the set-up: trying again does not help. */
function isFaultOfSetUp({ code }: RecoverableError): boolean {
  return code === 'SINK_FORBIDDEN';
}
