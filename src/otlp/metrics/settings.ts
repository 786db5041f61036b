/** What a receiver of OTLP is told about metrics. Values only. */

export interface MetricsIntakeSettings {
  /**
   * What a histogram with explicit bounds becomes: series of buckets, a sum and a count, or one
   * native histogram with custom buckets.
   */
  readonly histograms: 'classic' | 'custom';
  /** The most resources that are remembered; the one that was silent longest makes room. */
  readonly resourcesMax: number;
  /** The most series that are remembered, of all resources. */
  readonly seriesMax: number;
  /** The most bytes of what describes them: resources, texts of metrics, and labels by series. */
  readonly labelBytesMax: number;
  /** How long a resource or a series without samples is remembered. */
  readonly idleMs: number;
}

export const METRICS_INTAKE_DEFAULTS: MetricsIntakeSettings = {
  histograms: 'classic',
  resourcesMax: 10_000,
  seriesMax: 1_000_000,
  labelBytesMax: 512 * 1024 * 1024,
  idleMs: 10 * 60_000,
};
