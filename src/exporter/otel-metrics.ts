/**
 * A reading of the metadata endpoint as OpenTelemetry's awsecscontainermetrics receiver tells it:
 * its names, units and figures, a resource for each container and one for the task. Its figures are
 * kept even where the profile `adot` of the exporter has better ones, so that dashboards and alarms
 * made for the receiver go on working: a task's figures are sums over its containers, shared
 * network interfaces and host figures included; what an agent does not tell is 0. Pure.
 * Source: opentelemetry-collector-contrib 0.156, receiver/awsecscontainermetricsreceiver,
 * internal/awsecscontainermetrics
 */
import type { ContainerStats, TaskContainer, TaskMetadata } from '../aws/task-metadata-schema.ts';
import { type Attributes, describeContainer, describeTask } from './otel-resources.ts';
import { hasFigures, measureSeconds, MIB, type TaskReading } from './reading.ts';

const CPU_UNITS_PER_VCPU = 1_024;
const NANOSECONDS_PER_SECOND = 1e9;

/** A metric with one point. The receiver's sums are cumulative and not monotonic. */
export interface TaskMetric {
  readonly name: string;
  readonly unit: string;
  readonly kind: 'gauge' | 'sum';
  readonly value: number;
}

export interface ObservedResource {
  readonly attributes: Attributes;
  readonly metrics: readonly TaskMetric[];
}

/** Name after the prefix, unit, kind. The figures have the same order and keys. */
const METRICS = [
  ['memory.usage', 'Bytes', 'gauge'],
  ['memory.usage.max', 'Bytes', 'gauge'],
  ['memory.usage.limit', 'Bytes', 'gauge'],
  ['memory.utilized', 'MiB', 'gauge'],
  ['memory.reserved', 'MiB', 'gauge'],
  ['cpu.usage.total', 'Nanoseconds', 'sum'],
  ['cpu.usage.kernelmode', 'Nanoseconds', 'sum'],
  ['cpu.usage.usermode', 'Nanoseconds', 'sum'],
  ['cpu.cores', 'Count', 'gauge'],
  ['cpu.onlines', 'Count', 'gauge'],
  ['cpu.usage.system', 'Nanoseconds', 'sum'],
  ['cpu.utilized', 'None', 'gauge'],
  ['cpu.reserved', 'None', 'gauge'],
  ['cpu.usage.vcpu', 'vCPU', 'gauge'],
  ['network.rate.rx', 'Bytes/Second', 'gauge'],
  ['network.rate.tx', 'Bytes/Second', 'gauge'],
  ['network.io.usage.rx_bytes', 'Bytes', 'sum'],
  ['network.io.usage.rx_packets', 'Count', 'sum'],
  ['network.io.usage.rx_errors', 'Count', 'sum'],
  ['network.io.usage.rx_dropped', 'Count', 'sum'],
  ['network.io.usage.tx_bytes', 'Bytes', 'sum'],
  ['network.io.usage.tx_packets', 'Count', 'sum'],
  ['network.io.usage.tx_errors', 'Count', 'sum'],
  ['network.io.usage.tx_dropped', 'Count', 'sum'],
  ['storage.read_bytes', 'Bytes', 'sum'],
  ['storage.write_bytes', 'Bytes', 'sum'],
] as const;

type Figures = Record<(typeof METRICS)[number][0], number>;

/**
 * The resources of a reading. None where statistics or metadata are not known: figures without
 * them would be 0, and so wrong.
 */
export function observeTasks({ tasks, stats }: TaskReading): ObservedResource[] {
  if (tasks === undefined || stats === undefined) return [];
  return tasks.flatMap((task) => observeTask(task, stats));
}

function observeTask(
  task: TaskMetadata,
  stats: NonNullable<TaskReading['stats']>,
): ObservedResource[] {
  const resources: ObservedResource[] = [];
  const running: Figures[] = [];
  let isWhole = true;
  for (const container of task.Containers) {
    const sample = stats[container.DockerId] ?? null;
    const metrics = observeContainer(container, sample, running);
    // Only a sample whose figures were left out as too old has a time and no figures.
    if (sample !== null && !hasFigures(sample) && sample.read !== undefined) isWhole = false;
    if (metrics.length > 0)
      resources.push({ attributes: describeContainer(container, task), metrics });
  }
  // A sum over some of the containers would look as if the others had stopped.
  if (!isWhole) return resources;
  const { Utilized = 0, Reserved = 0 } = task.EphemeralStorageMetrics ?? {};
  resources.push({
    attributes: describeTask(task),
    metrics: [
      ...listMetrics('ecs.task.', sumUp(running, task)),
      metric('ecs.task.ephemeral_storage.utilized', 'MiB', Utilized),
      metric('ecs.task.ephemeral_storage.reserved', 'MiB', Reserved),
    ],
  });
  return resources;
}

/** @param running  takes the figures of a container that runs */
function observeContainer(
  container: TaskContainer,
  stats: ContainerStats | null,
  running: Figures[],
): TaskMetric[] {
  if (stats !== null && hasFigures(stats)) {
    const figures = readFigures(stats, container);
    running.push(figures);
    return listMetrics('container.', figures);
  }
  const ranNs = measureNanoseconds(container.StartedAt, container.FinishedAt);
  if (ranNs === undefined) return [];
  return [metric('container.duration', 'Seconds', ranNs / NANOSECONDS_PER_SECOND)];
}

function listMetrics(prefix: string, figures: Figures): TaskMetric[] {
  return METRICS.map(([name, unit, kind]) => ({
    name: prefix + name,
    unit,
    kind,
    value: figures[name],
  }));
}

function metric(name: string, unit: string, value: number): TaskMetric {
  return { name, unit, kind: 'gauge', value };
}

function readFigures(stats: ContainerStats, container: TaskContainer): Figures {
  const {
    usage = 0,
    max_usage: max = 0,
    limit = 0,
    stats: details = {},
  } = stats.memory_stats ?? {};
  // cgroup v1 has the page cache under this name; without it all of the usage counts.
  const cache = details['cache'] ?? 0;
  const { CPU: cpuUnits = 0, Memory: memoryMib = 0 } = container.Limits ?? {};
  const inUse = computeVcpus(stats);
  const { rx_bytes_per_sec: rx = 0, tx_bytes_per_sec: tx = 0 } = stats.network_rate_stats ?? {};
  return {
    'memory.usage': usage,
    'memory.usage.max': max,
    'memory.usage.limit': limit,
    'memory.utilized': Math.floor(Math.max(0, usage - cache) / MIB),
    'memory.reserved': memoryMib,
    ...readCpu(stats),
    'cpu.utilized': (inUse * 100) / (cpuUnits > 0 ? cpuUnits : 1),
    'cpu.reserved': cpuUnits,
    'cpu.usage.vcpu': inUse,
    'network.rate.rx': rx,
    'network.rate.tx': tx,
    ...readNetwork(stats),
    'storage.read_bytes': sumBlockIo(stats, 'Read'),
    'storage.write_bytes': sumBlockIo(stats, 'Write'),
  };
}

/** Without figures of both of the agent's samples there are none of the CPU at all. */
function hasCpu({ cpu_stats: now, precpu_stats: before }: ContainerStats): boolean {
  return now?.cpu_usage !== undefined && before?.cpu_usage !== undefined;
}

function readCpu(stats: ContainerStats) {
  const now = hasCpu(stats) ? stats.cpu_stats : undefined;
  return {
    'cpu.usage.total': now?.cpu_usage?.total_usage ?? 0,
    'cpu.usage.kernelmode': now?.cpu_usage?.usage_in_kernelmode ?? 0,
    'cpu.usage.usermode': now?.cpu_usage?.usage_in_usermode ?? 0,
    'cpu.cores': now?.cpu_usage?.percpu_usage?.length ?? 0,
    'cpu.onlines': now?.online_cpus ?? 0,
    'cpu.usage.system': now?.system_cpu_usage ?? 0,
  };
}

/** vCPUs in use between the agent's last two samples; 0 where the counter began anew. */
function computeVcpus(stats: ContainerStats): number {
  if (!hasCpu(stats)) return 0;
  const betweenNs = measureNanoseconds(stats.preread, stats.read) ?? 0;
  const before = stats.precpu_stats?.cpu_usage?.total_usage ?? 0;
  const usedNs = (stats.cpu_stats?.cpu_usage?.total_usage ?? 0) - before;
  return betweenNs > 0 && usedNs > 0 ? usedNs / betweenNs : 0;
}

function readNetwork({ networks }: ContainerStats) {
  const sum = (key: keyof (typeof networks)[string]): number =>
    Object.values(networks).reduce((total, network) => total + (network[key] ?? 0), 0);
  return {
    'network.io.usage.rx_bytes': sum('rx_bytes'),
    'network.io.usage.rx_packets': sum('rx_packets'),
    'network.io.usage.rx_errors': sum('rx_errors'),
    'network.io.usage.rx_dropped': sum('rx_dropped'),
    'network.io.usage.tx_bytes': sum('tx_bytes'),
    'network.io.usage.tx_packets': sum('tx_packets'),
    'network.io.usage.tx_errors': sum('tx_errors'),
    'network.io.usage.tx_dropped': sum('tx_dropped'),
  };
}

/** Only the names of cgroup v1 count: the receiver does not know those of v2. */
function sumBlockIo({ blkio_stats: blocks }: ContainerStats, operation: 'Read' | 'Write'): number {
  return (blocks?.io_service_bytes_recursive ?? [])
    .filter(({ op }) => op === operation)
    .reduce((total, { value }) => total + value, 0);
}

/** The task: sums over the containers that run, and the task's own limits where it has some. */
function sumUp(running: readonly Figures[], { Limits: limits }: TaskMetadata): Figures {
  const sums = Object.fromEntries(METRICS.map(([name]) => [name, 0])) as Figures;
  for (const figures of running) for (const [name] of METRICS) sums[name] += figures[name];
  const cpuUnits =
    limits?.CPU === undefined ? sums['cpu.reserved'] : limits.CPU * CPU_UNITS_PER_VCPU;
  return {
    ...sums,
    'memory.reserved': limits?.Memory ?? sums['memory.reserved'],
    'cpu.reserved': cpuUnits,
    'cpu.utilized': cpuUnits > 0 ? sums['cpu.usage.vcpu'] * CPU_UNITS_PER_VCPU : 0,
  };
}

function measureNanoseconds(from: string | undefined, to: string | undefined): number | undefined {
  const seconds = measureSeconds(from, to);
  return seconds === undefined ? undefined : Math.round(seconds * NANOSECONDS_PER_SECOND);
}
