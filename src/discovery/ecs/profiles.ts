/**
 * The labels of a container's target: everything that is known, as `__meta_ecs_*`, or the exact
 * labels of the tools that Amperage replaces. Deliberate differences from theirs are listed in
 * test/discovery/profiles.test.ts.
 * Sources: https://github.com/teralytics/prometheus-ecs-discovery (main.go),
 * https://github.com/open-telemetry/opentelemetry-collector-contrib/tree/main/extension/observer/ecsobserver
 * (exporter.go, target.go),
 * https://github.com/aws/amazon-cloudwatch-agent/tree/main/internal/ecsservicediscovery
 * (decoratedtask.go)
 */
import { formatDurationMs } from '../../model/duration.ts';
import { isLegacyLabelName } from '../../model/labels.ts';
import { idOfArn, findRunningContainer, serviceNameOf, type TaskFacts } from './facts.ts';
import { type Labels, prefixLabelNames, makeTagLabels, dropEmptyLabels } from '../labels.ts';
import { makePrometheusLabels } from './prometheus-role.ts';
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
  /**
   * The service of the task when a rule on services matches its name, whichever rule found the
   * target; else an empty string.
   */
  readonly matchedService: string;
  /** The address without the port. */
  readonly host: string;
  /** The name of the label that holds the job in the profile of ecsobserver. */
  readonly jobLabel: string;
}

/** Makes the labels of a profile, without empty ones. */
export function makeProfileLabels(profile: Profile, input: LabelInput): Labels {
  return dropEmptyLabels(makers[profile](input));
}

/**
 * The path that ecsobserver and the CloudWatch agent scrape by default; an empty string for other
 * profiles, which use the path of the job.
 */
export function defaultPathOf(profile: Profile): string {
  return profile === 'ecsobserver' || profile === 'cloudwatch-agent' ? '/metrics' : '';
}

const makers: Readonly<Record<Profile, (input: LabelInput) => Labels>> = {
  meta: makeMetaLabels,
  'prometheus-ecs-discovery': makeTeralyticsLabels,
  ecsobserver: makeEcsobserverLabels,
  'cloudwatch-agent': makeCloudWatchAgentLabels,
  prometheus: ({ facts, host }) => makePrometheusLabels(facts, host),
};

/** Makes the labels that control the scrape, the same in every profile. */
function makeScrapeLabels({ path, scheme, intervalMs }: Wanted): Labels {
  return {
    __metrics_path__: path ?? '',
    __scheme__: scheme ?? '',
    __scrape_interval__: intervalMs === undefined ? '' : formatDurationMs(intervalMs),
  };
}

function makeMetaLabels(input: LabelInput): Labels {
  const { facts, containerName, wanted } = input;
  const { task, definition, cluster } = facts;
  const container = findContainerDefinition(input);
  return {
    ...makeScrapeLabels(wanted),
    job: wanted.job ?? '',
    ...makePrometheusLabels(facts, input.host),
    __meta_ecs_cluster_name: cluster.clusterName ?? '',
    __meta_ecs_service_name: serviceNameOf(task),
    __meta_ecs_source: task.taskArn ?? '',
    __meta_ecs_task_id: idOfArn(task.taskArn),
    __meta_ecs_task_definition_family: definition?.family ?? '',
    __meta_ecs_task_definition_revision: definition?.revision ?? '',
    __meta_ecs_task_started_by: task.startedBy ?? '',
    __meta_ecs_network_mode: definition?.networkMode ?? '',
    __meta_ecs_container_name: containerName,
    __meta_ecs_container_arn: findRunningContainer(task, containerName)?.containerArn ?? '',
    __meta_ecs_container_image: container?.image ?? '',
    __meta_ecs_container_port: String(wanted.containerPort),
    __meta_ecs_container_health_status:
      findRunningContainer(task, containerName)?.healthStatus ?? '',
    __meta_ecs_rule: wanted.kind,
    ...prefixLabelNames('__meta_ecs_container_label_', container?.dockerLabels),
  };
}

function makeTeralyticsLabels(input: LabelInput): Labels {
  const { facts, containerName, wanted } = input;
  const { task, definition, cluster } = facts;
  return {
    ...makeScrapeLabels(wanted),
    task_arn: task.taskArn ?? '',
    task_name: definition?.family ?? '',
    job: wanted.job ?? '',
    task_revision: definition?.revision ?? '',
    task_group: task.group ?? '',
    cluster_arn: cluster.clusterArn ?? '',
    container_name: containerName,
    container_arn: findRunningContainer(task, containerName)?.containerArn ?? '',
    docker_image: findContainerDefinition(input)?.image ?? '',
  };
}

function makeEcsobserverLabels(input: LabelInput): Labels {
  const { facts, containerName, wanted, host, jobLabel, matchedService } = input;
  const { task, definition, cluster } = facts;
  const ec2 = findInstance(facts);
  return {
    ...makeScrapeLabels(wanted),
    __metrics_path__: wanted.path ?? defaultPathOf('ecsobserver'),
    [jobLabel]: wanted.job ?? '',
    __meta_ecs_source: task.taskArn ?? '',
    __meta_ecs_cluster_name: cluster.clusterName ?? '',
    __meta_ecs_service_name: matchedService,
    __meta_ecs_task_definition_family: definition?.family ?? '',
    __meta_ecs_task_definition_revision: definition?.revision ?? '',
    __meta_ecs_task_started_by: task.startedBy ?? '',
    __meta_ecs_task_launch_type: task.launchType ?? '',
    __meta_ecs_task_group: task.group ?? '',
    ...prefixLabelNames('__meta_ecs_task_tags_', makeTagLabels(task.tags)),
    __meta_ecs_container_name: containerName,
    ...prefixLabelNames(
      '__meta_ecs_container_labels_',
      findContainerDefinition(input)?.dockerLabels,
    ),
    __meta_ecs_health_status: task.healthStatus ?? '',
    __meta_ecs_ec2_instance_id: ec2?.InstanceId ?? '',
    __meta_ecs_ec2_instance_type: ec2?.InstanceType ?? '',
    ...prefixLabelNames(
      '__meta_ecs_ec2_tags_',
      makeTagLabels(ec2?.Tags?.map(({ Key, Value }) => ({ key: Key, value: Value }))),
    ),
    __meta_ecs_ec2_vpc_id: ec2?.VpcId ?? '',
    __meta_ecs_ec2_subnet_id: ec2?.SubnetId ?? '',
    // The name is that of ecsobserver. The value is the address of the target, which in awsvpc is
    // the address of the task.
    __meta_ecs_ec2_private_ip: ec2 === undefined ? '' : host,
    __meta_ecs_ec2_public_ip: ec2?.PublicIpAddress ?? '',
  };
}

function makeCloudWatchAgentLabels(input: LabelInput): Labels {
  const { facts, containerName, wanted } = input;
  const { task, definition } = facts;
  const ec2 = findInstance(facts);
  const dockerLabels = Object.entries(findContainerDefinition(input)?.dockerLabels ?? {});
  const [cluster = '', taskId] = (task.taskArn ?? '').split('/').slice(1);
  const isLongArn = taskId !== undefined;
  return {
    ...makeScrapeLabels(wanted),
    container_name: containerName,
    TaskDefinitionFamily: definition?.family ?? '',
    TaskRevision: definition?.revision ?? '',
    TaskGroup: task.group ?? '',
    StartedBy: task.startedBy ?? '',
    LaunchType: task.launchType ?? '',
    TaskClusterName: isLongArn ? cluster : '',
    TaskId: isLongArn ? taskId : cluster,
    InstanceType: ec2?.InstanceType ?? '',
    VpcId: ec2?.VpcId ?? '',
    SubnetId: ec2?.SubnetId ?? '',
    // In the CloudWatch agent a docker label replaces any label above it, but none below.
    ...dropEmptyLabels(
      Object.fromEntries(dockerLabels.filter(([name]) => isLegacyLabelName(name))),
    ),
    ...dropEmptyLabels({
      job: wanted.job ?? '',
      ServiceName: wanted.kind === 'service' ? serviceNameOf(task) : '',
    }),
  };
}

/** Both ecsobserver and the CloudWatch agent ask EC2 only for tasks of this launch type. */
function findInstance({ task, ec2 }: TaskFacts): TaskFacts['ec2'] {
  return task.launchType === 'EC2' ? ec2 : undefined;
}

function findContainerDefinition({
  facts,
  containerName,
}: LabelInput): NonNullable<TaskFacts['definition']>['containers'][number] | undefined {
  return facts.definition?.containers.find(({ name }) => name === containerName);
}
