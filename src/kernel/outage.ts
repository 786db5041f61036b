/**
 * Decides when a failure that lasts is reported: at once, then each minute, and when it is over.
 * Each report has the number of failures since the first.
 */

const REPEAT_MS = 60_000;

export interface OutageSum {
  /** The number of failures since the outage began. */
  readonly failures: number;
  readonly lastedMs: number;
}

export class Outage {
  readonly #elapsedMs: () => number;
  #failures = 0;
  #beganMs = 0;
  #toldMs = -Infinity;

  /** @param elapsedMs  of a clock */
  constructor(elapsedMs: () => number) {
    this.#elapsedMs = elapsedMs;
  }

  /** @returns the sum to report; undefined if it was reported within the last minute */
  failed(): OutageSum | undefined {
    const atMs = this.#elapsedMs();
    if (this.#failures === 0) this.#beganMs = atMs;
    this.#failures += 1;
    if (this.#failures > 1 && atMs - this.#toldMs < REPEAT_MS) return undefined;
    this.#toldMs = atMs;
    return { failures: this.#failures, lastedMs: atMs - this.#beganMs };
  }

  /** @returns the sum of the outage that has ended; undefined if there was none */
  worked(): OutageSum | undefined {
    if (this.#failures === 0) return undefined;
    const sum = { failures: this.#failures, lastedMs: this.#elapsedMs() - this.#beganMs };
    this.#failures = 0;
    return sum;
  }
}
