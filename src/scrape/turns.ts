/**
 * Runs long work in short turns of the event loop, so that timers and sockets are served between
 * them. There are two ways, because the two kinds of work must not wait for each other:
 *
 *     Turns        work on all targets of a job, after a new list or configuration. It may wait, so
 *                  all of it divides one share of each turn, in the order of arrival: a hundred
 *                  jobs that change at once do not take a hundred shares
 *     runOnItsOwn  a large scrape body. It has a timeout to keep, so it has a share of its own and
 *                  does not wait for lists; there are few large bodies at a time
 */
import type { Steps } from './steps.ts';

/** The share of each turn for all work of one `Turns`; a step that has begun is finished. */
const SHARE_MS = 10;
/** The share of each turn for one scrape body. */
const OWN_SHARE_MS = 5;

/** Runs all steps, in as many turns as that takes; undefined when `steps.return` has ended them. */
export async function runOnItsOwn<Result>(steps: Steps<Result>): Promise<Result | undefined> {
  let endMs = performance.now() + OWN_SHARE_MS;
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    if (performance.now() < endMs) continue;
    await new Promise<void>((resolve) => setImmediate(resolve));
    endMs = performance.now() + OWN_SHARE_MS;
  }
}

export class Turns {
  readonly #shareMs: number;
  /**
   * Work that continues in later turns, in the order of waiting: at most one entry for each `run`.
   */
  readonly #waiting: (() => void)[] = [];
  /** When work began in this turn; undefined in a turn without work so far. */
  #beganAt: number | undefined;

  constructor(shareMs = SHARE_MS) {
    this.#shareMs = shareMs;
  }

  /**
   * Runs all steps, the first ones at once if this turn has time left.
   *
   * @returns undefined when the signal ended it between two steps
   */
  async run<Result>(steps: Steps<Result>, signal?: AbortSignal): Promise<Result | undefined> {
    for (;;) {
      if (!this.#hasTime()) await this.#nextTurn();
      if (signal?.aborted === true) return undefined;
      const { done, value } = steps.next();
      if (done === true) return value;
    }
  }

  /**
   * For work that is not a generator: resolves at once, or in a later turn if the share of this one
   * is used up.
   */
  async giveWay(): Promise<void> {
    if (!this.#hasTime()) await this.#nextTurn();
  }

  #hasTime(): boolean {
    if (this.#beganAt !== undefined) return performance.now() - this.#beganAt < this.#shareMs;
    this.#beganAt = performance.now();
    setImmediate(this.#turn);
    return true;
  }

  #nextTurn(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  readonly #turn = (): void => {
    const next = this.#waiting.shift();
    this.#beganAt = undefined;
    if (next === undefined) return;
    this.#beganAt = performance.now();
    setImmediate(this.#turn);
    next();
  };
}
