/**
 * Metric families: what a process says of itself, before it is written in a text format. Values
 * only.
 * Source: https://prometheus.io/docs/instrumenting/exposition_formats/
 */

export type MetricType = 'counter' | 'gauge' | 'histogram' | 'summary' | 'untyped';

export interface MetricSample {
  /** What follows the family's name: `_bucket`, `_sum`, `_count`; nothing for a plain sample. */
  readonly suffix?: string | undefined;
  /**
   * In the order to be written. A label with an empty value is one that is absent, and not written
   * unless the family says so.
   */
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  /**
   * Milliseconds since 1970; without it the reader takes the time of its scrape, which is nearly
   * always right.
   */
  readonly tMs?: number | undefined;
  /**
   * One observation behind a counter or a bucket, mostly with the id of a trace; only OpenMetrics
   * has room for it.
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
   * Whether labels with an empty value are written, for readers of the text who look for them; what
   * it means is the same.
   */
  readonly hasEmptyLabels?: boolean | undefined;
  readonly samples: readonly MetricSample[];
}
