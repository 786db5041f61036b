/** The proxy's metrics. */
import type { Counter, Family, Gauge, Histogram, Registry } from '../kernel/metrics.ts';

const BUCKETS = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
] as const;

export interface ProxyMetrics {
  readonly requests: Family<Counter>;
  readonly failures: Family<Counter>;
  readonly mended: Counter;
  readonly retried: Counter;
  readonly seconds: Histogram;
  readonly underWay: Gauge;
  readonly bodyBytes: Gauge;
}

export function createProxyMetrics(registry: Registry): ProxyMetrics {
  return {
    requests: registry.counters('proxy_requests_total', 'Requests, by status of the answer.'),
    failures: registry.counters('proxy_failures_total', 'Requests that got no answer, by reason.'),
    mended: registry
      .counters('proxy_mended_total', 'Requests signed again after a stale token or a wrong clock.')
      .with({}),
    retried: registry
      .counters('proxy_retried_total', 'Requests sent again after a connection was lost.')
      .with({}),
    seconds: registry
      .histograms('proxy_request_duration_seconds', 'Time to the end of the answer.', BUCKETS)
      .with({}),
    underWay: registry.gauges('proxy_requests_under_way', 'Requests under way.').with({}),
    bodyBytes: registry
      .gauges('proxy_body_bytes', 'Bodies of requests under way, in memory and in files.')
      .with({}),
  };
}
