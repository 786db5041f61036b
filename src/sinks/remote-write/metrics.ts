/**
 * The metrics of a remote_write entry, under Prometheus' names, so that dashboards and alerts made
 * for Prometheus work.
 * Source: https://github.com/prometheus/prometheus/blob/main/storage/remote/queue_manager.go
 */
import { type DeliveryMetrics, REQUEST_BUCKETS } from '../../delivery/metrics.ts';
import type { LossCause } from '../../delivery/losses.ts';
import type { Loss } from '../../delivery/protocol.ts';
import type { DeliverySettings } from '../../delivery/settings.ts';
import type { Counter, Family, Gauge, Registry } from '../../kernel/metrics.ts';

const PREFIX = 'prometheus_remote_storage_';

export interface RemoteWriteMetrics {
  readonly delivery: DeliveryMetrics;
  /** Samples in 2.0 requests that were taken, but which the receiver does not say it stored. */
  readonly unconfirmed: Counter;
  readonly exemplarsIn: Counter;
  readonly exemplarsDropped: Counter;
  readonly histogramsIn: Counter;
  readonly metadata: Counter;
  readonly metadataFailed: Counter;
  readonly metadataBytes: Counter;
  /** Counts a loss under Prometheus' names. */
  readonly lost: (loss: Loss, cause: LossCause) => void;
  /** To be called when the entry is gone: the samples pending are no longer collected. */
  readonly close: () => void;
}

export interface RemoteWriteMetricsOptions {
  readonly name: string;
  readonly url: string;
  readonly settings: DeliverySettings;
  readonly pendingSamples: () => number;
}

export function newRemoteWriteMetrics(
  registry: Registry,
  { name: remoteName, url, settings, pendingSamples }: RemoteWriteMetricsOptions,
): RemoteWriteMetrics {
  const own = { remote_name: remoteName, url: publicUrl(url) };
  const counters = (name: string, help: string): Family<Counter> =>
    registry.counters(`${PREFIX}${name}`, help);
  const counter = (name: string, help: string): Counter => counters(name, help).with(own);
  const gauge = (name: string, help: string): Gauge =>
    registry.gauges(`${PREFIX}${name}`, help).with(own);
  const pending = gauge('samples_pending', 'Samples in the queue, not delivered yet.');
  const close = registry.onCollect(() => pending.set(pendingSamples()));
  setBounds(gauge, settings);
  counter(
    'enqueue_retries_total',
    'Waits for room in the queue; it is on disk, so there are none.',
  );
  const failed = counter('samples_failed_total', 'Samples that the receiver refused for good.');
  const dropped = counters('samples_dropped_total', 'Samples not sent, by reason.');
  return {
    delivery: namePrometheusDelivery(registry, own, counter, gauge),
    unconfirmed: counter(
      'samples_unconfirmed_total',
      'Samples in requests of 2.0 that the receiver took without saying that it stored them.',
    ),
    exemplarsIn: counter('exemplars_in_total', 'Exemplars taken in.'),
    exemplarsDropped: counter(
      'exemplars_dropped_total',
      'Exemplars not sent: requests of 2.0 have no place for them beside no sample.',
    ),
    histogramsIn: counter('histograms_in_total', 'Native histograms taken in.'),
    metadata: counter('metadata_total', 'Metadata entries delivered.'),
    metadataFailed: counter('metadata_failed_total', 'Metadata entries not delivered.'),
    metadataBytes: counter('metadata_bytes_total', 'Bytes of metadata delivered, compressed.'),
    lost: ({ reason, owner, items }, cause) => {
      if (cause === 'refused') failed.inc(items);
      dropped.with({ ...own, reason, job: owner }).inc(items);
    },
    close,
  };
}

function namePrometheusDelivery(
  registry: Registry,
  own: Readonly<Record<string, string>>,
  counter: (name: string, help: string) => Counter,
  gauge: (name: string, help: string) => Gauge,
): DeliveryMetrics {
  const newest = gauge('queue_highest_timestamp_seconds', 'Newest sample taken in.');
  // One for all entries together, as Prometheus' alert PrometheusRemoteWriteBehind compares it.
  const newestOfAll = registry.gauge(
    `${PREFIX}highest_timestamp_in_seconds`,
    'Newest sample taken in by any entry.',
  );
  return {
    itemsIn: counter('samples_in_total', 'Samples taken in.'),
    items: counter('samples_total', 'Samples delivered.'),
    bytes: counter('bytes_total', 'Bytes of samples delivered, compressed.'),
    retried: counter('samples_retried_total', 'Samples sent again after a recoverable failure.'),
    requestSeconds: registry
      .histograms(`${PREFIX}sent_batch_duration_seconds`, 'Time of a request.', REQUEST_BUCKETS)
      .with(own),
    shards: gauge('shards', 'Requests that may be under way at once.'),
    shardsDesired: gauge('shards_desired', 'Shards that the load asks for.'),
    newestOutSeconds: gauge(
      'queue_highest_sent_timestamp_seconds',
      'Newest sample delivered, or refused for good.',
    ),
    newestIn: (seconds) => {
      newest.set(seconds);
      if (seconds > newestOfAll.value) newestOfAll.set(seconds);
    },
  };
}

function setBounds(
  gauge: (name: string, help: string) => Gauge,
  { shardsMin, shardsMax, maxItemsPerSend }: DeliverySettings,
): void {
  gauge('shards_max', 'Bound of the shards.').set(shardsMax);
  gauge('shards_min', 'Shards that are always there.').set(shardsMin);
  gauge('shard_capacity', 'Samples that a shard takes at once.').set(maxItemsPerSend);
  gauge('max_samples_per_send', 'Samples that a request holds at most.').set(maxItemsPerSend);
}

/** A URL without credentials and query, as it may be shown in logs and metrics. */
export function publicUrl(text: string): string {
  const url = new URL(text);
  return `${url.protocol}//${url.host}${url.pathname}`;
}
