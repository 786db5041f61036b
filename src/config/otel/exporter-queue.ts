/**
 * How what an exporter sends waits and is sent again, as the `queue_config` of an entry of
 * remote_write or otlp_write. The queue is on disk and in order whatever the exporter says, so keys
 * of a queue in memory have no effect, which a warning says.
 */
import type { ConfigPath, Reporter } from '../../settings/finding.ts';
import { DELIVERY_DEFAULTS } from '../../delivery/settings.ts';
import type { ExporterInput } from './exporter-schema.ts';

/** AMP takes at most so many bytes in a request. */
const BATCH_BYTES_MAX = 1_000_000;
/** As many requests run at once as there are shards, of which there are at most so many. */
const SHARDS_MAX = 64;

const ON_DISK = 'what is sent waits in a queue on disk, in order, whatever this says';
const BELOW_STORAGE = 'the queue is on disk in any case, below --storage.path';

/** By block and key, the sentence after "has no effect: ". */
const WITHOUT_EFFECT = {
  remote_write_queue: { enabled: ON_DISK, queue_size: ON_DISK },
  sending_queue: {
    enabled: ON_DISK,
    queue_size: ON_DISK,
    sizer: ON_DISK,
    block_on_overflow: ON_DISK,
    wait_for_result: ON_DISK,
    storage: BELOW_STORAGE,
    batch: 'a request is as large as max_batch_size_bytes says',
  },
  retry_on_failure: {
    max_elapsed_time:
      'what fails for a while is sent again until it is delivered or too old for the receiver',
    randomization_factor: 'waits are scattered in any case',
    multiplier: 'each wait is twice the one before',
  },
} as const;

/** The keys of all exporters, and those of remote write alone. */
type QueueInput = Pick<ExporterInput, 'sending_queue' | 'retry_on_failure'> &
  Partial<
    Pick<
      ExporterInput,
      'max_batch_size_bytes' | 'max_batch_request_parallelism' | 'remote_write_queue' | 'wal'
    >
  >;

export interface QueueNotes {
  /** Whether `batch` says how large a request is, which the caller takes over. */
  readonly hasBatches: boolean;
}

/** Undefined where the defaults are to be used. */
export function resolveExporterQueue(
  input: QueueInput,
  at: ConfigPath,
  report: Reporter,
  notes: QueueNotes = { hasBatches: false },
): Readonly<Record<string, unknown>> | undefined {
  noteWithoutEffect(input, at, report, notes);
  checkQueues(input, at, report);
  const queue = {
    ...resolveBytes(input, at, report),
    ...resolveShards(input, at, report),
    ...resolveWaits(input, at, report),
  };
  return Object.keys(queue).length === 0 ? undefined : queue;
}

function noteWithoutEffect(
  input: QueueInput,
  at: ConfigPath,
  report: Reporter,
  { hasBatches }: QueueNotes,
): void {
  for (const [block, keys] of Object.entries(WITHOUT_EFFECT)) {
    const given: object | undefined = input[block as keyof typeof WITHOUT_EFFECT];
    for (const [key, why] of Object.entries(keys))
      if (given !== undefined && key in given && !(hasBatches && key === 'batch'))
        report.warn([...at, block, key], `${key} of ${block} has no effect: ${why}`, 'key');
  }
  if (input.wal !== undefined)
    report.warn([...at, 'wal'], `wal has no effect: ${BELOW_STORAGE}`, 'key');
}

/** What the Collector refuses. */
function checkQueues(input: QueueInput, at: ConfigPath, report: Reporter): void {
  const { remote_write_queue: queue, sending_queue: sending } = input;
  const refuse = (path: ConfigPath, message: string): void =>
    report.error([...at, ...path], 'CONFIG_VALUE', message);
  if (queue?.enabled !== false && queue?.queue_size === 0)
    refuse(
      ['remote_write_queue', 'queue_size'],
      'a queue of size 0 would drop everything; remove queue_size',
    );
  if (sending?.storage !== undefined && sending.wait_for_result === true)
    refuse(['sending_queue', 'wait_for_result'], '"wait_for_result" goes with no "storage"');
  const { batch } = sending ?? {};
  const { min_size: least = 0, max_size: most = 0, flush_timeout: flush } = batch ?? {};
  const batchAt = ['sending_queue', 'batch'];
  if (most > 0 && most < least)
    refuse([...batchAt, 'max_size'], `max_size ${most} is less than min_size ${least}; raise it`);
  if (flush === 0) refuse([...batchAt, 'flush_timeout'], 'flush_timeout must be more than 0');
}

/** The size of a request, which may be smaller than what AMP takes, not larger. */
function resolveBytes(
  { max_batch_size_bytes: bytes }: QueueInput,
  at: ConfigPath,
  report: Reporter,
): object {
  if (bytes === undefined || bytes === 0) return {};
  if (bytes <= BATCH_BYTES_MAX) return { max_bytes_per_send: `${bytes}B` };
  report.warn(
    [...at, 'max_batch_size_bytes'],
    `max_batch_size_bytes ${bytes} is taken as ${BATCH_BYTES_MAX}, as much as AMP takes at once`,
  );
  return {};
}

/** `max_batch_request_parallelism` counts before the consumers of a queue, as in the Collector. */
function resolveShards(input: QueueInput, at: ConfigPath, report: Reporter): object {
  const given = (
    [
      [['max_batch_request_parallelism'], input.max_batch_request_parallelism],
      [['remote_write_queue', 'num_consumers'], input.remote_write_queue?.num_consumers],
      [['sending_queue', 'num_consumers'], input.sending_queue?.num_consumers],
    ] as const
  ).filter(([, count]) => count !== undefined);
  const [first, ...others] = given;
  if (first === undefined) return {};
  for (const [path] of others)
    report.warn(
      [...at, ...path],
      `num_consumers has no effect beside ${first[0].join('.')}, which counts`,
      'key',
    );
  const [path, count = 0] = first;
  if (count <= SHARDS_MAX) return { max_shards: Math.max(count, 1) };
  report.warn([...at, ...path], `${count} requests at once are taken as ${SHARDS_MAX}, the most`);
  return { max_shards: SHARDS_MAX };
}

function resolveWaits(
  { retry_on_failure: retry = {} }: QueueInput,
  at: ConfigPath,
  report: Reporter,
): object {
  const path = [...at, 'retry_on_failure'];
  if (retry.enabled === false)
    report.lacks(
      [...path, 'enabled'],
      '"enabled: false" of retry_on_failure: what fails for a while is always sent again, so ' +
        'that nothing is lost; remove it',
    );
  const { initial_interval: first, max_interval: longest, max_elapsed_time: elapsed = 0 } = retry;
  if (elapsed > 0)
    for (const [key, span = 0] of Object.entries({
      initial_interval: first,
      max_interval: longest,
    }))
      if (elapsed < span)
        report.error(
          [...path, 'max_elapsed_time'],
          'CONFIG_VALUE',
          `"max_elapsed_time" must not be less than "${key}"`,
        );
  // A first wait may be longer than the longest one by default; then all are as long.
  const most = longest ?? Math.max(first ?? 0, DELIVERY_DEFAULTS.maxBackoffMs);
  return {
    ...formatWait('min_backoff', first === undefined ? 0 : Math.min(first, most)),
    ...formatWait('max_backoff', longest ?? (most > DELIVERY_DEFAULTS.maxBackoffMs ? most : 0)),
  };
}

/** A wait of less than a millisecond is left to the default. */
function formatWait(key: string, ms: number): object {
  return ms < 1 ? {} : { [key]: `${Math.round(ms)}ms` };
}
