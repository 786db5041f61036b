/** The queue_config of an emf_write entry. */
import { z } from 'zod';
import { DELIVERY_DEFAULTS, type DeliverySettings } from '../../delivery/settings.ts';
import { positiveSchema } from '../../settings/count.ts';
import { durationSchema } from '../../settings/duration.ts';
import type { ConfigPath, Reporter } from '../../settings/finding.ts';
import { sizeSchema } from '../../settings/size.ts';

/** As many events, and bytes of them, as CloudWatch Logs takes in a request. */
const EVENTS_MAX = 10_000;
const BYTES_MAX = 1_048_576;
/** The number of senders of the Collector's exporter. */
const SHARDS_MAX = 8;
const SHARDS_LIMIT = 64;

export const emfQueueSchema = z.strictObject({
  max_events_per_send: positiveSchema
    .max(EVENTS_MAX, `CloudWatch Logs takes at most ${EVENTS_MAX} events in a request`)
    .optional()
    .meta({ description: 'Most events in a request.', default: EVENTS_MAX }),
  max_bytes_per_send: sizeSchema.optional().meta({
    description:
      'Most bytes of the events in a request, with the 26 that CloudWatch Logs counts for each.',
    default: '1MB',
  }),
  batch_send_deadline: durationSchema.optional().meta({
    description: 'How long events wait for more of them before they are sent.',
    default: '5s',
  }),
  min_shards: positiveSchema
    .optional()
    .meta({ description: 'Requests under way at once, at least.', default: 1 }),
  max_shards: positiveSchema.optional().meta({
    description:
      'Requests under way at once, at most; as many as the load needs, and never more than 64.',
    default: SHARDS_MAX,
  }),
  min_backoff: durationSchema
    .optional()
    .meta({ description: 'First wait before a request is sent again.', default: '30ms' }),
  max_backoff: durationSchema
    .optional()
    .meta({ description: 'Longest wait before a request is sent again.', default: '5s' }),
  event_age_limit: durationSchema.optional().meta({
    description:
      'Events of longer ago are dropped and counted; 0 keeps them, and CloudWatch Logs refuses ' +
      'those of more than 14 days ago.',
    default: '0s',
  }),
  disk_size_limit: sizeSchema.optional().meta({
    description: 'Size of the queue on disk; above it the oldest events are dropped and counted.',
    default: '1GB',
  }),
  disk_sync: z.enum(['never', 'interval', 'every']).optional().meta({
    description:
      'When the queue is forced to disk: never, once a second (interval), or at every write.',
    default: 'interval',
  }),
});

export function resolveEmfQueue(
  input: z.output<typeof emfQueueSchema>,
  path: ConfigPath,
  report: Reporter,
): DeliverySettings {
  const at = [...path, 'queue_config'];
  const { min_shards: min = 1 } = input;
  const max = input.max_shards ?? Math.max(SHARDS_MAX, min);
  if (min > max)
    report.error(
      [...at, 'min_shards'],
      'CONFIG_VALUE',
      `min_shards ${min} is more than max_shards ${max}`,
    );
  const minBackoffMs = input.min_backoff ?? DELIVERY_DEFAULTS.minBackoffMs;
  const maxBackoffMs = input.max_backoff ?? DELIVERY_DEFAULTS.maxBackoffMs;
  if (minBackoffMs > maxBackoffMs)
    report.error([...at, 'min_backoff'], 'CONFIG_VALUE', 'min_backoff is more than max_backoff');
  const bytes = input.max_bytes_per_send || BYTES_MAX;
  if (bytes > BYTES_MAX)
    report.error(
      [...at, 'max_bytes_per_send'],
      'CONFIG_VALUE',
      `CloudWatch Logs takes at most ${BYTES_MAX} bytes in a request`,
    );
  return {
    maxItemsPerSend: input.max_events_per_send ?? EVENTS_MAX,
    maxBytesPerSend: bytes,
    batchSendDeadlineMs: input.batch_send_deadline ?? 5_000,
    shardsMin: Math.min(SHARDS_LIMIT, min),
    shardsMax: Math.min(SHARDS_LIMIT, max),
    minBackoffMs,
    maxBackoffMs,
    ageLimitMs: input.event_age_limit ?? 0,
    capBytes: input.disk_size_limit || DELIVERY_DEFAULTS.capBytes,
    sync: input.disk_sync ?? DELIVERY_DEFAULTS.sync,
  };
}
