/**
 * What a sink's delivery and its queue are told, plain values. Sizes are bytes, spans milliseconds.
 * Making them from a configuration is the sink's work.
 */
export interface DeliverySettings {
  readonly maxItemsPerSend: number;
  /** Of a request, compressed and before compression alike. */
  readonly maxBytesPerSend: number;
  /** A batch that is not full is sent when its oldest chunk has waited this long. */
  readonly batchSendDeadlineMs: number;
  /** Parallel requests; within these bounds their number follows the load. */
  readonly shardsMin: number;
  readonly shardsMax: number;
  readonly minBackoffMs: number;
  readonly maxBackoffMs: number;
  /** Older items are dropped and counted; 0 keeps them. */
  readonly ageLimitMs: number;
  /** Of the queue on disk; above it the oldest chunks are dropped and counted. */
  readonly capBytes: number;
  /** When what was written is forced to the disk. */
  readonly sync: 'never' | 'interval' | 'every';
}

/** Batches that AMP takes, a gigabyte of patience. */
export const DELIVERY_DEFAULTS: DeliverySettings = {
  maxItemsPerSend: 10_000,
  maxBytesPerSend: 1_000_000,
  batchSendDeadlineMs: 5_000,
  shardsMin: 1,
  shardsMax: 16,
  minBackoffMs: 30,
  maxBackoffMs: 5_000,
  ageLimitMs: 0,
  capBytes: 1_073_741_824,
  sync: 'interval',
};
