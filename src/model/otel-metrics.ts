/**
 * Metrics as OpenTelemetry has them: a histogram or a summary is one metric with whole points,
 * where Prometheus has several series. Values only.
 *
 *     ResourceMetrics { resource, metrics: OtelMetric { name, …, data: { kind, points } } }
 *
 * Source: opentelemetry-proto's opentelemetry/proto/metrics/v1/metrics.proto
 */
import type { Extremes } from './histogram.ts';
import type { LabelSet } from './labels.ts';
import type { Exemplar, SeriesType } from './sample.ts';

/** The metrics of one resource. */
export interface ResourceMetrics {
  readonly resource: LabelSet;
  readonly metrics: readonly OtelMetric[];
}

export interface OtelMetric {
  readonly name: string;
  /** The help text; '' where none is known. */
  readonly description: string;
  /** In the words of UCUM where there is one: `s`, `By`. */
  readonly unit: string;
  /** The type that the target states. */
  readonly type: SeriesType;
  readonly data: MetricData;
}

export type MetricData =
  | { readonly kind: 'gauge'; readonly points: readonly NumberPoint[] }
  | {
      readonly kind: 'sum';
      readonly isMonotonic: boolean;
      /** Whether points are increases, each since the one before. */
      readonly isDelta: boolean;
      readonly points: readonly NumberPoint[];
    }
  | {
      readonly kind: 'histogram';
      readonly isDelta: boolean;
      readonly points: readonly HistogramPoint[];
    }
  | {
      readonly kind: 'exponential';
      readonly isDelta: boolean;
      readonly points: readonly ExponentialPoint[];
    }
  | { readonly kind: 'summary'; readonly points: readonly SummaryPoint[] };

export interface MetricPoint {
  readonly attributes: LabelSet;
  readonly tMs: number;
  /** When the counter behind it began; undefined where the target does not state it. */
  readonly startMs: number | undefined;
  /** The stale marker: the series ended, and the point has no value. */
  readonly isStale: boolean;
  readonly exemplars: readonly Exemplar[];
}

export interface NumberPoint extends MetricPoint {
  /** 0 where the point is stale. */
  readonly value: number;
}

export interface HistogramPoint extends MetricPoint {
  readonly count: number;
  readonly sum: number | undefined;
  readonly extremes?: Extremes | undefined;
  /** Upper bounds, ascending, without +Inf. */
  readonly bounds: readonly number[];
  /** Observations in each bucket, not cumulative; one more than there are bounds. */
  readonly counts: readonly number[];
}

/** Buckets in a row: the first holds values above base^offset, up to base^(offset + 1). */
export interface ExponentialBuckets {
  readonly offset: number;
  readonly counts: readonly number[];
}

/** The base of the buckets is 2^(2^-scale). */
export interface ExponentialPoint extends MetricPoint {
  readonly scale: number;
  readonly count: number;
  readonly sum: number;
  readonly extremes?: Extremes | undefined;
  readonly zeroCount: number;
  readonly zeroThreshold: number;
  readonly positive: ExponentialBuckets;
  readonly negative: ExponentialBuckets;
}

export interface SummaryPoint extends MetricPoint {
  readonly count: number;
  readonly sum: number | undefined;
  /** Ascending by quantile, which is from 0 to 1. */
  readonly quantiles: readonly { readonly quantile: number; readonly value: number }[];
}

export interface MetricCounts {
  readonly resources: number;
  readonly metrics: number;
  readonly points: number;
}

/** How many resources, metrics and points there are. */
export function countMetrics(all: readonly ResourceMetrics[]): MetricCounts {
  let metrics = 0;
  let points = 0;
  for (const one of all) {
    metrics += one.metrics.length;
    for (const { data } of one.metrics) points += data.points.length;
  }
  return { resources: all.length, metrics, points };
}

/**
 * Divides metrics into parts of at most `pointsMax` points, in order. A metric whose points do not
 * fit into one part is in several.
 */
export function splitMetrics(
  all: readonly ResourceMetrics[],
  pointsMax: number,
): readonly (readonly ResourceMetrics[])[] {
  if (countMetrics(all).points <= pointsMax) return all.length === 0 ? [] : [all];
  const parts: { resource: LabelSet; metrics: OtelMetric[] }[][] = [];
  let room = 0;
  for (const { resource, metrics } of all)
    for (const metric of metrics) {
      const { data } = metric;
      for (let from = 0; from < data.points.length;) {
        if (room === 0) {
          parts.push([]);
          room = pointsMax;
        }
        const part = parts.at(-1) ?? [];
        if (part.at(-1)?.resource !== resource) part.push({ resource, metrics: [] });
        const to = Math.min(data.points.length, from + room);
        const points = data.points.slice(from, to);
        part.at(-1)?.metrics.push({ ...metric, data: { ...data, points } as MetricData });
        room -= points.length;
        from = to;
      }
    }
  return parts;
}
