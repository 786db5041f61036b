/** The metrics of a forwarder. */
import type { Counter, Family, Gauge, Registry } from '../kernel/metrics.ts';

export interface ForwardMetrics {
  readonly requests: Family<Counter>;
  readonly refused: Family<Counter>;
  readonly failures: Family<Counter>;
  readonly stale: Family<Counter>;
  readonly shared: Family<Counter>;
  readonly evicted: Family<Counter>;
  readonly kept: Family<Gauge>;
  readonly keptBytes: Family<Gauge>;
  readonly held: Family<Gauge>;
  readonly statisticsDropped: Family<Counter>;
  readonly underWay: Family<Gauge>;
}

export function createForwardMetrics(registry: Registry): ForwardMetrics {
  const counters = (name: string, help: string): Family<Counter> =>
    registry.counters(`amperage_xray_${name}`, help);
  const gauges = (name: string, help: string): Family<Gauge> =>
    registry.gauges(`amperage_xray_${name}`, help);
  return {
    requests: counters('forwarded_requests_total', 'Requests by TCP, by status of the answer.'),
    refused: counters(
      'forwarded_requests_refused_total',
      'Requests and connections that were refused here and not forwarded, by reason.',
    ),
    failures: counters(
      'forward_failures_total',
      'Calls to the service that got no good answer, by reason.',
    ),
    stale: counters(
      'stale_answers_total',
      'Kept answers that were given since the service gave none in time, by call.',
    ),
    shared: counters(
      'shared_answers_total',
      "Answers that came from another client's equal call, under way or seconds old, by call.",
    ),
    evicted: counters(
      'kept_answers_evicted_total',
      'Kept answers that were forgotten before their time, since there were too many, by call.',
    ),
    kept: gauges('kept_answers', 'Answers that are kept for when the service gives none, by call.'),
    keptBytes: gauges('kept_answers_bytes', 'The bytes of kept answers, by call.'),
    held: gauges(
      'held_statistics',
      "Sampling statistics that X-Ray did not take and that wait for the client's next report.",
    ),
    statisticsDropped: counters(
      'statistics_dropped_total',
      'Sampling statistics that were given up, by reason.',
    ),
    underWay: gauges('forward_calls_under_way', 'Calls to the service under way.'),
  };
}
