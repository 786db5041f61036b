/** Those who wait until what was in the queue at some time has left it. */
import type { Lanes } from './lanes.ts';

export class Flushes {
  readonly #lanes: Lanes;
  readonly #checks = new Set<() => void>();

  constructor(lanes: Lanes) {
    this.#lanes = lanes;
  }

  /** Resolves when nothing is left that was appended until then, or the signal aborts. */
  whenLeft(appendedMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#checks.delete(check);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const check = (): void => {
        if (!this.#lanes.hasUntil(appendedMs)) done();
      };
      this.#checks.add(check);
      signal.addEventListener('abort', done, { once: true });
      if (signal.aborted) done();
      else check();
    });
  }

  /** Some chunks have left. */
  check(): void {
    for (const check of this.#checks) check();
  }
}
