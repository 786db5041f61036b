/** What bounds pushes of remote write. Values only. */

export interface PushesSettings {
  /** The most series that are remembered; those that were made first make room. */
  readonly seriesMax: number;
  /** The most bytes of their labels, and of the texts of metadata. */
  readonly labelBytesMax: number;
  /** How long a series without samples is remembered. */
  readonly idleMs: number;
}

export const PUSHES_DEFAULTS: PushesSettings = {
  seriesMax: 1_000_000,
  labelBytesMax: 512 * 1024 * 1024,
  idleMs: 10 * 60_000,
};

/** Of a message, uncompressed, as in Prometheus. */
export const MESSAGE_MAX_BYTES = 32 * 1024 * 1024;
/** Of the labels of one message, which 2.0 writes once for many series. */
export const MESSAGE_LABEL_BYTES_MAX = 64 * 1024 * 1024;
/** Of one series: its labels are read in one turn. No receiver takes nearly as many. */
export const SERIES_LABELS_MAX = 1_000;
