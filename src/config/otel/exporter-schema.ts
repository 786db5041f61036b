/**
 * The keys of contrib's remote write exporter, under all of its names, and of the HTTP client in
 * it.
 * Not here: what becomes of them (exporters.ts).
 * Source: contrib's exporter/prometheusremotewriteexporter/config.go and core's
 * config/confighttp/client.go, configtls
 */
import { z } from 'zod';
import { countSchema } from '../../settings/count.ts';
import { ignored, refusedWhereUsed } from '../../settings/refused-keys.ts';
import { switchSchema } from '../../settings/switch.ts';
import { labelsSchema, listOf, textSchema } from '../../settings/text.ts';
import { awsAuthSchema } from './authenticators.ts';
import { goDurationSchema } from '../../settings/go-duration.ts';

const VERSIONS = { '1.0': 'TLS10', '1.1': 'TLS11', '1.2': 'TLS12', '1.3': 'TLS13' } as const;

export const tlsVersionKeySchema = textSchema.transform((text, context) => {
  if (text === '') return undefined;
  const version = Object.entries(VERSIONS).find(([name]) => name === text)?.[1];
  if (version !== undefined) return version;
  const message = `expected one of ${Object.keys(VERSIONS).join(', ')}`;
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
});

export const exporterTlsSchema = z.strictObject({
  insecure: switchSchema
    .optional()
    .describe(
      'Plain HTTP, as the scheme http:// of the endpoint says; it goes with no other key of tls.',
    ),
  insecure_skip_verify: switchSchema
    .optional()
    .meta({ description: 'Takes any certificate.', default: false }),
  server_name_override: textSchema
    .optional()
    .describe('Name to verify in place of the host of the endpoint.'),
  ca_file: textSchema.optional().describe('File of certificate authorities to trust, PEM.'),
  ca_pem: textSchema.optional().describe('Certificate authorities to trust, PEM.'),
  cert_file: textSchema.optional().describe("File of the client's certificate, PEM."),
  cert_pem: textSchema.optional().describe("The client's certificate, PEM."),
  key_file: textSchema.optional().describe("File of the certificate's key, PEM."),
  key_pem: textSchema.optional().describe("The certificate's key, PEM."),
  min_version: tlsVersionKeySchema
    .optional()
    .meta({ description: 'Least version of TLS: 1.0, 1.1, 1.2 or 1.3.', default: '1.2' }),
  max_version: tlsVersionKeySchema
    .optional()
    .describe('Highest version of TLS: 1.0, 1.1, 1.2 or 1.3.'),
  include_system_ca_certs_pool: switchSchema.optional().meta({
    description: 'Refused as true beside a CA: then that CA alone is trusted.',
    default: false,
  }),
  cipher_suites: listOf(textSchema)
    .optional()
    .describe('Refused where it names any: those of Node are used.'),
  include_insecure_cipher_suites: switchSchema
    .optional()
    .describe('Refused as true: those of Node are used.'),
  curve_preferences: listOf(textSchema)
    .optional()
    .describe('Refused where it names any: those of Node are used.'),
  tpm: refusedWhereUsed('keys are not taken from a TPM.'),
  reload_interval: goDurationSchema
    .optional()
    .describe('Has no effect: files are read again when they have changed.'),
});

export const headersSchema = z
  .union(
    [
      z.record(z.string(), textSchema),
      // Newer collectors also take a list, whose order they keep.
      listOf(
        z.strictObject({
          name: textSchema.describe('Name of the header.'),
          value: textSchema.describe('Its value.'),
        }),
      ).transform((list) => Object.fromEntries(list.map(({ name, value }) => [name, value]))),
    ],
    { error: 'expected a mapping of names to texts, or a list of {name, value}' },
  )
  .meta({ kind: 'headers' });

/** Keys of how connections are kept, which do not affect samples. */
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
  endpoint: textSchema.optional().describe('Where samples are sent; the whole URL.'),
  headers: headersSchema.optional().describe('Further headers of each request.'),
  timeout: goDurationSchema.optional().meta({
    description: 'How long a request may take; 0 is the default too. The Collector: 5s.',
    default: '30s',
  }),
  auth: z
    .strictObject({
      authenticator: textSchema.describe(
        'Name of the extension: sigv4auth, basicauth or bearertokenauth.',
      ),
    })
    .optional()
    .describe('Whose credentials the requests carry.'),
  tls: exporterTlsSchema.optional().describe('TLS of the connections.'),
  proxy_url: textSchema
    .optional()
    .describe('HTTP proxy to go through; that of the environment by default.'),
  compression: textSchema
    .optional()
    .meta({ description: 'Only snappy is taken: remote write has no other.', default: 'snappy' }),
  middlewares: listOf(z.unknown())
    .optional()
    .describe('Refused where it names any: requests go through none.'),
  ...Object.fromEntries(
    CONNECTION_KEYS.map((key) => [
      key,
      ignored('Has no effect: connections are kept and bounded by themselves.'),
    ]),
  ),
} as const;

/** The keys of `http`, which older collectors have beside the exporter's own. */
export const CLIENT_KEYS = Object.keys(clientShape);

const enabledSchema = z.strictObject({
  enabled: switchSchema.optional().describe('Whether it is made.'),
});
const accept = (...keys: readonly string[]) =>
  z
    .strictObject(
      Object.fromEntries(
        keys.map((key) => [key, ignored('Has no effect, as the block around it.')]),
      ),
    )
    .optional();

const resourceSchema = z.strictObject({
  enabled: switchSchema.optional().meta({ description: 'Refused as true.', default: false }),
  exclude_service_attributes: switchSchema.optional().describe('Has no effect without enabled.'),
  clear_after_copy: switchSchema.optional().describe('Has no effect without enabled.'),
  included: listOf(z.unknown()).optional().describe('Refused where it names any.'),
  excluded: listOf(z.unknown()).optional().describe('Has no effect without included.'),
});

export const exporterSchema = z.strictObject({
  ...clientShape,
  http: z
    .strictObject(clientShape)
    .optional()
    .describe('The keys of the HTTP client; it replaces those beside it.'),
  aws_auth: awsAuthSchema
    .optional()
    .describe('Signs with AWS credentials, as collectors did before there were extensions.'),
  external_labels: labelsSchema
    .optional()
    .describe('Labels that are added to series that lack them.'),
  namespace: textSchema
    .optional()
    .describe(
      'Refused unless empty: names get no prefix; write it as metric_relabel_configs of the jobs.',
    ),
  protobuf_message: textSchema.optional().meta({
    description:
      'prometheus.WriteRequest for remote write 1.0, io.prometheus.write.v2.Request for 2.0.',
    default: 'prometheus.WriteRequest',
  }),
  send_metadata: switchSchema.optional().meta({
    description: 'Sends types, units and help texts of metrics. The Collector: false.',
    default: true,
  }),
  max_batch_size_bytes: countSchema.optional().meta({
    description: 'Most bytes of a request, up to 1000000, as much as AMP takes.',
    default: 1000000,
  }),
  max_batch_request_parallelism: ignored(
    'Has no effect: as many requests run at once as the load needs.',
  ),
  remote_write_queue: accept('enabled', 'queue_size', 'num_consumers').describe(
    'Has no effect: samples wait in a queue on disk, in order.',
  ),
  sending_queue: ignored('Has no effect: samples wait in a queue on disk, in order.'),
  retry_on_failure: accept(
    'enabled',
    'initial_interval',
    'randomization_factor',
    'multiplier',
    'max_interval',
    'max_elapsed_time',
  ).describe(
    'Has no effect: what fails is sent again until it is delivered or too old for the receiver.',
  ),
  wal: accept('directory', 'buffer_size', 'truncate_frequency', 'lag_record_frequency').describe(
    'Has no effect: the queue is on disk in any case, below --storage.path.',
  ),
  resource_to_telemetry_conversion: resourceSchema
    .optional()
    .describe('Refused where it asks for labels: write them as relabel_configs of the jobs.'),
  resource_constant_labels: resourceSchema
    .optional()
    .describe('Refused where it asks for labels: write them as relabel_configs of the jobs.'),
  target_info: enabledSchema
    .optional()
    .describe('Series target_info; true has no effect, since none is made.'),
  scope_info: enabledSchema
    .optional()
    .describe('Series otel_scope_info; refused as true, since none is made.'),
  disable_scope_info: switchSchema
    .optional()
    .describe('Labels of scopes; they are never made, so false has no effect.'),
  export_created_metric: enabledSchema
    .optional()
    .describe('Refused as true: _created series are sent only where a target serves them.'),
  add_metric_suffixes: switchSchema
    .optional()
    .describe('Names are sent as they are scraped; true has no effect, which a warning says.'),
  translation_strategy: z
    .enum([
      'UnderscoreEscapingWithSuffixes',
      'UnderscoreEscapingWithoutSuffixes',
      'NoUTF8EscapingWithSuffixes',
      'NoTranslation',
      '',
    ])
    .optional()
    .describe(
      'Names are sent as they are scraped, which is NoTranslation; ' +
        'UnderscoreEscapingWithSuffixes, the default of the Collector, is warned of, the others ' +
        'are refused.',
    ),
  include_metadata_keys: listOf(textSchema)
    .optional()
    .describe('Refused where it names any: there is no metadata of clients to forward.'),
  convert_explicit_histograms_to_nhcb: switchSchema
    .optional()
    .describe('Refused as true: classic histograms stay classic.'),
  keep_classic_histograms: switchSchema
    .optional()
    .describe('Has no effect: classic histograms are sent as they are scraped.'),
});

export type ExporterInput = z.output<typeof exporterSchema>;
export type ExporterTlsInput = NonNullable<ExporterInput['tls']>;
