/**
 * The keys of contrib's remote write exporter, under all of its names, and of the HTTP client that it is made of.
 * Not here: what becomes of them (exporters.ts).
 * Source: contrib's exporter/prometheusremotewriteexporter/config.go and core's config/confighttp/client.go, configtls
 */
import { z } from 'zod';
import { countSchema } from '../../settings/count.ts';
import { ignored } from '../../settings/refused-keys.ts';
import { switchSchema } from '../../settings/switch.ts';
import { labelsSchema, listOf, textSchema } from '../../settings/text.ts';
import { awsAuthSchema } from './authenticators.ts';
import { goDurationSchema } from '../../settings/go-duration.ts';

const VERSIONS = { '1.0': 'TLS10', '1.1': 'TLS11', '1.2': 'TLS12', '1.3': 'TLS13' } as const;

const versionSchema = textSchema.transform((text, context) => {
  if (text === '') return undefined;
  const version = Object.entries(VERSIONS).find(([name]) => name === text)?.[1];
  if (version !== undefined) return version;
  const message = `expected one of ${Object.keys(VERSIONS).join(', ')}`;
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
});

const tlsSchema = z.strictObject({
  insecure: switchSchema.optional(),
  insecure_skip_verify: switchSchema.optional(),
  server_name_override: textSchema.optional(),
  ca_file: textSchema.optional(),
  ca_pem: textSchema.optional(),
  cert_file: textSchema.optional(),
  cert_pem: textSchema.optional(),
  key_file: textSchema.optional(),
  key_pem: textSchema.optional(),
  min_version: versionSchema.optional(),
  max_version: versionSchema.optional(),
  include_system_ca_certs_pool: switchSchema.optional(),
  cipher_suites: listOf(textSchema).optional(),
  include_insecure_cipher_suites: switchSchema.optional(),
  curve_preferences: listOf(textSchema).optional(),
  tpm: ignored,
  reload_interval: goDurationSchema.optional(),
});

const headersSchema = z.union(
  [
    z.record(z.string(), textSchema),
    // Newer collectors also take a list, whose order they keep.
    listOf(z.strictObject({ name: textSchema, value: textSchema })).transform((list) =>
      Object.fromEntries(list.map(({ name, value }) => [name, value])),
    ),
  ],
  { error: 'expected a mapping of names to texts, or a list of {name, value}' },
);

/** How connections are kept: nothing of it reaches a sample. */
export const CONNECTION_KEYS = [
  'read_buffer_size',
  'write_buffer_size',
  'max_idle_conns',
  'max_idle_conns_per_host',
  'max_conns_per_host',
  'idle_conn_timeout',
  'disable_keep_alives',
  'http2_read_idle_timeout',
  'http2_ping_timeout',
  'force_attempt_http2',
  'cookies',
  'compression_params',
] as const;

const clientShape = {
  endpoint: textSchema.optional(),
  headers: headersSchema.optional(),
  timeout: goDurationSchema.optional(),
  auth: z.strictObject({ authenticator: textSchema }).optional(),
  tls: tlsSchema.optional(),
  proxy_url: textSchema.optional(),
  compression: textSchema.optional(),
  middlewares: listOf(z.unknown()).optional(),
  ...Object.fromEntries(CONNECTION_KEYS.map((key) => [key, ignored])),
} as const;

/** The keys of `http`, which older collectors have beside the exporter's own. */
export const CLIENT_KEYS = Object.keys(clientShape);

const enabledSchema = z.strictObject({ enabled: switchSchema.optional() });
const anyOf = (...keys: readonly string[]) =>
  z.strictObject(Object.fromEntries(keys.map((key) => [key, ignored]))).optional();

const resourceSchema = z.strictObject({
  enabled: switchSchema.optional(),
  exclude_service_attributes: switchSchema.optional(),
  clear_after_copy: switchSchema.optional(),
  included: listOf(z.unknown()).optional(),
  excluded: listOf(z.unknown()).optional(),
});

export const exporterSchema = z.strictObject({
  ...clientShape,
  http: z.strictObject(clientShape).optional(),
  aws_auth: awsAuthSchema.optional(),
  external_labels: labelsSchema.optional(),
  namespace: textSchema.optional(),
  protobuf_message: textSchema.optional(),
  send_metadata: switchSchema.optional(),
  max_batch_size_bytes: countSchema.optional(),
  max_batch_request_parallelism: ignored,
  remote_write_queue: anyOf('enabled', 'queue_size', 'num_consumers'),
  sending_queue: ignored,
  retry_on_failure: anyOf(
    'enabled',
    'initial_interval',
    'randomization_factor',
    'multiplier',
    'max_interval',
    'max_elapsed_time',
  ),
  wal: anyOf('directory', 'buffer_size', 'truncate_frequency', 'lag_record_frequency'),
  resource_to_telemetry_conversion: resourceSchema.optional(),
  resource_constant_labels: resourceSchema.optional(),
  target_info: enabledSchema.optional(),
  scope_info: enabledSchema.optional(),
  disable_scope_info: switchSchema.optional(),
  export_created_metric: enabledSchema.optional(),
  add_metric_suffixes: switchSchema.optional(),
  translation_strategy: z
    .enum([
      'UnderscoreEscapingWithSuffixes',
      'UnderscoreEscapingWithoutSuffixes',
      'NoUTF8EscapingWithSuffixes',
      'NoTranslation',
      '',
    ])
    .optional(),
  include_metadata_keys: listOf(textSchema).optional(),
  convert_explicit_histograms_to_nhcb: switchSchema.optional(),
  keep_classic_histograms: switchSchema.optional(),
});

export type ExporterInput = z.output<typeof exporterSchema>;
export type TlsInput = NonNullable<ExporterInput['tls']>;
