/**
 * The targets that Prometheus makes of tasks (`ecs_sd_configs`, `aws_sd_configs` with the role
 * ecs): one target for each task at one port, whatever its containers, with labels of the task, its
 * cluster, service and instance. Pure.
 * Where this finds more than Prometheus does, the explanation of the target says so and
 * test/discovery/prometheus-role.test.ts lists it.
 * Source: https://github.com/prometheus/prometheus/blob/main/discovery/aws/ecs.go
 */
import type { Attachment, Task } from '@aws-sdk/client-ecs';
import { ADDRESS_ATTRIBUTE, type NoTarget, findTaskAddress } from './address.ts';
import { serviceNameOf, type TaskFacts } from './facts.ts';
import {
  dropEmptyLabels,
  joinHostPort,
  type Labels,
  makeTagLabels,
  prefixLabelNames,
} from '../labels.ts';

export type RoleVerdict =
  | { readonly target: Readonly<Record<string, string>>; readonly words: string }
  | { readonly reason: NoTarget; readonly words: string };

/**
 * Decides whether a task is a target. Its last status is only a label: a pending task with an
 * address is a target. A task that is being stopped is not.
 */
export function judgeRole(facts: TaskFacts, port: number): RoleVerdict {
  if (facts.task.desiredStatus === 'STOPPED')
    return { reason: 'stopping', words: 'the task is being stopped' };
  const found = findHost(facts);
  if ('reason' in found) return found;
  const { host, how } = found;
  const target = {
    __address__: joinHostPort(host, port),
    ...dropEmptyLabels(makePrometheusLabels(facts, host)),
  };
  return { target, words: `${how}, port ${port}: one target for each task` };
}

/**
 * Makes the labels that Prometheus gives a task.
 *
 * @param host  the address of the target, without its port
 */
export function makePrometheusLabels(facts: TaskFacts, host: string): Labels {
  const { task, cluster, containerInstance, ec2, service, region, networkInterface } = facts;
  const own = findOwnInterface(task);
  const isOnInstance = task.containerInstanceArn !== undefined;
  const name = serviceNameOf(task);
  return {
    __meta_ecs_cluster: cluster.clusterName ?? '',
    __meta_ecs_cluster_arn: cluster.clusterArn ?? task.clusterArn ?? '',
    // Name and ARN of the service are derived from the task where ECS did not describe the service.
    __meta_ecs_service: service?.serviceName ?? name,
    __meta_ecs_service_arn: service?.serviceArn ?? makeServiceArn(task, name),
    __meta_ecs_service_status: service?.status ?? '',
    __meta_ecs_task_group: task.group ?? '',
    __meta_ecs_task_arn: task.taskArn ?? '',
    __meta_ecs_task_definition: task.taskDefinitionArn ?? '',
    __meta_ecs_region: region,
    __meta_ecs_availability_zone: task.availabilityZone ?? '',
    __meta_ecs_subnet_id:
      own === undefined ? (ec2?.SubnetId ?? '') : (findDetail(own, 'subnetId') ?? ''),
    __meta_ecs_ip_address: host,
    __meta_ecs_public_ip:
      (own === undefined ? ec2?.PublicIpAddress : networkInterface?.Association?.PublicIp) ?? '',
    __meta_ecs_launch_type: task.launchType ?? '',
    __meta_ecs_desired_status: task.desiredStatus ?? '',
    __meta_ecs_last_status: task.lastStatus ?? '',
    __meta_ecs_health_status: task.healthStatus ?? '',
    __meta_ecs_platform_family: task.platformFamily ?? '',
    __meta_ecs_platform_version: task.platformVersion ?? '',
    // Prometheus does not distinguish host mode from bridge.
    __meta_ecs_network_mode: own === undefined ? (isOnInstance ? 'bridge' : '') : 'awsvpc',
    __meta_ecs_container_instance_arn: task.containerInstanceArn ?? '',
    __meta_ecs_ec2_instance_id: containerInstance?.ec2InstanceId ?? '',
    __meta_ecs_ec2_instance_type: ec2?.InstanceType ?? '',
    __meta_ecs_ec2_instance_private_ip: ec2?.PrivateIpAddress ?? ec2?.Ipv6Address ?? '',
    __meta_ecs_ec2_instance_public_ip: ec2?.PublicIpAddress ?? '',
    ...prefixLabelNames('__meta_ecs_tag_cluster_', makeTagLabels(cluster.tags)),
    ...prefixLabelNames('__meta_ecs_tag_service_', makeTagLabels(service?.tags)),
    ...prefixLabelNames('__meta_ecs_tag_task_', makeTagLabels(task.tags)),
    ...prefixLabelNames(
      '__meta_ecs_tag_ec2_',
      makeTagLabels(ec2?.Tags?.map(({ Key, Value }) => ({ key: Key, value: Value }))),
    ),
  };
}

type FoundHost =
  | { readonly host: string; readonly how: string }
  | { readonly reason: NoTarget; readonly words: string };

const BEYOND = '(Prometheus itself has no target here: it knows IPv4 addresses of EC2 alone)';

function findHost(facts: TaskFacts): FoundHost {
  const { task, ec2, containerInstance } = facts;
  const own = findOwnInterface(task);
  if (own !== undefined) {
    const v4 = findDetail(own, 'privateIPv4Address');
    if (v4 !== undefined) return { host: v4, how: 'awsvpc: the address of the task' };
    const other = findTaskAddress(facts);
    return other === undefined
      ? { reason: 'no_address', words: 'the network interface of the task has no address yet' }
      : { host: other, how: `awsvpc: the address of the task ${BEYOND}` };
  }
  if (task.containerInstanceArn === undefined)
    return { reason: 'no_address', words: 'the task has no network interface yet' };
  if (ec2?.PrivateIpAddress !== undefined)
    return { host: ec2.PrivateIpAddress, how: 'bridge or host: the address of the instance' };
  const given = containerInstance?.attributes?.find(({ name }) => name === ADDRESS_ATTRIBUTE);
  const other = given?.value ?? ec2?.Ipv6Address;
  if (other !== undefined)
    return { host: other, how: `bridge or host: the address of the instance ${BEYOND}` };
  return {
    reason: 'no_address',
    words:
      'the address of the instance is not known (ecs:DescribeContainerInstances, ' +
      'ec2:DescribeInstances); for an external instance set the attribute ' +
      `${ADDRESS_ATTRIBUTE} of the container instance`,
  };
}

function findOwnInterface({ attachments }: Task): Attachment | undefined {
  return attachments?.find(({ type }) => type === 'ElasticNetworkInterface');
}

/** Finds the value of a detail; undefined when it is missing or empty. */
function findDetail({ details }: Attachment, name: string): string | undefined {
  return (
    details?.findLast((entry) => entry.name === name && entry.value !== undefined)?.value ||
    undefined
  );
}

function makeServiceArn({ clusterArn = '' }: Task, name: string): string {
  return name === '' ? '' : `${clusterArn.replace(':cluster/', ':service/')}/${name}`;
}
