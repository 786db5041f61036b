/**
 * Metric families: the metrics that a process exposes, before they are written in a text format.
 * Values only.
 * Source: https://prometheus.io/docs/instrumenting/exposition_formats/
 */

export type MetricType = 'counter' | 'gauge' | 'histogram' | 'summary' | 'untyped';

export interface MetricSample {
  /** What follows the family's name: `_bucket`, `_sum`, `_count`; undefined for a plain sample. */
  readonly suffix?: string | undefined;
  /**
   * In the order to be written. A label with an empty value means an absent one; it is written only
   * where `hasEmptyLabels` is set.
   */
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  /**
   * Milliseconds since 1970; without it the reader takes the time of its scrape, which is what most
   * exporters want.
   */
  readonly tMs?: number | undefined;
  /**
   * One observation behind a counter or a bucket, mostly with the id of a trace; only OpenMetrics
   * can express it.
   */
  readonly exemplar?: MetricExemplar | undefined;
}

export interface MetricExemplar {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  readonly tMs?: number | undefined;
}

/** All samples of one metric name, in the order to be written. */
export interface MetricFamily {
  readonly name: string;
  readonly help: string;
  readonly type: MetricType;
  /**
   * Whether labels with an empty value are written, for people and tools that expect them in the
   * text. The meaning of the series is the same.
   */
  readonly hasEmptyLabels?: boolean | undefined;
  readonly samples: readonly MetricSample[];
}
