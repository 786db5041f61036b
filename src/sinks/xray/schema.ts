/** The schema of one xray_write entry, and how the entry becomes the sink's plain values. */
import * as z from 'zod';
import type { DeliverySettings } from '../../delivery/settings.ts';
import { awsAccessShape, checkAwsAccess, resolveAwsAccess } from '../../settings/aws-access.ts';
import { connectionShape, resolveConnectionToAws } from '../../settings/connection.ts';
import { positiveUpTo } from '../../settings/count.ts';
import { durationSchema } from '../../settings/duration.ts';
import type { ConfigPath, Reporter } from '../../settings/finding.ts';
import { sizeSchema } from '../../settings/size.ts';
import { switchSchema } from '../../settings/switch.ts';
import { listOf, presentSchema, textSchema } from '../../settings/text.ts';
import { findUrlFault, withoutSecrets } from '../../settings/url.ts';
import { queueShape, resolveQueue } from '../queue-config.ts';
import type { ResolvedSink, SinkContext } from '../sink.ts';
import { SPAN_FORMS, type TelemetrySettings, type XraySettings } from './config.ts';

/** As many documents as X-Ray takes in a request. */
const DOCUMENTS_MAX = 50;
const DOCUMENTS_MAX_TEXT = `X-Ray takes at most ${DOCUMENTS_MAX} documents in a request`;
/** As many senders as the X-Ray daemon and the Collector's exporter have. */
const QUEUE = { items: 'documents', deadlineMs: 1_000, shards: 8, shardsLimit: 64 };

const queueSchema = z.strictObject({
  max_documents_per_send: positiveUpTo(DOCUMENTS_MAX, DOCUMENTS_MAX_TEXT)
    .optional()
    .meta({ description: 'Most documents in a request.', default: DOCUMENTS_MAX }),
  max_bytes_per_send: sizeSchema
    .optional()
    .meta({ description: 'Most bytes of the documents in a request.', default: '1MB' }),
  document_age_limit: durationSchema.optional().meta({
    description: 'Documents that were received longer ago are dropped and counted; 0 keeps them.',
    default: '0s',
  }),
  ...queueShape(QUEUE),
});

const telemetrySchema = z.strictObject({
  enabled: switchSchema.optional().meta({
    description: 'Whether they are sent, each minute, once a document has come.',
    default: true,
  }),
  include_metadata: switchSchema.optional().meta({
    description:
      'Takes what is not set here from AWS_HOSTNAME and AWS_INSTANCE_ID, from ECS and the ' +
      'metadata of the instance; the latter two not with local_mode.',
    default: true,
  }),
  hostname: presentSchema.describe('Name of the host; AWS_HOSTNAME by default.'),
  instance_id: presentSchema.describe('Id of the EC2 instance; AWS_INSTANCE_ID by default.'),
  resource_arn: presentSchema.describe('ARN of the AWS resource; resource_arn by default.'),
});

export const xraySchema = z
  .strictObject({
    name: textSchema
      .optional()
      .describe(
        'Name of the entry in metrics and logs, and of the folder of its queue; made from ' +
          'endpoint, region and role by default.',
      ),
    endpoint: presentSchema.meta({
      description: 'URL of X-Ray, such as that of a VPC endpoint; that of the region by default.',
      examples: ['https://vpce-0123456789abcdef0-example.xray.us-east-1.vpce.amazonaws.com'],
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
    resource_arn: presentSchema.describe(
      'ARN of the AWS resource that runs this process, for telemetry records.',
    ),
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
    queue_config: queueSchema.optional().describe('The queue on disk, and how it is sent.'),
    telemetry: telemetrySchema
      .optional()
      .describe('Records of how many documents came and were sent, for X-Ray.'),
    aws_log_groups: listOf(textSchema)
      .optional()
      .meta({
        description:
          'CloudWatch log groups that are written into each segment, and into the resource of ' +
          'spans, which names none itself; the rest of a segment passes unchanged.',
        examples: [['/ecs/shop']],
      }),
    spans: z
      .enum(SPAN_FORMS, { error: `expected one of ${SPAN_FORMS.join(', ')}` })
      .optional()
      .meta({
        description:
          'As what spans of OpenTelemetry are sent: `documents`, whole spans beside segments, of ' +
          'which X-Ray makes segments itself; `segments`, made of them by the rules of the ' +
          "Collector's exporter; `otlp`, to X-Ray's endpoint for OTLP, which needs Transaction " +
          'Search. Segment documents pass unchanged in any case.',
        default: 'documents',
      }),
    indexed_attributes: listOf(textSchema)
      .optional()
      .meta({
        description:
          'Attributes of spans that become annotations, which X-Ray indexes; those of the ' +
          'resource ' +
          'as otel.resource.NAME. Annotations of segment documents are indexed anyway.',
        default: [],
        examples: [['tenant.id']],
      }),
    index_all_attributes: switchSchema
      .optional()
      .meta({ description: 'Whether all attributes of spans do.', default: false }),
  })
  .describe('AWS X-Ray, where segment documents are sent. Prometheus has no such key.');

type XrayInput = z.output<typeof xraySchema>;

export function resolveXray(input: XrayInput, context: SinkContext): ResolvedSink<XraySettings> {
  const { report, path, env } = context;
  checkAwsAccess(input, context, 'refused');
  checkEndpoint(input, path, report);
  checkTelemetry(input, context);
  const { endpoint, region, use_fips_endpoint: fips, use_dualstack_endpoint: dualStack } = input;
  const isLocal = input.local_mode ?? false;
  const where = endpoint ?? `X-Ray${region === undefined ? '' : ` in ${region}`}`;
  return {
    name: input.name,
    address: [where, input.role_arn, input.profile, input.access_key].join(' ').trimEnd(),
    shownAddress: endpoint === undefined ? where : withoutSecrets(endpoint),
    remark: describeAccess(input),
    delivery: resolveDelivery(input.queue_config ?? {}, context),
    transforms: [],
    settings: {
      access: {
        service: 'xray',
        endpoint,
        region,
        isLocal,
        credentials: resolveAwsAccess(input),
        connection: resolveConnectionToAws(input, context),
        useFips: fips ?? isOn(env['AWS_USE_FIPS_ENDPOINT']),
        useDualStack: dualStack ?? isOn(env['AWS_USE_DUALSTACK_ENDPOINT']),
      },
      timeoutMs: input.request_timeout ?? 30_000,
      logGroups: input.aws_log_groups ?? [],
      spans: {
        form: input.spans ?? 'documents',
        indexing: {
          all: input.index_all_attributes ?? false,
          attributes: input.indexed_attributes ?? [],
        },
      },
      telemetry: resolveTelemetry(input, env),
    },
  };
}

/** What is not in the address: the region, or that it is asked for at the start, and the role. */
function describeAccess(input: XrayInput): string | undefined {
  const { endpoint, region, role_arn: role } = input;
  const words = [
    ...(region === undefined ? ['in the region where the collector runs'] : []),
    ...(region !== undefined && endpoint !== undefined ? [`signed for ${region}`] : []),
    ...(role === undefined ? [] : [`as ${role}`]),
  ];
  return words.length === 0 ? undefined : words.join(', ');
}

function isOn(text: string | undefined): boolean {
  return text?.toLowerCase() === 'true';
}

function resolveTelemetry(input: XrayInput, env: SinkContext['env']): TelemetrySettings {
  const { telemetry = {} } = input;
  const { include_metadata: hasMetadata = true } = telemetry;
  const read = (name: string): string | undefined =>
    hasMetadata ? env[name] || undefined : undefined;
  return {
    isSent: telemetry.enabled ?? true,
    asksMetadata: hasMetadata && input.local_mode !== true,
    hostname: telemetry.hostname ?? read('AWS_HOSTNAME'),
    instanceId: telemetry.instance_id ?? read('AWS_INSTANCE_ID'),
    resourceArn: telemetry.resource_arn ?? input.resource_arn,
  };
}

/** What is written for records that are not sent. */
function checkTelemetry({ telemetry = {}, resource_arn }: XrayInput, context: SinkContext): void {
  if (telemetry.enabled !== false) return;
  const { path, report } = context;
  const say = (at: ConfigPath, key: string): void =>
    report.warn([...at, key], `${key} has no effect while telemetry is not enabled`, 'key');
  for (const [key, value] of Object.entries(telemetry))
    if (key !== 'enabled' && value !== undefined) say([...path, 'telemetry'], key);
  if (resource_arn !== undefined) say(path, 'resource_arn');
}

function checkEndpoint({ endpoint }: XrayInput, path: ConfigPath, report: Reporter): void {
  const fault = endpoint === undefined ? undefined : findUrlFault('endpoint', endpoint);
  if (fault !== undefined) report.error([...path, 'endpoint'], 'CONFIG_VALUE', fault);
}

function resolveDelivery(
  input: z.output<typeof queueSchema>,
  context: SinkContext,
): DeliverySettings {
  return {
    ...resolveQueue(input, QUEUE, context),
    maxItemsPerSend: input.max_documents_per_send ?? DOCUMENTS_MAX,
    maxBytesPerSend: input.max_bytes_per_send || 2 ** 20,
    ageLimitMs: input.document_age_limit ?? 0,
  };
}
