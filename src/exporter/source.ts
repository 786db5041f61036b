/**
 * The last value that one kind of request to the metadata endpoint gave, and whether it is stale.
 * A failure is counted once for each request, however many scrapes share it. Times
 * are elapsed times. Pure.
 */

/** How long a value is not stale. */
export interface Lifetime {
  /** How many readings in a row may fail. */
  readonly failuresMax: number;
  /**
   * The age in ms from which a value is stale, however few readings failed: there may have been no
   * scrapes in between.
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

  succeed(value: T, atMs: number): void {
    this.#value = value;
    this.#atMs = atMs;
    this.#failuresInRow = 0;
  }

  fail(): void {
    this.#failuresInRow += 1;
    this.#failures += 1;
  }

  /** The last value, however old. */
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

  isStale(atMs: number): boolean {
    const { failuresMax, ageMaxMs } = this.#lifetime;
    return this.#failuresInRow > failuresMax || atMs - this.#atMs > ageMaxMs;
  }
}
