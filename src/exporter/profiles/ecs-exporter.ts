/**
 * The profile `ecs_exporter`: names, labels and units of prometheus-community/ecs_exporter 0.4, and
 * behind them what it lacks (details.ts). Where that exporter is wrong this one is right;
 * docs/exporter-differences.md lists each difference.
 * Source: https://github.com/prometheus-community/ecs_exporter
 */
import type { ContainerNetwork, TaskMetadata, TaskStats } from '../../aws/task-metadata-schema.ts';
import { counter, gauge, info, type FamilyList, type SampleLabels } from '../family-list.ts';
import {
  parseEpochSeconds,
  listInterfaces,
  memoryLimitBytes,
  MIB,
  ownContainers,
  pageCacheBytes,
  positive,
  toSeconds,
  times,
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
  page: FamilyList,
  task: TaskMetadata,
  stats: TaskStats | undefined,
  shared: SampleLabels,
): void {
  putTask(page, task, shared);
  putContainers(page, task, stats, shared);
  if (stats !== undefined) putNetworks(page, task, stats, shared);
}

function putTask(page: FamilyList, task: TaskMetadata, shared: SampleLabels): void {
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
  page.put(TASK.info, { ...shared, ...identity }, 1);
  page.put(TASK.cpuLimit, shared, positive(task.Limits?.CPU));
  page.put(TASK.memoryLimit, shared, times(positive(task.Limits?.Memory), MIB));
  page.put(TASK.storageUsed, shared, times(storage?.Utilized, MIB));
  page.put(TASK.storageAllocated, shared, times(storage?.Reserved, MIB));
  page.put(TASK.pullStart, shared, parseEpochSeconds(task.PullStartedAt));
  page.put(TASK.pullStop, shared, parseEpochSeconds(task.PullStoppedAt));
}

function putContainers(
  page: FamilyList,
  task: TaskMetadata,
  all: TaskStats | undefined,
  shared: SampleLabels,
): void {
  for (const { container, stats, mayRun } of ownContainers(task, all)) {
    const labels = { ...shared, container_name: container.Name };
    page.put(CONTAINER.restarts, labels, container.RestartCount);
    page.put(CONTAINER.cpu, labels, toSeconds(stats?.cpu_stats?.cpu_usage?.total_usage));
    page.put(
      CONTAINER.memory,
      labels,
      // Windows has no usage: what it has committed is nearest.
      stats?.memory_stats?.usage ?? stats?.memory_stats?.commitbytes,
    );
    if (mayRun) page.put(CONTAINER.memoryLimit, labels, memoryLimitBytes(container, task));
    page.put(CONTAINER.pageCache, labels, pageCacheBytes(stats));
  }
}

function putNetworks(
  page: FamilyList,
  task: TaskMetadata,
  stats: TaskStats,
  shared: SampleLabels,
): void {
  const interfaces = listInterfaces(task, stats);
  for (const [name, help, key] of NETWORK) {
    const metric = counter(`ecs_network_${name}`, help);
    for (const { name: of, container, network } of interfaces) {
      const owner = container === undefined ? {} : { container_name: container.Name };
      page.put(metric, { ...shared, ...owner, interface: of }, network[key]);
    }
  }
}
