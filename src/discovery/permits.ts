/**
 * Bounds how many pieces of work run at once; the others wait in the order in which they came. It
 * has no timeout: each piece of work must bound its own time.
 */
export class Permits {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  /** @param count  Infinity for no bound */
  constructor(count: number) {
    this.#free = count;
  }

  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      // The permit passes to the next one that waits, or becomes free.
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}
