/**
 * The profile `adot`: the names of OpenTelemetry's awsecscontainermetrics receiver as they arrive
 * in Prometheus, with underscores for dots, for containers (`container_…`) and the task
 * (`ecs_task_…`). The resource attributes are labels (adot-labels.ts). Figures that the receiver
 * gets wrong are right here (docs/exporter-differences.md). The profile `adot_units` also has the
 * unit suffixes that an exporter with `add_metric_suffixes` adds.
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
  listBlockIo,
  countCpus,
  computeCpuInUse,
  readCpuSharesVcpus,
  listInterfaces,
  readLimit,
  MIB,
  type OwnContainer,
  listOwnContainers,
  readPageCacheBytes,
  readPositive,
  measureSeconds,
  sharesNetwork,
  multiply,
} from '../reading.ts';
import { makeAdotContainerLabels, makeAdotTaskLabels } from './adot-labels.ts';

const CPU_UNITS_PER_VCPU = 1_024;

type Read = (stats: ContainerStats) => number | undefined;
type Row = readonly [name: string, unit: string, help: string, read: Read];

/** Figures of a container; the task's figure is the sum over its containers. */
const SUMMED: readonly Row[] = [
  ['memory_usage', 'Bytes', 'Memory in use.', (stats) => stats.memory_stats?.usage],
  ['memory_usage_max', 'Bytes', 'Highest memory usage.', (stats) => stats.memory_stats?.max_usage],
  ['memory_usage_limit', 'Bytes', 'Memory limit.', (stats) => readLimit(stats.memory_stats?.limit)],
  ['memory_utilized', 'MiB', 'Memory in use without page cache.', computeMemoryUtilized],
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
  ['cpu_usage_vcpu', 'vCPU', 'vCPUs in use.', computeCpuInUse],
  [
    'storage_read_bytes',
    'Bytes',
    'Bytes read from block devices.',
    (stats) => sumBlockIo(stats, 'read'),
  ],
  [
    'storage_write_bytes',
    'Bytes',
    'Bytes written to block devices.',
    (stats) => sumBlockIo(stats, 'write'),
  ],
];

/** Figures of the host; the task has the same figure as each container, not their sum. */
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
    (stats) => readPositive(stats.cpu_stats?.cpu_usage?.percpu_usage?.length) ?? countCpus(stats),
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
  families: FamilyList,
  task: TaskMetadata,
  all: TaskStats | undefined,
  shared: SampleLabels,
): void {
  const containers = listOwnContainers(task, all);
  const identity = { ...shared, ...makeAdotTaskLabels(task) };
  const into =
    (prefix: string, labels: SampleLabels): Put =>
    (name, unit, help, value) => {
      const suffix = withUnits ? `_${unit.replace('/', '_per_')}` : '';
      const inUnit = unit === 'None' ? '' : ` (${unit})`;
      families.put(gauge(`${prefix}_${name}${suffix}`, `${help}${inUnit}`), labels, value);
    };
  for (const own of containers) {
    const labels = { ...identity, ...makeAdotContainerLabels(own.container) };
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
    const ran = measureSeconds(container.StartedAt, container.FinishedAt);
    put('duration', 'Seconds', 'How long the container ran.', ran);
    return;
  }
  const { Limits: limits } = container;
  put('memory_reserved', 'MiB', 'Memory limit of the definition.', limits?.Memory);
  put('cpu_reserved', 'None', 'CPU of the definition, in CPU units.', limits?.CPU);
  if (stats === null) return;
  for (const [name, unit, help, read] of [...SUMMED, ...OF_HOST])
    put(name, unit, help, read(stats));
  const reserved = readCpuSharesVcpus(container) ?? readPositive(task.Limits?.CPU) ?? 1;
  put(
    'cpu_utilized',
    'None',
    "CPU in use, in percent of the container's own share; without one, of the task's limit; " +
      'without either, of one CPU.',
    multiply(computeCpuInUse(stats), 100 / reserved),
  );
  for (const [key, unit, help] of NETWORK) {
    const values = Object.values(stats.networks).flatMap((network) => network[key] ?? []);
    put(`network_io_usage_${key}`, unit, help, sumUp(values));
  }
  const rates = stats.network_rate_stats;
  put('network_rate_rx', 'Bytes/Second', 'Receive rate.', rates?.rx_bytes_per_sec);
  put('network_rate_tx', 'Bytes/Second', 'Transmit rate.', rates?.tx_bytes_per_sec);
}

/** The figures of the task. Containers that have stopped are not counted. */
function putTask(put: Put, task: TaskMetadata, containers: readonly OwnContainer[]): void {
  const running = areAllKnown(containers) ? containers.flatMap(({ stats }) => stats ?? []) : [];
  for (const [name, unit, help, read] of SUMMED)
    put(name, unit, help, sumUp(running.flatMap((stats) => read(stats) ?? [])));
  for (const [name, unit, help, read] of OF_HOST) {
    const values = running.flatMap((stats) => read(stats) ?? []);
    put(name, unit, help, values.length === 0 ? undefined : Math.max(...values));
  }
  const limits = containers.flatMap(({ container, mayRun }) =>
    mayRun ? (container.Limits ?? []) : [],
  );
  const memory =
    readPositive(task.Limits?.Memory) ?? sumUp(limits.flatMap((limit) => limit.Memory ?? []));
  put('memory_reserved', 'MiB', 'Memory limit of the definition.', memory);
  const units =
    multiply(readPositive(task.Limits?.CPU), CPU_UNITS_PER_VCPU) ??
    sumUp(limits.flatMap((limit) => limit.CPU ?? []));
  put('cpu_reserved', 'None', 'CPU of the definition, in CPU units.', units);
  const inUse = sumUp(running.flatMap((stats) => computeCpuInUse(stats) ?? []));
  put('cpu_utilized', 'None', 'CPU in use, in CPU units.', multiply(inUse, CPU_UNITS_PER_VCPU));
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
      sumUp(interfaces.flatMap(({ network }) => network[key] ?? [])),
    );
  const isShared = containers.some(({ container }) => sharesNetwork(container));
  const rates = containers.flatMap(({ stats }) => stats?.network_rate_stats ?? []);
  const counted = isShared ? rates.slice(0, 1) : rates;
  const rx = counted.flatMap((rate) => rate.rx_bytes_per_sec ?? []);
  const tx = counted.flatMap((rate) => rate.tx_bytes_per_sec ?? []);
  put('network_rate_rx', 'Bytes/Second', 'Receive rate.', sumUp(rx));
  put('network_rate_tx', 'Bytes/Second', 'Transmit rate.', sumUp(tx));
}

function sumUp(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0);
}

function computeMemoryUtilized(stats: ContainerStats): number | undefined {
  const usage = stats.memory_stats?.usage;
  return usage === undefined
    ? undefined
    : Math.floor(Math.max(0, usage - (readPageCacheBytes(stats) ?? 0)) / MIB);
}

function sumBlockIo(stats: ContainerStats, operation: 'read' | 'write'): number | undefined {
  const all = listBlockIo(stats, 'io_service_bytes_recursive');
  return sumUp(all.flatMap((one) => (one.operation === operation ? one.value : [])));
}
