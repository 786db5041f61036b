/**
 * What every queue_config has: how long items wait, how many requests run at once, waits before a
 * request is sent again, and the queue on disk. Not here: how much goes into a request and how old
 * an item may become, which each kind has its own words and limits for.
 */
import * as z from 'zod';
import { DELIVERY_DEFAULTS, type DeliverySettings } from '../delivery/settings.ts';
import { positiveSchema } from '../settings/count.ts';
import { durationSchema } from '../settings/duration.ts';
import { sizeSchema } from '../settings/size.ts';
import type { SinkContext } from './sink.ts';

export interface QueueDefaults {
  /** What is queued, for sentences: `samples`. */
  readonly items: string;
  /** What the shards are the number of; `Requests` when absent. */
  readonly requests?: string;
  /** How long a batch that is not full waits, in whole seconds. */
  readonly deadlineMs: number;
  readonly shards: number;
  /** More shards than these are taken as these. */
  readonly shardsLimit: number;
  /** Follows the description of max_shards. */
  readonly remark?: string;
}

type QueueInput = z.output<z.ZodObject<ReturnType<typeof queueShape>>>;

/** The keys, to be spread into the schema of a kind. */
export function queueShape(defaults: QueueDefaults) {
  const { items, requests = 'Requests', deadlineMs, shards, shardsLimit, remark = '' } = defaults;
  return {
    batch_send_deadline: durationSchema.optional().meta({
      description: `How long ${items} wait for more of them before they are sent.`,
      default: `${deadlineMs / 1_000}s`,
    }),
    min_shards: positiveSchema
      .optional()
      .meta({ description: `${requests} under way at once, at least.`, default: 1 }),
    max_shards: positiveSchema.optional().meta({
      description:
        `${requests} under way at once, at most; as many as the load needs, and never more than ` +
        `${shardsLimit}.${remark}`,
      default: shards,
    }),
    min_backoff: durationSchema
      .optional()
      .meta({ description: 'First wait before a request is sent again.', default: '30ms' }),
    max_backoff: durationSchema
      .optional()
      .meta({ description: 'Longest wait before a request is sent again.', default: '5s' }),
    disk_size_limit: sizeSchema.optional().meta({
      description: `Size of the queue on disk; above it the oldest ${items} are dropped, counted.`,
      default: '1GB',
    }),
    disk_sync: z.enum(['never', 'interval', 'every']).optional().meta({
      description:
        'When the queue is forced to disk: never, once a second (interval), or at every write.',
      default: 'interval',
    }),
  };
}

type Shared = Omit<DeliverySettings, 'maxItemsPerSend' | 'maxBytesPerSend' | 'ageLimitMs'>;

/** What these keys become, with their defaults; faults are reported. */
export function resolveQueue(
  input: QueueInput,
  { shards, shardsLimit, deadlineMs }: QueueDefaults,
  { path, report }: Pick<SinkContext, 'path' | 'report'>,
): Shared {
  const at = [...path, 'queue_config'];
  const { min_shards: min = 1 } = input;
  const max = input.max_shards ?? Math.max(shards, min);
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
  return {
    batchSendDeadlineMs: input.batch_send_deadline ?? deadlineMs,
    shardsMin: Math.min(shardsLimit, min),
    shardsMax: Math.min(shardsLimit, max),
    minBackoffMs,
    maxBackoffMs,
    capBytes: input.disk_size_limit || DELIVERY_DEFAULTS.capBytes,
    sync: input.disk_sync ?? DELIVERY_DEFAULTS.sync,
  };
}
