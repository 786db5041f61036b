/**
 * The labels of a target: all that is known, as `__meta_ecs_*`, and the exact labels of those whose place we take.
 * Sources: https://github.com/teralytics/prometheus-ecs-discovery,
 * https://github.com/open-telemetry/opentelemetry-collector-contrib/tree/main/extension/observer/ecsobserver,
 * https://github.com/aws/amazon-cloudwatch-agent/tree/main/internal/ecsservicediscovery,
 * https://prometheus.io/docs/prometheus/latest/configuration/configuration/#aws_sd_config
 */
import { formatDurationMs } from '../../model/duration.ts';
import { isLegacyLabelName } from '../../model/labels.ts';
import { instanceAddress, taskAddress } from './address.ts';
import { idOfArn, runningContainer, serviceNameOf, type TaskFacts } from './facts.ts';
import type { Wanted } from './rules.ts';

export const PROFILES = [
  'meta',
  'prometheus-ecs-discovery',
  'ecsobserver',
  'cloudwatch-agent',
  'prometheus',
] as const;
export type Profile = (typeof PROFILES)[number];

export interface LabelInput {
  readonly facts: TaskFacts;
  readonly containerName: string;
  readonly wanted: Wanted;
  /** Address without the port. */
  readonly host: string;
  /** The label for the job's name in ecsobserver's profile. */
  readonly jobLabel: string;
}

type Labels = Record<string, string>;

/** Without empty values. */
export function labelsOf(profile: Profile, input: LabelInput): Labels {
  const labels = makers[profile](input);
  return Object.fromEntries(Object.entries(labels).filter(([, value]) => value !== ''));
}

const makers: Readonly<Record<Profile, (input: LabelInput) => Labels>> = {
  meta,
  'prometheus-ecs-discovery': teralytics,
  ecsobserver,
  'cloudwatch-agent': cloudWatchAgent,
  prometheus,
};

/** What a scrape is told by its target, whatever the profile. */
function scrapeLabels({ path, scheme, intervalMs }: Wanted): Labels {
  return {
    __metrics_path__: path ?? '',
    __scheme__: scheme ?? '',
    __scrape_interval__: intervalMs === undefined ? '' : formatDurationMs(intervalMs),
  };
}

function meta(input: LabelInput): Labels {
  const { facts, containerName, wanted } = input;
  const { task, definition, cluster } = facts;
  const container = containerDefinition(input);
  return {
    ...scrapeLabels(wanted),
    job: wanted.job ?? '',
    ...prometheus(input),
    __meta_ecs_cluster_name: cluster.clusterName ?? '',
    __meta_ecs_service_name: serviceNameOf(task),
    __meta_ecs_source: task.taskArn ?? '',
    __meta_ecs_task_id: idOfArn(task.taskArn),
    __meta_ecs_task_definition_family: definition?.family ?? '',
    __meta_ecs_task_definition_revision: definition?.revision ?? '',
    __meta_ecs_task_started_by: task.startedBy ?? '',
    __meta_ecs_network_mode: definition?.networkMode ?? '',
    __meta_ecs_container_name: containerName,
    __meta_ecs_container_arn: runningContainer(task, containerName)?.containerArn ?? '',
    __meta_ecs_container_image: container?.image ?? '',
    __meta_ecs_container_port: String(wanted.containerPort),
    __meta_ecs_container_health_status: runningContainer(task, containerName)?.healthStatus ?? '',
    __meta_ecs_rule: wanted.kind,
    ...prefixed('__meta_ecs_container_label_', container?.dockerLabels),
  };
}

function teralytics(input: LabelInput): Labels {
  const { facts, containerName, wanted } = input;
  const { task, definition, cluster } = facts;
  return {
    ...scrapeLabels(wanted),
    task_arn: task.taskArn ?? '',
    task_name: definition?.family ?? '',
    job: wanted.job ?? '',
    task_revision: definition?.revision ?? '',
    task_group: task.group ?? '',
    cluster_arn: cluster.clusterArn ?? '',
    container_name: containerName,
    container_arn: runningContainer(task, containerName)?.containerArn ?? '',
    docker_image: containerDefinition(input)?.image ?? '',
  };
}

function ecsobserver(input: LabelInput): Labels {
  const { facts, containerName, wanted, host, jobLabel } = input;
  const { task, definition, cluster, ec2 } = facts;
  return {
    ...scrapeLabels(wanted),
    [jobLabel]: wanted.job ?? '',
    __meta_ecs_source: task.taskArn ?? '',
    __meta_ecs_cluster_name: cluster.clusterName ?? '',
    __meta_ecs_service_name: wanted.kind === 'service' ? serviceNameOf(task) : '',
    __meta_ecs_task_definition_family: definition?.family ?? '',
    __meta_ecs_task_definition_revision: definition?.revision ?? '',
    __meta_ecs_task_started_by: task.startedBy ?? '',
    __meta_ecs_task_launch_type: task.launchType ?? '',
    __meta_ecs_task_group: task.group ?? '',
    ...prefixed('__meta_ecs_task_tags_', tags(task.tags)),
    __meta_ecs_container_name: containerName,
    ...prefixed('__meta_ecs_container_labels_', containerDefinition(input)?.dockerLabels),
    __meta_ecs_health_status: task.healthStatus ?? '',
    __meta_ecs_ec2_instance_id: ec2?.InstanceId ?? '',
    __meta_ecs_ec2_instance_type: ec2?.InstanceType ?? '',
    ...prefixed('__meta_ecs_ec2_tags_', ec2Tags(facts)),
    __meta_ecs_ec2_vpc_id: ec2?.VpcId ?? '',
    __meta_ecs_ec2_subnet_id: ec2?.SubnetId ?? '',
    __meta_ecs_ec2_private_ip: ec2 === undefined ? '' : host,
    __meta_ecs_ec2_public_ip: ec2?.PublicIpAddress ?? '',
  };
}

function cloudWatchAgent(input: LabelInput): Labels {
  const { facts, containerName, wanted } = input;
  const { task, definition, ec2 } = facts;
  const dockerLabels = Object.entries(containerDefinition(input)?.dockerLabels ?? {});
  return {
    ...Object.fromEntries(dockerLabels.filter(([name]) => isLegacyLabelName(name))),
    ...scrapeLabels(wanted),
    container_name: containerName,
    ServiceName: wanted.kind === 'service' ? serviceNameOf(task) : '',
    TaskDefinitionFamily: definition?.family ?? '',
    TaskRevision: definition?.revision ?? '',
    TaskGroup: task.group ?? '',
    StartedBy: task.startedBy ?? '',
    LaunchType: task.launchType ?? '',
    TaskClusterName: idOfArn(task.clusterArn),
    TaskId: idOfArn(task.taskArn),
    InstanceType: ec2?.InstanceType ?? '',
    VpcId: ec2?.VpcId ?? '',
    SubnetId: ec2?.SubnetId ?? '',
    job: wanted.job ?? '',
  };
}

function prometheus({ facts, host }: LabelInput): Labels {
  const { task, definition, cluster, containerInstance, ec2, service, region } = facts;
  const interfaces = task.attachments?.find(({ type }) => type === 'ElasticNetworkInterface');
  const subnet = interfaces?.details?.find(({ name }) => name === 'subnetId')?.value;
  const name = serviceNameOf(task);
  const arn = (task.clusterArn ?? '').replace(':cluster/', ':service/');
  const isVpc =
    definition === undefined ? subnet !== undefined : definition.networkMode === 'awsvpc';
  return {
    __meta_ecs_cluster: cluster.clusterName ?? '',
    __meta_ecs_cluster_arn: cluster.clusterArn ?? '',
    __meta_ecs_service: name,
    __meta_ecs_service_arn: service?.serviceArn ?? (name === '' ? '' : `${arn}/${name}`),
    __meta_ecs_service_status: service?.status ?? '',
    __meta_ecs_task_group: task.group ?? '',
    __meta_ecs_task_arn: task.taskArn ?? '',
    __meta_ecs_task_definition: task.taskDefinitionArn ?? '',
    __meta_ecs_region: region,
    __meta_ecs_availability_zone: task.availabilityZone ?? '',
    __meta_ecs_subnet_id: subnet ?? ec2?.SubnetId ?? '',
    __meta_ecs_ip_address: host,
    __meta_ecs_launch_type: task.launchType ?? '',
    __meta_ecs_desired_status: task.desiredStatus ?? '',
    __meta_ecs_last_status: task.lastStatus ?? '',
    __meta_ecs_health_status: task.healthStatus ?? '',
    __meta_ecs_platform_family: task.platformFamily ?? '',
    __meta_ecs_platform_version: task.platformVersion ?? '',
    __meta_ecs_network_mode: isVpc ? 'awsvpc' : 'bridge',
    __meta_ecs_container_instance_arn: task.containerInstanceArn ?? '',
    __meta_ecs_ec2_instance_id: containerInstance?.ec2InstanceId ?? '',
    __meta_ecs_ec2_instance_type: ec2?.InstanceType ?? '',
    __meta_ecs_ec2_instance_private_ip: ec2 === undefined ? '' : (instanceAddress(facts) ?? ''),
    __meta_ecs_ec2_instance_public_ip: ec2?.PublicIpAddress ?? '',
    ...prefixed('__meta_ecs_tag_cluster_', tags(cluster.tags)),
    ...prefixed('__meta_ecs_tag_service_', tags(service?.tags)),
    ...prefixed('__meta_ecs_tag_task_', tags(task.tags)),
    ...prefixed('__meta_ecs_tag_ec2_', ec2Tags(facts)),
  };
}

/** The address of a task for Prometheus' role, which knows no containers. */
export function hostOfTask(facts: TaskFacts): string | undefined {
  return taskAddress(facts) ?? instanceAddress(facts);
}

function containerDefinition({
  facts,
  containerName,
}: LabelInput): NonNullable<TaskFacts['definition']>['containers'][number] | undefined {
  return facts.definition?.containers.find(({ name }) => name === containerName);
}

function tags(
  list: readonly { readonly key?: string | undefined; readonly value?: string | undefined }[] = [],
): Labels {
  return Object.fromEntries(list.map(({ key, value }) => [key ?? '', value ?? '']));
}

function ec2Tags({ ec2 }: TaskFacts): Labels {
  return tags(ec2?.Tags?.map(({ Key, Value }) => ({ key: Key, value: Value })));
}

/** Names with what a label name can't hold as `_`. */
function prefixed(prefix: string, values: Readonly<Labels> = {}): Labels {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      `${prefix}${name.replaceAll(/[^A-Za-z0-9_]/g, '_')}`,
      value,
    ]),
  );
}
