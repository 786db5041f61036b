/**
 * The keys of contrib's remote write exporter, under all of its names, and of the HTTP client in
 * it.
 * Not here: what becomes of them (exporters.ts).
 * Source: contrib's exporter/prometheusremotewriteexporter/config.go and core's
 * config/confighttp/client.go, configtls
 */
import * as z from 'zod';
import { ignored, refusedWhereUsed } from '../../settings/refused-keys.ts';
import { secretSchema } from '../../settings/secret.ts';
import { switchSchema } from '../../settings/switch.ts';
import { labelsSchema, listOf, textSchema } from '../../settings/text.ts';
import { awsAuthSchema } from './authenticators.ts';
import { goDurationSchema } from '../../settings/go-duration.ts';
import { exporterQueueShape } from './exporter-queue-schema.ts';

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
  key_pem: secretSchema.optional().describe("The certificate's key, PEM."),
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
      z.record(z.string(), secretSchema),
      // Newer collectors also take a list, whose order they keep.
      listOf(
        z.strictObject({
          name: textSchema.describe('Name of the header.'),
          value: secretSchema.describe('Its value.'),
        }),
      ).transform((list, context) => {
        const names = list.map(({ name }) => name);
        const twice = names.find((name, index) => names.indexOf(name) !== index);
        if (twice !== undefined) {
          const message = `header "${twice}" is given twice; keep one`;
          // Going on, it is told as it is, and not as a fault of both forms.
          context.issues.push({ code: 'custom', message, input: list, continue: true });
        }
        return Object.fromEntries(list.map(({ name, value }) => [name, value]));
      }),
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

export const exporterProxySchema = textSchema
  .optional()
  .describe('HTTP proxy to go through; that of the environment by default.');

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
  proxy_url: exporterProxySchema,
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

const copyingSchema = z.strictObject({
  enabled: switchSchema.optional().meta({
    description: 'Copies the attributes of the resource to each series, as labels.',
    default: false,
  }),
  exclude_service_attributes: switchSchema.optional().meta({
    description: 'Leaves out those of which job and instance are made.',
    default: false,
  }),
  clear_after_copy: switchSchema
    .optional()
    .meta({ description: 'Refused as true: target_info keeps the attributes.', default: false }),
  included: listOf(z.unknown()).optional().describe('Refused where it names any.'),
  excluded: listOf(z.unknown()).optional().describe('Refused where it names any.'),
});

const constantSchema = z.strictObject({
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
    .describe('Stands before the name of each metric, with an underscore.'),
  protobuf_message: textSchema.optional().meta({
    description:
      'prometheus.WriteRequest for remote write 1.0, io.prometheus.write.v2.Request for 2.0.',
    default: 'prometheus.WriteRequest',
  }),
  send_metadata: switchSchema.optional().meta({
    description: 'Sends types, units and help texts of metrics. The Collector: false.',
    default: true,
  }),
  ...exporterQueueShape,
  resource_to_telemetry_conversion: copyingSchema
    .optional()
    .describe('Attributes of the resource as labels of each series.'),
  resource_constant_labels: constantSchema
    .optional()
    .describe('Refused where it asks for labels: use resource_to_telemetry_conversion.'),
  target_info: z
    .strictObject({
      enabled: switchSchema.optional().meta({ description: 'Whether it is made.', default: true }),
    })
    .optional()
    .describe(
      'The series target_info, whose labels are the attributes of the resource; joined with one ' +
        'that the target serves.',
    ),
  scope_info: enabledSchema
    .optional()
    .describe('Series otel_scope_info; refused as true, since none is made.'),
  disable_scope_info: switchSchema
    .optional()
    .describe(
      'Drops the labels otel_scope_… that targets serve. None are made, so false has no effect, ' +
        'which a warning says.',
    ),
  export_created_metric: enabledSchema
    .optional()
    .describe('Refused as true: _created series are sent only where a target serves them.'),
  add_metric_suffixes: switchSchema.optional().meta({
    description:
      'Whether names get the suffixes of unit and type; translation_strategy counts first.',
    default: true,
  }),
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
      'Whether characters of names are replaced, and whether they get suffixes. Those that keep ' +
        'all characters need remote write 2.0; without the key it is as add_metric_suffixes says.',
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
