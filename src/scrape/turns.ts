/**
 * Long work in short turns of the event loop. Work is a generator that yields wherever it may be interrupted; when a turn
 * has had its share of it, the rest follows in later turns, with timers and sockets between them.
 * All work that one `Turns` runs divides the same share, in the order of arrival: a hundred jobs that change at once do
 * not take a hundred shares.
 */

/** Work in steps, each short: between two of them anything else may happen. */
export type Steps<Result = void> = Generator<undefined, Result, undefined>;

/** Of each turn; a step that has begun is finished. */
const SHARE_MS = 10;

export class Turns {
  readonly #shareMs: number;
  /** Work that goes on in later turns, the longest waiting first: at most one entry for each `run`. */
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

  /** For work that is no generator: resolves at once, or in a later turn if this one has had its share. */
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
