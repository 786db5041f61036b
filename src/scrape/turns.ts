/**
 * Runs long work in short turns of the event loop, so that timers and sockets are served between
 * them. All work of one `Turns` divides one share of each turn, in the order of arrival: a hundred
 * jobs or bodies at once do not take a hundred shares. Two kinds of work that must not wait for
 * each other have a `Turns` each:
 *
 *     lists    work on all targets of a job, after a new list or configuration
 *     bodies   what is read of scrape bodies, which have a timeout to keep
 */
import type { Steps } from './steps.ts';

/** The share of each turn for all work of one `Turns`; a step that has begun is finished. */
const SHARE_MS = 5;

export class Turns {
  readonly #shareMs: number;
  /**
   * Work that continues in later turns, in the order of waiting: at most one entry for each `run`.
   */
  readonly #waiting: Waiting[] = [];
  /** When work began in this turn; undefined in a turn without work so far. */
  #beganAt: number | undefined;

  constructor(shareMs = SHARE_MS) {
    this.#shareMs = shareMs;
  }

  /** Whether work may begin in this turn. The first work of a turn always may. */
  hasTime(): boolean {
    if (this.#beganAt !== undefined) return performance.now() - this.#beganAt < this.#shareMs;
    this.#beganAt = performance.now();
    setImmediate(this.#turn);
    return true;
  }

  /**
   * Runs all steps, the first ones at once if this turn has time left.
   *
   * @returns undefined when the signal ended it between two steps, or `steps.return` did
   */
  run<Result>(steps: Steps<Result>, signal?: AbortSignal): Promise<Result | undefined> {
    return new Promise((resolve, reject) => {
      const goOn = (): void => {
        try {
          do {
            if (signal?.aborted === true) return resolve(undefined);
            const { done, value } = steps.next();
            if (done === true) return resolve(value);
          } while (this.hasTime());
          this.#waiting.push({ goOn, isAlone: false });
        } catch (error) {
          reject(error);
        }
      };
      if (this.hasTime()) goOn();
      else this.#waiting.push({ goOn, isAlone: false });
    });
  }

  /**
   * For work that is not a generator: resolves at once, or in a later turn if the share of this one
   * is used up.
   */
  async giveWay(): Promise<void> {
    if (this.hasTime()) return;
    await new Promise<void>((resolve) => this.#waiting.push({ goOn: resolve, isAlone: true }));
  }

  readonly #turn = (): void => {
    this.#beganAt = undefined;
    if (this.#waiting.length === 0) return;
    this.#beganAt = performance.now();
    setImmediate(this.#turn);
    for (;;) {
      const next = this.#waiting.shift();
      next?.goOn();
      if (next === undefined || next.isAlone || !this.hasTime()) return;
    }
  };
}

interface Waiting {
  readonly goOn: () => void;
  /** Its work begins after this call, so that nothing is known of its time. */
  readonly isAlone: boolean;
}
