/**
 * The parts that are used of the answers of the ECS task metadata endpoint, version 4. Lenient: a part that is missing
 * or of another shape is absent, and costs only what depends on it. Agents, platforms and versions differ in what they
 * leave out, set to null, or write as 0.
 * Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4.html
 */
import { z } from 'zod';

/** What is not of the shape is absent. */
function maybe<T>(schema: z.ZodType<T>): z.ZodType<T | undefined> {
  return schema.optional().catch(undefined);
}

/** Leaves out the elements that are not of the shape, so that one of them costs only itself. */
function listOf<T>(element: z.ZodType<T>): z.ZodType<T[]> {
  return z
    .array(z.unknown())
    .catch([])
    .transform((all) =>
      all.flatMap((one) => {
        const parsed = element.safeParse(one);
        return parsed.success ? [parsed.data] : [];
      }),
    );
}

/** As `listOf`, of a record's values. */
function recordOf<T>(element: z.ZodType<T>): z.ZodType<Record<string, T>> {
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

const number = maybe(z.number());
const text = maybe(z.string());
const limits = maybe(z.object({ CPU: number, Memory: number }));

const containerSchema = z.object({
  DockerId: z.string(),
  Name: z.string(),
  Type: text,
  Image: text,
  ImageID: text,
  DesiredStatus: text,
  KnownStatus: text,
  ExitCode: number,
  Limits: limits,
  RestartCount: number,
  CreatedAt: text,
  StartedAt: text,
  FinishedAt: text,
  Health: maybe(z.object({ status: text, statusSince: text })),
  Networks: maybe(z.array(z.object({ NetworkMode: text }))),
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
  EphemeralStorageMetrics: maybe(z.object({ Utilized: number, Reserved: number })),
  ClockDrift: maybe(
    z.object({
      ClockErrorBound: number,
      ReferenceTimestamp: text,
      ClockSynchronizationStatus: text,
    }),
  ),
  TaskTags: recordOf(z.string()),
  Containers: listOf(containerSchema),
});

const networkSchema = z.object({
  rx_bytes: number,
  rx_packets: number,
  rx_errors: number,
  rx_dropped: number,
  tx_bytes: number,
  tx_packets: number,
  tx_errors: number,
  tx_dropped: number,
});

const cpuSchema = z.object({
  cpu_usage: maybe(
    z.object({
      total_usage: number,
      usage_in_kernelmode: number,
      usage_in_usermode: number,
      percpu_usage: maybe(z.array(z.number())),
    }),
  ),
  system_cpu_usage: number,
  online_cpus: number,
  throttling_data: maybe(
    z.object({ periods: number, throttled_periods: number, throttled_time: number }),
  ),
});

const blockIoSchema = z.object({ major: number, minor: number, op: z.string(), value: z.number() });

/** Docker's statistics of one container. */
const statsSchema = z.object({
  read: text,
  preread: text,
  num_procs: number,
  pids_stats: maybe(z.object({ current: number, limit: number })),
  cpu_stats: maybe(cpuSchema),
  precpu_stats: maybe(cpuSchema),
  memory_stats: maybe(
    z.object({
      usage: number,
      max_usage: number,
      limit: number,
      stats: recordOf(z.number()),
      /** Windows. */
      commitbytes: number,
      commitpeakbytes: number,
      privateworkingset: number,
    }),
  ),
  blkio_stats: maybe(
    z.object({
      io_service_bytes_recursive: listOf(blockIoSchema),
      io_serviced_recursive: listOf(blockIoSchema),
    }),
  ),
  /** Windows. */
  storage_stats: maybe(
    z.object({
      read_count_normalized: number,
      read_size_bytes: number,
      write_count_normalized: number,
      write_size_bytes: number,
    }),
  ),
  networks: recordOf(networkSchema),
  network_rate_stats: maybe(z.object({ rx_bytes_per_sec: number, tx_bytes_per_sec: number })),
});

/** By container id; null where the container does not run. */
export const taskStatsSchema = z.record(z.string(), statsSchema.nullable().catch(null));

/** Of a whole instance: tasks, and a record of statistics for each. */
export const tasksSchema = listOf(taskSchema);
export const tasksStatsSchema = listOf(taskStatsSchema);

export type TaskContainer = z.infer<typeof containerSchema>;
export type TaskMetadata = z.infer<typeof taskSchema>;
export type ContainerNetwork = z.infer<typeof networkSchema>;
export type ContainerStats = z.infer<typeof statsSchema>;
export type CpuStats = z.infer<typeof cpuSchema>;
export type TaskStats = Readonly<Record<string, ContainerStats | null>>;
