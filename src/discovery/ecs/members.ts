/**
 * The collectors of one ECS service, as ECS tells them: who this one is, and who else there is. One
 * that is leaving is told as long as its containers may run.
 */
import type { Task } from '@aws-sdk/client-ecs';
import { z } from 'zod';
import { type AwsAccess } from '../aws-client.ts';
import { findTaskAddress } from './address.ts';
import { EcsApi } from './api.ts';
import { idOfArn, serviceNameOf } from './facts.ts';
import { type DiscoveryWorld } from '../mechanism.ts';

/** A collector, and where it is reached if it has an address of its own (awsvpc). */
export interface EcsMember {
  /** ARN of its task. */
  readonly id: string;
  readonly host: string | undefined;
  /** ECS does not say yet that it runs: its process may be up a moment before. */
  readonly isStarting?: boolean;
}

export interface EcsMembersOptions {
  /** Of the task metadata endpoint v4. */
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

  /** By the task metadata endpoint; no call of AWS. */
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
    const task = taskSchema.parse(JSON.parse(answer.body.toString()));
    this.#task = task;
    if (task.ServiceName) this.#service = task.ServiceName;
    return { id: task.TaskARN, host: findHost(task) };
  }

  /**
   * All that may scrape, this one among them. ECS lists no task that is told to stop, so those of
   * before are asked for too.
   *
   * @param before  ids of the last list
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
    // A list without the asker was made before it was there, and may lack others.
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

/** Older agents do not tell the service. */
async function findService(own: OwnTask, cluster: string, api: EcsApi): Promise<string> {
  const [task] = await api.describeAllTasks(cluster, [own.TaskARN]);
  const service = task === undefined ? '' : serviceNameOf(task);
  if (service === '') throw new Error('this task belongs to no ECS service; use --shard i/n');
  return service;
}

/**
 * Only an interface of its own is an address that others reach: that of a bridge is the instance's
 * alone.
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

/** Its containers run, or may still: they have stopped by the time its network is taken away. */
function isMember({ desiredStatus, lastStatus = '' }: Task): boolean {
  if (desiredStatus !== 'STOPPED') return lastStatus === 'RUNNING';
  return ['RUNNING', 'DEACTIVATING', 'STOPPING'].includes(lastStatus);
}
