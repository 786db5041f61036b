/**
 * The keys of a remote write exporter that say how samples wait, are sent again, and how many
 * requests run at once. Not here: what becomes of them (exporter-queue.ts).
 * Source: contrib's exporter/prometheusremotewriteexporter/{config,wal}.go, core's
 * config/configretry/backoff.go and exporter/exporterhelper/internal/queuebatch/config.go
 */
import * as z from 'zod';
import { amountSchema, countSchema, positiveSchema } from '../../settings/count.ts';
import { goDurationSchema } from '../../settings/go-duration.ts';
import { ignoredValue } from '../../settings/refused-keys.ts';
import { switchSchema } from '../../settings/switch.ts';
import { listOf, textSchema } from '../../settings/text.ts';

const ON_DISK = 'Has no effect: samples wait in a queue on disk, which its size bounds.';
const IN_BYTES = 'Has no effect: a request is as large as max_batch_size_bytes.';

const consumersSchema = (schema: typeof countSchema) =>
  schema
    .optional()
    .describe(
      'Most requests at once, up to 64, where max_batch_request_parallelism does not say it; 16 ' +
        'without either.',
    );

const remoteWriteQueueSchema = z.strictObject({
  enabled: ignoredValue(switchSchema, ON_DISK),
  queue_size: ignoredValue(countSchema, ON_DISK),
  num_consumers: consumersSchema(countSchema),
});

export const sendingQueueSchema = z.strictObject({
  enabled: ignoredValue(switchSchema, ON_DISK),
  queue_size: ignoredValue(positiveSchema, ON_DISK),
  num_consumers: consumersSchema(positiveSchema),
  storage: ignoredValue(textSchema, 'Has no effect: the queue is below --storage.path.'),
  sizer: ignoredValue(z.enum(['requests', 'items', 'bytes']), ON_DISK),
  block_on_overflow: ignoredValue(switchSchema, ON_DISK),
  wait_for_result: ignoredValue(switchSchema, ON_DISK),
  batch: z
    .strictObject({
      flush_timeout: ignoredValue(goDurationSchema, 'Has no effect: samples are sent in seconds.'),
      sizer: ignoredValue(z.enum(['items', 'bytes']), IN_BYTES),
      min_size: ignoredValue(countSchema, IN_BYTES),
      max_size: ignoredValue(countSchema, IN_BYTES),
      partition: ignoredValue(
        z.strictObject({
          metadata_keys: ignoredValue(listOf(textSchema), 'Has no effect: there are no clients.'),
        }),
        'Has no effect: there are no clients.',
      ),
    })
    .optional()
    .describe('Has no effect: a request is as large as max_batch_size_bytes.'),
});

export const retrySchema = z.strictObject({
  enabled: switchSchema.optional().meta({
    description: 'Refused as false: what fails for a while is always sent again.',
    default: true,
  }),
  initial_interval: goDurationSchema
    .optional()
    .meta({ description: 'First wait before a request is sent again.', default: '30ms' }),
  max_interval: goDurationSchema
    .optional()
    .meta({ description: 'Longest wait before a request is sent again.', default: '5s' }),
  max_elapsed_time: ignoredValue(
    goDurationSchema,
    'Has no effect: samples are sent again until they are delivered or too old for the receiver.',
  ),
  randomization_factor: ignoredValue(
    amountSchema.pipe(z.number().max(1, 'must be within 0 and 1')),
    'Has no effect: waits are always scattered.',
  ),
  multiplier: ignoredValue(amountSchema, 'Has no effect: each wait is twice the one before.'),
});

const walSchema = z.strictObject({
  directory: ignoredValue(textSchema, 'Has no effect: the queue is below --storage.path.'),
  buffer_size: ignoredValue(countSchema, ON_DISK),
  truncate_frequency: ignoredValue(goDurationSchema, 'Has no effect: what is sent is freed.'),
  lag_record_frequency: ignoredValue(
    goDurationSchema,
    'Has no effect: how far the queue is behind is among the metrics at all times.',
  ),
});

export const exporterQueueShape = {
  max_batch_size_bytes: countSchema.optional().meta({
    description: 'Most bytes of a request, up to 1000000, as much as AMP takes.',
    default: 1000000,
  }),
  max_batch_request_parallelism: positiveSchema.optional().meta({
    description: 'Most requests at once, up to 64; as many as the load needs.',
    default: 16,
  }),
  remote_write_queue: remoteWriteQueueSchema
    .optional()
    .describe('The queue is on disk in any case; num_consumers is taken over.'),
  sending_queue: sendingQueueSchema
    .optional()
    .describe('The queue is on disk in any case; num_consumers is taken over.'),
  retry_on_failure: retrySchema
    .optional()
    .describe('Waits between attempts; there is no end to them but the age of the samples.'),
  wal: walSchema
    .optional()
    .describe('Has no effect: the queue is on disk in any case, below --storage.path.'),
} as const;
