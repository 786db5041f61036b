/**
 * A reading: what one pair of requests to the metadata endpoint has told. And the figures that
 * several profiles compute from it in the same way. Pure.
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
 * Agents write a limit at or above this when there is none: 2^63 rounded to memory pages, or
 * 2^64 - 1.
 */
const NO_LIMIT = 2 ** 62;
/** The least number of CPU shares, which Fargate reports for a container without a share. */
const CPU_SHARES_MIN = 2;
const CPU_UNITS_PER_VCPU = 1_024;

export interface TaskReading {
  /** Whether both requests were answered. */
  readonly isUp: boolean;
  /**
   * Undefined where the endpoint never gave any. While it fails, the last ones, later without their
   * state.
   */
  readonly tasks: readonly TaskMetadata[] | undefined;
  readonly stats: TaskStats | undefined;
  /** The time of the reading, in ms since 1970. */
  readonly tMs: number;
}

/** A user's container and its statistics. */
export interface OwnContainer {
  readonly container: TaskContainer;
  /** Null where the container does not run, or its figures are not known. */
  readonly stats: ContainerStats | null;
  /** When its figures were sampled, as the agent wrote it. */
  readonly sampledAt: string | undefined;
  /** Whether it runs, or may run as far as is known. Only then do its limits count. */
  readonly mayRun: boolean;
}

/** Whether it is the user's. The agent adds its own containers, such as `~internal~ecs~pause`. */
function isOwn({ Type }: TaskContainer): boolean {
  return Type === undefined || Type === 'NORMAL';
}

export function listOwnContainers(task: TaskMetadata, all: TaskStats | undefined): OwnContainer[] {
  return task.Containers.filter(isOwn).map((container) => {
    const stats = all?.[container.DockerId] ?? null;
    const isRunning = hasFigures(stats);
    // Statistics show which containers run. Where there are none, metadata show which have stopped;
    // one that runs may have none yet, or its agent failed to read them.
    const isUnknown =
      all === undefined || stats?.read !== undefined || container.KnownStatus === 'RUNNING';
    return {
      container,
      stats: isRunning ? stats : null,
      sampledAt: stats?.read,
      mayRun: isRunning || (isUnknown && container.KnownStatus !== 'STOPPED'),
    };
  });
}

/** Whether the figures of all containers that may run are known; else a sum would be too small. */
export function areAllKnown(containers: readonly OwnContainer[]): boolean {
  return containers.every(({ stats, mayRun }) => stats !== null || !mayRun);
}

/** EC2 agents give `{}` for a stopped container, Fargate gives null. */
export function hasFigures(stats: ContainerStats | null | undefined): boolean {
  return stats?.cpu_stats !== undefined || stats?.memory_stats !== undefined;
}

/** Agents write 0 where there is no limit. */
export function readPositive(value: number | undefined): number | undefined {
  return value !== undefined && value > 0 ? value : undefined;
}

export function readLimit(value: number | undefined): number | undefined {
  return value !== undefined && value > 0 && value < NO_LIMIT ? value : undefined;
}

export function multiply(value: number | undefined, by: number): number | undefined {
  return value === undefined ? undefined : value * by;
}

/** Divides; a multiplication by 1e-9 would give figures like 0.9324394920000001. */
export function toSeconds(nanoseconds: number | undefined): number | undefined {
  return nanoseconds === undefined ? undefined : nanoseconds / NANOSECONDS_PER_SECOND;
}

/** Parses RFC 3339. `Date` keeps only milliseconds, so the fraction is parsed separately. */
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
 * Seconds from one time to another, exact to the nanosecond. A difference of two numbers of seconds
 * since 1970 would not be.
 */
export function measureSeconds(
  from: string | undefined,
  to: string | undefined,
): number | undefined {
  const [start, end] = [parseTime(from), parseTime(to)];
  if (start === undefined || end === undefined) return undefined;
  return end.wholeSeconds - start.wholeSeconds + (end.fraction - start.fraction);
}

/** The last part of an ARN: Fargate gives the cluster's ARN where EC2 gives its name. */
export function shortenArn(arn: string | undefined): string {
  return arn?.slice(arn.lastIndexOf('/') + 1) ?? '';
}

/** The first figure of memory_stats.stats among these names, which differ by cgroup version. */
export function readMemoryDetail(
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

/** The page cache in bytes: `cache` on cgroup v1, `file` on v2. */
export function readPageCacheBytes(stats: ContainerStats | null): number | undefined {
  return readMemoryDetail(stats, 'cache', 'file');
}

/**
 * The memory that the kernel cannot reclaim without harm: usage without inactive files, as docker
 * and the ECS agent count it.
 */
export function computeWorkingSetBytes(stats: ContainerStats | null): number | undefined {
  const usage = stats?.memory_stats?.usage;
  const inactive = readMemoryDetail(stats, 'total_inactive_file', 'inactive_file');
  if (usage === undefined || inactive === undefined) {
    return stats?.memory_stats?.privateworkingset;
  }
  return Math.max(0, usage - inactive);
}

/** The container's memory limit in bytes, or the task's where the container has none. */
export function readMemoryLimitBytes(
  container: TaskContainer,
  task: TaskMetadata,
): number | undefined {
  return multiply(readPositive(container.Limits?.Memory) ?? readPositive(task.Limits?.Memory), MIB);
}

/** The CPU that is reserved for a container, in vCPUs; undefined where its definition says 0. */
export function readCpuSharesVcpus({ Limits }: TaskContainer): number | undefined {
  const units = Limits?.CPU;
  return units === undefined || units <= CPU_SHARES_MIN ? undefined : units / CPU_UNITS_PER_VCPU;
}

/** CPU time between the agent's last two samples of a container. */
export interface CpuUse {
  /** CPU time of the container, in ns. */
  readonly usedNs: number;
  /** CPU time of all CPUs of the host, in ns; absent on Windows. */
  readonly hostNs: number | undefined;
  /** Time between the samples, in s. */
  readonly seconds: number;
}

/**
 * Undefined where there are no two samples. Together with its first sample the agent writes one of
 * zeros, with Go's zero time or none; the use since then would be an average since the start.
 */
export function computeCpuUse(stats: ContainerStats | null): CpuUse | undefined {
  const now = stats?.cpu_stats;
  const before = stats?.precpu_stats;
  const total = now?.cpu_usage?.total_usage;
  const totalBefore = readPositive(before?.cpu_usage?.total_usage);
  const seconds = readPositive(measureSeconds(stats?.preread, stats?.read));
  if (total === undefined || totalBefore === undefined || seconds === undefined) return undefined;
  if (total < totalBefore) return undefined;
  const host = now?.system_cpu_usage;
  const hostBefore = readPositive(before?.system_cpu_usage);
  return {
    usedNs: total - totalBefore,
    hostNs: host === undefined || hostBefore === undefined ? undefined : host - hostBefore,
    seconds,
  };
}

/** vCPUs in use between the agent's last two samples. */
export function computeCpuInUse(stats: ContainerStats | null): number | undefined {
  const use = computeCpuUse(stats);
  return use === undefined ? undefined : use.usedNs / NANOSECONDS_PER_SECOND / use.seconds;
}

/**
 * How many CPUs a container may run on: the number itself, else the length of cgroup v1's list,
 * else the number that Windows gives.
 */
export function countCpus(stats: ContainerStats | null): number | undefined {
  const cpu = stats?.cpu_stats;
  return (
    readPositive(cpu?.online_cpus) ??
    readPositive(cpu?.cpu_usage?.percpu_usage?.length) ??
    readPositive(stats?.num_procs)
  );
}

export interface Interface {
  readonly name: string;
  /** The container whose interface it is; undefined where the whole task shares it. */
  readonly container: TaskContainer | undefined;
  readonly network: ContainerNetwork;
}

/**
 * The network interfaces of a task. In awsvpc mode all containers share the task's interfaces, and
 * the agent repeats their figures in each container, so they are listed once. In bridge mode each
 * container has its own interfaces. In host mode there are none.
 */
export function listInterfaces(task: TaskMetadata, stats: TaskStats): Interface[] {
  const rows = new Map<string, Interface>();
  for (const container of task.Containers) {
    const isShared = sharesNetwork(container);
    if (!isShared && !isOwn(container)) continue;
    for (const [name, network] of Object.entries(stats[container.DockerId]?.networks ?? {})) {
      const key = isShared ? name : `${container.DockerId}/${name}`;
      // The agent reads containers at different moments; for a shared interface the highest figures
      // are the newest.
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
 * Reads and writes by device. cgroup v1 calls them `Read` and `Write`, v2 `read` and `write`; v1
 * has `Sync`, `Async` and `Total` too, which are left out.
 */
export function listBlockIo(
  stats: ContainerStats | null,
  figure: 'io_service_bytes_recursive' | 'io_serviced_recursive',
): BlockIo[] {
  return (stats?.blkio_stats?.[figure] ?? []).flatMap(({ major, minor, op, value }) => {
    const operation = op.toLowerCase();
    if (operation !== 'read' && operation !== 'write') return [];
    return [{ device: `${major ?? 0}:${minor ?? 0}`, operation, value }];
  });
}
