/**
 * Task metadata and statistics → metric families, under the names of prometheus-community/ecs_exporter 0.4. Pure.
 * Where that exporter is wrong this one is right; docs/exporter-differences.md lists each difference.
 * Source: https://github.com/prometheus-community/ecs_exporter
 */
import type {
  ContainerNetwork,
  ContainerStats,
  TaskContainer,
  TaskMetadata,
  TaskStats,
} from '../aws/task-metadata.ts';
import type { MetricFamily, MetricSample, MetricType } from '../model/metric-family.ts';

const MIB = 1_048_576;
const NANOSECONDS_PER_SECOND = 1e9;

export interface Reading {
  /** Undefined where the endpoint gave none. */
  readonly task: TaskMetadata | undefined;
  readonly stats: TaskStats | undefined;
}

/** Families without samples are of things that this task has not. */
export function collectFamilies({ task, stats }: Reading): MetricFamily[] {
  const isUp = task !== undefined && stats !== undefined;
  return [
    family(
      'ecs_up',
      'gauge',
      'Whether the task metadata endpoint gave metadata and statistics (1) or not (0).',
      [plain(isUp ? 1 : 0)],
    ),
    ...(task === undefined ? [] : taskFamilies(task)),
    ...(task === undefined ? [] : containerFamilies(task, stats)),
    ...(task === undefined || stats === undefined ? [] : networkFamilies(task, stats)),
  ];
}

function taskFamilies(task: TaskMetadata): MetricFamily[] {
  const storage = task.EphemeralStorageMetrics;
  return [
    family(
      'ecs_task_metadata_info',
      'gauge',
      'ECS task metadata, sourced from the task metadata endpoint version 4.',
      [
        {
          labels: {
            availability_zone: task.AvailabilityZone ?? '',
            cluster: task.Cluster ?? '',
            desired_status: task.DesiredStatus ?? '',
            family: task.Family ?? '',
            known_status: task.KnownStatus ?? '',
            launch_type: task.LaunchType ?? '',
            revision: task.Revision ?? '',
            task_arn: task.TaskARN ?? '',
          },
          value: 1,
        },
      ],
    ),
    optional(
      'ecs_task_cpu_limit_vcpus',
      'Configured task CPU limit in vCPUs (1 vCPU = 1024 CPU units).',
      positive(task.Limits?.CPU),
    ),
    optional(
      'ecs_task_memory_limit_bytes',
      'Configured task memory limit in bytes.',
      times(positive(task.Limits?.Memory), MIB),
    ),
    optional(
      'ecs_task_ephemeral_storage_used_bytes',
      'Ephemeral storage used in bytes; Fargate only.',
      times(storage?.Utilized, MIB),
    ),
    optional(
      'ecs_task_ephemeral_storage_allocated_bytes',
      'Ephemeral storage allocated in bytes; Fargate only.',
      times(storage?.Reserved, MIB),
    ),
    optional(
      'ecs_task_image_pull_start_timestamp_seconds',
      'When the task began to pull its images, in seconds since the epoch.',
      epochSecondsOf(task.PullStartedAt),
    ),
    optional(
      'ecs_task_image_pull_stop_timestamp_seconds',
      'When the task had pulled its images, in seconds since the epoch.',
      epochSecondsOf(task.PullStoppedAt),
    ),
  ];
}

function containerFamilies(task: TaskMetadata, stats: TaskStats | undefined): MetricFamily[] {
  const containers = task.Containers.filter(isOwn);
  const each = (
    read: (container: TaskContainer, own: ContainerStats | null) => number | undefined,
  ): MetricSample[] =>
    containers.flatMap((container) => {
      const value = read(container, stats?.[container.DockerId] ?? null);
      return value === undefined ? [] : [{ labels: { container_name: container.Name }, value }];
    });
  return [
    family(
      'ecs_container_restarts_total',
      'counter',
      'How often the container was restarted; only with a restart policy.',
      each(({ RestartCount }) => RestartCount),
    ),
    family(
      'ecs_container_cpu_usage_seconds_total',
      'counter',
      'Total CPU time that the container used, in seconds.',
      each((_, own) => secondsOf(own?.cpu_stats?.cpu_usage?.total_usage)),
    ),
    family(
      'ecs_container_memory_usage_bytes',
      'gauge',
      'Memory that the container uses in bytes, page cache included.',
      each((_, own) => own?.memory_stats?.usage),
    ),
    family(
      'ecs_container_memory_limit_bytes',
      'gauge',
      "The container's memory limit in bytes; the task's where it has none of its own.",
      each(({ Limits }, own) =>
        // Metadata alone tells the limit; statistics, where there are any, tell which containers run.
        stats !== undefined && own?.memory_stats === undefined
          ? undefined
          : times(positive(Limits?.Memory) ?? positive(task.Limits?.Memory), MIB),
      ),
    ),
    family(
      'ecs_container_memory_page_cache_size_bytes',
      'gauge',
      'Page cache within the memory that the container uses, in bytes.',
      each((_, own) => pageCache(own)),
    ),
  ];
}

/** `cache` on cgroup v1, `file` on v2. */
function pageCache(own: ContainerStats | null): number | undefined {
  const details = own?.memory_stats?.stats;
  const bytes = details?.['cache'] ?? details?.['file'];
  return typeof bytes === 'number' ? bytes : undefined;
}

const NETWORK: readonly (readonly [name: string, help: string, key: keyof ContainerNetwork])[] = [
  ['ecs_network_receive_bytes_total', 'Bytes received.', 'rx_bytes'],
  ['ecs_network_receive_packets_total', 'Packets received.', 'rx_packets'],
  ['ecs_network_receive_packets_dropped_total', 'Packets dropped in receiving.', 'rx_dropped'],
  ['ecs_network_receive_errors_total', 'Errors in receiving.', 'rx_errors'],
  ['ecs_network_transmit_bytes_total', 'Bytes transmitted.', 'tx_bytes'],
  ['ecs_network_transmit_packets_total', 'Packets transmitted.', 'tx_packets'],
  ['ecs_network_transmit_packets_dropped_total', 'Packets dropped in transmitting.', 'tx_dropped'],
  ['ecs_network_transmit_errors_total', 'Errors in transmitting.', 'tx_errors'],
];

/**
 * In awsvpc mode all containers share the task's interfaces and the agent repeats the same figures in each, so one
 * container's are the task's. In bridge mode each container has interfaces of its own, told apart by its name.
 */
function networkFamilies(task: TaskMetadata, stats: TaskStats): MetricFamily[] {
  const rows = new Map<string, { labels: Record<string, string>; network: ContainerNetwork }>();
  for (const container of task.Containers) {
    const isShared = container.Networks?.[0]?.NetworkMode !== 'bridge';
    if (!isShared && !isOwn(container)) continue;
    for (const [name, network] of Object.entries(stats[container.DockerId]?.networks ?? {})) {
      const labels: Record<string, string> = isShared
        ? { interface: name }
        : { container_name: container.Name, interface: name };
      const key = isShared ? name : `${container.DockerId}/${name}`;
      // Each container's figures were read at another moment: of a shared interface the highest are the newest.
      if (bytesOf(network) > bytesOf(rows.get(key)?.network)) rows.set(key, { labels, network });
    }
  }
  return NETWORK.map(([name, help, key]) =>
    family(
      name,
      'counter',
      help,
      [...rows.values()].flatMap(({ labels, network }) =>
        network[key] === undefined ? [] : [{ labels, value: network[key] }],
      ),
    ),
  );
}

function bytesOf(network: ContainerNetwork | undefined): number {
  return network === undefined ? -1 : (network.rx_bytes ?? 0) + (network.tx_bytes ?? 0);
}

/** The agent's own helper containers (`~internal~ecs~pause`) are no containers of the user. */
function isOwn({ Type }: TaskContainer): boolean {
  return Type === undefined || Type === 'NORMAL';
}

function family(
  name: string,
  type: MetricType,
  help: string,
  samples: readonly MetricSample[],
): MetricFamily {
  return { name, type, help, samples };
}

function optional(name: string, help: string, value: number | undefined): MetricFamily {
  return family(name, 'gauge', help, value === undefined ? [] : [plain(value)]);
}

function plain(value: number): MetricSample {
  return { labels: {}, value };
}

/** Agents write 0 where there is no limit. */
function positive(value: number | undefined): number | undefined {
  return value !== undefined && value > 0 ? value : undefined;
}

function times(value: number | undefined, by: number): number | undefined {
  return value === undefined ? undefined : value * by;
}

/** Divided, not multiplied by 1e-9, which would end in figures like 0.9324394920000001. */
function secondsOf(nanoseconds: number | undefined): number | undefined {
  return nanoseconds === undefined ? undefined : nanoseconds / NANOSECONDS_PER_SECOND;
}

/** RFC 3339 with up to nanoseconds → seconds; Date keeps milliseconds only, so the fraction is read apart. */
function epochSecondsOf(time: string | undefined): number | undefined {
  const match = /^(.*:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)$/.exec(time ?? '');
  if (match === null) return undefined;
  const wholeMs = Date.parse(`${match[1]}${match[3]}`);
  return Number.isNaN(wholeMs) ? undefined : wholeMs / 1_000 + Number(match[2] ?? 0);
}
