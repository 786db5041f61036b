/**
 * The exporter `awsxray` as an entry of xray_write: segments go on as they came, and spans whole,
 * unless it is told to make segments of them.
 * Source: contrib's exporter/awsxrayexporter/config.go, internal/aws/awsutil/awsconfig.go and
 * internal/aws/xray/telemetry/config.go; further keys are those of AWS's fork, which CloudWatch's
 * agent has (https://github.com/amazon-contributing/opentelemetry-collector-contrib)
 */
import { z } from 'zod';
import { awsAccessShape } from '../../settings/aws-access.ts';
import { countSchema } from '../../settings/count.ts';
import type { ConfigPath, Reporter } from '../../settings/finding.ts';
import { ignored, ignoredValue } from '../../settings/refused-keys.ts';
import { switchSchema } from '../../settings/switch.ts';
import { presentSchema } from '../../settings/text.ts';
import type { SinkKind } from '../../sinks/sink.ts';
import { xrayKind } from '../../sinks/xray/kind.ts';
import { xraySchema } from '../../sinks/xray/schema.ts';
import { resolveClientProxy } from './client-proxy.ts';
import type { ComponentContext } from './component.ts';
import { defineExporter } from './exporter-kind.ts';
import { textListSchema } from './text-lists.ts';

/** As many requests as there are shards run at once. */
const WORKERS_MAX = 64;
const WORKERS_DEFAULT = 8;

const AGAIN =
  'what fails for a while is sent again until it is delivered, within the bounds of the queue';
const AGENT = "it tells CloudWatch of CloudWatch's own agent";
const METADATA = 'metadata of the instance is asked within a time limit';
const NO_IDS = 'trace ids are not looked at';

const telemetrySchema = z.strictObject({
  enabled: switchSchema
    .optional()
    .meta({ description: 'Whether records of what was sent go to X-Ray.', default: false }),
  include_metadata: switchSchema.optional().meta({
    description:
      'Whether they say from where: host name, instance and resource, those of AWS_HOSTNAME and ' +
      'AWS_INSTANCE_ID among them.',
    default: false,
  }),
  contributors: ignoredValue(
    textListSchema,
    'Has no effect: all receivers whose segments it gets are counted.',
  ),
  hostname: presentSchema.describe('Host name in them; needs include_metadata.'),
  instance_id: presentSchema.describe('Instance in them; needs include_metadata.'),
  resource_arn: presentSchema.describe(
    'ARN of the resource in them; that of the exporter by default. Needs include_metadata.',
  ),
});

const schema = z.strictObject({
  num_workers: countSchema.optional().meta({
    description: 'Most requests at once, up to 64; 0 is the default too.',
    default: WORKERS_DEFAULT,
  }),
  endpoint: presentSchema.describe('URL of X-Ray; made of the region by default.'),
  request_timeout_seconds: countSchema
    .optional()
    .meta({ description: 'How long a request may take; 0 is the default too.', default: 30 }),
  max_retries: ignoredValue(countSchema, `Has no effect: ${AGAIN}.`),
  no_verify_ssl: switchSchema
    .optional()
    .meta({ description: 'Takes any certificate of X-Ray.', default: false }),
  proxy_address: presentSchema.describe(
    'HTTP proxy through which X-Ray is reached; those of HTTPS_PROXY and NO_PROXY by default.',
  ),
  region: awsAccessShape.region,
  local_mode: switchSchema.optional().meta({
    description: 'Whether instance metadata is not asked.',
    default: false,
  }),
  resource_arn: presentSchema.describe(
    'ARN of the resource in telemetry records; needs enabled and include_metadata of telemetry.',
  ),
  role_arn: awsAccessShape.role_arn,
  external_id: awsAccessShape.external_id,
  spans: xraySchema.shape.spans,
  indexed_attributes: textListSchema.optional().meta({
    description: 'Attributes of spans that become annotations, which X-Ray indexes.',
    default: [],
  }),
  index_all_attributes: switchSchema
    .optional()
    .meta({ description: 'Whether all attributes of spans do.', default: false }),
  aws_log_groups: textListSchema.optional().meta({
    description: 'Log groups of segments, and of resources of spans, which name none.',
    default: [],
  }),
  telemetry: telemetrySchema.optional().describe('Records of what was received and sent.'),
  profile: awsAccessShape.profile,
  shared_credentials_file: textListSchema
    .optional()
    .describe('Refused where it names any: set AWS_SHARED_CREDENTIALS_FILE.'),
  certificate_file_path: presentSchema.describe('File of certificate authorities to trust, PEM.'),
  imds_retries: ignoredValue(countSchema, `Has no effect: ${METADATA}.`),
  middleware: ignored(`Has no effect: ${AGENT}.`),
  skip_timestamp_validation: ignoredValue(switchSchema, `Has no effect: ${NO_IDS}.`),
  transit_spans_in_otlp_format: switchSchema
    .optional()
    .describe("A key of AWS's fork: true is `spans: documents`, false is `spans: segments`."),
});

type XrayInput = z.output<typeof schema>;

export const xrayExporter = defineExporter({
  names: ['awsxray', 'aws_xray'],
  signals: ['traces'],
  schema,
  as:
    'a queue on disk before X-Ray; segments go unchanged, and spans whole unless `spans` says ' +
    'else',
  resolve: (input, context) => {
    const { at, report, reading } = context;
    noteWithoutEffect(input, context);
    refuse(input, context);
    if (input.external_id !== undefined && input.role_arn === undefined)
      report.warn([...at, 'external_id'], 'external_id has no effect without role_arn', 'key');
    const { no_verify_ssl: skips = false, certificate_file_path: ca } = input;
    const tls = {
      ...(skips ? { insecure_skip_verify: true } : {}),
      ...(ca ? { ca_file: ca } : {}),
    };
    const timeout = input.request_timeout_seconds || undefined;
    const entry = {
      endpoint: input.endpoint,
      region: input.region,
      role_arn: input.role_arn,
      external_id: input.role_arn === undefined ? undefined : input.external_id,
      profile: input.profile,
      local_mode: input.local_mode,
      tls_config: Object.keys(tls).length === 0 ? undefined : tls,
      ...resolveClientProxy(input.proxy_address, reading.env),
      request_timeout: timeout && `${timeout}s`,
      queue_config: { max_shards: resolveWorkers(input, context) },
      ...resolveTelemetry(input),
      aws_log_groups: input.aws_log_groups,
      spans: resolveSpans(input, context),
      indexed_attributes: input.indexed_attributes,
      index_all_attributes: input.index_all_attributes,
    };
    return {
      kind: xrayKind as unknown as SinkKind,
      entry: pickDefined(entry),
      keys: {
        tls_config: ['certificate_file_path'],
        proxy_url: ['proxy_address'],
        proxy_from_environment: ['proxy_address'],
        request_timeout: ['request_timeout_seconds'],
        queue_config: ['num_workers'],
      },
    };
  },
});

function resolveSpans(input: XrayInput, { at, report }: ComponentContext): XrayInput['spans'] {
  const { spans, transit_spans_in_otlp_format: isTransit } = input;
  if (isTransit === undefined) return spans;
  const meant = isTransit ? 'documents' : 'segments';
  if (spans !== undefined && spans !== meant)
    report.error(
      [...at, 'transit_spans_in_otlp_format'],
      'CONFIG_VALUE',
      `transit_spans_in_otlp_format: ${isTransit} means spans: ${meant}, and "spans" is ` +
        `${spans}; keep one`,
    );
  return spans ?? meant;
}

function resolveWorkers({ num_workers: count = 0 }: XrayInput, { at, report }: ComponentContext) {
  if (count === 0) return WORKERS_DEFAULT;
  if (count > WORKERS_MAX)
    report.warn(
      [...at, 'num_workers'],
      `${count} requests at once are taken as ${WORKERS_MAX}, the most`,
    );
  return Math.min(count, WORKERS_MAX);
}

/** As in the Collector, records are off by default, and say nothing of the host. */
function resolveTelemetry({ telemetry = {}, resource_arn: ofExporter }: XrayInput): object {
  const { enabled = false, include_metadata: hasMetadata = false } = telemetry;
  if (!enabled) return { telemetry: { enabled } };
  if (!hasMetadata) return { telemetry: { enabled, include_metadata: false } };
  const { hostname, instance_id, resource_arn } = telemetry;
  const known = pickDefined({ hostname, instance_id, resource_arn });
  return {
    resource_arn: ofExporter,
    telemetry: { enabled, include_metadata: true, ...known },
  };
}

function noteWithoutEffect(input: XrayInput, { at, report }: ComponentContext): void {
  const notes: readonly (readonly [key: keyof XrayInput, why: string])[] = [
    ['max_retries', AGAIN],
    ['imds_retries', METADATA],
    ['middleware', AGENT],
    ['skip_timestamp_validation', NO_IDS],
  ];
  for (const [key, why] of notes)
    if (input[key] !== undefined) report.warn([...at, key], `${key} has no effect: ${why}`, 'key');
  noteTelemetry(input, at, report);
}

/** What is written for records that are not sent, or that say nothing of the host. */
function noteTelemetry(
  { telemetry = {}, resource_arn: ofExporter }: XrayInput,
  at: ConfigPath,
  report: Reporter,
): void {
  const telemetryAt = [...at, 'telemetry'];
  const { enabled = false, include_metadata: hasMetadata = false, contributors } = telemetry;
  if (contributors !== undefined)
    report.warn(
      [...telemetryAt, 'contributors'],
      'contributors has no effect: all receivers whose segments it gets are counted',
      'key',
    );
  if (hasMetadata && !enabled)
    report.warn(
      [...telemetryAt, 'include_metadata'],
      'include_metadata has no effect without "enabled: true" of telemetry',
      'key',
    );
  if (enabled && hasMetadata) return;
  const needed = [
    ...(enabled ? [] : ['"enabled: true"']),
    ...(hasMetadata ? [] : ['"include_metadata: true"']),
  ].join(' and ');
  const say = (path: ConfigPath, key: string): void =>
    report.warn([...path, key], `${key} has no effect without ${needed} of telemetry`, 'key');
  for (const key of ['hostname', 'instance_id', 'resource_arn'] as const)
    if (telemetry[key] !== undefined) say(telemetryAt, key);
  if (ofExporter !== undefined) say(at, 'resource_arn');
}

function refuse(input: XrayInput, { at, report }: ComponentContext): void {
  const refused: readonly (readonly [key: keyof XrayInput, isAsked: boolean, why: string])[] = [
    [
      'shared_credentials_file',
      (input.shared_credentials_file ?? []).length > 0,
      'set AWS_SHARED_CREDENTIALS_FILE in the environment',
    ],
  ];
  for (const [key, isAsked, why] of refused)
    if (isAsked) report.lacks([...at, key], `"${key}": ${why}`);
}

function pickDefined(value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined));
}
