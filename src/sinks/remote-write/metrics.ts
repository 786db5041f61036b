/**
 * What a remote_write entry says of itself, under Prometheus' names, so that its dashboards and alerts work on us.
 * Source: https://github.com/prometheus/prometheus/blob/main/storage/remote/queue_manager.go
 */
import type { Counter, Family, Gauge, Histogram, Registry } from '../../kernel/metrics.ts';
import type { RemoteWriteConfig } from './config.ts';

const PREFIX = 'prometheus_remote_storage_';
const DURATION_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 60] as const;

export interface RemoteWriteMetrics {
  readonly samplesIn: Counter;
  readonly samples: Counter;
  /** Refused by the receiver for good. */
  readonly failed: Counter;
  /** Of requests of 2.0 that were taken: what the receiver does not say it has stored. */
  readonly unconfirmed: Counter;
  readonly exemplarsIn: Counter;
  readonly exemplarsDropped: Counter;
  readonly histogramsIn: Counter;
  readonly shards: Gauge;
  readonly shardsDesired: Gauge;
  readonly retried: Counter;
  /** By `reason`, and by `job` where samples were looked into. */
  readonly dropped: Family<Counter>;
  readonly bytes: Counter;
  readonly metadata: Counter;
  readonly metadataFailed: Counter;
  readonly metadataBytes: Counter;
  readonly batchSeconds: Histogram;
  readonly highestSeconds: Gauge;
  /** Of all entries together, as Prometheus' alert on a sender that is behind asks for it. */
  readonly highestOfAllSeconds: Gauge;
  readonly highestSentSeconds: Gauge;
}

export function newRemoteWriteMetrics(
  registry: Registry,
  config: RemoteWriteConfig,
  pendingSamples: () => number,
): RemoteWriteMetrics {
  const own = { remote_name: config.name, url: publicUrl(config.url) };
  const counters = (name: string, help: string): Family<Counter> =>
    registry.counters(`${PREFIX}${name}`, help);
  const counter = (name: string, help: string): Counter => counters(name, help).with(own);
  const gauge = (name: string, help: string): Gauge =>
    registry.gauges(`${PREFIX}${name}`, help).with(own);
  const pending = gauge('samples_pending', 'Samples in the queue, not delivered yet.');
  registry.onCollect(() => pending.set(pendingSamples()));
  const { shardsMin, shardsMax, maxSamplesPerSend } = config.queue;
  const shards = gauge('shards', 'Requests that may be under way at once.');
  const shardsDesired = gauge('shards_desired', 'Shards that the load asks for.');
  gauge('shards_max', 'Bound of the shards.').set(shardsMax);
  gauge('shards_min', 'Shards that are always there.').set(shardsMin);
  gauge('shard_capacity', 'Samples that a shard takes at once.').set(maxSamplesPerSend);
  counter(
    'enqueue_retries_total',
    'Waits for room in the queue; it is on disk, so there are none.',
  );
  gauge('max_samples_per_send', 'Samples that a request holds at most.').set(maxSamplesPerSend);
  const dropped = counters('samples_dropped_total', 'Samples not sent, by reason.');
  return {
    samplesIn: counter('samples_in_total', 'Samples taken in.'),
    samples: counter('samples_total', 'Samples delivered.'),
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
    shards,
    shardsDesired,
    failed: counter('samples_failed_total', 'Samples that the receiver refused for good.'),
    retried: counter('samples_retried_total', 'Samples sent again after a recoverable failure.'),
    dropped: {
      with: (labels) => dropped.with({ ...own, ...labels }),
      remove: (labels) => dropped.remove({ ...own, ...labels }),
    },
    metadata: counter('metadata_total', 'Metadata entries delivered.'),
    metadataFailed: counter('metadata_failed_total', 'Metadata entries not delivered.'),
    metadataBytes: counter('metadata_bytes_total', 'Bytes of metadata delivered, compressed.'),
    bytes: counter('bytes_total', 'Bytes of samples delivered, compressed.'),
    batchSeconds: registry
      .histograms(`${PREFIX}sent_batch_duration_seconds`, 'Time of a request.', DURATION_BUCKETS)
      .with(own),
    highestOfAllSeconds: registry.gauge(
      `${PREFIX}highest_timestamp_in_seconds`,
      'Newest sample taken in by any entry.',
    ),
    highestSeconds: gauge('queue_highest_timestamp_seconds', 'Newest sample taken in.'),
    highestSentSeconds: gauge('queue_highest_sent_timestamp_seconds', 'Newest sample delivered.'),
  };
}

/** A URL without credentials and query: what may stand in logs and metrics. */
export function publicUrl(text: string): string {
  const url = new URL(text);
  return `${url.protocol}//${url.host}${url.pathname}`;
}
