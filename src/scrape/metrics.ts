/**
 * The metrics of scraping about itself, under Prometheus' names where the meaning is the same.
 * Source: https://github.com/prometheus/prometheus/blob/main/scrape/metrics.go
 */
import { type Registry } from '../kernel/metrics.ts';

export type ScrapeMetrics = ReturnType<typeof registerScrapeMetrics>;

export function registerScrapeMetrics(metrics: Registry) {
  const counter = (name: string, help: string) =>
    metrics.counter(`prometheus_target_${name}`, help);
  return {
    appended: metrics.counter(
      'prometheus_agent_samples_appended_total',
      'Samples of successful scrapes handed on, synthetic series apart.',
    ),
    pools: metrics.gauge('amperage_scrape_pools', 'Scrape pools there are now.'),
    poolsMade: counter('scrape_pools_total', 'Scrape pools that were made.'),
    poolTargets: metrics.gauges(
      'prometheus_target_scrape_pool_targets',
      'Targets of each scrape pool.',
    ),
    targetsDown: metrics.gauges(
      'amperage_scrape_targets_down',
      'Targets of each scrape pool whose last scrape failed.',
    ),
    intervals: metrics.summaries(
      'prometheus_target_interval_length_seconds',
      'Actual intervals between scrapes.',
    ),
    syncSeconds: metrics.summaries(
      'prometheus_target_sync_length_seconds',
      'Time that a sync of a scrape pool took.',
    ),
    poolTargetLimits: metrics.gauges(
      'prometheus_target_scrape_pool_target_limit',
      'Targets that each scrape pool may have; 0 is no limit.',
    ),
    reloads: metrics.counter(
      'prometheus_target_scrape_pool_reloads_total',
      'Scrape pools that were replaced because their configuration changed.',
    ),
    histogramLimits: counter(
      'scrapes_exceeded_native_histogram_bucket_limit_total',
      'Scrapes that hit the native histogram bucket limit and were rejected.',
    ),
    syncs: metrics.counters(
      'prometheus_target_scrape_pool_sync_total',
      'Syncs that were executed on a scrape pool.',
    ),
    syncFailures: metrics.counters(
      'prometheus_target_sync_failed_total',
      'Targets that could not be made from their labels.',
    ),
    targetLimits: counter(
      'scrape_pool_exceeded_target_limit_total',
      'Syncs in which a pool had more targets than target_limit.',
    ),
    labelLimits: counter(
      'scrape_pool_exceeded_label_limits_total',
      'Scrapes that broke a label limit.',
    ),
    sampleLimits: counter(
      'scrapes_exceeded_sample_limit_total',
      'Scrapes that hit the sample limit and were rejected.',
    ),
    bodyLimits: counter(
      'scrapes_exceeded_body_size_limit_total',
      'Scrapes that hit the body size limit and were rejected.',
    ),
    duplicates: counter(
      'scrapes_sample_duplicate_timestamp_total',
      'Samples dropped: the same series twice in one scrape.',
    ),
    outOfOrder: counter(
      'scrapes_sample_out_of_order_total',
      'Samples dropped: their timestamps went back.',
    ),
    outOfBounds: counter(
      'scrapes_sample_out_of_bounds_total',
      'Samples dropped: their timestamps are too far ahead.',
    ),
    dropped: metrics.counters(
      'amperage_scrape_samples_dropped_total',
      'Samples dropped of scrapes that were good, by job and reason.',
    ),
    scrapes: metrics.counter('amperage_scrapes_total', 'Scrapes done, failed ones too.'),
    failures: metrics.counters('amperage_scrape_failures_total', 'Scrapes that failed, by reason.'),
    missed: metrics.counter(
      'amperage_scrapes_missed_total',
      'Scrapes left out because the one before took longer than the interval.',
    ),
    endedEarly: metrics.counter(
      'amperage_scrape_targets_ended_early_total',
      'Targets that were gone and whose series ended at once, since too many waited for their end.',
    ),
    samples: metrics.counter('amperage_scrape_samples_total', 'Samples read from targets.'),
  };
}
