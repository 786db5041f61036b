/**
 * The exporter `awsxray` as an entry of xray_write: segments go on as they came, and spans whole,
 * unless it is told to make segments of them.
 * Source: contrib's exporter/awsxrayexporter/config.go, internal/aws/awsutil/awsconfig.go and
 * internal/aws/xray/telemetry/config.go; further keys are those of AWS's fork, which CloudWatch's
 * agent has (https://github.com/amazon-contributing/opentelemetry-collector-contrib)
 */
import * as z from 'zod';
import type { ConfigPath, Reporter } from '../../settings/finding.ts';
import { ignoredValue } from '../../settings/refused-keys.ts';
import { switchSchema } from '../../settings/switch.ts';
import { presentSchema } from '../../settings/text.ts';
import type { SinkKind } from '../../sinks/sink.ts';
import { xrayKind } from '../../sinks/xray/kind.ts';
import { xraySchema } from '../../sinks/xray/schema.ts';
import { awsSessionShape, resolveAwsSession } from './aws-session.ts';
import type { ComponentContext } from './component.ts';
import { defineExporter, pickDefined } from './exporter-kind.ts';
import { textListSchema } from './text-lists.ts';

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
  ...awsSessionShape('X-Ray'),
  resource_arn: presentSchema.describe(
    'ARN of the resource in telemetry records; needs enabled and include_metadata of telemetry.',
  ),
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
  shared_credentials_file: textListSchema
    .optional()
    .describe('Refused where it names any: set AWS_SHARED_CREDENTIALS_FILE.'),
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
    const session = resolveAwsSession(input, context);
    noteWithoutEffect(input, context);
    refuse(input, context);
    const entry = {
      ...session.entry,
      ...resolveTelemetry(input),
      aws_log_groups: input.aws_log_groups,
      spans: resolveSpans(input, context),
      indexed_attributes: input.indexed_attributes,
      index_all_attributes: input.index_all_attributes,
    };
    return {
      kind: xrayKind as unknown as SinkKind,
      entry: pickDefined(entry),
      keys: session.keys,
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
  if (input.skip_timestamp_validation !== undefined)
    report.warn(
      [...at, 'skip_timestamp_validation'],
      `skip_timestamp_validation has no effect: ${NO_IDS}`,
      'key',
    );
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
