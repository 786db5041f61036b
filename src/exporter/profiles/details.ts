/**
 * What the metadata endpoint has beyond the metrics of ecs_exporter: state, health and times of
 * each container, details of its CPU time and memory, throttling, processes, block I/O, and the
 * sums of the task with their ratio to its limits. They belong to the profile `ecs_exporter`, about
 * 30 series for each container, and are left out with `--basic`.
 */
import type { ContainerStats, TaskMetadata, TaskStats } from '../../aws/task-metadata-schema.ts';
import { counter, gauge, type FamilyList, type SampleLabels } from '../family-list.ts';
import {
  areAllKnown,
  listBlockIo,
  countCpus,
  computeCpuInUse,
  readCpuSharesVcpus,
  parseEpochSeconds,
  readLimit,
  readMemoryDetail,
  MIB,
  type OwnContainer,
  listOwnContainers,
  readPositive,
  toSeconds,
  sharesNetwork,
  shortenArn,
  multiply,
  computeWorkingSetBytes,
} from '../reading.ts';

const STATE = {
  info: gauge('ecs_container_info', 'The container and its image; always 1.'),
  running: gauge('ecs_container_running', 'Whether the container runs (1) or not (0).'),
  status: gauge('ecs_container_status', 'The known status of the container, as label; always 1.'),
  exitCode: gauge('ecs_container_exit_code', 'With which code the container ended.'),
  created: gauge(
    'ecs_container_created_timestamp_seconds',
    'When the container was created, in seconds since the epoch.',
  ),
  started: gauge(
    'ecs_container_started_timestamp_seconds',
    'When the container started, in seconds since the epoch.',
  ),
  finished: gauge(
    'ecs_container_finished_timestamp_seconds',
    'When the container ended, in seconds since the epoch.',
  ),
  healthy: gauge(
    'ecs_container_healthy',
    'Whether the health check of the container passes (1) or not (0); only with a health check.',
  ),
  health: gauge(
    'ecs_container_health_status',
    'What the health check of the container says, as label; always 1.',
  ),
  healthSince: gauge(
    'ecs_container_health_status_timestamp_seconds',
    'Since when the health check has said so, in seconds since the epoch.',
  ),
  cpuReserved: gauge(
    'ecs_container_cpu_reserved_vcpus',
    'CPU reserved for the container in vCPUs (1 vCPU = 1024 CPU units).',
  ),
};

const CPU = {
  user: counter('ecs_container_cpu_user_seconds_total', 'CPU time spent in user mode, in seconds.'),
  kernel: counter(
    'ecs_container_cpu_kernel_seconds_total',
    'CPU time spent in kernel mode, in seconds.',
  ),
  system: counter(
    'ecs_container_cpu_system_seconds_total',
    'CPU time of the whole host, read together with that of the container, in seconds.',
  ),
  online: gauge('ecs_container_cpus_online', 'CPUs that the container may run on.'),
  periods: counter(
    'ecs_container_cpu_cfs_periods_total',
    'Scheduling periods in which the container could be throttled.',
  ),
  throttledPeriods: counter(
    'ecs_container_cpu_cfs_throttled_periods_total',
    'Scheduling periods in which the container was throttled.',
  ),
  throttled: counter(
    'ecs_container_cpu_cfs_throttled_seconds_total',
    'Time for which the container was throttled, in seconds.',
  ),
};

/** Name, help, and the key of memory_stats.stats on cgroup v1 and v2. */
const MEMORY: readonly (readonly [name: string, help: string, keys: readonly string[]])[] = [
  ['rss_bytes', 'Anonymous memory, in bytes.', ['rss', 'anon']],
  ['mapped_file_bytes', 'Files mapped into memory, in bytes.', ['mapped_file', 'file_mapped']],
  ['shmem_bytes', 'Shared memory and tmpfs, in bytes.', ['shmem']],
  ['swap_bytes', 'Memory swapped out, in bytes.', ['swap']],
  [
    'inactive_file_bytes',
    'Page cache that may be given back at once, in bytes.',
    ['inactive_file'],
  ],
];
const PAGE_FAULTS: readonly (readonly [name: string, help: string, key: string])[] = [
  ['page_faults_total', 'Page faults, minor and major.', 'pgfault'],
  ['major_page_faults_total', 'Page faults that had to wait for a disk.', 'pgmajfault'],
];
const WORKING_SET = gauge(
  'ecs_container_memory_working_set_bytes',
  'Memory that cannot be given back without harm in bytes: usage without inactive files.',
);
const MEMORY_MAX = gauge(
  'ecs_container_memory_max_usage_bytes',
  'Highest memory usage so far in bytes; cgroup v1 and Windows only.',
);

const PROCESSES = gauge('ecs_container_processes', 'Processes and threads of the container.');
const PROCESSES_LIMIT = gauge(
  'ecs_container_processes_limit',
  'Processes and threads that the container may have.',
);
const BLOCK_BYTES = counter(
  'ecs_container_block_io_bytes_total',
  'Bytes read from and written to block devices.',
);
const BLOCK_OPERATIONS = counter(
  'ecs_container_block_io_operations_total',
  'Reads from and writes to block devices.',
);
const RECEIVE_RATE = gauge(
  'ecs_network_receive_bytes_per_second',
  'Bytes received per second, as the agent measured it.',
);
const TRANSMIT_RATE = gauge(
  'ecs_network_transmit_bytes_per_second',
  'Bytes transmitted per second, as the agent measured it.',
);
const STATS_AGE = gauge(
  'ecs_container_stats_age_seconds',
  'How old the statistics of the container are; agents sample every 1 to 20 seconds.',
);

const TASK = {
  info: gauge(
    'ecs_task_info',
    'What the task belongs to; always 1. Of its service only where the agent says so, which ' +
      'Fargate does not.',
  ),
  tags: gauge('ecs_task_tags_info', 'The tags of the task, as labels; always 1.'),
  running: gauge('ecs_task_containers_running', 'Containers of the task that run.'),
  memory: gauge(
    'ecs_task_memory_usage_bytes',
    'Memory that the containers use together in bytes, page cache included.',
  ),
  workingSet: gauge(
    'ecs_task_memory_working_set_bytes',
    'Working set of the containers together, in bytes.',
  ),
  memoryRatio: gauge(
    'ecs_task_memory_utilization_ratio',
    'Working set of the containers together by the memory limit of the task.',
  ),
  cpuInUse: gauge(
    'ecs_task_cpu_in_use_vcpus',
    "vCPUs that the containers used together between the agent's last two samples.",
  ),
  cpuRatio: gauge(
    'ecs_task_cpu_utilization_ratio',
    'vCPUs in use by the CPU limit of the task; without a limit, by the CPUs of the host.',
  ),
  stopped: gauge(
    'ecs_task_execution_stopped_timestamp_seconds',
    'When the task was told to stop, in seconds since the epoch.',
  ),
  clockError: gauge(
    'ecs_task_clock_error_bound_seconds',
    'By how much the clock may be wrong at most, in seconds; Fargate only.',
  ),
  clockSynchronized: gauge(
    'ecs_task_clock_synchronized',
    'Whether the clock is synchronised (1) or not (0); Fargate only.',
  ),
};

export function putDetails(
  families: FamilyList,
  task: TaskMetadata,
  stats: TaskStats | undefined,
  shared: SampleLabels,
  tMs: number,
): void {
  putTask(families, task, shared);
  const containers = listOwnContainers(task, stats);
  for (const own of containers) {
    const labels = { ...shared, container_name: own.container.Name };
    putState(families, own, labels);
    if (own.stats !== null) putStats(families, own.stats, labels);
    const sampled = parseEpochSeconds(own.sampledAt);
    if (sampled !== undefined) families.put(STATS_AGE, labels, Math.max(0, tMs / 1_000 - sampled));
  }
  putRates(families, containers, shared);
  if (areAllKnown(containers) && stats !== undefined) putSums(families, task, containers, shared);
}

function putTask(families: FamilyList, task: TaskMetadata, shared: SampleLabels): void {
  const info = {
    cluster_name: shortenArn(task.Cluster),
    daemon: task.DaemonName ?? '',
    service: task.ServiceName ?? '',
    task_id: shortenArn(task.TaskARN),
    vpc_id: task.VPCID ?? '',
  };
  families.put(TASK.info, { ...shared, ...info }, 1);
  const tags = Object.entries(task.TaskTags).map(
    ([key, value]) => [`tag_${key.replaceAll(/[^a-zA-Z0-9_]/g, '_')}`, value] as const,
  );
  if (tags.length > 0) families.put(TASK.tags, { ...shared, ...Object.fromEntries(tags) }, 1);
  families.put(TASK.stopped, shared, parseEpochSeconds(task.ExecutionStoppedAt));
  const drift = task.ClockDrift;
  const error = drift?.ClockErrorBound;
  families.put(TASK.clockError, shared, error === undefined ? undefined : error / 1_000);
  if (drift?.ClockSynchronizationStatus !== undefined) {
    const isSynchronized = drift.ClockSynchronizationStatus === 'SYNCHRONIZED';
    families.put(TASK.clockSynchronized, shared, isSynchronized ? 1 : 0);
  }
}

function putState(families: FamilyList, { container }: OwnContainer, labels: SampleLabels): void {
  const { Health: health, KnownStatus: status } = container;
  const info = {
    container_id: container.DockerId,
    image: container.Image ?? '',
    image_id: container.ImageID ?? '',
  };
  families.put(STATE.info, { ...labels, ...info }, 1);
  if (status !== undefined) {
    // A container with a health check, or one that others depend on, may be in the state
    // RESOURCES_PROVISIONED. Its process runs then too.
    const isRunning = status === 'RUNNING' || status === 'RESOURCES_PROVISIONED';
    families.put(STATE.running, labels, isRunning ? 1 : 0);
    families.put(STATE.status, { ...labels, status }, 1);
  }
  families.put(STATE.exitCode, labels, container.ExitCode);
  families.put(STATE.created, labels, parseEpochSeconds(container.CreatedAt));
  families.put(STATE.started, labels, parseEpochSeconds(container.StartedAt));
  families.put(STATE.finished, labels, parseEpochSeconds(container.FinishedAt));
  if (health?.status !== undefined) {
    families.put(STATE.healthy, labels, health.status === 'HEALTHY' ? 1 : 0);
    families.put(STATE.health, { ...labels, status: health.status }, 1);
    families.put(STATE.healthSince, labels, parseEpochSeconds(health.statusSince));
  }
  families.put(STATE.cpuReserved, labels, readCpuSharesVcpus(container));
}

function putStats(families: FamilyList, stats: ContainerStats, labels: SampleLabels): void {
  const cpu = stats.cpu_stats;
  families.put(CPU.user, labels, toSeconds(cpu?.cpu_usage?.usage_in_usermode));
  families.put(CPU.kernel, labels, toSeconds(cpu?.cpu_usage?.usage_in_kernelmode));
  families.put(CPU.system, labels, toSeconds(cpu?.system_cpu_usage));
  families.put(CPU.online, labels, countCpus(stats));
  families.put(CPU.periods, labels, cpu?.throttling_data?.periods);
  families.put(CPU.throttledPeriods, labels, cpu?.throttling_data?.throttled_periods);
  families.put(CPU.throttled, labels, toSeconds(cpu?.throttling_data?.throttled_time));
  putMemory(families, stats, labels);
  // Fargate and Windows give no number of processes; num_procs is the number of processors.
  families.put(PROCESSES, labels, stats.pids_stats?.current);
  families.put(PROCESSES_LIMIT, labels, readLimit(stats.pids_stats?.limit));
  for (const { device, operation, value } of listBlockIo(stats, 'io_service_bytes_recursive'))
    families.put(BLOCK_BYTES, { ...labels, device, operation }, value);
  for (const { device, operation, value } of listBlockIo(stats, 'io_serviced_recursive'))
    families.put(BLOCK_OPERATIONS, { ...labels, device, operation }, value);
  const windows = stats.storage_stats;
  const reads = { ...labels, operation: 'read' };
  const writes = { ...labels, operation: 'write' };
  families.put(BLOCK_BYTES, reads, windows?.read_size_bytes);
  families.put(BLOCK_BYTES, writes, windows?.write_size_bytes);
  families.put(BLOCK_OPERATIONS, reads, windows?.read_count_normalized);
  families.put(BLOCK_OPERATIONS, writes, windows?.write_count_normalized);
}

function putMemory(families: FamilyList, stats: ContainerStats, labels: SampleLabels): void {
  const memory = stats.memory_stats;
  families.put(WORKING_SET, labels, computeWorkingSetBytes(stats));
  families.put(MEMORY_MAX, labels, memory?.max_usage ?? memory?.commitpeakbytes);
  for (const [name, help, keys] of MEMORY)
    families.put(
      gauge(`ecs_container_memory_${name}`, help),
      labels,
      readMemoryDetail(stats, ...keys),
    );
  for (const [name, help, key] of PAGE_FAULTS)
    families.put(
      counter(`ecs_container_memory_${name}`, help),
      labels,
      readMemoryDetail(stats, key),
    );
}

/** The rates, as the counters: of the task if its containers share a network, else of each one. */
function putRates(
  families: FamilyList,
  containers: readonly OwnContainer[],
  shared: SampleLabels,
): void {
  for (const { container, stats } of containers) {
    const rates = stats?.network_rate_stats;
    const owner = sharesNetwork(container) ? {} : { container_name: container.Name };
    families.put(RECEIVE_RATE, { ...shared, ...owner }, rates?.rx_bytes_per_sec);
    families.put(TRANSMIT_RATE, { ...shared, ...owner }, rates?.tx_bytes_per_sec);
  }
}

function putSums(
  families: FamilyList,
  task: TaskMetadata,
  containers: readonly OwnContainer[],
  shared: SampleLabels,
): void {
  const running = containers.filter(({ stats }) => stats !== null);
  families.put(TASK.running, shared, running.length);
  const sum = (read: (stats: ContainerStats | null) => number | undefined): number | undefined => {
    const values = running.flatMap(({ stats }) => read(stats) ?? []);
    return values.length === 0 ? undefined : values.reduce((all, value) => all + value, 0);
  };
  const workingSet = sum(computeWorkingSetBytes);
  families.put(
    TASK.memory,
    shared,
    sum((stats) => stats?.memory_stats?.usage),
  );
  families.put(TASK.workingSet, shared, workingSet);
  const memoryLimit = multiply(readPositive(task.Limits?.Memory), MIB);
  if (workingSet !== undefined && memoryLimit !== undefined)
    families.put(TASK.memoryRatio, shared, workingSet / memoryLimit);
  const inUse = sum(computeCpuInUse);
  families.put(TASK.cpuInUse, shared, inUse);
  const cores = Math.max(0, ...running.map(({ stats }) => countCpus(stats) ?? 0));
  const cpuLimit = readPositive(task.Limits?.CPU) ?? readPositive(cores);
  if (inUse !== undefined && cpuLimit !== undefined)
    families.put(TASK.cpuRatio, shared, inUse / cpuLimit);
}
