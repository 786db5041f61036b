/**
 * Chunks that are not on disk yet, oldest first. Usually that is only the one being appended; while
 * the disk is full, it is all that came since, up to a bound of bytes. After a refusal the disk is
 * tried again once a second.
 */
import type { Logger } from '../kernel/logger.ts';
import type { Gauge } from '../kernel/metrics.ts';
import { Outage } from '../kernel/outage.ts';
import type { Entry } from './entry.ts';
import { Fifo } from './fifo.ts';

export interface UnwrittenOptions {
  /** Writes the bytes of an entry to disk; throws the file system's error. */
  readonly write: (entry: Entry, bytes: Uint8Array) => void;
  /** 1 while the disk refuses. */
  readonly diskRefuses: Gauge;
  readonly log: Logger;
  readonly directory: string;
}

/** For how long a disk that refused is not tried again, while more than one chunk waits. */
const RETRY_MS = 1_000;

export class Unwritten {
  readonly #options: UnwrittenOptions;
  readonly #entries = new Fifo<Entry>();
  #bytes = 0;
  /** When the disk is tried again; 0 while it works. */
  #retryAtMs = 0;
  /** Elapsed time at the last refusal. */
  #refusedMs = 0;
  readonly #outage = new Outage(() => this.#refusedMs);

  constructor(options: UnwrittenOptions) {
    this.#options = options;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get items(): number {
    return this.#entries.sum((entry) => (entry.isGone ? 0 : entry.items));
  }

  push(entry: Entry): void {
    this.#entries.push(entry);
    this.#bytes += entry.length;
  }

  /** Forgets what waits, and takes these in its place: all that is not on disk, oldest first. */
  restart(entries: readonly Entry[]): void {
    while (this.#entries.shift() !== undefined);
    this.#bytes = 0;
    this.#retryAtMs = 0;
    for (const entry of entries) this.push(entry);
  }

  /**
   * Writes what waits, oldest first, until the disk refuses. Never throws.
   *
   * @param elapsedMs  of the clock; infinite for a last try
   */
  writeOut(elapsedMs: number): void {
    let entry = this.#entries.at(0);
    // A chunk that waits alone is tried at once: the disk may have room again.
    const isWaiting = this.#entries.length > 1 && elapsedMs < this.#retryAtMs;
    if (entry === undefined || isWaiting) return;
    for (; entry !== undefined; entry = this.#entries.at(0)) {
      if (!entry.isGone && entry.bytes !== undefined) {
        try {
          this.#options.write(entry, entry.bytes);
        } catch (error) {
          this.#sayRefused(error, elapsedMs);
          return;
        }
        this.#bytes -= entry.length;
      }
      this.#entries.shift();
    }
    if (this.#retryAtMs > 0) this.#sayWorks();
  }

  /** Frees the bytes of an entry that was sent or dropped before it was written. */
  release(entry: Entry): void {
    this.#bytes -= entry.length;
    entry.bytes = undefined;
  }

  /** Gives the oldest to `drop`, which marks them as gone, until the rest is within the bound. */
  bound(maxBytes: number, drop: (entry: Entry) => void): void {
    for (let oldest = this.#entries.at(0); oldest !== undefined; oldest = this.#entries.at(0)) {
      if (!oldest.isGone && this.#bytes <= maxBytes) return;
      if (!oldest.isGone) drop(oldest);
      this.#entries.shift();
    }
  }

  #sayRefused(error: unknown, elapsedMs: number): void {
    const { diskRefuses, log, directory } = this.#options;
    if (elapsedMs < Infinity) this.#refusedMs = elapsedMs;
    this.#retryAtMs = elapsedMs + RETRY_MS;
    diskRefuses.set(1);
    const sum = this.#outage.failed();
    if (sum === undefined) return;
    log.error('queue disk refuses writes: new items wait in memory; free some space', {
      error,
      directory,
      memory_bytes: this.#bytes,
      for_ms: Math.round(sum.lastedMs),
    });
  }

  #sayWorks(): void {
    this.#retryAtMs = 0;
    this.#options.diskRefuses.set(0);
    this.#outage.worked();
    this.#options.log.info('queue writes to disk again');
  }
}
