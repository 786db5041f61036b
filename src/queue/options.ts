/** What a durable queue is told: its settings, and the words for what it loses. Values only. */

/** Why chunks were lost; bounded words for metrics. */
export type DropReason = 'disk_cap' | 'memory_full' | 'corrupt' | 'too_large' | 'too_old';

/**
 * When what was written is forced to the disk; a killed process loses nothing either way, a loss of
 * power may.
 */
export type SyncPolicy = 'never' | 'interval' | 'every';

export interface DurableQueueOptions {
  /** For logs and metrics. */
  readonly name: string;
  /** Of this queue alone; made when missing. */
  readonly directory: string;
  readonly lanes: number;
  /** Of all segment files; above it the oldest segment is dropped. */
  readonly capBytes: number;
  /** Of chunks that could not be written because the disk is full. */
  readonly memoryMaxBytes?: number;
  /** Of the newest chunks, kept so that a healthy sender never reads the disk. */
  readonly cacheMaxBytes?: number;
  readonly segmentBytes?: number;
  /** `interval`, once a second, unless set. */
  readonly sync?: SyncPolicy;
  /** Chunks whose newest sample is older are dropped; 0 or absent keeps them. */
  readonly maxAgeMs?: number;
  /** Told of losses; the chunk's bytes where they can still be had. */
  readonly onDropped?: (items: number, reason: DropReason, bytes: Uint8Array | undefined) => void;
}

/** What may change while the queue runs. */
export type QueueLimits = Pick<DurableQueueOptions, 'lanes' | 'capBytes' | 'sync' | 'maxAgeMs'>;

export const MEMORY_MAX_BYTES = 64 * 1024 * 1024;
export const CACHE_MAX_BYTES = 8 * 1024 * 1024;
const SEGMENT_MAX_BYTES = 16 * 1024 * 1024;

/** A segment is a small part of the cap, because the cap drops whole segments. */
export function segmentBytesFor({ segmentBytes, capBytes }: DurableQueueOptions): number {
  return segmentBytes ?? Math.min(SEGMENT_MAX_BYTES, Math.ceil(capBytes / 8));
}
