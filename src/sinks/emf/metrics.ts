/** What the sink counts beside what delivery counts for all sinks. */
import type { Counter, Gauge, Registry } from '../../kernel/metrics.ts';
import type { Unsent } from './differences.ts';
import type { LeftOutReason } from './left-out.ts';

export interface EmfMetrics {
  readonly requests: Counter;
  readonly groupsCreated: Counter;
  readonly streamsCreated: Counter;
  /** Log groups that did not take events for a fault of the set-up. */
  readonly denied: Counter;
  readonly rejectedEntities: Counter;
  /** Bytes as CloudWatch Logs counts and charges them. */
  readonly ingestedBytes: Counter;
  /** Different metrics of a day, each under one set of dimensions. */
  readonly distinctMetrics: Gauge;
  readonly series: Gauge;
  readonly journalErrors: Counter;
  unsent(reason: Unsent, points: number): void;
  leftOut(points: number, reason: LeftOutReason): void;
  /** An event in whose log group or stream a placeholder stands as its own name. */
  unfilled(placeholder: string): void;
}

export function newEmfMetrics(registry: Registry, sink: string): EmfMetrics {
  const counter = (name: string, help: string): Counter =>
    registry.counters(`amperage_emf_${name}`, help).with({ sink });
  const gauge = (name: string, help: string): Gauge =>
    registry.gauges(`amperage_emf_${name}`, help).with({ sink });
  const unsent = registry.counters(
    'amperage_emf_points_unsent_total',
    'Points of counters, histograms and summaries that are no increase, by reason: the first ' +
      'value of a series, one that is not newer than the one before, one that is no number, and ' +
      'series above the limit.',
  );
  const leftOut = registry.counters(
    'amperage_emf_points_left_out_total',
    'Points that are in no event, or are no metric of CloudWatch, by reason.',
  );
  const unfilled = registry.counters(
    'amperage_emf_placeholders_unfilled_total',
    'Events in whose log group or log stream a placeholder stands as its own name.',
  );
  return {
    requests: counter('requests_total', 'Requests with events.'),
    groupsCreated: counter('log_groups_created_total', 'Log groups that were made.'),
    streamsCreated: counter('log_streams_created_total', 'Log streams that were made.'),
    denied: counter(
      'log_groups_denied_total',
      'Times that a log group did not take events until the set-up is changed.',
    ),
    rejectedEntities: counter('entities_rejected_total', 'Entities that CloudWatch rejected.'),
    ingestedBytes: counter(
      'ingested_bytes_total',
      'Bytes of events that CloudWatch Logs took, as it charges for them.',
    ),
    distinctMetrics: gauge(
      'distinct_metrics',
      'About how many different metrics were made since the last estimate of cost, each under ' +
        'one set of dimensions.',
    ),
    series: gauge('series', 'Series whose last totals are known, to make increases of them.'),
    journalErrors: counter(
      'journal_errors_total',
      'Writes of the last totals that failed, after which a kill may count an increase twice, ' +
        'and readings that found them damaged.',
    ),
    unsent: (reason, points) => unsent.with({ sink, reason }).inc(points),
    leftOut: (points, reason) => leftOut.with({ sink, reason }).inc(points),
    unfilled: (placeholder) => unfilled.with({ sink, placeholder }).inc(),
  };
}
