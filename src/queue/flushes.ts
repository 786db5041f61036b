/** The waits for a flush: each ends when what was in the queue at its beginning has left it. */
import type { Lanes } from './lanes.ts';

export class Flushes {
  readonly #lanes: Lanes;
  readonly #checks = new Set<() => void>();

  constructor(lanes: Lanes) {
    this.#lanes = lanes;
  }

  /** Resolves when nothing appended at `appendedMs` or before is left, or the signal aborts. */
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

  /** To be called after chunks have left: ends the waits that are over. */
  check(): void {
    for (const check of this.#checks) check();
  }
}
