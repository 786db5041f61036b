/**
 * The schema of one emf_write entry: the keys of the Collector's awsemf, the emf_processor of
 * CloudWatch's agent, and how the entry becomes the sink's plain values.
 * Source: contrib's exporter/awsemfexporter/config.go, internal/aws/cwlogs/utils.go
 */
import * as z from 'zod';
import { awsAccessShape, checkAwsAccess, resolveAwsAccess } from '../../settings/aws-access.ts';
import { connectionShape, resolveConnectionToAws } from '../../settings/connection.ts';
import { countSchema } from '../../settings/count.ts';
import { durationSchema } from '../../settings/duration.ts';
import type { ConfigPath, Reporter } from '../../settings/finding.ts';
import { refusedWhereUsed } from '../../settings/refused-keys.ts';
import { switchSchema } from '../../settings/switch.ts';
import { listOf, presentSchema, textSchema } from '../../settings/text.ts';
import { findUrlFault, withoutSecrets } from '../../settings/url.ts';
import { EMF_NAME_LENGTH_MAX } from '../../wire/emf/limits.ts';
import type { ResolvedSink, SinkContext } from '../sink.ts';
import { DIMENSION_ROLLUPS, type EmfSettings, type EventSettings } from './config.ts';
import {
  declarationSchema,
  descriptorSchema,
  emfProcessorSchema,
  resolveDeclarations,
  resolveDescriptors,
  translateProcessor,
} from './declarations.ts';
import { findFaultyCharacters, hasLooseBrace, type LogName } from './log-names.ts';
import { PRESETS, presets } from './presets.ts';
import { emfQueueSchema, resolveEmfQueue } from './queue-schema.ts';

/** Days that CloudWatch Logs can keep events; 0 is for ever. */
const RETENTION_DAYS: readonly number[] = [
  0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
  3288, 3653,
];
const TAGS_MAX = 50;
const tagKey = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u;
const tagValue = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u;

export const emfSchema = z
  .strictObject({
    name: textSchema
      .optional()
      .describe(
        'Name of the entry in metrics and logs, and of the folder of its queue; made from ' +
          'endpoint, region, log group and role by default.',
      ),
    preset: z
      .enum(PRESETS)
      .optional()
      .describe(
        'Fills in the keys below that are absent: container_insights for the metrics of tasks, ' +
          ('prometheus for those of nginx, JMX, Envoy and HAProxy, as the dashboards of ' +
            'CloudWatch ') +
          'want them.',
      ),
    namespace: presentSchema.meta({
      description:
        'Namespace of the metrics; service.namespace and service.name of the resource by ' +
        'default, else "default".',
      examples: ['ECS/ContainerInsights'],
    }),
    log_group_name: presentSchema.meta({
      description:
        'Log group, with placeholders of labels and of attributes of the resource; /metrics/ ' +
        'and the namespace by default.',
      examples: ['/aws/ecs/containerinsights/{ClusterName}/prometheus'],
    }),
    log_stream_name: presentSchema.meta({
      description:
        'Log stream, with placeholders; otel-stream- and HOSTNAME of the environment by default.',
      examples: ['{TaskId}'],
    }),
    log_retention: countSchema.optional().meta({
      description:
        'Days that events are kept, for groups that are made here; 0 keeps them for ever.',
      default: 0,
    }),
    tags: z
      .record(z.string(), textSchema)
      .optional()
      .meta({ description: 'Tags of groups that are made here; at most 50.', default: {} }),
    dimension_rollup_option: z
      .enum(DIMENSION_ROLLUPS)
      .optional()
      .meta({
        description:
          'Which metrics are made besides: none, one for each single label, or also one without ' +
          'labels. Each is charged for.',
        default: 'NoDimensionRollup',
      }),
    metric_declarations: listOf(declarationSchema)
      .optional()
      .meta({
        description:
          'Which sets of labels are dimensions of which metrics; a metric that none selects is ' +
          'only in the log. Without any, all labels of a metric are its dimensions.',
        default: [],
      }),
    metric_descriptors: listOf(descriptorSchema)
      .optional()
      .meta({ description: 'Units of metrics by name.', default: [] }),
    emf_processor: emfProcessorSchema
      .optional()
      .describe(
        "The block of this name of CloudWatch's agent, in place of namespace, " +
          'metric_declarations and metric_descriptors.',
      ),
    resource_to_telemetry_conversion: z
      .strictObject({
        enabled: switchSchema.optional().meta({
          description: 'Whether attributes of the resource are labels of its metrics.',
          default: false,
        }),
      })
      .optional()
      .describe('What becomes of attributes of the resource.'),
    parse_json_encoded_attr_values: listOf(textSchema).optional().meta({
      description: 'Labels whose values are JSON and are written as such.',
      default: [],
    }),
    output_destination: textSchema
      .transform((text) => text.toLowerCase())
      .pipe(z.enum(['cloudwatch', 'stdout']))
      .optional()
      .meta({
        description: 'cloudwatch, or stdout: a line for each event.',
        default: 'cloudwatch',
      }),
    detailed_metrics: switchSchema.optional().meta({
      description: 'Whether a summary is its sum, its count and a value for each quantile.',
      default: false,
    }),
    retain_initial_value_of_delta_metric: switchSchema.optional().meta({
      description: 'Whether the first value of a counter counts as an increase from 0.',
      default: false,
    }),
    disable_metric_extraction: switchSchema.optional().meta({
      description: 'Whether events are only in the log, and no metrics are made of them.',
      default: false,
    }),
    version: textSchema
      .pipe(z.enum(['0', '1']))
      .optional()
      .meta({
        description: 'Of the format: 1, or 0 as older agents write it.',
        default: '1',
      }),
    estimate_cost: switchSchema.optional().meta({
      description: 'Whether the log says once a day what CloudWatch may charge for what was sent.',
      default: true,
    }),
    eks_fargate_container_insights_enabled: refusedWhereUsed('It is for Kubernetes alone.'),
    endpoint: presentSchema.meta({
      description: 'URL of CloudWatch Logs, such as that of a VPC endpoint; by default the region.',
      examples: ['https://vpce-0123456789abcdef0-example.logs.us-east-1.vpce.amazonaws.com'],
    }),
    ...awsAccessShape,
    region: presentSchema.meta({
      description:
        'AWS region. AWS_REGION, the metadata file of ECS, the profile or the instance tell it ' +
        'where it is absent.',
      examples: ['us-east-1'],
    }),
    local_mode: switchSchema
      .optional()
      .meta({ description: 'Never asks for instance metadata.', default: false }),
    use_fips_endpoint: switchSchema
      .optional()
      .describe('Sends to the FIPS endpoint; AWS_USE_FIPS_ENDPOINT by default.'),
    use_dualstack_endpoint: switchSchema
      .optional()
      .describe('Sends to the dual-stack endpoint; AWS_USE_DUALSTACK_ENDPOINT by default.'),
    ...connectionShape,
    request_timeout: durationSchema
      .optional()
      .meta({ description: 'How long a request may take.', default: '30s' }),
    queue_config: emfQueueSchema.optional().describe('The queue on disk, and how it is sent.'),
  })
  .describe(
    'Metrics of CloudWatch, as events of the embedded metric format in CloudWatch Logs. ' +
      'Prometheus has no such key.',
  );

export type EmfInput = z.output<typeof emfSchema>;

/** Refuses what the schema can't, and fills in defaults and the preset. */
export function resolveEmf(input: EmfInput, context: SinkContext): ResolvedSink<EmfSettings> {
  const { report, path, env } = context;
  checkAwsAccess(input, context, 'refused');
  checkEndpoint(input, path, report);
  checkGroups(input, path, report);
  const { endpoint, region, use_fips_endpoint: fips, use_dualstack_endpoint: dualStack } = input;
  const events = resolveEvents(input, context);
  const isLocal = input.local_mode ?? false;
  const destination = input.output_destination ?? 'cloudwatch';
  const service = `CloudWatch Logs${region === undefined ? '' : ` in ${region}`}`;
  const where = destination === 'stdout' ? 'stdout' : (endpoint ?? service);
  const target = [events.logGroup, events.logStream, events.namespace];
  const credentials = [input.role_arn, input.profile, input.access_key];
  return {
    name: input.name,
    address: [where, ...target, ...credentials].join(' ').trimEnd(),
    shownAddress: destination === 'cloudwatch' && endpoint ? withoutSecrets(endpoint) : where,
    remark: describeTarget(input, events),
    delivery: resolveEmfQueue(input.queue_config ?? {}, path, report),
    transforms: [],
    settings: {
      access: {
        service: 'logs',
        endpoint,
        region,
        isLocal,
        credentials: resolveAwsAccess(input),
        connection: resolveConnectionToAws(input, context),
        useFips: fips ?? isOn(env['AWS_USE_FIPS_ENDPOINT']),
        useDualStack: dualStack ?? isOn(env['AWS_USE_DUALSTACK_ENDPOINT']),
      },
      timeoutMs: input.request_timeout ?? 30_000,
      destination,
      groups: { retentionDays: input.log_retention ?? 0, tags: input.tags ?? {} },
      events,
      retainsInitialValue: input.retain_initial_value_of_delta_metric ?? false,
      estimatesCost: input.estimate_cost ?? true,
    },
  };
}

/** Where events go and what is made of them; the region, or that it is asked for at the start. */
function describeTarget(input: EmfInput, events: EventSettings): string {
  const { role_arn: role, region, endpoint, output_destination: destination } = input;
  const isSent = destination !== 'stdout';
  const { logGroup, namespace, declarations } = events;
  const sets = declarations.reduce((sum, { dimensions }) => sum + dimensions.length, 0);
  const words = [
    ...(isSent && region === undefined ? ['in the region where the collector runs'] : []),
    ...(isSent && region !== undefined && endpoint !== undefined ? [`signed for ${region}`] : []),
    `log group ${logGroup === '' ? '/metrics/ and the namespace' : logGroup}`,
    ...(namespace === '' ? [] : [`namespace ${namespace}`]),
    ...(declarations.length === 0
      ? []
      : [
          `${formatCount(declarations.length, 'declaration')} with ` +
            formatCount(sets, 'set of dimensions', 'sets of dimensions'),
        ]),
    ...(isSent && role !== undefined ? [`as ${role}`] : []),
  ];
  return words.join(', ');
}

function formatCount(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

function resolveEvents(input: EmfInput, { report, path, env }: SinkContext): EventSettings {
  const preset = input.preset === undefined ? undefined : presets[input.preset];
  const { emf_processor: agents } = input;
  const processor = agents === undefined ? undefined : translateProcessor(agents);
  checkProcessor(input, path, report);
  const namespace = processor?.namespace ?? input.namespace ?? preset?.namespace ?? '';
  checkNamespace(
    namespace,
    processor?.namespace === undefined
      ? [...path, 'namespace']
      : [...path, 'emf_processor', 'metric_namespace'],
    report,
  );
  const host = env['HOSTNAME'];
  const stream = host === undefined || host === '' ? 'otel-stream' : `otel-stream-${host}`;
  const declarationsAt =
    agents === undefined
      ? { report, at: [...path, 'metric_declarations'] }
      : {
          report,
          at: [...path, 'emf_processor', 'metric_declaration'],
          selectors: 'metric_selectors',
        };
  const written = processor?.metric_declarations ?? input.metric_declarations;
  const descriptors = processor?.metric_descriptors ?? input.metric_descriptors ?? [];
  return {
    namespace,
    logGroup: checkTemplate(input.log_group_name, 'group', path, report) ?? preset?.logGroup ?? '',
    logStream:
      checkTemplate(input.log_stream_name, 'stream', path, report) ?? preset?.logStream ?? stream,
    version: input.version ?? '1',
    rollup: input.dimension_rollup_option ?? 'NoDimensionRollup',
    declarations: resolveDeclarations(written ?? preset?.declarations ?? [], declarationsAt),
    descriptors: resolveDescriptors(descriptors, report, (index) =>
      agents === undefined
        ? [...path, 'metric_descriptors', index, 'unit']
        : [...path, 'emf_processor', 'metric_unit', descriptors[index]?.metric_name ?? ''],
    ),
    jsonLabels: input.parse_json_encoded_attr_values ?? [],
    copiesResource: input.resource_to_telemetry_conversion?.enabled ?? preset !== undefined,
    renamedLabels: preset?.renamedLabels ?? new Map(),
    renamedMetrics: preset?.renamedMetrics ?? new Map(),
    isDetailed: input.detailed_metrics ?? false,
    extractsMetrics: input.disable_metric_extraction !== true,
  };
}

function checkProcessor(input: EmfInput, path: ConfigPath, report: Reporter): void {
  const { emf_processor: agents } = input;
  if (agents === undefined) return;
  if (agents.metric_declaration_dedup !== undefined)
    report.warn(
      [...path, 'emf_processor', 'metric_declaration_dedup'],
      'metric_declaration_dedup has no effect: equal dimensions of a metric are written once ' +
        'anyway',
      'key',
    );
  const doubled = [
    ['namespace', agents.metric_namespace !== undefined],
    ['metric_declarations', true],
    ['metric_descriptors', true],
  ] as const;
  for (const [key, isSaid] of doubled)
    if (isSaid && input[key] !== undefined)
      report.error(
        [...path, key],
        'CONFIG_VALUE',
        `only one of "${key}" and "emf_processor" may be set; remove ${key}`,
      );
}

function checkNamespace(namespace: string, at: ConfigPath, report: Reporter): void {
  const say = (message: string): void => report.error(at, 'CONFIG_VALUE', message);
  if (namespace.length > EMF_NAME_LENGTH_MAX)
    say(`a namespace has at most ${EMF_NAME_LENGTH_MAX} characters`);
  if (namespace.startsWith('AWS/'))
    say(`namespace "${namespace}": names that begin with AWS/ are of AWS; choose another`);
  if (namespace.startsWith(':')) say('a namespace does not begin with a colon');
}

/** Characters outside of placeholders are known now; those of values are replaced later. */
function checkTemplate(
  template: string | undefined,
  kind: LogName,
  path: ConfigPath,
  report: Reporter,
): string | undefined {
  if (template === undefined) return undefined;
  const faulty = findFaultyCharacters(template, kind);
  if (hasLooseBrace(template))
    report.error(
      [...path, `log_${kind}_name`],
      'CONFIG_VALUE',
      `"${template}" has a brace that belongs to no placeholder; write a placeholder as {TaskId}`,
    );
  else if (faulty.length > 0)
    report.error(
      [...path, `log_${kind}_name`],
      'CONFIG_VALUE',
      `CloudWatch Logs takes no ${faulty.map((one) => `"${one}"`).join(', ')} in the name of a ` +
        `log ${kind}; replace it`,
    );
  return template;
}

function checkGroups(input: EmfInput, path: ConfigPath, report: Reporter): void {
  const { log_retention: days = 0, tags = {}, eks_fargate_container_insights_enabled: eks } = input;
  if (!RETENTION_DAYS.includes(days))
    report.error(
      [...path, 'log_retention'],
      'CONFIG_VALUE',
      `CloudWatch Logs does not keep events for ${days} days; write one of ` +
        RETENTION_DAYS.join(', '),
    );
  const pairs = Object.entries(tags);
  if (pairs.length > TAGS_MAX)
    report.error([...path, 'tags'], 'CONFIG_VALUE', `a log group has at most ${TAGS_MAX} tags`);
  for (const [key, value] of pairs)
    if (!tagKey.test(key) || !tagValue.test(value))
      report.error(
        [...path, 'tags', key],
        'CONFIG_VALUE',
        `tag "${key}": a key has 1 to 128 characters and a value up to 256: letters, digits, ` +
          'blanks and _ . : / = + - @',
      );
  const isOff = eks === undefined || eks === null || switchSchema.safeParse(eks).data === false;
  if (!isOff)
    report.lacks(
      [...path, 'eks_fargate_container_insights_enabled'],
      'eks_fargate_container_insights_enabled: it is for Kubernetes alone; remove it',
    );
}

function checkEndpoint({ endpoint }: EmfInput, path: ConfigPath, report: Reporter): void {
  const fault = endpoint === undefined ? undefined : findUrlFault('endpoint', endpoint);
  if (fault !== undefined) report.error([...path, 'endpoint'], 'CONFIG_VALUE', fault);
}

function isOn(text: string | undefined): boolean {
  return text?.toLowerCase() === 'true';
}
