/**
 * A chunk in the queue from its append until it is done: the lane it leaves by, and where its bytes
 * are.
 *
 *     appended   bytes             waits for the disk (unwritten.ts)
 *     written    bytes, stored     among the newest, still in memory (cache.ts)
 *                       stored     is read from its segment when its turn comes
 *     gone                         sent or dropped; leaves its lane's list at the head of it
 */
import type { Chunk } from '../model/queue.ts';
import type { StoredChunk } from './store.ts';

/** Which lane of how many: the same number means another lane when there are more of them. */
export interface LaneOf {
  readonly lane: number;
  readonly lanes: number;
}

export interface Entry {
  /** Changes only when the queue gets another number of lanes. */
  lane: number;
  /**
   * When it was appended. So it stands on disk, where the chunks of its target before and behind it
   * do.
   */
  readonly home: LaneOf;
  /** Of its bytes, also when they are not in memory. */
  readonly length: number;
  readonly items: number;
  readonly rawBytes: number;
  readonly oldestMs: number;
  readonly newestMs: number;
  readonly appendedMs: number;
  /** Appended when there was another number of lanes: goes before all others. */
  isCarriedOver: boolean;
  bytes: Uint8Array | undefined;
  stored: StoredChunk | undefined;
  isGone: boolean;
  /** A sender has it, which has not acknowledged it yet. */
  isHanded: boolean;
}

/** Of a chunk that is appended now. */
export function newEntry(chunk: Chunk, lanes: number, nowMs: number): Entry {
  const { bytes, items, rawBytes, oldestMs, newestMs } = chunk;
  // Lanes are asked for by hash.
  const lane = chunk.lane % lanes;
  return {
    lane,
    home: { lane, lanes },
    length: bytes.length,
    items,
    rawBytes,
    oldestMs,
    newestMs,
    appendedMs: nowMs,
    isCarriedOver: false,
    bytes,
    stored: undefined,
    isGone: false,
    isHanded: false,
  };
}

/** Of a chunk that an earlier run has left on disk. It has waited longer than any of this run. */
export function storedEntry(stored: StoredChunk, isCarriedOver: boolean): Entry {
  const { length, items, rawBytes, oldestMs, newestMs, lane, lanes } = stored.header;
  return {
    lane: isCarriedOver ? 0 : lane,
    home: { lane, lanes },
    length,
    items,
    rawBytes,
    oldestMs,
    newestMs,
    appendedMs: 0,
    isCarriedOver,
    bytes: undefined,
    stored,
    isGone: false,
    isHanded: false,
  };
}

/** As they were appended: on disk by position, then what the disk has not taken yet. */
export function byTimeOfAppend(a: Entry, b: Entry): number {
  if (a.stored !== undefined && b.stored !== undefined)
    return (
      a.stored.segment.id - b.stored.segment.id || a.stored.header.offset - b.stored.header.offset
    );
  const isUnwritten = ({ stored }: Entry): number => Number(stored === undefined);
  return isUnwritten(a) - isUnwritten(b) || a.appendedMs - b.appendedMs;
}
