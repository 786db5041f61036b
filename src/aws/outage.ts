/**
 * A failure that lasts, told once, again each minute, and when it is over; how often it was seen in
 * between is summed up.
 */

const REPEAT_MS = 60_000;

export interface OutageSum {
  /** Since it began. */
  readonly failures: number;
  readonly lastedMs: number;
}

export class Outage {
  readonly #nowMs: () => number;
  #failures = 0;
  #beganMs = 0;
  #toldMs = -Infinity;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** @returns what is to be told, if it is time to */
  failed(): OutageSum | undefined {
    const nowMs = this.#nowMs();
    if (this.#failures === 0) this.#beganMs = nowMs;
    this.#failures += 1;
    const isTold = nowMs >= this.#toldMs && nowMs - this.#toldMs < REPEAT_MS;
    if (this.#failures > 1 && isTold) return undefined;
    this.#toldMs = nowMs;
    return { failures: this.#failures, lastedMs: nowMs - this.#beganMs };
  }

  /** @returns what it was, if there was one */
  worked(): OutageSum | undefined {
    if (this.#failures === 0) return undefined;
    const sum = { failures: this.#failures, lastedMs: this.#nowMs() - this.#beganMs };
    this.#failures = 0;
    return sum;
  }
}
