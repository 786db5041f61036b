/**
 * The profile `adot`: the names of OpenTelemetry's awsecscontainermetrics receiver as they arrive in Prometheus, dots
 * as underscores, of containers (`container_…`) and of the task (`ecs_task_…`), with the resource attributes that tell
 * them apart as labels. Where the receiver is wrong this is right (docs/exporter-differences.md).
 * Not here: unit suffixes, which collectors from 2023 on may add (`_Bytes`); ask for them with `adot_units`.
 * Source: opentelemetry-collector-contrib, receiver/awsecscontainermetricsreceiver
 */
import type {
  ContainerNetwork,
  ContainerStats,
  TaskContainer,
  TaskMetadata,
  TaskStats,
} from '../../aws/task-metadata-schema.ts';
import { gauge, type Page, type SampleLabels } from '../page.ts';
import {
  blockIo,
  cpuInUse,
  epochSecondsOf,
  interfacesOf,
  MIB,
  type OwnContainer,
  ownContainers,
  pageCacheBytes,
  positive,
  sharesNetwork,
  shortName,
  times,
} from '../reading.ts';

const CPU_UNITS_PER_VCPU = 1_024;

type Read = (stats: ContainerStats) => number | undefined;
type Row = readonly [name: string, unit: string, help: string, read: Read];

/** What is a container's own, and of the task the sum over its containers. */
const SUMMED: readonly Row[] = [
  ['memory_usage', 'Bytes', 'Memory in use.', (stats) => stats.memory_stats?.usage],
  ['memory_usage_max', 'Bytes', 'Highest memory usage.', (stats) => stats.memory_stats?.max_usage],
  ['memory_usage_limit', 'Bytes', 'Memory limit.', (stats) => stats.memory_stats?.limit],
  ['memory_utilized', 'Megabytes', 'Memory in use without page cache.', memoryUtilized],
  [
    'cpu_usage_total',
    'Nanoseconds',
    'CPU time.',
    (stats) => stats.cpu_stats?.cpu_usage?.total_usage,
  ],
  [
    'cpu_usage_kernelmode',
    'Nanoseconds',
    'CPU time in kernel mode.',
    (stats) => stats.cpu_stats?.cpu_usage?.usage_in_kernelmode,
  ],
  [
    'cpu_usage_usermode',
    'Nanoseconds',
    'CPU time in user mode.',
    (stats) => stats.cpu_stats?.cpu_usage?.usage_in_usermode,
  ],
  ['cpu_usage_vcpu', 'vCPU', 'vCPUs in use.', cpuInUse],
  ['storage_read_bytes', 'Bytes', 'Bytes read from block devices.', (stats) => io(stats, 'read')],
  [
    'storage_write_bytes',
    'Bytes',
    'Bytes written to block devices.',
    (stats) => io(stats, 'write'),
  ],
];

/** What is the host's: of the task the same as of each container, not their sum. */
const OF_HOST: readonly Row[] = [
  [
    'cpu_usage_system',
    'Nanoseconds',
    'CPU time of the host.',
    (stats) => stats.cpu_stats?.system_cpu_usage,
  ],
  [
    'cpu_cores',
    'Count',
    'CPUs of the host.',
    (stats) => stats.cpu_stats?.cpu_usage?.percpu_usage?.length ?? stats.cpu_stats?.online_cpus,
  ],
  [
    'cpu_onlines',
    'Count',
    'CPUs of the host that are on.',
    (stats) => stats.cpu_stats?.online_cpus,
  ],
];

const NETWORK: readonly (readonly [key: keyof ContainerNetwork, unit: string, help: string])[] = [
  ['rx_bytes', 'Bytes', 'Bytes received.'],
  ['rx_packets', 'Count', 'Packets received.'],
  ['rx_errors', 'Count', 'Errors in receiving.'],
  ['rx_dropped', 'Count', 'Packets dropped in receiving.'],
  ['tx_bytes', 'Bytes', 'Bytes transmitted.'],
  ['tx_packets', 'Count', 'Packets transmitted.'],
  ['tx_errors', 'Count', 'Errors in transmitting.'],
  ['tx_dropped', 'Count', 'Packets dropped in transmitting.'],
];

type Put = (name: string, unit: string, help: string, value: number | undefined) => void;

export function putAdot(
  withUnits: boolean,
  page: Page,
  task: TaskMetadata,
  all: TaskStats | undefined,
  shared: SampleLabels,
): void {
  const containers = ownContainers(task, all);
  const identity = { ...shared, ...taskLabels(task) };
  const into =
    (prefix: string, labels: SampleLabels): Put =>
    (name, unit, help, value) => {
      const suffix = withUnits ? `_${unit.replace('/', '_per_')}` : '';
      page.put(gauge(`${prefix}_${name}${suffix}`, `${help} (${unit})`), labels, value);
    };
  for (const own of containers) {
    putContainer(into('container', { ...identity, ...containerLabels(own.container) }), own);
  }
  if (all === undefined) return;
  const put = into('ecs_task', identity);
  putTask(put, task, containers);
  putTaskNetwork(put, task, all, containers);
}

function putContainer(put: Put, { container, stats }: OwnContainer): void {
  if (stats === null) {
    const from = epochSecondsOf(container.StartedAt);
    const to = epochSecondsOf(container.FinishedAt);
    if (from !== undefined && to !== undefined)
      put('duration', 'Seconds', 'How long the container ran.', to - from);
    return;
  }
  for (const [name, unit, help, read] of [...SUMMED, ...OF_HOST])
    put(name, unit, help, read(stats));
  put('memory_reserved', 'Megabytes', 'Memory limit of the definition.', container.Limits?.Memory);
  const units = container.Limits?.CPU;
  put('cpu_reserved', 'vCPU', 'CPU of the definition, in CPU units.', units);
  const inUse = cpuInUse(stats);
  // In percent of what was reserved, or of one CPU where nothing was.
  const reserved = (positive(units) ?? CPU_UNITS_PER_VCPU) / CPU_UNITS_PER_VCPU;
  put('cpu_utilized', 'Percent', 'CPU in use.', times(inUse, 100 / reserved));
  for (const [key, unit, help] of NETWORK) {
    const values = Object.values(stats.networks).flatMap((network) => network[key] ?? []);
    put(`network_io_usage_${key}`, unit, help, total(values));
  }
  const rates = stats.network_rate_stats;
  put('network_rate_rx', 'Bytes/Second', 'Receive rate.', rates?.rx_bytes_per_sec);
  put('network_rate_tx', 'Bytes/Second', 'Transmit rate.', rates?.tx_bytes_per_sec);
}

function putTask(put: Put, task: TaskMetadata, containers: readonly OwnContainer[]): void {
  const running = containers.flatMap(({ stats }) => stats ?? []);
  for (const [name, unit, help, read] of SUMMED)
    put(name, unit, help, total(running.flatMap((stats) => read(stats) ?? [])));
  for (const [name, unit, help, read] of OF_HOST) {
    const values = running.flatMap((stats) => read(stats) ?? []);
    put(name, unit, help, values.length === 0 ? undefined : Math.max(...values));
  }
  const limits = containers.map(({ container }) => container.Limits);
  const memory = positive(task.Limits?.Memory) ?? total(limits.flatMap((one) => one?.Memory ?? []));
  put('memory_reserved', 'Megabytes', 'Memory limit of the definition.', memory);
  const units =
    times(positive(task.Limits?.CPU), CPU_UNITS_PER_VCPU) ??
    total(limits.flatMap((one) => one?.CPU ?? []));
  put('cpu_reserved', 'vCPU', 'CPU of the definition, in CPU units.', units);
  const inUse = total(running.flatMap((stats) => cpuInUse(stats) ?? []));
  // In CPU units, though the receiver says percent.
  put('cpu_utilized', 'Percent', 'CPU in use, in CPU units.', times(inUse, CPU_UNITS_PER_VCPU));
  const storage = task.EphemeralStorageMetrics;
  put('ephemeral_storage_utilized', 'Megabytes', 'Ephemeral storage in use.', storage?.Utilized);
  put('ephemeral_storage_reserved', 'Megabytes', 'Ephemeral storage.', storage?.Reserved);
}

/** Interfaces that the containers share are counted once. */
function putTaskNetwork(
  put: Put,
  task: TaskMetadata,
  all: TaskStats,
  containers: readonly OwnContainer[],
): void {
  const interfaces = interfacesOf(task, all);
  for (const [key, unit, help] of NETWORK)
    put(
      `network_io_usage_${key}`,
      unit,
      help,
      total(interfaces.flatMap(({ network }) => network[key] ?? [])),
    );
  const isShared = containers.some(({ container }) => sharesNetwork(container));
  const rates = containers.flatMap(({ stats }) => stats?.network_rate_stats ?? []);
  const counted = isShared ? rates.slice(0, 1) : rates;
  const rx = counted.flatMap((one) => one.rx_bytes_per_sec ?? []);
  const tx = counted.flatMap((one) => one.tx_bytes_per_sec ?? []);
  put('network_rate_rx', 'Bytes/Second', 'Receive rate.', total(rx));
  put('network_rate_tx', 'Bytes/Second', 'Transmit rate.', total(tx));
}

function total(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0);
}

function memoryUtilized(stats: ContainerStats): number | undefined {
  const usage = stats.memory_stats?.usage;
  return usage === undefined
    ? undefined
    : Math.floor(Math.max(0, usage - (pageCacheBytes(stats) ?? 0)) / MIB);
}

function io(stats: ContainerStats, operation: 'read' | 'write'): number | undefined {
  const all = blockIo(stats, 'io_service_bytes_recursive');
  return total(all.flatMap((one) => (one.operation === operation ? one.value : [])));
}

function taskLabels(task: TaskMetadata): SampleLabels {
  const [, , , region = '', account = ''] = (task.TaskARN ?? '').split(':');
  return {
    aws_ecs_cluster_name: shortName(task.Cluster),
    aws_ecs_service_name: task.ServiceName ?? '',
    aws_ecs_task_arn: task.TaskARN ?? '',
    aws_ecs_task_family: task.Family ?? '',
    aws_ecs_task_id: shortName(task.TaskARN),
    aws_ecs_task_launch_type: task.LaunchType ?? '',
    aws_ecs_task_version: task.Revision ?? '',
    cloud_account_id: account,
    cloud_availability_zone: task.AvailabilityZone ?? '',
    cloud_region: region,
  };
}

function containerLabels(container: TaskContainer): SampleLabels {
  const image = container.Image ?? '';
  const colon = image.lastIndexOf(':');
  const hasTag = colon > image.lastIndexOf('/');
  return {
    aws_ecs_container_know_status: container.KnownStatus ?? '',
    container_id: container.DockerId,
    container_image_name: image,
    container_image_tag: image === '' ? '' : hasTag ? image.slice(colon + 1) : 'latest',
    container_name: container.Name,
  };
}
