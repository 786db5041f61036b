/**
 * The wall clock of a process that runs in libfaketime, which reads from a file how far it is off.
 * Monotonic time is left as it is.
 */
import { renameSync, writeFileSync } from 'node:fs';

/** The peer that is loaded into the process. */
export const FAKETIME = 'libfaketimeMT.so.1';

export class FakedWall {
  readonly #file: string;
  #aheadMs = 0;

  /** @param file  is made, and belongs to this clock */
  constructor(file: string) {
    this.#file = file;
    this.step(0);
  }

  get aheadMs(): number {
    return this.#aheadMs;
  }

  /** @param library  libfaketime */
  environment(library: string): Record<string, string> {
    return {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    };
  }

  step(ms: number): void {
    this.#aheadMs = Math.round(this.#aheadMs + ms);
    const sign = this.#aheadMs < 0 ? '-' : '+';
    // Whole at each moment, because it is read all the time.
    writeFileSync(`${this.#file}.new`, `${sign}${Math.abs(this.#aheadMs) / 1_000}\n`);
    renameSync(`${this.#file}.new`, this.#file);
  }
}
