/**
 * The settings of a sink's delivery and of its queue, as plain values: sizes in bytes, spans in
 * milliseconds. A sink makes them from its configuration.
 */
export interface DeliverySettings {
  readonly maxItemsPerSend: number;
  /** Largest request; it holds for the compressed and for the uncompressed bytes. */
  readonly maxBytesPerSend: number;
  /** A batch that is not full is sent when its oldest chunk has waited this long. */
  readonly batchSendDeadlineMs: number;
  /** Bounds of the number of requests at once, which follows the load. */
  readonly shardsMin: number;
  readonly shardsMax: number;
  readonly minBackoffMs: number;
  readonly maxBackoffMs: number;
  /** Older items are dropped and counted; 0 keeps them. */
  readonly ageLimitMs: number;
  /** Largest size of the queue on disk; above it the oldest chunks are dropped and counted. */
  readonly capBytes: number;
  /** When written data is forced to the disk. */
  readonly sync: 'never' | 'interval' | 'every';
}

/** AMP takes requests of this size; the queue may grow to 1 GiB. */
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
