/**
 * The exporter `awsemf` as an entry of emf_write.
 * Source: contrib's exporter/awsemfexporter/config.go and factory.go, and
 * internal/aws/awsutil/awsconfig.go; further keys are those of AWS's fork, which CloudWatch's agent
 * has (https://github.com/amazon-contributing/opentelemetry-collector-contrib)
 */
import { z } from 'zod';
import { awsAccessShape } from '../../settings/aws-access.ts';
import { countSchema } from '../../settings/count.ts';
import { ignored, ignoredValue } from '../../settings/refused-keys.ts';
import { switchSchema } from '../../settings/switch.ts';
import { presentSchema } from '../../settings/text.ts';
import { emfKind } from '../../sinks/emf/kind.ts';
import { emfSchema } from '../../sinks/emf/schema.ts';
import type { SinkKind } from '../../sinks/sink.ts';
import { resolveClientProxy } from './client-proxy.ts';
import type { ComponentContext } from './component.ts';
import { defineExporter } from './exporter-kind.ts';

/** As many requests as there are shards run at once. */
const WORKERS_MAX = 64;
const WORKERS_DEFAULT = 8;

const AGAIN =
  'what fails for a while is sent again until it is delivered, within the bounds of the queue';
const METADATA = 'metadata of the instance is asked within a time limit';
const AGENT = "it tells CloudWatch of CloudWatch's own agent";
const ENTITY = "entities are of CloudWatch's own agent; remove it, or set it to false";
const ENHANCED =
  "enhanced metrics of Container Insights are made by CloudWatch's own agent; remove it, or set " +
  'it to false';
const ARN = 'events are sent without it';

/** The same keys with the same meaning. */
const { shape } = emfSchema;
const shared = {
  namespace: shape.namespace,
  log_group_name: shape.log_group_name,
  log_stream_name: shape.log_stream_name,
  log_retention: shape.log_retention,
  tags: shape.tags,
  metric_declarations: shape.metric_declarations,
  metric_descriptors: shape.metric_descriptors,
  resource_to_telemetry_conversion: shape.resource_to_telemetry_conversion,
  parse_json_encoded_attr_values: shape.parse_json_encoded_attr_values,
  output_destination: shape.output_destination,
  detailed_metrics: shape.detailed_metrics,
  retain_initial_value_of_delta_metric: shape.retain_initial_value_of_delta_metric,
  disable_metric_extraction: shape.disable_metric_extraction,
  version: shape.version,
  eks_fargate_container_insights_enabled: shape.eks_fargate_container_insights_enabled,
};

const schema = z.strictObject({
  ...shared,
  dimension_rollup_option: shape.dimension_rollup_option.meta({
    description: 'Which metrics are made besides, as in emf_write; there the default is another.',
    default: 'ZeroAndSingleDimensionRollup',
  }),
  num_workers: countSchema.optional().meta({
    description: 'Most requests at once, up to 64; 0 is the default too.',
    default: WORKERS_DEFAULT,
  }),
  endpoint: presentSchema.describe('URL of CloudWatch Logs; made of the region by default.'),
  request_timeout_seconds: countSchema
    .optional()
    .meta({ description: 'How long a request may take; 0 is the default too.', default: 30 }),
  max_retries: ignoredValue(countSchema, `Has no effect: ${AGAIN}.`),
  no_verify_ssl: switchSchema
    .optional()
    .meta({ description: 'Takes any certificate of CloudWatch Logs.', default: false }),
  proxy_address: presentSchema.describe(
    'HTTP proxy through which it is reached; those of HTTPS_PROXY and NO_PROXY by default.',
  ),
  region: awsAccessShape.region,
  local_mode: switchSchema.optional().meta({
    description: 'Whether instance metadata is not asked.',
    default: false,
  }),
  resource_arn: ignoredValue(presentSchema, `Has no effect: ${ARN}.`),
  role_arn: awsAccessShape.role_arn,
  external_id: awsAccessShape.external_id,
  profile: awsAccessShape.profile,
  certificate_file_path: presentSchema.describe('File of certificate authorities to trust, PEM.'),
  imds_retries: ignoredValue(countSchema, `Has no effect: ${METADATA}.`),
  middleware: ignored(`Has no effect: ${AGENT}.`),
  add_entity: switchSchema
    .optional()
    .meta({ description: `Refused as true: ${ENTITY}.`, default: false }),
  enhanced_container_insights: switchSchema
    .optional()
    .meta({ description: `Refused as true: ${ENHANCED}.`, default: false }),
});

type EmfExporterInput = z.output<typeof schema>;

export const emfExporter = defineExporter({
  names: ['awsemf', 'aws_emf'],
  schema,
  as: 'a queue on disk before CloudWatch Logs; docs/cloudwatch.md has the differences',
  resolve: (input, context) => {
    const { at, report, reading } = context;
    noteWithoutEffect(input, context);
    if (input.add_entity === true) report.lacks([...at, 'add_entity'], `"add_entity": ${ENTITY}`);
    if (input.enhanced_container_insights === true)
      report.lacks(
        [...at, 'enhanced_container_insights'],
        `"enhanced_container_insights": ${ENHANCED}`,
      );
    const { no_verify_ssl: skips = false, certificate_file_path: ca } = input;
    const tls = {
      ...(skips ? { insecure_skip_verify: true } : {}),
      ...(ca ? { ca_file: ca } : {}),
    };
    const timeout = input.request_timeout_seconds || undefined;
    const same = Object.keys(shared).map(
      (key) => [key, input[key as keyof typeof shared]] as const,
    );
    const entry = {
      ...Object.fromEntries(same),
      dimension_rollup_option: input.dimension_rollup_option ?? 'ZeroAndSingleDimensionRollup',
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
    };
    return {
      kind: emfKind as unknown as SinkKind,
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

function resolveWorkers({ num_workers: count = 0 }: EmfExporterInput, context: ComponentContext) {
  if (count === 0) return WORKERS_DEFAULT;
  if (count > WORKERS_MAX)
    context.report.warn(
      [...context.at, 'num_workers'],
      `${count} requests at once are taken as ${WORKERS_MAX}, the most`,
    );
  return Math.min(count, WORKERS_MAX);
}

function noteWithoutEffect(input: EmfExporterInput, { at, report }: ComponentContext): void {
  const notes: readonly (readonly [key: keyof EmfExporterInput, why: string])[] = [
    ['max_retries', AGAIN],
    ['imds_retries', METADATA],
    ['middleware', AGENT],
    ['resource_arn', ARN],
  ];
  for (const [key, why] of notes)
    if (input[key] !== undefined) report.warn([...at, key], `${key} has no effect: ${why}`, 'key');
  if (input.external_id !== undefined && input.role_arn === undefined)
    report.warn([...at, 'external_id'], 'external_id has no effect without role_arn', 'key');
}

function pickDefined(value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined));
}
