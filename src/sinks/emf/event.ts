/**
 * An event of the embedded metric format and where it goes. Values only.
 * Source:
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
import type { ResourceMetrics } from '../../model/otel-metrics.ts';

export interface EmfEvent {
  /** Of the log event, ms since 1970; that of its metrics. */
  readonly timestampMs: number;
  readonly group: string;
  readonly stream: string;
  /** One line of JSON; at most as long as an event of CloudWatch Logs may be. */
  readonly message: string;
  /** How many data points it holds. */
  readonly points: number;
  /** How many metrics it names, a set of dimensions each: what CloudWatch charges for. */
  readonly metrics: readonly BilledMetric[];
}

/** One metric under one set of dimensions. */
export interface BilledMetric {
  /** Equal for the same namespace, name, dimensions and their values. */
  readonly key: string;
}

/** Makes events of the metrics of one commit; increases of counters are already differences. */
export type MakeEvents = (metrics: readonly ResourceMetrics[]) => readonly EmfEvent[];
