/**
 * The metrics of a sink's delivery. A sink whose protocol has names of its own for them (remote
 * write has Prometheus') brings its own set.
 */
import type { Counter, Gauge, Histogram, Registry } from '../kernel/metrics.ts';

export interface DeliveryMetrics {
  /** Items put into the queue. */
  readonly itemsIn: Counter;
  /** Items delivered. */
  readonly items: Counter;
  /** Bytes of the requests that the receiver took. */
  readonly bytes: Counter;
  /** Items sent again after a recoverable failure. */
  readonly retried: Counter;
  readonly requestSeconds: Histogram;
  readonly shards: Gauge;
  readonly shardsDesired: Gauge;
  /** Of what is delivered or refused for good. */
  readonly newestOutSeconds: Gauge;
  /** Sets the time of the newest item put into the queue, seconds since 1970. */
  newestIn(seconds: number): void;
}

export const REQUEST_BUCKETS = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 60,
] as const;

export function newDeliveryMetrics(registry: Registry, sink: string): DeliveryMetrics {
  const counter = (name: string, help: string): Counter =>
    registry.counters(`amperage_sink_${name}`, help).with({ sink });
  const gauge = (name: string, help: string): Gauge =>
    registry.gauges(`amperage_sink_${name}`, help).with({ sink });
  const newestIn = gauge('newest_taken_timestamp_seconds', 'Newest item taken in.');
  return {
    itemsIn: counter('items_taken_total', 'Items taken in.'),
    items: counter('items_delivered_total', 'Items delivered.'),
    bytes: counter('bytes_delivered_total', 'Bytes of requests that were taken.'),
    retried: counter('items_retried_total', 'Items sent again after a recoverable failure.'),
    requestSeconds: registry
      .histograms('amperage_sink_request_duration_seconds', 'Time of a request.', REQUEST_BUCKETS)
      .with({ sink }),
    shards: gauge('shards', 'Requests that may be under way at once.'),
    shardsDesired: gauge('shards_desired', 'Shards that the load asks for.'),
    newestOutSeconds: gauge(
      'newest_delivered_timestamp_seconds',
      'Newest item delivered, or refused for good.',
    ),
    newestIn: (seconds) => newestIn.set(seconds),
  };
}
