/**
 * What the queue drops to stay within its bounds, always the oldest first:
 *
 *     disk cap       the oldest segment with all its chunks, before a chunk is written
 *     memory bound   chunks that a full disk did not take, after an append
 *     age            chunks that the receiver would refuse as too old, once a second
 */
import { assert } from '../kernel/errors.ts';
import type { Moment } from '../kernel/clock.ts';
import { ageNowMs, type Entry } from './entry.ts';
import type { Lanes } from './lanes.ts';
import { type DropReason, type DurableQueueOptions, MEMORY_MAX_BYTES } from './options.ts';
import { CHUNK_MAX_BYTES } from './segment.ts';
import type { SegmentStore } from './store.ts';
import type { Unwritten } from './unwritten.ts';

export type Bounds = Pick<DurableQueueOptions, 'capBytes' | 'memoryMaxBytes' | 'maxAgeMs'>;

export interface RetentionOptions {
  readonly lanes: Lanes;
  readonly store: SegmentStore;
  readonly unwritten: Unwritten;
  /** Takes an entry out of the queue and counts it. */
  readonly drop: (entry: Entry, reason: DropReason) => void;
}

export class Retention {
  bounds: Bounds;
  readonly #options: RetentionOptions;

  constructor(bounds: Bounds, options: RetentionOptions) {
    this.bounds = bounds;
    this.#options = options;
  }

  /** Whether a chunk is refused at its append: above half of the cap it would displace the rest. */
  isTooLarge(chunkBytes: number): boolean {
    return chunkBytes > Math.min(CHUNK_MAX_BYTES, this.bounds.capBytes / 2);
  }

  /** Drops oldest segments until a chunk of this size fits under the cap. */
  makeRoomOnDisk(chunkBytes: number): void {
    const { lanes, store, drop } = this.#options;
    while (store.exceeds(chunkBytes, this.bounds.capBytes)) {
      const oldest = store.closeOldest();
      if (oldest === undefined) return;
      lanes.dropOldest(
        ({ stored }) => stored?.segment === oldest,
        (entry) => drop(entry, 'disk_cap'),
      );
      assert(oldest.live === 0, `segment ${oldest.id} keeps chunks that no lane knows`);
    }
  }

  /** Drops the oldest unwritten chunks above the memory bound. */
  boundMemory(): void {
    const { unwritten, drop } = this.#options;
    const { memoryMaxBytes = MEMORY_MAX_BYTES } = this.bounds;
    unwritten.bound(memoryMaxBytes, (entry) => drop(entry, 'memory_full'));
  }

  /** Drops chunks above the age limit, but for those that a sender has. */
  dropTooOld(now: Moment): void {
    const { maxAgeMs = 0 } = this.bounds;
    if (maxAgeMs <= 0) return;
    const { lanes, drop } = this.#options;
    lanes.dropOldest(
      (entry) => entry.newestMs < ageNowMs(entry, now) - maxAgeMs && !entry.isHanded,
      (entry) => drop(entry, 'too_old'),
    );
  }
}
