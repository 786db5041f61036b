/**
 * The seam between what makes chunks (a sink's encoder), what keeps them (queue/) and what sends
 * them (a shard of delivery/). A queue does not look into a chunk.
 */

/** Encoded, compressed items of one commit: samples, events or trace segments. */
export interface Chunk {
  readonly bytes: Uint8Array;
  /** How many items the chunk holds, for batch limits and counters. */
  readonly items: number;
  /** Times of the oldest and the newest sample in it, ms since 1970. */
  readonly oldestMs: number;
  readonly newestMs: number;
  /**
   * Chunks of one lane leave in the order in which they were appended; lanes are sent in parallel.
   * On `append` it may be any whole number, such as a hash of the target; the queue takes it modulo
   * its number of lanes.
   */
  readonly lane: number;
  /** Bytes before compression: receivers limit both sizes. */
  readonly rawBytes: number;
}

export interface BatchLimits {
  readonly maxItems: number;
  readonly maxBytes: number;
  readonly maxRawBytes: number;
}

/** The oldest chunks of some lanes, handed to one sender until it acknowledges them. */
export interface Batch {
  readonly chunks: readonly Chunk[];
  /**
   * What the wall clock showed at elapsed time 0, as of the append of the chunks; infinite or
   * absent for those of an earlier run. A clock that was set forth since makes none of them older.
   */
  readonly wallOffsetMs?: number;
}

/** A sink's durable first-in-first-out store of chunks. */
export interface ChunkQueue {
  readonly lanes: number;
  /** Items that are not acknowledged yet, in all lanes. */
  readonly pendingItems: number;
  /**
   * Keeps a chunk. It has been written to the operating system when this returns, so that a killed
   * process loses nothing.
   */
  append(chunk: Chunk): void;
  /**
   * Bytes of the chunk that was appended last of those that wait, for a sink that keeps more than
   * chunks and has to know after a crash how far it came. Present in durable queues.
   */
  newest?(): Uint8Array | undefined;
  /**
   * False while its folder is gone, or is another process's, for a sink that has a file beside it.
   * Present in durable queues.
   */
  readonly hasFolder?: boolean;
  /**
   * The oldest unacknowledged chunks of these lanes, at least one, as many as the limits allow;
   * waits until there are enough for a full batch or the oldest has waited `deadlineMs`. Undefined
   * when `signal` aborts or, once draining, when the lanes are empty. One caller per lane; asking
   * again before `acknowledge` gives the same chunks again.
   */
  next(
    lanes: readonly number[],
    limits: BatchLimits,
    deadlineMs: number,
    signal: AbortSignal,
  ): Promise<Batch | undefined>;
  /**
   * Marks a batch as delivered, or as counted as dropped: its lanes continue behind it, also after
   * a restart.
   */
  acknowledge(batch: Batch): void;
  /**
   * Lets the chunks that are here now be sent without waiting for more; resolves when they have
   * left, or when the signal aborts.
   */
  flush(signal: AbortSignal): Promise<void>;
  /**
   * Says that nothing new will come: `next` answers at once with what is left, then undefined. What
   * a sender has taken may still be appended again before its batch is acknowledged.
   */
  drain(): void;
}
