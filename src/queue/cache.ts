/**
 * The newest chunks on disk also stay in memory, up to a bound of bytes. The cache owns the `bytes`
 * of the entries that it is given, and clears them when an entry leaves it.
 */
import type { Entry } from './entry.ts';
import { Fifo } from './fifo.ts';

export class ChunkCache {
  readonly #maxBytes: number;
  readonly #entries = new Fifo<Entry>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Takes an entry with its bytes; the oldest entries lose theirs when the bound is exceeded. */
  add(entry: Entry): void {
    this.#entries.push(entry);
    this.#bytes += entry.length;
    for (let oldest = this.#entries.at(0); oldest !== undefined; oldest = this.#entries.at(0)) {
      if (oldest.bytes !== undefined && this.#bytes <= this.#maxBytes) return;
      this.remove(oldest);
      this.#entries.shift();
    }
  }

  remove(entry: Entry): void {
    if (entry.bytes !== undefined) this.#bytes -= entry.length;
    entry.bytes = undefined;
  }
}
