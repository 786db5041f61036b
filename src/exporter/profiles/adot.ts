/**
 * The profile `adot`: the names of OpenTelemetry's awsecscontainermetrics receiver as they arrive
 * in Prometheus, dots as underscores, of containers (`container_…`) and of the task (`ecs_task_…`),
 * with the resource attributes that tell them apart as labels (adot-labels.ts). Where the receiver
 * is wrong this is right (docs/exporter-differences.md). Not here: unit suffixes, which an exporter
 * with `add_metric_suffixes` adds; ask for them with `adot_units`.
 * Source: opentelemetry-collector-contrib 0.156 (ADOT 0.49),
 * receiver/awsecscontainermetricsreceiver; of the suffixes prometheus/otlptranslator,
 * metric_namer.go: a unit that it does not know is appended as it is, `/` as `_per_`
 */
import type {
  ContainerNetwork,
  ContainerStats,
  TaskMetadata,
  TaskStats,
} from '../../aws/task-metadata-schema.ts';
import { gauge, type FamilyList, type SampleLabels } from '../family-list.ts';
import {
  areAllKnown,
  blockIo,
  cpuCores,
  cpuInUse,
  cpuSharesVcpus,
  listInterfaces,
  readLimit,
  MIB,
  type OwnContainer,
  ownContainers,
  pageCacheBytes,
  positive,
  secondsBetween,
  sharesNetwork,
  times,
} from '../reading.ts';
import { adotContainerLabels, adotTaskLabels } from './adot-labels.ts';

const CPU_UNITS_PER_VCPU = 1_024;

type Read = (stats: ContainerStats) => number | undefined;
type Row = readonly [name: string, unit: string, help: string, read: Read];

/** What is a container's own, and of the task the sum over its containers. */
const SUMMED: readonly Row[] = [
  ['memory_usage', 'Bytes', 'Memory in use.', (stats) => stats.memory_stats?.usage],
  ['memory_usage_max', 'Bytes', 'Highest memory usage.', (stats) => stats.memory_stats?.max_usage],
  ['memory_usage_limit', 'Bytes', 'Memory limit.', (stats) => readLimit(stats.memory_stats?.limit)],
  ['memory_utilized', 'MiB', 'Memory in use without page cache.', memoryUtilized],
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
    (stats) => positive(stats.cpu_stats?.cpu_usage?.percpu_usage?.length) ?? cpuCores(stats),
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
  page: FamilyList,
  task: TaskMetadata,
  all: TaskStats | undefined,
  shared: SampleLabels,
): void {
  const containers = ownContainers(task, all);
  const identity = { ...shared, ...adotTaskLabels(task) };
  const into =
    (prefix: string, labels: SampleLabels): Put =>
    (name, unit, help, value) => {
      const suffix = withUnits ? `_${unit.replace('/', '_per_')}` : '';
      const inUnit = unit === 'None' ? '' : ` (${unit})`;
      page.put(gauge(`${prefix}_${name}${suffix}`, `${help}${inUnit}`), labels, value);
    };
  for (const own of containers) {
    const labels = { ...identity, ...adotContainerLabels(own.container) };
    putContainer(into('container', labels), task, own);
  }
  const put = into('ecs_task', identity);
  putTask(put, task, containers);
  if (all !== undefined && areAllKnown(containers)) putTaskNetwork(put, task, all, containers);
}

function putContainer(
  put: Put,
  task: TaskMetadata,
  { container, stats, mayRun }: OwnContainer,
): void {
  if (!mayRun) {
    const ran = secondsBetween(container.StartedAt, container.FinishedAt);
    put('duration', 'Seconds', 'How long the container ran.', ran);
    return;
  }
  const { Limits: limits } = container;
  put('memory_reserved', 'MiB', 'Memory limit of the definition.', limits?.Memory);
  put('cpu_reserved', 'None', 'CPU of the definition, in CPU units.', limits?.CPU);
  if (stats === null) return;
  for (const [name, unit, help, read] of [...SUMMED, ...OF_HOST])
    put(name, unit, help, read(stats));
  const reserved = cpuSharesVcpus(container) ?? positive(task.Limits?.CPU) ?? 1;
  put(
    'cpu_utilized',
    'None',
    "CPU in use, in percent of the container's own share; without one, of the task's limit; " +
      'without either, of one CPU.',
    times(cpuInUse(stats), 100 / reserved),
  );
  for (const [key, unit, help] of NETWORK) {
    const values = Object.values(stats.networks).flatMap((network) => network[key] ?? []);
    put(`network_io_usage_${key}`, unit, help, total(values));
  }
  const rates = stats.network_rate_stats;
  put('network_rate_rx', 'Bytes/Second', 'Receive rate.', rates?.rx_bytes_per_sec);
  put('network_rate_tx', 'Bytes/Second', 'Transmit rate.', rates?.tx_bytes_per_sec);
}

/** Containers that have stopped count for nothing. */
function putTask(put: Put, task: TaskMetadata, containers: readonly OwnContainer[]): void {
  const running = areAllKnown(containers) ? containers.flatMap(({ stats }) => stats ?? []) : [];
  for (const [name, unit, help, read] of SUMMED)
    put(name, unit, help, total(running.flatMap((stats) => read(stats) ?? [])));
  for (const [name, unit, help, read] of OF_HOST) {
    const values = running.flatMap((stats) => read(stats) ?? []);
    put(name, unit, help, values.length === 0 ? undefined : Math.max(...values));
  }
  const limits = containers.flatMap(({ container, mayRun }) =>
    mayRun ? (container.Limits ?? []) : [],
  );
  const memory = positive(task.Limits?.Memory) ?? total(limits.flatMap((one) => one.Memory ?? []));
  put('memory_reserved', 'MiB', 'Memory limit of the definition.', memory);
  const units =
    times(positive(task.Limits?.CPU), CPU_UNITS_PER_VCPU) ??
    total(limits.flatMap((one) => one.CPU ?? []));
  put('cpu_reserved', 'None', 'CPU of the definition, in CPU units.', units);
  const inUse = total(running.flatMap((stats) => cpuInUse(stats) ?? []));
  put('cpu_utilized', 'None', 'CPU in use, in CPU units.', times(inUse, CPU_UNITS_PER_VCPU));
  const storage = task.EphemeralStorageMetrics;
  put('ephemeral_storage_utilized', 'MiB', 'Ephemeral storage in use.', storage?.Utilized);
  put('ephemeral_storage_reserved', 'MiB', 'Ephemeral storage.', storage?.Reserved);
}

/** Interfaces that the containers share are counted once. */
function putTaskNetwork(
  put: Put,
  task: TaskMetadata,
  all: TaskStats,
  containers: readonly OwnContainer[],
): void {
  const interfaces = listInterfaces(task, all);
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
