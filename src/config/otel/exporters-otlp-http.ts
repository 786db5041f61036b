/**
 * The exporter `otlphttp` as an entry of otlp_write.
 * Source: core's exporter/otlphttpexporter/config.go and config/confighttp/client.go
 */
import * as z from 'zod';
import { goDurationSchema } from '../../settings/go-duration.ts';
import { positiveSchema } from '../../settings/count.ts';
import { ignored, ignoredValue } from '../../settings/refused-keys.ts';
import { textSchema } from '../../settings/text.ts';
import { otlpKind } from '../../sinks/otlp/kind.ts';
import type { SinkKind } from '../../sinks/sink.ts';
import { resolveClientProxy } from './client-proxy.ts';
import { defineExporter, type ExporterContext, pickDefined } from './exporter-kind.ts';
import { OTLP_KEYS, resolveShared, resolveTimeout } from './exporter-otlp.ts';
import { otlpExporterShape } from './exporter-otlp-schema.ts';
import { CONNECTION_KEYS, exporterProxySchema } from './exporter-schema.ts';

const BOUNDED = 'connections are kept and bounded by themselves';
const NOT_CARRIED = 'only metrics and traces are carried';
const CONNECTION = CONNECTION_KEYS.filter(
  (key) => !['compression_params', 'read_buffer_size', 'write_buffer_size'].includes(key),
);
const OTHER_SIGNALS = ['logs_endpoint', 'profiles_endpoint'] as const;

const schema = z.strictObject({
  ...otlpExporterShape,
  endpoint: textSchema
    .optional()
    .describe('Where metrics and traces are sent; /v1/metrics and /v1/traces are added.'),
  metrics_endpoint: textSchema.optional().describe('The whole URL to which metrics are sent.'),
  traces_endpoint: textSchema.optional().describe('The whole URL to which traces are sent.'),
  logs_endpoint: ignoredValue(textSchema, `Has no effect: ${NOT_CARRIED}.`),
  profiles_endpoint: ignoredValue(textSchema, `Has no effect: ${NOT_CARRIED}.`),
  encoding: z
    .enum(['proto', 'json'])
    .optional()
    .meta({ description: 'How requests are written: protobuf or JSON.', default: 'proto' }),
  compression_params: z
    .strictObject({
      level: positiveSchema.optional().describe('Level of gzip, zlib, deflate or zstd.'),
    })
    .optional()
    .describe('How strongly requests are compressed.'),
  timeout: goDurationSchema.optional().meta({
    description: 'How long a request may take; 0 is the default too.',
    default: '30s',
  }),
  proxy_url: exporterProxySchema,
  ...Object.fromEntries(CONNECTION.map((key) => [key, ignored(`Has no effect: ${BOUNDED}.`)])),
});

type OtlpHttpInput = z.output<typeof schema>;

export const otlpHttpExporter = defineExporter({
  names: ['otlphttp', 'otlp_http'],
  signals: ['metrics', 'traces'],
  schema,
  as: 'a queue on disk before a receiver of OTLP over HTTP',
  minimal: { endpoint: 'http://receiver:4318' },
  resolve: (input, context) => {
    noteWithoutEffect(input, context);
    const shared = resolveShared(input, context);
    if (shared === undefined) return undefined;
    const entry = {
      ...shared,
      protocol: 'http',
      endpoint: input.endpoint || undefined,
      metrics_endpoint: input.metrics_endpoint || undefined,
      traces_endpoint: input.traces_endpoint || undefined,
      encoding: input.encoding,
      compression_level: input.compression_params?.level,
      request_timeout: resolveTimeout(input.timeout, '30s', context),
      ...resolveClientProxy(input.proxy_url, context.reading.env),
    };
    return {
      kind: otlpKind as unknown as SinkKind,
      entry: pickDefined(entry),
      keys: {
        ...OTLP_KEYS,
        compression_level: ['compression_params', 'level'],
        proxy_from_environment: ['proxy_url'],
      },
    };
  },
});

function noteWithoutEffect(input: OtlpHttpInput, { at, report }: ExporterContext): void {
  for (const key of CONNECTION)
    if (key in input) report.warn([...at, key], `${key} has no effect: ${BOUNDED}`, 'key');
  for (const key of OTHER_SIGNALS)
    if ((input[key] ?? '') !== '')
      report.warn([...at, key], `${key} has no effect: ${NOT_CARRIED}`, 'key');
}
