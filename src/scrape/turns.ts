/**
 * Long work in short turns of the event loop, with timers and sockets between them. Two ways,
 * because the two kinds of it must not wait for each other:
 *
 *     Turns        what a change of lists or of the configuration asks of all jobs. It may wait, so
 *                  all of it divides one share of each turn, in the order of arrival: a hundred
 *                  jobs that change at once do not take a hundred shares
 *     runOnItsOwn  a large scrape body. It has a timeout to keep, so it has a share of its own and
 *                  waits for no list; there are few of them at a time
 */
import type { Steps } from './steps.ts';

/** Of each turn, for all that one `Turns` runs; a step that has begun is finished. */
const SHARE_MS = 10;
/** Of each turn, for a scrape body. */
const OWN_SHARE_MS = 5;

/** Takes all steps, in as many turns as it takes; undefined when `steps.return` has ended them. */
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
   * Work that goes on in later turns, the longest waiting first: at most one entry for each `run`.
   */
  readonly #waiting: (() => void)[] = [];
  /** When work of this turn began; undefined in a turn that has seen none. */
  #beganAt: number | undefined;

  constructor(shareMs = SHARE_MS) {
    this.#shareMs = shareMs;
  }

  /**
   * Takes all steps, the first ones at once if this turn has time left.
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
   * For work that is no generator: resolves at once, or in a later turn if this one has had its
   * share.
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
