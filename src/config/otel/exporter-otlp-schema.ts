/**
 * The keys that the exporters of OTLP over HTTP and over gRPC share: queue, retries, credentials.
 * Source: core's exporter/exporterhelper/internal/queuebatch/config.go,
 * config/configretry/backoff.go, config/configcompression/compressiontype.go
 */
import * as z from 'zod';
import { countSchema, positiveSchema } from '../../settings/count.ts';
import { goDurationSchema } from '../../settings/go-duration.ts';
import { ignored, ignoredValue } from '../../settings/refused-keys.ts';
import { switchSchema } from '../../settings/switch.ts';
import { listOf, textSchema } from '../../settings/text.ts';
import { retrySchema, sendingQueueSchema } from './exporter-queue-schema.ts';
import { exporterTlsSchema, headersSchema } from './exporter-schema.ts';

const ON_DISK = 'Has no effect: what is sent waits in a queue on disk, which its size bounds.';
/** CloudWatch's agent writes its settings as they are in memory, where a sizer is `{}`. */
const sizerSchema = <const Words extends readonly [string, ...string[]]>(words: Words) =>
  z.union([z.enum(words), z.strictObject({})], { error: `expected one of ${words.join(', ')}` });

const batchSchema = z.strictObject({
  flush_timeout: goDurationSchema
    .optional()
    .meta({ description: 'How long points and spans wait for more of them.', default: '1s' }),
  sizer: sizerSchema(['items', 'bytes'])
    .optional()
    .meta({ description: 'What max_size counts.', default: 'items' }),
  min_size: ignoredValue(countSchema, 'Has no effect: a request goes after flush_timeout.'),
  max_size: countSchema
    .optional()
    .describe('Most points, spans or bytes of a request; 0 leaves it to the receiver.'),
  partition: ignoredValue(
    z.strictObject({
      metadata_keys: ignoredValue(listOf(textSchema), 'Has no effect: clients are not told apart.'),
    }),
    'Has no effect: clients are not told apart.',
  ),
});

const queueSchema = sendingQueueSchema.extend({
  num_consumers: positiveSchema
    .optional()
    .meta({ description: 'Most requests of a signal at once, up to 32.', default: 8 }),
  sizer: ignoredValue(sizerSchema(['requests', 'items', 'bytes']), ON_DISK),
  blocking: ignoredValue(switchSchema, ON_DISK),
  batch: batchSchema.optional().describe('How large a request is.'),
});

export const otlpExporterShape = {
  endpoint: textSchema.optional().describe('Where metrics and traces are sent.'),
  headers: headersSchema.optional().describe('Further headers of each request.'),
  compression: textSchema.optional().meta({
    description:
      'gzip, zstd, snappy or none; over HTTP also zlib and deflate. lz4 and x-snappy-framed are ' +
      'refused.',
    default: 'gzip',
  }),
  auth: z
    .strictObject({
      authenticator: textSchema.describe(
        'Name of the extension: sigv4auth (over HTTP), basicauth, bearertokenauth, oauth2client ' +
          'or headers_setter.',
      ),
    })
    .optional()
    .describe('Whose credentials the requests carry.'),
  tls: exporterTlsSchema.optional().describe('TLS of the connections.'),
  sending_queue: queueSchema
    .optional()
    .describe('The queue is on disk in any case; num_consumers and batch are taken over.'),
  retry_on_failure: retrySchema
    .optional()
    .describe('Waits between attempts; there is no end to them but the size of the queue.'),
  middlewares: listOf(z.unknown())
    .optional()
    .describe('Refused where it names any: requests go through none.'),
  read_buffer_size: ignored('Has no effect: buffers are sized by themselves.'),
  write_buffer_size: ignored('Has no effect: buffers are sized by themselves.'),
} as const;

const shared = z.strictObject(otlpExporterShape);
export type OtlpExporterInput = z.output<typeof shared>;
