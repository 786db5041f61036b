/**
 * What the queue itself has to give up: counted by reason, logged, and told to whoever wants to
 * know whose it was.
 */
import type { Logger } from '../kernel/logger.ts';
import type { Counter, Family } from '../kernel/metrics.ts';
import type { Entry } from './entry.ts';
import type { DropReason, DurableQueueOptions } from './options.ts';
import type { StoredChunk } from './store.ts';

export interface QueueLossesOptions {
  readonly onDropped: DurableQueueOptions['onDropped'];
  /** The bytes of a chunk on disk, undefined where they are damaged. */
  readonly read: (stored: StoredChunk) => Uint8Array | undefined;
  /** By `reason`. */
  readonly dropped: Family<Counter>;
  readonly log: Logger;
}

/**
 * Lost chunks that are read from the disk in a tick: a flood of losses must not read again all that
 * was written.
 */
const READ_MAX = 64;

export class QueueLosses {
  readonly #options: QueueLossesOptions;
  /** Since the last tick. */
  #read = 0;

  constructor(options: QueueLossesOptions) {
    this.#options = options;
  }

  /** Another second begins. */
  tick(): void {
    this.#read = 0;
  }

  /** @param bytes  of the chunk, where they can still be had */
  count(items: number, reason: DropReason, bytes: Uint8Array | undefined): void {
    const { dropped, onDropped, log } = this.#options;
    dropped.with({ reason }).inc(items);
    onDropped?.(items, reason, bytes);
    log.warn('queue dropped items', { items, reason });
  }

  /**
   * What is about to be lost; undefined where nobody wants it, or it would have to be read and too
   * much was.
   */
  bytesOf({ bytes, stored }: Entry, reason: DropReason): Uint8Array | undefined {
    if (this.#options.onDropped === undefined || reason === 'corrupt') return undefined;
    if (bytes !== undefined || stored === undefined) return bytes;
    this.#read += 1;
    return this.#read > READ_MAX ? undefined : this.#options.read(stored);
  }
}
