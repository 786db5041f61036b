/**
 * The collectors of one ECS service according to ECS: this one, and the others. A collector that is
 * stopping is listed for as long as its containers may run.
 */
import type { Task } from '@aws-sdk/client-ecs';
import * as z from 'zod';
import { type AwsAccess } from '../aws-client.ts';
import { findTaskAddress } from './address.ts';
import { EcsApi } from './api.ts';
import { idOfArn, serviceNameOf } from './facts.ts';
import { type DiscoveryWorld } from '../mechanism.ts';
import { parseForeignJson } from '../../kernel/foreign-json.ts';

/** A collector, and its host if its task has a network interface of its own (awsvpc). */
export interface EcsMember {
  /** The ARN of its task. */
  readonly id: string;
  readonly host: string | undefined;
  /** True while ECS does not report the task as running; its process may already be up. */
  readonly isStarting?: boolean;
}

export interface EcsMembersOptions {
  /** The base URI of the task metadata endpoint, version 4. */
  readonly metadataUri: string;
  readonly access: AwsAccess;
}

const METADATA_MAX_BYTES = 1024 * 1024;
const METADATA_TIMEOUT_MS = 5_000;

const taskSchema = z.looseObject({
  TaskARN: z.string(),
  Cluster: z.string(),
  ServiceName: z.string().optional(),
  Containers: z
    .array(
      z.looseObject({
        Networks: z
          .array(
            z.looseObject({
              NetworkMode: z.string().optional(),
              IPv4Addresses: z.array(z.string()).nullish(),
              IPv6Addresses: z.array(z.string()).nullish(),
            }),
          )
          .nullish(),
      }),
    )
    .nullish(),
});

type OwnTask = z.output<typeof taskSchema>;

export class EcsMembers {
  readonly #options: EcsMembersOptions;
  readonly #world: DiscoveryWorld;
  #opening: Promise<EcsApi> | undefined;
  #task: OwnTask | undefined;
  #service: string | undefined;

  constructor(options: EcsMembersOptions, world: DiscoveryWorld) {
    this.#options = options;
    this.#world = world;
    world.signal.addEventListener('abort', () => this.#close(), { once: true });
  }

  /** Asks the task metadata endpoint who this collector is; makes no call of AWS. */
  async own(): Promise<EcsMember> {
    const { http, signal } = this.#world;
    const answer = await http.send({
      method: 'GET',
      url: `${this.#options.metadataUri}/task`,
      timeoutMs: METADATA_TIMEOUT_MS,
      bodyMaxBytes: METADATA_MAX_BYTES,
      signal,
    });
    if (answer.status !== 200) throw new Error(`task metadata: status ${answer.status}`);
    const task = taskSchema.parse(parseForeignJson(answer.body.toString()));
    this.#task = task;
    if (task.ServiceName) this.#service = task.ServiceName;
    return { id: task.TaskARN, host: findHost(task) };
  }

  /**
   * Lists all collectors that may scrape, including this one. ECS does not list a task that was
   * told to stop, so the members of the last list are described too.
   *
   * @param before  ids of the last list
   * @throws Error when ECS does not list this task yet
   */
  async list(before: readonly string[]): Promise<readonly EcsMember[]> {
    const own = this.#task;
    if (own === undefined) throw new Error('BUG: the list before this task is known');
    this.#opening ??= EcsApi.open(this.#options.access, this.#world);
    const api = await this.#opening;
    const cluster = idOfArn(own.Cluster);
    this.#service ??= await findService(own, cluster, api);
    const listed: string[] = [];
    await api.listTaskArns(cluster, (arns) => listed.push(...arns), this.#service);
    const asked = [...new Set([...listed, ...before])];
    const tasks = asked.length === 0 ? [] : await api.describeAllTasks(cluster, asked);
    // A list without this task was made before it started, and other new tasks may be missing too.
    if (!tasks.some(({ taskArn }) => taskArn === own.TaskARN))
      throw new Error('ECS does not list this task yet');
    const members = new Map<string, EcsMember>([
      [own.TaskARN, { id: own.TaskARN, host: findHost(own) }],
    ]);
    for (const task of tasks) {
      const { taskArn: id = '' } = task;
      const host = findTaskAddress({ task });
      if (isMember(task)) members.set(id, { id, host });
      else if (isStarting(task) && host !== undefined && id !== own.TaskARN)
        members.set(id, { id, host, isStarting: true });
    }
    return [...members.values()];
  }

  #close(): void {
    void this.#opening?.then(
      (api) => api.close(),
      () => undefined,
    );
  }
}

/** Finds the service through the API, because older agents do not report it. */
async function findService(own: OwnTask, cluster: string, api: EcsApi): Promise<string> {
  const [task] = await api.describeAllTasks(cluster, [own.TaskARN]);
  const service = task === undefined ? '' : serviceNameOf(task);
  if (service === '') throw new Error('this task belongs to no ECS service; use --shard i/n');
  return service;
}

/**
 * Others reach a task only at a network interface of its own; the address of a bridge is known only
 * inside its instance.
 */
function findHost({ Containers }: OwnTask): string | undefined {
  for (const { Networks } of Containers ?? [])
    for (const { NetworkMode, IPv4Addresses, IPv6Addresses } of Networks ?? []) {
      const host = IPv4Addresses?.[0] ?? IPv6Addresses?.[0];
      if (NetworkMode === 'awsvpc' && host !== undefined) return host;
    }
  return undefined;
}

function isStarting({ desiredStatus, lastStatus = '' }: Task): boolean {
  return desiredStatus !== 'STOPPED' && ['PENDING', 'ACTIVATING'].includes(lastStatus);
}

/**
 * Whether its containers run or may still run. They have stopped by the time that its network is
 * removed (DEPROVISIONING).
 */
function isMember({ desiredStatus, lastStatus = '' }: Task): boolean {
  if (desiredStatus !== 'STOPPED') return lastStatus === 'RUNNING';
  return ['RUNNING', 'DEACTIVATING', 'STOPPING'].includes(lastStatus);
}
