/**
 * The client of the ECS task metadata endpoint, version 4. It reads one task, or all tasks of a
 * managed instance. Limits: 4 s and 8 MiB for an answer.
 * Source:
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4.html
 */
import type * as z from 'zod';
import { ConfigError, RecoverableError } from '../kernel/errors.ts';
import type { HttpClient } from '../kernel/http-client.ts';
import {
  containerSchema,
  type TaskContainer,
  type TaskMetadata,
  taskSchema,
  tasksSchema,
  tasksStatsSchema,
  type TaskStats,
  taskStatsSchema,
} from './task-metadata-schema.ts';
import { parseForeignJson } from '../kernel/foreign-json.ts';

/** The task of this process, or all tasks of its managed instance. */
export type MetadataScope = 'task' | 'instance';

export interface TaskMetadataClient {
  readonly scope: MetadataScope;
  /** In the scope `task` exactly one. */
  tasks(signal: AbortSignal): Promise<readonly TaskMetadata[]>;
  /**
   * The same as `tasks`, with their tags. An EC2 agent calls the ECS API for each request, so do
   * not call it for every scrape.
   */
  taggedTasks(signal: AbortSignal): Promise<readonly TaskMetadata[]>;
  /** The statistics of all containers of the scope, by container id. */
  stats(signal: AbortSignal): Promise<TaskStats>;
}

const TIMEOUT_MS = 4_000;
const BODY_MAX_BYTES = 8 * 1024 * 1024;
const INSTANCE_HINT =
  '; only managed daemons of ECS Managed Instances are given all tasks of their instance';

/**
 * The endpoint for the container of this process, from ECS_CONTAINER_METADATA_URI_V4.
 *
 * @throws ConfigError METADATA_ENDPOINT when the variable is not set or not a URL
 */
export function metadataUri(env: Readonly<Record<string, string | undefined>>): string {
  const uri = env['ECS_CONTAINER_METADATA_URI_V4'];
  if (uri !== undefined && URL.canParse(uri)) return uri.replace(/\/$/, '');
  throw new ConfigError(
    'METADATA_ENDPOINT',
    uri === undefined || uri === ''
      ? 'ECS_CONTAINER_METADATA_URI_V4 is not set: this is not a container of an ECS task; run ' +
          'the exporter as a sidecar on Fargate 1.4.0 or an EC2 agent from 1.39.0 on, or try it ' +
          'with "amperage demo"'
      : `ECS_CONTAINER_METADATA_URI_V4 "${uri}" is not a URL; leave the variable as ECS sets it`,
  );
}

/** The container of this process. @throws RecoverableError as the client does */
export function readOwnContainer(
  uri: string,
  http: HttpClient,
  signal: AbortSignal,
): Promise<TaskContainer> {
  return createGet(uri, http, 'task')('', containerSchema, signal);
}

type Get = <T>(path: string, schema: z.ZodType<T>, signal: AbortSignal) => Promise<T>;

function createGet(uri: string, http: HttpClient, scope: MetadataScope): Get {
  return async (path, schema, signal) => {
    const answer = await http.send({
      reachesMetadata: true,
      method: 'GET',
      url: `${uri}${path}`,
      timeoutMs: TIMEOUT_MS,
      bodyMaxBytes: BODY_MAX_BYTES,
      signal,
    });
    if (answer.status !== 200)
      throw new RecoverableError(
        'METADATA_STATUS',
        `the task metadata endpoint answered ${answer.status} for ${path}` +
          (scope === 'instance' ? INSTANCE_HINT : ''),
      );
    try {
      return schema.parse(parseForeignJson(answer.body.toString()));
    } catch (error) {
      throw refuseShape(path, error);
    }
  };
}

export function createTaskMetadataClient(
  uri: string,
  http: HttpClient,
  scope: MetadataScope = 'task',
): TaskMetadataClient {
  const get = createGet(uri, http, scope);
  const getTask = async (path: string, signal: AbortSignal): Promise<readonly TaskMetadata[]> => {
    const task = await get(path, taskSchema, signal);
    // The schema is lenient: an answer that is not a task at all becomes one without any values.
    if (task.TaskARN === undefined && task.Containers.length === 0) throw refuseShape(path);
    return [task];
  };
  if (scope === 'instance') {
    const tasks = (signal: AbortSignal): Promise<readonly TaskMetadata[]> =>
      get('/tasks', tasksSchema, signal);
    return {
      scope,
      tasks,
      taggedTasks: tasks,
      stats: async (signal) =>
        Object.assign({}, ...(await get('/tasks/stats', tasksStatsSchema, signal))) as TaskStats,
    };
  }
  return {
    scope,
    tasks: (signal) => getTask('/task', signal),
    taggedTasks: async (signal) => {
      const tasks = await getTask('/taskWithTags', signal);
      const failed = tasks[0]?.Errors.find(({ ErrorField }) => ErrorField === 'TaskTags');
      if (failed !== undefined)
        throw new RecoverableError(
          'METADATA_TAGS',
          'the ECS API did not give the agent the tags of the task ' +
            `(${failed.ErrorCode ?? 'no code'}: ${failed.ErrorMessage ?? 'no message'}); the ` +
            'role of the container instance needs ecs:ListTagsForResource',
        );
      return tasks;
    },
    stats: (signal) => get('/task/stats', taskStatsSchema, signal),
  };
}

function refuseShape(path: string, cause?: unknown): RecoverableError {
  return new RecoverableError(
    'METADATA_SHAPE',
    `the task metadata endpoint's answer for ${path} is not what version 4 says`,
    { cause },
  );
}
