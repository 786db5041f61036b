/**
 * Losses of the queue itself: each is counted by reason, logged, and passed to `onDropped`, which
 * finds the owner.
 */
import type { Clock } from '../kernel/clock.ts';
import type { Logger } from '../kernel/logger.ts';
import type { Counter, Family } from '../kernel/metrics.ts';
import { DropLog } from './drop-log.ts';
import type { Entry } from './entry.ts';
import type { DropReason, DurableQueueOptions } from './options.ts';
import type { StoredChunk } from './store.ts';

export interface QueueLossesOptions {
  readonly onDropped: DurableQueueOptions['onDropped'];
  /** The bytes of a chunk on disk, undefined where they are damaged. */
  readonly read: (stored: StoredChunk) => Uint8Array | undefined;
  /** A counter for each `reason`. */
  readonly dropped: Family<Counter>;
  readonly log: Logger;
  readonly clock: Clock;
}

/**
 * How many lost chunks are read from disk between two ticks, to find their owners. Without a bound,
 * a drop of whole segments would read back all of their bytes.
 */
const READ_MAX = 64;

export class QueueLosses {
  readonly #options: QueueLossesOptions;
  readonly #told: DropLog;
  /** Chunks read since the last tick. */
  #read = 0;

  constructor(options: QueueLossesOptions) {
    this.#options = options;
    this.#told = new DropLog(options.log, options.clock);
  }

  /** To be called once a second: chunks may be read again. */
  tick(): void {
    this.#read = 0;
  }

  /** Says what has not been said yet. */
  end(): void {
    this.#told.end();
  }

  /** @param bytes  of the chunk; undefined where they are damaged or were not read */
  count(items: number, reason: DropReason, bytes: Uint8Array | undefined): void {
    const { dropped, onDropped } = this.#options;
    dropped.with({ reason }).inc(items);
    onDropped?.(items, reason, bytes);
    this.#told.add(items, reason);
  }

  /**
   * The bytes of a chunk that is about to be lost, from memory or disk. Undefined without a
   * listener, for a damaged chunk, and when `READ_MAX` chunks have been read since the last tick.
   */
  bytesOf({ bytes, stored }: Entry, reason: DropReason): Uint8Array | undefined {
    if (this.#options.onDropped === undefined || reason === 'corrupt') return undefined;
    if (bytes !== undefined || stored === undefined) return bytes;
    this.#read += 1;
    return this.#read > READ_MAX ? undefined : this.#options.read(stored);
  }
}
