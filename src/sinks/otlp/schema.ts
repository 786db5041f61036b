/**
 * The schema of one otlp_write entry. Not here: how the entry becomes plain values (resolve.ts).
 */
import * as z from 'zod';
import { connectionShape } from '../../settings/connection.ts';
import { positiveSchema, positiveUpTo } from '../../settings/count.ts';
import { credentialsShape } from '../../settings/credentials.ts';
import { durationSchema } from '../../settings/duration.ts';
import { secretSchema } from '../../settings/secret.ts';
import { sizeSchema } from '../../settings/size.ts';
import { switchSchema } from '../../settings/switch.ts';
import { presentSchema, textSchema } from '../../settings/text.ts';
import { queueShape } from '../queue-config.ts';
import { sigv4Schema } from '../requests/sigv4.ts';
import { COMPRESSIONS } from './config.ts';

export const POINTS_MAX = 10_000;
/** As many as AWS's own agent sends to CloudWatch at once. */
export const CLOUDWATCH_POINTS_MAX = 1_000;
export const SPANS_MAX = 10_000;
/** X-Ray takes 5 MB; a gRPC server 4 MiB unless it is told otherwise. */
export const BYTES_MAX = 4_000_000;
export const XRAY_BYTES_MAX = 5_000_000;
/** Of each signal. */
export const QUEUE = {
  items: 'points and spans',
  requests: 'Requests of each signal',
  deadlineMs: 1_000,
  shards: 8,
  shardsLimit: 32,
};

export const queueSchema = z.strictObject({
  max_points_per_send: positiveSchema.optional().meta({
    description:
      'Most data points in a request; 1000 by default for CloudWatch, which takes no more.',
    default: POINTS_MAX,
  }),
  max_spans_per_send: positiveSchema
    .optional()
    .meta({ description: 'Most spans in a request.', default: SPANS_MAX }),
  max_bytes_per_send: sizeSchema.optional().meta({
    description: 'Most bytes of a request before compression; X-Ray takes 5000000.',
    default: '4000000B',
  }),
  age_limit: durationSchema.optional().meta({
    description:
      'Requests whose newest point is older, or whose spans came longer ago, are dropped and ' +
      'counted; 0 keeps them.',
    default: '0s',
  }),
  ...queueShape(QUEUE),
});

const keepAliveSchema = z.strictObject({
  time: durationSchema.optional().meta({
    description: 'How often a connection is asked whether it is alive; 0 never.',
    default: '10s',
  }),
  timeout: durationSchema.optional().meta({
    description: 'How long the answer may take before the connection is given up.',
    default: '10s',
  }),
  permit_without_stream: switchSchema.optional().meta({
    description: 'Whether it is asked while no request is under way, too.',
    default: false,
  }),
});

export const otlpSchema = z
  .strictObject({
    name: textSchema
      .optional()
      .describe(
        'Name of the entry in metrics and logs, and of the folder of its queue; made from the ' +
          'endpoints by default.',
      ),
    protocol: z
      .enum(['http', 'grpc'])
      .optional()
      .meta({ description: 'How requests are sent.', default: 'http' }),
    endpoint: presentSchema.meta({
      description:
        'Where metrics and traces are sent. Over HTTP, /v1/metrics and /v1/traces are added; ' +
        'over ' +
        'gRPC it is host:port, where http:// says that it is without TLS.',
      examples: ['http://collector:4318'],
    }),
    metrics_endpoint: presentSchema.meta({
      description: 'The whole URL to which metrics are sent over HTTP.',
      examples: ['https://monitoring.us-east-1.amazonaws.com/v1/metrics'],
    }),
    traces_endpoint: presentSchema.meta({
      description: 'The whole URL to which traces are sent over HTTP.',
      examples: ['https://xray.us-east-1.amazonaws.com/v1/traces'],
    }),
    encoding: z.enum(['proto', 'json']).optional().meta({
      description: 'How requests over HTTP are written: protobuf or JSON.',
      default: 'proto',
    }),
    compression: z
      .enum(COMPRESSIONS)
      .optional()
      .meta({
        description:
          'How requests are compressed. Over gRPC gzip, zstd, snappy or none; zlib and ' +
          'deflate are ' +
          'the same.',
        default: 'gzip',
      }),
    compression_level: positiveUpTo(22, 'must not be above 22')
      .optional()
      .describe('Level of gzip, zlib and deflate (1 to 9), or of zstd (1 to 22).'),
    headers: z
      .record(z.string(), secretSchema)
      .optional()
      .meta({
        description: 'Further headers of each request.',
        examples: [{ 'X-Scope-OrgID': 'tenant' }],
      }),
    user_agent: presentSchema.describe('Header user-agent; our own by default.'),
    request_timeout: durationSchema
      .optional()
      .meta({ description: 'How long a request may take.', default: '30s' }),
    authority: presentSchema.describe(
      'Name that a gRPC server is asked for; that of the endpoint by default.',
    ),
    keepalive: keepAliveSchema
      .optional()
      .describe('Pings of a gRPC connection; without the block there are none.'),
    sigv4: sigv4Schema
      .extend({
        service_name: presentSchema.describe(
          'Service that is signed for; that of the host by default, such as monitoring or xray.',
        ),
      })
      .optional()
      .describe('Signs requests over HTTP with AWS credentials.'),
    ...credentialsShape,
    ...connectionShape,
    queue_config: queueSchema.optional().describe('The queue on disk, and how it is sent.'),
  })
  .describe(
    'Receivers of OTLP, such as CloudWatch, X-Ray or a collector, where metrics and spans are ' +
      'sent. Prometheus has no such key.',
  );

export type OtlpInput = z.output<typeof otlpSchema>;
