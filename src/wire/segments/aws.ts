/**
 * The `aws` block of a segment: where the service runs, and what it asks of AWS; and its `origin`.
 * Source: contrib's exporter/awsxrayexporter/internal/translator/aws.go, segment.go
 */
import {
  type SpanAttributes,
  type AttributeValue,
  dropAbsent,
  type SegmentMembers,
  readTextAttribute,
  readTexts,
} from './attributes.ts';

/** Attributes that go into the block, and are none of the metadata. */
const CONSUMED: ReadonlySet<string> = new Set([
  'rpc.method', 'aws.operation', 'aws.account_id', 'aws.region', 'aws.request_id', 'aws.requestId',
  'aws.queue_url', 'aws.queue.url', 'aws.table_name', 'aws.table.name',
]); // prettier-ignore

export interface AwsOfSpan {
  readonly block: SegmentMembers | undefined;
  readonly rest: ReadonlyMap<string, AttributeValue>;
}

/** Members of the block that are about the call of a service, and not about the caller. */
export const CALL_MEMBERS = [
  'operation', 'account_id', 'region', 'request_id', 'queue_url', 'table_name', 'table_names',
] as const; // prettier-ignore

/**
 * @param logGroups  of resources that name none themselves
 */
export function describeAws(
  attributes: SpanAttributes,
  resource: SpanAttributes,
  logGroups: readonly string[],
): AwsOfSpan {
  const rest = new Map([...attributes].filter(([key]) => !CONSUMED.has(key)));
  const cloud = readTextAttribute(resource, 'cloud.provider');
  if (cloud !== undefined && cloud !== 'aws') return { block: undefined, rest };
  const text = (...keys: string[]): string | undefined => readTextAttribute(attributes, ...keys);
  const tables = readTexts(attributes.get('aws.dynamodb.table_names'));
  const block = dropAbsent({
    ...describePlatform(resource),
    cloudwatch_logs: listLogGroups(resource, logGroups),
    xray: describeSdk(resource),
    account_id: text('aws.account_id') ?? readTextAttribute(resource, 'cloud.account.id'),
    operation: text('aws.operation', 'rpc.method'),
    region: text('aws.region'),
    request_id: text('aws.request_id', 'aws.requestId'),
    queue_url: text('messaging.url', 'aws.sqs.queue.url', 'aws.queue_url', 'aws.queue.url'),
    table_name:
      tables.length > 1
        ? undefined
        : (tables[0] ?? text('aws.dynamodb.table_names', 'aws.table_name', 'aws.table.name')),
    table_names: tables.length > 1 ? tables : undefined,
  });
  return { block, rest };
}

function describePlatform(resource: SpanAttributes): SegmentMembers {
  const text = (key: string): string | undefined => readTextAttribute(resource, key);
  const platform = text('cloud.platform');
  const deployment = text('service.instance.id');
  const zone = text('cloud.availability_zone');
  const isEc2 = platform === 'aws_ec2' || text('host.id') !== undefined;
  const isEks = platform === 'aws_eks' || text('k8s.cluster.name') !== undefined;
  return {
    ec2: isEc2
      ? dropAbsent({
          instance_id: text('host.id'),
          availability_zone: zone,
          instance_size: text('host.type'),
          ami_id: text('host.image.id'),
        })
      : undefined,
    ecs:
      platform === 'aws_ecs'
        ? dropAbsent({
            container: text('container.name'),
            container_id: text('container.id'),
            task_arn: text('aws.ecs.task.arn'),
            task_family: text('aws.ecs.task.family'),
            cluster_arn: text('aws.ecs.cluster.arn'),
            container_arn: text('aws.ecs.container.arn'),
            availability_zone: zone,
            launch_type: text('aws.ecs.launchtype'),
          })
        : undefined,
    elastic_beanstalk:
      platform === 'aws_elastic_beanstalk' && deployment !== undefined
        ? dropAbsent({
            environment_name: text('service.namespace'),
            version_label: text('service.version'),
            deployment_id: /^\d{1,15}$/.test(deployment) ? Number(deployment) : 0,
          })
        : undefined,
    eks: isEks
      ? dropAbsent({
          cluster_name: text('k8s.cluster.name'),
          pod: text('k8s.pod.name'),
          container_id: text('container.id'),
        })
      : undefined,
  };
}

/** The SDK is named as X-Ray's own ones are: `opentelemetry for java`. */
function describeSdk(resource: SpanAttributes): SegmentMembers | undefined {
  const name = readTextAttribute(resource, 'telemetry.sdk.name');
  const language = readTextAttribute(resource, 'telemetry.sdk.language');
  const agent = readTextAttribute(resource, 'telemetry.distro.version', 'telemetry.auto.version');
  if (name === undefined && agent === undefined) return undefined;
  return dropAbsent({
    sdk: name === undefined || language === undefined ? name : `${name} for ${language}`,
    sdk_version: readTextAttribute(resource, 'telemetry.sdk.version'),
    auto_instrumentation: agent !== undefined,
  });
}

/** By ARN where the resource has them, else by name, else those of the configuration. */
function listLogGroups(
  resource: SpanAttributes,
  configured: readonly string[],
): readonly SegmentMembers[] | undefined {
  const arns = splitTexts(resource.get('aws.log.group.arns'));
  if (arns.length > 0) return arns.map((arn) => ({ log_group: nameOfArn(arn), arn }));
  const named = splitTexts(resource.get('aws.log.group.names'));
  const names = named.length > 0 ? named : configured;
  return names.length === 0 ? undefined : names.map((log_group) => ({ log_group }));
}

/** A list, or a text of several that are separated by `&`, as OTEL_RESOURCE_ATTRIBUTES has them. */
function splitTexts(value: AttributeValue | undefined): string[] {
  const texts = typeof value === 'string' ? value.split('&') : readTexts(value);
  return texts.filter((text) => text !== '');
}

/** `arn:aws:logs:region:account:log-group:NAME:*` */
function nameOfArn(arn: string): string {
  return arn.split(':')[6] ?? arn;
}

const ORIGINS: Readonly<Record<string, string>> = {
  aws_app_runner: 'AWS::AppRunner::Service',
  aws_eks: 'AWS::EKS::Container',
  aws_elastic_beanstalk: 'AWS::ElasticBeanstalk::Environment',
  aws_ecs: 'AWS::ECS::Container',
  aws_ec2: 'AWS::EC2::Instance',
};

/** The kind of AWS resource that the service runs on. */
export function chooseOrigin(resource: SpanAttributes): string | undefined {
  const cloud = readTextAttribute(resource, 'cloud.provider');
  if (cloud !== undefined && cloud !== 'aws') return undefined;
  const platform = readTextAttribute(resource, 'cloud.platform') ?? '';
  const launchType = readTextAttribute(resource, 'aws.ecs.launchtype')?.toLowerCase();
  if (platform === 'aws_ecs' && launchType === 'ec2') return 'AWS::ECS::EC2';
  if (platform === 'aws_ecs' && launchType === 'fargate') return 'AWS::ECS::Fargate';
  return Object.hasOwn(ORIGINS, platform) ? ORIGINS[platform] : undefined;
}

/** The version of the service, or the first tag of its image. */
export function describeService(resource: SpanAttributes): SegmentMembers | undefined {
  const [tag] = readTexts(resource.get('container.image.tags'));
  return dropAbsent({
    version: readTextAttribute(resource, 'service.version') ?? tag ?? readTextAttribute(resource, 'container.image.tag'),
  });
} // prettier-ignore
