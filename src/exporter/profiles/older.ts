/**
 * The profiles `ecs_exporter_v0.1`, `_v0.2` and `_v0.3`: the names that ecs_exporter had before
 * 0.4, for dashboards that still ask for them, and `ecs_cpu_percent`, which a fork of it added.
 * Names, labels and units are kept, odd ones too; figures that the old versions got wrong are right
 * here (docs/exporter-differences.md).
 * Source: https://github.com/prometheus-community/ecs_exporter/tree/v0.3.0, v0.2.0, v0.1.0
 */
import type { ContainerNetwork, TaskMetadata, TaskStats } from '../../aws/task-metadata-schema.ts';
import { counter, gauge, info, type FamilyList, type SampleLabels } from '../family-list.ts';
import {
  computeCpuUse,
  readLimit,
  type OwnContainer,
  listOwnContainers,
  readPageCacheBytes,
  readPositive,
  toSeconds,
} from '../reading.ts';

const CPU = counter('ecs_cpu_seconds_total', 'Total CPU usage in seconds.');
const MEMORY = gauge('ecs_memory_bytes', 'Memory usage in bytes.');
const MEMORY_MAX = gauge('ecs_memory_max_bytes', 'Maximum memory usage in bytes.');
const MEMORY_LIMIT = gauge('ecs_memory_limit_bytes', 'Memory limit in bytes.');
const MEMORY_CACHE = gauge('ecs_memory_cache_usage', 'Memory cache usage in bytes.');
const INFO = info('ecs_metadata_info', 'ECS service metadata.');
const TASK_CPU_LIMIT = gauge('ecs_svc_cpu_limit', 'Total CPU Limit.');
const TASK_MEMORY_LIMIT = gauge(
  'ecs_svc_memory_limit_bytes',
  'Total MEM Limit; in MiB, whatever the name says.',
);
const CPU_PERCENT = gauge(
  'ecs_cpu_percent',
  "CPU that the container used between the agent's last two samples, in percent of the host's.",
);

const NETWORK: readonly (readonly [name: string, help: string, key: keyof ContainerNetwork])[] = [
  ['receive_bytes_total', 'Network received in bytes.', 'rx_bytes'],
  ['receive_packets_total', 'Network packets received.', 'rx_packets'],
  ['receive_dropped_total', 'Network packets dropped in receiving.', 'rx_dropped'],
  ['receive_errors_total', 'Network errors in receiving.', 'rx_errors'],
  ['transmit_bytes_total', 'Network transmitted in bytes.', 'tx_bytes'],
  ['transmit_packets_total', 'Network packets transmitted.', 'tx_packets'],
  ['transmit_dropped_total', 'Network packets dropped in transmit.', 'tx_dropped'],
  ['transmit_errors_total', 'Network errors in transmit.', 'tx_errors'],
];

export type OlderVersion = '0.1' | '0.2' | '0.3';

export function putOlder(
  version: OlderVersion,
  families: FamilyList,
  task: TaskMetadata,
  all: TaskStats | undefined,
  shared: SampleLabels,
): void {
  if (version === '0.3') putTask(families, task, shared);
  for (const { container, stats } of listOwnContainers(task, all)) {
    if (stats === null) continue;
    const labels = { ...shared, container: container.Name };
    putCpu(families, stats, labels);
    const memory = stats.memory_stats;
    families.put(MEMORY, labels, memory?.usage);
    if (version !== '0.3') families.put(MEMORY_MAX, labels, memory?.max_usage);
    families.put(MEMORY_LIMIT, labels, readLimit(memory?.limit));
    if (version !== '0.1') families.put(MEMORY_CACHE, labels, readPageCacheBytes(stats));
    for (const [device, network] of Object.entries(stats.networks)) {
      for (const [name, help, key] of NETWORK)
        families.put(counter(`ecs_network_${name}`, help), { ...labels, device }, network[key]);
    }
  }
}

/** CPU time by CPU. cgroup v2 has only the sum of all CPUs, which gets the label cpu="total". */
function putCpu(
  families: FamilyList,
  stats: NonNullable<OwnContainer['stats']>,
  labels: SampleLabels,
): void {
  const usage = stats.cpu_stats?.cpu_usage;
  const each = usage?.percpu_usage ?? [];
  if (each.length === 0)
    families.put(CPU, { ...labels, cpu: 'total' }, toSeconds(usage?.total_usage));
  each.forEach((nanoseconds, cpu) => {
    families.put(CPU, { ...labels, cpu: String(cpu) }, toSeconds(nanoseconds));
  });
}

function putTask(families: FamilyList, task: TaskMetadata, shared: SampleLabels): void {
  const identity = {
    cluster: task.Cluster ?? '',
    task_arn: task.TaskARN ?? '',
    family: task.Family ?? '',
    revision: task.Revision ?? '',
    desired_status: task.DesiredStatus ?? '',
    known_status: task.KnownStatus ?? '',
    pull_started_at: task.PullStartedAt ?? '',
    pull_stopped_at: task.PullStoppedAt ?? '',
    availability_zone: task.AvailabilityZone ?? '',
    launch_type: task.LaunchType ?? '',
  };
  const labels = { ...shared, task_arn: task.TaskARN ?? '' };
  families.put(INFO, { ...shared, ...identity }, 1);
  families.put(TASK_CPU_LIMIT, labels, readPositive(task.Limits?.CPU));
  families.put(TASK_MEMORY_LIMIT, labels, readPositive(task.Limits?.Memory));
}

/**
 * The container's CPU time in percent of the host's, between two samples, as the image
 * `ecs-exporter:1.2` of the AWS articles computed it.
 */
export function putCpuPercent(
  families: FamilyList,
  task: TaskMetadata,
  all: TaskStats | undefined,
  shared: SampleLabels,
): void {
  for (const { container, stats } of listOwnContainers(task, all)) {
    const use = computeCpuUse(stats);
    const hostNs = readPositive(use?.hostNs);
    if (use === undefined || hostNs === undefined) continue;
    families.put(
      CPU_PERCENT,
      { ...shared, container: container.Name },
      (use.usedNs / hostNs) * 100,
    );
  }
}
