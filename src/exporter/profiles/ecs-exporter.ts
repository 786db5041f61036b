/**
 * The profile `ecs_exporter`: names, labels and units of prometheus-community/ecs_exporter 0.4.
 * What that exporter lacks is in details.ts. Figures that it gets wrong are right here;
 * docs/exporter-differences.md lists each difference.
 * Source: https://github.com/prometheus-community/ecs_exporter
 */
import type { ContainerNetwork, TaskMetadata, TaskStats } from '../../aws/task-metadata-schema.ts';
import { counter, gauge, info, type FamilyList, type SampleLabels } from '../family-list.ts';
import {
  parseEpochSeconds,
  listInterfaces,
  readMemoryLimitBytes,
  MIB,
  listOwnContainers,
  readPageCacheBytes,
  readPositive,
  toSeconds,
  multiply,
} from '../reading.ts';

const TASK = {
  info: info(
    'ecs_task_metadata_info',
    'ECS task metadata, sourced from the task metadata endpoint version 4.',
  ),
  cpuLimit: gauge(
    'ecs_task_cpu_limit_vcpus',
    'Configured task CPU limit in vCPUs (1 vCPU = 1024 CPU units).',
  ),
  memoryLimit: gauge('ecs_task_memory_limit_bytes', 'Configured task memory limit in bytes.'),
  storageUsed: gauge(
    'ecs_task_ephemeral_storage_used_bytes',
    'Ephemeral storage used in bytes; Fargate only.',
  ),
  storageAllocated: gauge(
    'ecs_task_ephemeral_storage_allocated_bytes',
    'Ephemeral storage allocated in bytes; Fargate only.',
  ),
  pullStart: gauge(
    'ecs_task_image_pull_start_timestamp_seconds',
    'When the task began to pull its images, in seconds since the epoch.',
  ),
  pullStop: gauge(
    'ecs_task_image_pull_stop_timestamp_seconds',
    'When the task had pulled its images, in seconds since the epoch.',
  ),
};

const CONTAINER = {
  restarts: counter(
    'ecs_container_restarts_total',
    'How often the container was restarted; only with a restart policy.',
  ),
  cpu: counter(
    'ecs_container_cpu_usage_seconds_total',
    'Total CPU time that the container used, in seconds.',
  ),
  memory: gauge(
    'ecs_container_memory_usage_bytes',
    'Memory that the container uses in bytes, page cache included.',
  ),
  memoryLimit: gauge(
    'ecs_container_memory_limit_bytes',
    "The container's memory limit in bytes; the task's where it has none of its own.",
  ),
  pageCache: gauge(
    'ecs_container_memory_page_cache_size_bytes',
    'Page cache within the memory that the container uses, in bytes.',
  ),
};

const NETWORK: readonly (readonly [name: string, help: string, key: keyof ContainerNetwork])[] = [
  ['receive_bytes_total', 'Bytes received.', 'rx_bytes'],
  ['receive_packets_total', 'Packets received.', 'rx_packets'],
  ['receive_packets_dropped_total', 'Packets dropped in receiving.', 'rx_dropped'],
  ['receive_errors_total', 'Errors in receiving.', 'rx_errors'],
  ['transmit_bytes_total', 'Bytes transmitted.', 'tx_bytes'],
  ['transmit_packets_total', 'Packets transmitted.', 'tx_packets'],
  ['transmit_packets_dropped_total', 'Packets dropped in transmitting.', 'tx_dropped'],
  ['transmit_errors_total', 'Errors in transmitting.', 'tx_errors'],
];

export function putEcsExporter(
  families: FamilyList,
  task: TaskMetadata,
  stats: TaskStats | undefined,
  shared: SampleLabels,
): void {
  putTask(families, task, shared);
  putContainers(families, task, stats, shared);
  if (stats !== undefined) putNetworks(families, task, stats, shared);
}

function putTask(families: FamilyList, task: TaskMetadata, shared: SampleLabels): void {
  const storage = task.EphemeralStorageMetrics;
  const identity = {
    availability_zone: task.AvailabilityZone ?? '',
    cluster: task.Cluster ?? '',
    desired_status: task.DesiredStatus ?? '',
    family: task.Family ?? '',
    known_status: task.KnownStatus ?? '',
    launch_type: task.LaunchType ?? '',
    revision: task.Revision ?? '',
    task_arn: task.TaskARN ?? '',
  };
  families.put(TASK.info, { ...shared, ...identity }, 1);
  families.put(TASK.cpuLimit, shared, readPositive(task.Limits?.CPU));
  families.put(TASK.memoryLimit, shared, multiply(readPositive(task.Limits?.Memory), MIB));
  families.put(TASK.storageUsed, shared, multiply(storage?.Utilized, MIB));
  families.put(TASK.storageAllocated, shared, multiply(storage?.Reserved, MIB));
  families.put(TASK.pullStart, shared, parseEpochSeconds(task.PullStartedAt));
  families.put(TASK.pullStop, shared, parseEpochSeconds(task.PullStoppedAt));
}

function putContainers(
  families: FamilyList,
  task: TaskMetadata,
  all: TaskStats | undefined,
  shared: SampleLabels,
): void {
  for (const { container, stats, mayRun } of listOwnContainers(task, all)) {
    const labels = { ...shared, container_name: container.Name };
    families.put(CONTAINER.restarts, labels, container.RestartCount);
    families.put(CONTAINER.cpu, labels, toSeconds(stats?.cpu_stats?.cpu_usage?.total_usage));
    families.put(
      CONTAINER.memory,
      labels,
      // Windows has no usage figure; its committed memory comes nearest.
      stats?.memory_stats?.usage ?? stats?.memory_stats?.commitbytes,
    );
    if (mayRun) families.put(CONTAINER.memoryLimit, labels, readMemoryLimitBytes(container, task));
    families.put(CONTAINER.pageCache, labels, readPageCacheBytes(stats));
  }
}

function putNetworks(
  families: FamilyList,
  task: TaskMetadata,
  stats: TaskStats,
  shared: SampleLabels,
): void {
  const interfaces = listInterfaces(task, stats);
  for (const [name, help, key] of NETWORK) {
    const metric = counter(`ecs_network_${name}`, help);
    for (const { name: interfaceName, container, network } of interfaces) {
      const owner = container === undefined ? {} : { container_name: container.Name };
      families.put(metric, { ...shared, ...owner, interface: interfaceName }, network[key]);
    }
  }
}
