/**
 * What one pair of requests to the metadata endpoint brought, and the figures that several profiles
 * work out from it in the same way. Pure.
 */
import type {
  ContainerNetwork,
  ContainerStats,
  TaskContainer,
  TaskMetadata,
  TaskStats,
} from '../aws/task-metadata-schema.ts';

export const MIB = 1_048_576;
const NANOSECONDS_PER_SECOND = 1e9;
/**
 * Memory limits and pid limits at or above this are how agents write "none": 2^63 rounded to pages,
 * 2^64 - 1.
 */
const NO_LIMIT = 2 ** 62;
/** The least number of CPU shares: what Fargate reports where a container has none of its own. */
const CPU_SHARES_MIN = 2;
const CPU_UNITS_PER_VCPU = 1_024;

export interface TaskReading {
  /** Whether both answers came. */
  readonly isUp: boolean;
  /**
   * Undefined where the endpoint never gave any; where it fails, what is known of before without
   * what may have changed.
   */
  readonly tasks: readonly TaskMetadata[] | undefined;
  readonly stats: TaskStats | undefined;
  /** When it is told, in ms since 1970. */
  readonly tMs: number;
}

/** A user's container and its statistics. */
export interface OwnContainer {
  readonly container: TaskContainer;
  /** Null where it does not run, and where its figures are not known. */
  readonly stats: ContainerStats | null;
  /** When its figures were sampled, as the agent wrote it. */
  readonly sampledAt: string | undefined;
  /**
   * Whether it runs, or may run as far as is known: limits of one that does not run limit nothing.
   */
  readonly mayRun: boolean;
}

/** The agent's own helper containers (`~internal~ecs~pause`) are no containers of the user. */
function isOwn({ Type }: TaskContainer): boolean {
  return Type === undefined || Type === 'NORMAL';
}

export function ownContainers(task: TaskMetadata, all: TaskStats | undefined): OwnContainer[] {
  return task.Containers.filter(isOwn).map((container) => {
    const stats = all?.[container.DockerId] ?? null;
    const isRunning = hasFigures(stats);
    // Statistics, where there are any, tell which containers run; without them metadata tells which
    // have ended.
    const isUnknown = all === undefined || stats?.read !== undefined;
    return {
      container,
      stats: isRunning ? stats : null,
      sampledAt: stats?.read,
      mayRun: isRunning || (isUnknown && container.KnownStatus !== 'STOPPED'),
    };
  });
}

/** Whether the figures of all that may run are known: a sum without one of them would be no sum. */
export function areAllKnown(containers: readonly OwnContainer[]): boolean {
  return containers.every(({ stats, mayRun }) => stats !== null || !mayRun);
}

/** EC2 agents give `{}` for a stopped container, Fargate gives null. */
export function hasFigures(stats: ContainerStats | null | undefined): boolean {
  return stats?.cpu_stats !== undefined || stats?.memory_stats !== undefined;
}

/** Agents write 0 where there is no limit. */
export function positive(value: number | undefined): number | undefined {
  return value !== undefined && value > 0 ? value : undefined;
}

export function readLimit(value: number | undefined): number | undefined {
  return value !== undefined && value > 0 && value < NO_LIMIT ? value : undefined;
}

export function times(value: number | undefined, by: number): number | undefined {
  return value === undefined ? undefined : value * by;
}

/** Divided, not multiplied by 1e-9, which would end in figures like 0.9324394920000001. */
export function toSeconds(nanoseconds: number | undefined): number | undefined {
  return nanoseconds === undefined ? undefined : nanoseconds / NANOSECONDS_PER_SECOND;
}

/** RFC 3339 with up to nanoseconds; Date keeps milliseconds only, so the fraction is read apart. */
function parseTime(
  time: string | undefined,
): { readonly wholeSeconds: number; readonly fraction: number } | undefined {
  const match = /^(.*:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)$/.exec(time ?? '');
  if (match === null) return undefined;
  // oxlint-disable-next-line no-restricted-globals -- Date.parse reads a text and no clock
  const wholeMs = Date.parse(`${match[1]}${match[3]}`);
  // Go's zero time stands for "never".
  if (Number.isNaN(wholeMs) || wholeMs <= 0) return undefined;
  return { wholeSeconds: wholeMs / 1_000, fraction: Number(match[2] ?? 0) };
}

/** RFC 3339 → seconds since 1970, exact to about 0.2 µs. */
export function parseEpochSeconds(time: string | undefined): number | undefined {
  const parsed = parseTime(time);
  return parsed === undefined ? undefined : parsed.wholeSeconds + parsed.fraction;
}

/**
 * Seconds from one time to another, exact to the nanosecond: the difference of two epochs would
 * have lost that.
 */
export function secondsBetween(
  from: string | undefined,
  to: string | undefined,
): number | undefined {
  const [start, end] = [parseTime(from), parseTime(to)];
  if (start === undefined || end === undefined) return undefined;
  return end.wholeSeconds - start.wholeSeconds + (end.fraction - start.fraction);
}

/** The last part of an ARN: Fargate gives the cluster's ARN where EC2 gives its name. */
export function shortArnName(arn: string | undefined): string {
  return arn?.slice(arn.lastIndexOf('/') + 1) ?? '';
}

/** A figure of memory_stats.stats under its name on cgroup v1 or v2, whichever is there. */
export function memoryDetail(
  stats: ContainerStats | null,
  ...names: readonly string[]
): number | undefined {
  const details = stats?.memory_stats?.stats;
  for (const name of names) {
    const value = details?.[name];
    if (value !== undefined) return value;
  }
  return undefined;
}

/** `cache` on cgroup v1, `file` on v2. */
export function pageCacheBytes(stats: ContainerStats | null): number | undefined {
  return memoryDetail(stats, 'cache', 'file');
}

/**
 * What cannot be given back without harm: usage without inactive files, as docker and the ECS agent
 * count it.
 */
export function workingSetBytes(stats: ContainerStats | null): number | undefined {
  const usage = stats?.memory_stats?.usage;
  const inactive = memoryDetail(stats, 'total_inactive_file', 'inactive_file');
  if (usage === undefined || inactive === undefined) {
    return stats?.memory_stats?.privateworkingset;
  }
  return Math.max(0, usage - inactive);
}

/** The container's memory limit, the task's where it has none of its own; bytes. */
export function memoryLimitBytes(container: TaskContainer, task: TaskMetadata): number | undefined {
  return times(positive(container.Limits?.Memory) ?? positive(task.Limits?.Memory), MIB);
}

/** The CPU that a container was promised, in vCPUs; none where its definition says 0. */
export function cpuSharesVcpus({ Limits }: TaskContainer): number | undefined {
  const units = Limits?.CPU;
  return units === undefined || units <= CPU_SHARES_MIN ? undefined : units / CPU_UNITS_PER_VCPU;
}

/** CPU time between the agent's last two samples of a container. */
export interface CpuUse {
  /** Of the container, in ns. */
  readonly usedNs: number;
  /** Of all CPUs of the host, in ns; absent on Windows. */
  readonly hostNs: number | undefined;
  /** Between the samples, in s. */
  readonly seconds: number;
}

/**
 * Undefined where there are no two samples. Beside its first one the agent writes a sample of
 * zeros, at Go's zero time or at none: what was used since then is an average since the start, not
 * what is in use.
 */
export function cpuUse(stats: ContainerStats | null): CpuUse | undefined {
  const now = stats?.cpu_stats;
  const before = stats?.precpu_stats;
  const total = now?.cpu_usage?.total_usage;
  const totalBefore = positive(before?.cpu_usage?.total_usage);
  const seconds = positive(secondsBetween(stats?.preread, stats?.read));
  if (total === undefined || totalBefore === undefined || seconds === undefined) return undefined;
  if (total < totalBefore) return undefined;
  const host = now?.system_cpu_usage;
  const hostBefore = positive(before?.system_cpu_usage);
  return {
    usedNs: total - totalBefore,
    hostNs: host === undefined || hostBefore === undefined ? undefined : host - hostBefore,
    seconds,
  };
}

/** vCPUs in use between the agent's last two samples. */
export function cpuInUse(stats: ContainerStats | null): number | undefined {
  const use = cpuUse(stats);
  return use === undefined ? undefined : use.usedNs / NANOSECONDS_PER_SECOND / use.seconds;
}

/**
 * CPUs that a container may run on at most: cgroup v1 lists each, Windows has their number
 * elsewhere.
 */
export function cpuCores(stats: ContainerStats | null): number | undefined {
  const cpu = stats?.cpu_stats;
  return (
    positive(cpu?.online_cpus) ??
    positive(cpu?.cpu_usage?.percpu_usage?.length) ??
    positive(stats?.num_procs)
  );
}

export interface Interface {
  readonly name: string;
  /** The container whose interface it is; undefined where the whole task shares it. */
  readonly container: TaskContainer | undefined;
  readonly network: ContainerNetwork;
}

/**
 * In awsvpc mode all containers share the task's interfaces and the agent repeats the same figures
 * in each, so one container's are the task's. In bridge mode each container has interfaces of its
 * own. In host mode there are none.
 */
export function listInterfaces(task: TaskMetadata, stats: TaskStats): Interface[] {
  const rows = new Map<string, Interface>();
  for (const container of task.Containers) {
    const isShared = sharesNetwork(container);
    if (!isShared && !isOwn(container)) continue;
    for (const [name, network] of Object.entries(stats[container.DockerId]?.networks ?? {})) {
      const key = isShared ? name : `${container.DockerId}/${name}`;
      // Each container's figures were read at another moment: of a shared interface the highest are
      // the newest.
      if (sumBytes(network) > sumBytes(rows.get(key)?.network))
        rows.set(key, { name, container: isShared ? undefined : container, network });
    }
  }
  return [...rows.values()];
}

export function sharesNetwork({ Networks }: TaskContainer): boolean {
  const mode = Networks?.[0]?.NetworkMode;
  return mode !== 'bridge' && mode !== 'nat' && mode !== 'default';
}

function sumBytes(network: ContainerNetwork | undefined): number {
  return network === undefined ? -1 : (network.rx_bytes ?? 0) + (network.tx_bytes ?? 0);
}

export interface BlockIo {
  readonly device: string;
  readonly operation: 'read' | 'write';
  readonly value: number;
}

/**
 * Reads and writes by device; cgroup v1 writes `Read`, v2 `read`, and only v1 has `Sync`, `Async`,
 * `Total` too.
 */
export function blockIo(
  stats: ContainerStats | null,
  of: 'io_service_bytes_recursive' | 'io_serviced_recursive',
): BlockIo[] {
  return (stats?.blkio_stats?.[of] ?? []).flatMap(({ major, minor, op, value }) => {
    const operation = op.toLowerCase();
    if (operation !== 'read' && operation !== 'write') return [];
    return [{ device: `${major ?? 0}:${minor ?? 0}`, operation, value }];
  });
}
