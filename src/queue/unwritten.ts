/**
 * Chunks that the disk has not taken yet, oldest first: usually the one that is being appended, and
 * on a full disk all that came since, up to a bound of bytes. A disk that refused is tried again
 * once a second.
 */
import type { Logger } from '../kernel/logger.ts';
import type { Gauge } from '../kernel/metrics.ts';
import type { Entry } from './entry.ts';
import { Fifo } from './fifo.ts';

export interface UnwrittenOptions {
  /** Puts the bytes of an entry on disk; throws the file system's error. */
  readonly write: (entry: Entry, bytes: Uint8Array) => void;
  /** 1 while the disk refuses. */
  readonly diskRefuses: Gauge;
  readonly log: Logger;
  readonly directory: string;
}

/** A disk that refused is left alone for so long, once there is more than one chunk for it. */
const RETRY_MS = 1_000;

export class Unwritten {
  readonly #options: UnwrittenOptions;
  readonly #entries = new Fifo<Entry>();
  #bytes = 0;
  /** 0 while the disk takes what it is given. */
  #retryAtMs = 0;

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

  /** Writes them, oldest first, until the disk refuses. */
  writeOut(nowMs: number): void {
    let entry = this.#entries.at(0);
    // What is alone in its wait is tried at once: the disk may have room again.
    const isWaiting = this.#entries.length > 1 && nowMs < this.#retryAtMs;
    if (entry === undefined || isWaiting) return;
    for (; entry !== undefined; entry = this.#entries.at(0)) {
      if (!entry.isGone && entry.bytes !== undefined) {
        try {
          this.#options.write(entry, entry.bytes);
        } catch (error) {
          this.#sayRefused(error, nowMs);
          return;
        }
        this.#bytes -= entry.length;
      }
      this.#entries.shift();
    }
    if (this.#retryAtMs > 0) this.#sayWorks();
  }

  /** An entry that was never written is done, sent or dropped: its bytes are let go of. */
  release(entry: Entry): void {
    this.#bytes -= entry.length;
    entry.bytes = undefined;
  }

  /** Gives the oldest to `drop`, which takes them out, until the rest is within the bound. */
  bound(maxBytes: number, drop: (entry: Entry) => void): void {
    for (let oldest = this.#entries.at(0); oldest !== undefined; oldest = this.#entries.at(0)) {
      if (!oldest.isGone && this.#bytes <= maxBytes) return;
      if (!oldest.isGone) drop(oldest);
      this.#entries.shift();
    }
  }

  #sayRefused(error: unknown, nowMs: number): void {
    const { diskRefuses, log, directory } = this.#options;
    this.#retryAtMs = nowMs + RETRY_MS;
    diskRefuses.set(1);
    log.error('queue disk refuses: new items wait in memory; free some space', {
      error,
      directory,
      memory_bytes: this.#bytes,
    });
  }

  #sayWorks(): void {
    this.#retryAtMs = 0;
    this.#options.diskRefuses.set(0);
    this.#options.log.info('queue writes to disk again');
  }
}
