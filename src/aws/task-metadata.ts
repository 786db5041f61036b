/**
 * The ECS task metadata endpoint, version 4: its client and the parts of its answers that are used. Lenient: a part
 * that is missing or of another shape is absent, and costs only what depends on it.
 * Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4.html
 */
import { z } from 'zod';
import { ConfigError, RecoverableError } from '../kernel/errors.ts';
import type { HttpClient } from '../kernel/http-client.ts';

/** A number or, for anything else, absence. */
const number = z.number().optional().catch(undefined);
const text = z.string().optional().catch(undefined);
const limits = z.object({ CPU: number, Memory: number }).optional().catch(undefined);

const containerSchema = z.object({
  DockerId: z.string(),
  Name: z.string(),
  Type: text,
  KnownStatus: text,
  Limits: limits,
  RestartCount: number,
  Networks: z
    .array(z.object({ NetworkMode: text }))
    .optional()
    .catch(undefined),
});

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

const taskSchema = z.object({
  Cluster: text,
  TaskARN: text,
  Family: text,
  Revision: text,
  DesiredStatus: text,
  KnownStatus: text,
  AvailabilityZone: text,
  LaunchType: text,
  PullStartedAt: text,
  PullStoppedAt: text,
  Limits: limits,
  EphemeralStorageMetrics: z
    .object({ Utilized: number, Reserved: number })
    .optional()
    .catch(undefined),
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

const statsSchema = z.object({
  cpu_stats: z
    .object({ cpu_usage: z.object({ total_usage: number }).optional().catch(undefined) })
    .optional()
    .catch(undefined),
  memory_stats: z
    .object({ usage: number, stats: z.record(z.string(), z.unknown()).optional().catch(undefined) })
    .optional()
    .catch(undefined),
  networks: z.record(z.string(), networkSchema.catch({})).optional().catch(undefined),
});

export type TaskContainer = z.infer<typeof containerSchema>;
export type TaskMetadata = z.infer<typeof taskSchema>;
export type ContainerNetwork = z.infer<typeof networkSchema>;
/** Docker's statistics of a container; null or empty for one that does not run. */
export type ContainerStats = z.infer<typeof statsSchema>;
export type TaskStats = Readonly<Record<string, ContainerStats | null>>;

const taskStatsSchema = z.record(z.string(), statsSchema.nullable().catch(null));

export interface TaskMetadataClient {
  task(signal: AbortSignal): Promise<TaskMetadata>;
  stats(signal: AbortSignal): Promise<TaskStats>;
}

const TIMEOUT_MS = 4_000;
const BODY_MAX_BYTES = 8 * 1024 * 1024;

/** The endpoint of the container that this process runs in, from ECS_CONTAINER_METADATA_URI_V4. */
export function metadataUri(env: Readonly<Record<string, string | undefined>>): string {
  const uri = env['ECS_CONTAINER_METADATA_URI_V4'];
  if (uri !== undefined && URL.canParse(uri)) return uri.replace(/\/$/, '');
  throw new ConfigError(
    'METADATA_ENDPOINT',
    uri === undefined || uri === ''
      ? 'ECS_CONTAINER_METADATA_URI_V4 is not set: this is not a container of an ECS task; run the exporter as a sidecar on Fargate 1.4.0 or an EC2 agent from 1.39.0 on, or try it with "amperage demo"'
      : `ECS_CONTAINER_METADATA_URI_V4 "${uri}" is not a URL; leave the variable as ECS sets it`,
  );
}

export function createTaskMetadataClient(uri: string, http: HttpClient): TaskMetadataClient {
  const get = async <T>(path: string, schema: z.ZodType<T>, signal: AbortSignal): Promise<T> => {
    const answer = await http.send({
      method: 'GET',
      url: `${uri}${path}`,
      timeoutMs: TIMEOUT_MS,
      bodyMaxBytes: BODY_MAX_BYTES,
      signal,
    });
    if (answer.status !== 200)
      throw new RecoverableError(
        'METADATA_STATUS',
        `the task metadata endpoint answered ${answer.status} for ${path}`,
      );
    try {
      return schema.parse(JSON.parse(answer.body.toString()));
    } catch (error) {
      throw new RecoverableError(
        'METADATA_SHAPE',
        `the task metadata endpoint's answer for ${path} is not what version 4 says`,
        { cause: error },
      );
    }
  };
  return {
    task: (signal) => get('/task', taskSchema, signal),
    stats: (signal) => get('/task/stats', taskStatsSchema, signal),
  };
}
