/**
 * The client of the ECS task metadata endpoint, version 4: of a task, or of all tasks of a managed instance.
 * Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4.html
 */
import type { z } from 'zod';
import { ConfigError, RecoverableError } from '../kernel/errors.ts';
import type { HttpClient } from '../kernel/http-client.ts';
import {
  type TaskMetadata,
  taskSchema,
  tasksSchema,
  tasksStatsSchema,
  type TaskStats,
  taskStatsSchema,
} from './task-metadata-schema.ts';

/** Which tasks are asked for: the one this process belongs to, or all of its managed instance. */
export type MetadataScope = 'task' | 'instance';

export interface TaskMetadataClient {
  /** One task in the scope of a task. `withTags` makes an EC2 agent call the ECS API: not for every scrape. */
  tasks(signal: AbortSignal, withTags?: boolean): Promise<readonly TaskMetadata[]>;
  /** Of all containers of the scope, by container id. */
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

export function createTaskMetadataClient(
  uri: string,
  http: HttpClient,
  scope: MetadataScope = 'task',
): TaskMetadataClient {
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
        `the task metadata endpoint answered ${answer.status} for ${path}${scope === 'instance' ? '; only managed daemons of ECS Managed Instances are given all tasks of their instance' : ''}`,
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
  if (scope === 'instance')
    return {
      tasks: (signal) => get('/tasks', tasksSchema, signal),
      stats: async (signal) =>
        Object.assign({}, ...(await get('/tasks/stats', tasksStatsSchema, signal))) as TaskStats,
    };
  return {
    tasks: async (signal, withTags = false) => [
      await get(withTags ? '/taskWithTags' : '/task', taskSchema, signal),
    ],
    stats: (signal) => get('/task/stats', taskStatsSchema, signal),
  };
}
