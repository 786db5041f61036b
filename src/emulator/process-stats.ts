/**
 * Docker's statistics of a real local process, read from /proc. On other systems than Linux, and
 * for a process that has ended, there are none; callers answer null, as the agent does for a
 * container that does not run. Processes on one host share its network interfaces, so `networks`
 * shows the host's traffic as that of the task's `eth1`. What a process has of the page cache are
 * the files that it maps, which are in use: none of it counts as inactive.
 * Source: https://docs.docker.com/reference/api/engine/ (ContainerStats), proc(5)
 */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { Moment } from '../kernel/clock.ts';

/** USER_HZ is 100 on every Linux that runs containers. */
const NANOSECONDS_PER_TICK = 1e7;

export interface ProcessReading {
  readonly at: Moment;
  readonly userNs: number;
  readonly kernelNs: number;
  readonly systemNs: number;
  readonly memoryBytes: number;
  readonly memoryMaxBytes: number;
  readonly anonBytes: number;
  readonly fileBytes: number;
  readonly threads: number;
  readonly readBytes: number;
  readonly writtenBytes: number;
  readonly network: Readonly<Record<NetworkKey, number>>;
}

const NETWORK_COLUMNS = {
  rx_bytes: 0, rx_packets: 1, rx_errors: 2, rx_dropped: 3, tx_bytes: 8, tx_packets: 9, tx_errors: 10, tx_dropped: 11,
} as const; // prettier-ignore
type NetworkKey = keyof typeof NETWORK_COLUMNS;

export function readProcess(pid: number, at: Moment): ProcessReading | undefined {
  try {
    // The name in parentheses may hold spaces: fields are counted from the last parenthesis.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const kilobytes = (key: string): number =>
      Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0) * 1_024;
    const system =
      readFileSync('/proc/stat', 'utf8').split('\n')[0]?.trim().split(/\s+/).slice(1, 9) ?? [];
    return {
      at,
      userNs: Number(fields[11]) * NANOSECONDS_PER_TICK,
      kernelNs: Number(fields[12]) * NANOSECONDS_PER_TICK,
      systemNs: system.reduce((sum, ticks) => sum + Number(ticks), 0) * NANOSECONDS_PER_TICK,
      memoryBytes: kilobytes('VmRSS'),
      memoryMaxBytes: kilobytes('VmHWM'),
      anonBytes: kilobytes('RssAnon'),
      fileBytes: kilobytes('RssFile'),
      threads: Number(/^Threads:\s+(\d+)/m.exec(status)?.[1] ?? 0),
      ...readStorage(pid),
      network: readNetwork(pid),
    };
  } catch {
    return undefined;
  }
}

function readStorage(pid: number): Pick<ProcessReading, 'readBytes' | 'writtenBytes'> {
  const io = readFileSync(`/proc/${pid}/io`, 'utf8');
  const bytes = (key: string): number =>
    Number(new RegExp(`^${key}: (\\d+)`, 'm').exec(io)?.[1] ?? 0);
  return { readBytes: bytes('read_bytes'), writtenBytes: bytes('write_bytes') };
}

function readNetwork(pid: number): Record<NetworkKey, number> {
  const lines = readFileSync(`/proc/${pid}/net/dev`, 'utf8').split('\n').slice(2);
  const rows = lines
    .filter((line) => line.includes(':'))
    .map((line) =>
      line
        .slice(line.indexOf(':') + 1)
        .trim()
        .split(/\s+/)
        .map(Number),
    );
  const sum = (column: number): number =>
    rows.reduce((total, row) => total + (row[column] ?? 0), 0);
  return Object.fromEntries(
    Object.entries(NETWORK_COLUMNS).map(([key, column]) => [key, sum(column)]),
  ) as Record<NetworkKey, number>;
}

/**
 * The statistics in Docker's form.
 *
 * @param before  the reading before, for rates and precpu_stats
 */
export function toDockerStats(
  id: string,
  name: string,
  now: ProcessReading,
  before: ProcessReading | undefined,
): object {
  const earlier = before ?? now;
  const seconds = (now.at.elapsedMs - earlier.at.elapsedMs) / 1_000;
  const rate = (key: NetworkKey): number =>
    seconds > 0 ? (now.network[key] - earlier.network[key]) / seconds : 0;
  return {
    read: new Date(now.at.wallMs).toISOString(),
    preread: before === undefined ? '0001-01-01T00:00:00Z' : new Date(before.at.wallMs).toISOString(),
    pids_stats: {},
    blkio_stats: {
      io_service_bytes_recursive: [
        { major: 0, minor: 0, op: 'Read', value: now.readBytes },
        { major: 0, minor: 0, op: 'Write', value: now.writtenBytes },
      ],
      io_serviced_recursive: [], io_queue_recursive: [], io_service_time_recursive: [],
      io_wait_time_recursive: [], io_merged_recursive: [], io_time_recursive: [], sectors_recursive: [],
    },
    num_procs: 0,
    storage_stats: {},
    cpu_stats: describeCpu(now),
    precpu_stats: describeCpu(earlier),
    memory_stats: {
      usage: now.memoryBytes,
      max_usage: now.memoryMaxBytes,
      stats: { cache: now.fileBytes, rss: now.anonBytes, mapped_file: now.fileBytes, total_cache: now.fileBytes, total_rss: now.anonBytes, inactive_file: 0, total_inactive_file: 0 },
      limit: 9_223_372_036_854_771_712,
    },
    name,
    id,
    networks: { eth1: now.network },
    network_rate_stats: { rx_bytes_per_sec: rate('rx_bytes'), tx_bytes_per_sec: rate('tx_bytes') },
  }; // prettier-ignore
}

function describeCpu(reading: ProcessReading): object {
  return {
    cpu_usage: {
      total_usage: reading.userNs + reading.kernelNs,
      usage_in_kernelmode: reading.kernelNs,
      usage_in_usermode: reading.userNs,
    },
    system_cpu_usage: reading.systemNs,
    online_cpus: availableParallelism(),
    throttling_data: { periods: 0, throttled_periods: 0, throttled_time: 0 },
  };
}
