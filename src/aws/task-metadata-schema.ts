/**
 * The parts of the answers of the ECS task metadata endpoint, version 4, that Amperage uses. The
 * schemas are lenient: a part that is missing or has another type becomes undefined, and only the
 * metrics that need it are lost. Agents, platforms and versions differ in what they leave out, set
 * to null, or write as 0.
 * Source:
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4.html
 */
import * as z from 'zod';

/** A value that does not match the schema becomes undefined. */
function maybe<T>(schema: z.ZodType<T>): z.ZodType<T | undefined> {
  return schema.optional().catch(undefined);
}

/** Leaves out the elements that do not match the schema; the others are kept. */
function lenientList<T>(element: z.ZodType<T>): z.ZodType<T[]> {
  return z
    .array(z.unknown())
    .catch([])
    .transform((all) =>
      all.flatMap((value) => {
        const parsed = element.safeParse(value);
        return parsed.success ? [parsed.data] : [];
      }),
    );
}

/** The same as `lenientList`, for the values of a record. */
function lenientRecord<T>(element: z.ZodType<T>): z.ZodType<Record<string, T>> {
  return z
    .record(z.string(), z.unknown())
    .catch({})
    .transform((all) => {
      const kept: Record<string, T> = {};
      for (const [key, value] of Object.entries(all)) {
        const parsed = element.safeParse(value);
        if (parsed.success) kept[key] = parsed.data;
      }
      return kept;
    });
}

/** A size, count or rate. A value below 0 is a fault of the agent and becomes undefined. */
const amount = maybe(z.number().nonnegative());
const number = maybe(z.number());
const text = maybe(z.string());
const limits = maybe(z.object({ CPU: amount, Memory: amount }));

export const containerSchema = z.object({
  DockerId: z.string(),
  Name: z.string(),
  DockerName: text,
  Type: text,
  Image: text,
  ImageID: text,
  DesiredStatus: text,
  KnownStatus: text,
  ExitCode: number,
  Limits: limits,
  RestartCount: amount,
  CreatedAt: text,
  StartedAt: text,
  FinishedAt: text,
  Health: maybe(z.object({ status: text, statusSince: text })),
  Networks: maybe(z.array(z.object({ NetworkMode: text }))),
  LogDriver: text,
  LogOptions: maybe(
    z.object({
      'awslogs-group': z.string(),
      'awslogs-region': z.string(),
      'awslogs-stream': z.string(),
    }),
  ),
});

export const taskSchema = z.object({
  Cluster: text,
  TaskARN: text,
  Family: text,
  Revision: text,
  DesiredStatus: text,
  KnownStatus: text,
  AvailabilityZone: text,
  LaunchType: text,
  ServiceName: text,
  VPCID: text,
  DaemonName: text,
  PullStartedAt: text,
  PullStoppedAt: text,
  ExecutionStoppedAt: text,
  Limits: limits,
  EphemeralStorageMetrics: maybe(z.object({ Utilized: amount, Reserved: amount })),
  ClockDrift: maybe(
    z.object({
      ClockErrorBound: amount,
      ReferenceTimestamp: text,
      ClockSynchronizationStatus: text,
    }),
  ),
  TaskTags: lenientRecord(z.string()),
  /** What the agent could not find out for `/taskWithTags`. */
  Errors: lenientList(z.object({ ErrorField: text, ErrorCode: text, ErrorMessage: text })),
  Containers: lenientList(containerSchema),
});

const networkSchema = z.object({
  rx_bytes: amount,
  rx_packets: amount,
  rx_errors: amount,
  rx_dropped: amount,
  tx_bytes: amount,
  tx_packets: amount,
  tx_errors: amount,
  tx_dropped: amount,
});

const cpuSchema = z.object({
  cpu_usage: maybe(
    z.object({
      total_usage: amount,
      usage_in_kernelmode: amount,
      usage_in_usermode: amount,
      percpu_usage: maybe(z.array(z.number().nonnegative())),
    }),
  ),
  system_cpu_usage: amount,
  online_cpus: amount,
  throttling_data: maybe(
    z.object({ periods: amount, throttled_periods: amount, throttled_time: amount }),
  ),
});

const blockIoSchema = z.object({
  major: number,
  minor: number,
  op: z.string(),
  value: z.number().nonnegative(),
});

const dockerStatsSchema = z.object({
  read: text,
  preread: text,
  /** On Windows the processors of the host, despite the name; 0 elsewhere. */
  num_procs: amount,
  pids_stats: maybe(z.object({ current: amount, limit: amount })),
  cpu_stats: maybe(cpuSchema),
  precpu_stats: maybe(cpuSchema),
  memory_stats: maybe(
    z.object({
      usage: amount,
      max_usage: amount,
      limit: amount,
      stats: lenientRecord(z.number().nonnegative()),
      /** The next three: on Windows only. */
      commitbytes: amount,
      commitpeakbytes: amount,
      privateworkingset: amount,
    }),
  ),
  blkio_stats: maybe(
    z.object({
      io_service_bytes_recursive: lenientList(blockIoSchema),
      io_serviced_recursive: lenientList(blockIoSchema),
    }),
  ),
  /** On Windows only. */
  storage_stats: maybe(
    z.object({
      read_count_normalized: amount,
      read_size_bytes: amount,
      write_count_normalized: amount,
      write_size_bytes: amount,
    }),
  ),
  networks: lenientRecord(networkSchema),
  network_rate_stats: maybe(z.object({ rx_bytes_per_sec: amount, tx_bytes_per_sec: amount })),
});

/**
 * Docker's statistics of one container. CPU times are in ns; those of Windows, which come in units
 * of 100 ns, are converted.
 * Source:
 * https://docs.docker.com/reference/api/engine/version/v1.48/#tag/Container/operation/ContainerStats
 */
export const containerStatsSchema = dockerStatsSchema.transform((stats) => {
  const { commitbytes, privateworkingset } = stats.memory_stats ?? {};
  const isWindows = commitbytes !== undefined || privateworkingset !== undefined;
  if (!isWindows) return stats;
  return {
    ...stats,
    cpu_stats: toNanoseconds(stats.cpu_stats),
    precpu_stats: toNanoseconds(stats.precpu_stats),
  };
});

type DockerCpu = z.infer<typeof cpuSchema>;

function toNanoseconds(stats: DockerCpu | undefined): DockerCpu | undefined {
  if (stats?.cpu_usage === undefined) return stats;
  const usage = stats.cpu_usage;
  const times100 = (value: number | undefined): number | undefined =>
    value === undefined ? undefined : value * 100;
  return {
    ...stats,
    cpu_usage: {
      ...usage,
      total_usage: times100(usage.total_usage),
      usage_in_kernelmode: times100(usage.usage_in_kernelmode),
      usage_in_usermode: times100(usage.usage_in_usermode),
    },
  };
}

/** Statistics by container id; null for a container that does not run. */
export const taskStatsSchema = z.record(z.string(), containerStatsSchema.nullable().catch(null));

/** The tasks of a whole instance, and a record of statistics for each of them. */
export const tasksSchema = lenientList(taskSchema);
export const tasksStatsSchema = lenientList(taskStatsSchema);

export type TaskContainer = z.infer<typeof containerSchema>;
export type TaskMetadata = z.infer<typeof taskSchema>;
export type ContainerNetwork = z.infer<typeof networkSchema>;
export type ContainerStats = z.infer<typeof containerStatsSchema>;
export type TaskStats = Readonly<Record<string, ContainerStats | null>>;
