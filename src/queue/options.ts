/** The settings of a durable queue, and the reasons for which it loses items. Values only. */

/**
 * Why chunks were lost; bounded words for metrics. `stopped`: in memory at the end. `folder_gone`:
 * the folder was deleted or replaced while they waited in it.
 */
export type DropReason =
  | 'disk_cap'
  | 'memory_full'
  | 'corrupt'
  | 'too_large'
  | 'too_old'
  | 'stopped'
  | 'folder_gone';

/**
 * When written data is forced to the disk. A killed process loses nothing with any of them; a loss
 * of power may lose what was not forced.
 */
export type SyncPolicy = 'never' | 'interval' | 'every';

export interface DurableQueueOptions {
  /** For logs and metrics. */
  readonly name: string;
  /** Used by this queue alone; created when missing. */
  readonly directory: string;
  readonly lanes: number;
  /** Size of all segment files together; above it the oldest segment is dropped. */
  readonly capBytes: number;
  /** Size of the chunks that wait in memory because the disk is full; above it the oldest go. */
  readonly memoryMaxBytes?: number;
  /** Size of the newest chunks kept in memory, so that a sender which keeps up reads no disk. */
  readonly cacheMaxBytes?: number;
  readonly segmentBytes?: number;
  /** `interval`, once a second, when absent. */
  readonly sync?: SyncPolicy;
  /** Chunks whose newest sample is older are dropped; 0 or absent keeps them. */
  readonly maxAgeMs?: number;
  /** Called at each loss; with the chunk's bytes where they could still be read. */
  readonly onDropped?: (items: number, reason: DropReason, bytes: Uint8Array | undefined) => void;
}

/** What may change while the queue runs. */
export type QueueLimits = Pick<DurableQueueOptions, 'lanes' | 'capBytes' | 'sync' | 'maxAgeMs'>;

export const MEMORY_MAX_BYTES = 64 * 1024 * 1024;
export const CACHE_MAX_BYTES = 8 * 1024 * 1024;
const SEGMENT_MAX_BYTES = 16 * 1024 * 1024;

/** At most an eighth of the cap, because the cap drops whole segments. */
export function segmentBytesFor({ segmentBytes, capBytes }: DurableQueueOptions): number {
  return segmentBytes ?? Math.min(SEGMENT_MAX_BYTES, Math.ceil(capBytes / 8));
}
