/**
 * What one request of the metadata endpoint last gave, and how old that is. A reading is one such
 * request, whoever asked for it: scrapers that share a reading do not make its source older. Pure.
 */

/** For how long what a source gave is still told as the present. */
export interface Lifetime {
  /** Readings in a row that may fail. */
  readonly failuresMax: number;
  /**
   * The age in ms at which it is old news however few readings failed: nobody may have scraped in
   * between.
   */
  readonly ageMaxMs: number;
}

export class Source<T> {
  readonly #lifetime: Lifetime;
  #value: T | undefined;
  #atMs = -Infinity;
  #failuresInRow = 0;
  #failures = 0;

  constructor(lifetime: Lifetime) {
    this.#lifetime = lifetime;
  }

  succeed(value: T, nowMs: number): void {
    this.#value = value;
    this.#atMs = nowMs;
    this.#failuresInRow = 0;
  }

  fail(): void {
    this.#failuresInRow += 1;
    this.#failures += 1;
  }

  /** The last that it gave, however old. */
  get value(): T | undefined {
    return this.#value;
  }

  /** Readings that failed so far. */
  get failures(): number {
    return this.#failures;
  }

  isFailing(): boolean {
    return this.#failuresInRow > 0;
  }

  isStale(nowMs: number): boolean {
    const { failuresMax, ageMaxMs } = this.#lifetime;
    return this.#failuresInRow > failuresMax || nowMs - this.#atMs > ageMaxMs;
  }
}
