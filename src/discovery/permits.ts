/**
 * So many pieces of work at once; the others wait in their order. What bounds a piece in time is
 * the piece itself.
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
      // The permit goes to the next one, or is free.
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}
