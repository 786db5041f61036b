/** The queue_config of an emf_write entry. */
import * as z from 'zod';
import type { DeliverySettings } from '../../delivery/settings.ts';
import { positiveUpTo } from '../../settings/count.ts';
import { durationSchema } from '../../settings/duration.ts';
import type { ConfigPath, Reporter } from '../../settings/finding.ts';
import { sizeSchema } from '../../settings/size.ts';
import { queueShape, resolveQueue } from '../queue-config.ts';

/** As many events, and bytes of them, as CloudWatch Logs takes in a request. */
const EVENTS_MAX = 10_000;
const BYTES_MAX = 1_048_576;
/** As many senders as the Collector's exporter has. */
const QUEUE = { items: 'events', deadlineMs: 5_000, shards: 8, shardsLimit: 64 };

export const emfQueueSchema = z.strictObject({
  max_events_per_send: positiveUpTo(
    EVENTS_MAX,
    `CloudWatch Logs takes at most ${EVENTS_MAX} events in a request`,
  )
    .optional()
    .meta({ description: 'Most events in a request.', default: EVENTS_MAX }),
  max_bytes_per_send: sizeSchema.optional().meta({
    description:
      'Most bytes of the events in a request, with the 26 that CloudWatch Logs counts for each.',
    default: '1MB',
  }),
  event_age_limit: durationSchema.optional().meta({
    description:
      'Events of longer ago are dropped and counted; 0 keeps them, and CloudWatch Logs refuses ' +
      'those of more than 14 days ago.',
    default: '0s',
  }),
  ...queueShape(QUEUE),
});

export function resolveEmfQueue(
  input: z.output<typeof emfQueueSchema>,
  path: ConfigPath,
  report: Reporter,
): DeliverySettings {
  const shared = resolveQueue(input, QUEUE, { path, report });
  const bytes = input.max_bytes_per_send || BYTES_MAX;
  if (bytes > BYTES_MAX)
    report.error(
      [...path, 'queue_config', 'max_bytes_per_send'],
      'CONFIG_VALUE',
      `CloudWatch Logs takes at most ${BYTES_MAX} bytes in a request`,
    );
  return {
    ...shared,
    maxItemsPerSend: input.max_events_per_send ?? EVENTS_MAX,
    maxBytesPerSend: bytes,
    ageLimitMs: input.event_age_limit ?? 0,
  };
}
