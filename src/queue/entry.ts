/**
 * A chunk in the queue, from its append until it is done: its lane, and where its bytes are.
 *
 *     appended   bytes             waits for the disk (unwritten.ts)
 *     written    bytes, stored     among the newest, still in memory (cache.ts)
 *                       stored     is read from its segment when its turn comes
 *     gone                         sent or dropped; removed from its lane once it is at the head
 */
import type { Moment } from '../kernel/clock.ts';
import type { Chunk } from '../model/queue.ts';
import type { StoredChunk } from './store.ts';

/** A lane's number and the number of lanes, without which the former says nothing. */
export interface LaneOf {
  readonly lane: number;
  readonly lanes: number;
}

export interface Entry {
  /** Changes only when the queue gets another number of lanes. */
  lane: number;
  /** The lane at the append. The header on disk has it, as have the target's other chunks then. */
  readonly home: LaneOf;
  /** Bytes of the chunk, known also while they are not in memory. */
  readonly length: number;
  readonly items: number;
  readonly rawBytes: number;
  readonly oldestMs: number;
  readonly newestMs: number;
  /** Elapsed time of the clock at the append. */
  readonly appendedMs: number;
  /**
   * What the wall clock showed at elapsed time 0, as of the append; infinite for a chunk of an
   * earlier run. A wall clock that is set forth meanwhile makes no chunk older (`ageNowMs`).
   */
  readonly wallOffsetMs: number;
  /** Appended while there was another number of lanes; it is sent before all others. */
  isCarriedOver: boolean;
  bytes: Uint8Array | undefined;
  stored: StoredChunk | undefined;
  isGone: boolean;
  /** A sender has taken it and has not acknowledged it yet. */
  isHanded: boolean;
}

/** The wall time by which a chunk's age counts: at most what has passed since its append. */
export function ageNowMs(
  { wallOffsetMs }: Pick<Entry, 'wallOffsetMs'>,
  { wallMs, elapsedMs }: Moment,
): number {
  return Math.min(wallMs, wallOffsetMs + elapsedMs);
}

/** The offset by which a batch of these is judged: where they differ, the one that keeps more. */
export function findWallOffset(entries: readonly Entry[]): number {
  return entries.reduce((least, { wallOffsetMs }) => Math.min(least, wallOffsetMs), Infinity);
}

/** The entry of a chunk that is appended at this moment. */
export function newEntry(chunk: Chunk, lanes: number, at: Moment): Entry {
  const { bytes, items, rawBytes, oldestMs, newestMs } = chunk;
  // The appender gives a hash as the lane.
  const lane = chunk.lane % lanes;
  return {
    lane,
    home: { lane, lanes },
    length: bytes.length,
    items,
    rawBytes,
    oldestMs,
    newestMs,
    appendedMs: at.elapsedMs,
    wallOffsetMs: at.wallMs - at.elapsedMs,
    isCarriedOver: false,
    bytes,
    stored: undefined,
    isGone: false,
    isHanded: false,
  };
}

/**
 * The entry of a chunk that an earlier run left on disk. Its time of append is unknown and set to
 * -1, so it counts as older than all chunks of this run.
 */
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
    appendedMs: -1,
    wallOffsetMs: Infinity,
    isCarriedOver,
    bytes: undefined,
    stored,
    isGone: false,
    isHanded: false,
  };
}

/** Orders by time of append: by position on disk, then what is not written yet. */
export function byTimeOfAppend(a: Entry, b: Entry): number {
  if (a.stored !== undefined && b.stored !== undefined)
    return (
      a.stored.segment.id - b.stored.segment.id || a.stored.header.offset - b.stored.header.offset
    );
  const isUnwritten = ({ stored }: Entry): number => Number(stored === undefined);
  return isUnwritten(a) - isUnwritten(b) || a.appendedMs - b.appendedMs;
}
