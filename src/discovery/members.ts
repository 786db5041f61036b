/**
 * The collectors of one ECS service, as ECS knows them: each finds the others by the API and takes its share of the targets.
 * One that is leaving stays a member until it has stopped, so that it drains before others scrape what was its own.
 */
import type { Task } from '@aws-sdk/client-ecs';
import { z } from 'zod';
import { type AwsAccess } from './aws-client.ts';
import { EcsApi } from './ecs/api.ts';
import { idOfArn, serviceNameOf } from './ecs/facts.ts';
import { attempt, type DiscoveryWorld, slept } from './mechanism.ts';

export interface Membership {
  readonly members: readonly string[];
  readonly own: string;
}

export interface MembersOptions {
  /** Of the task metadata endpoint v4. */
  readonly metadataUri: string;
  readonly access: AwsAccess;
  readonly intervalMs: number;
}

/** So long without any answer, and a collector takes all targets: twice is better than not at all. */
const ALONE_AFTER_MS = 60_000;
const RETRY_MS = 2_000;
const METADATA_MAX_BYTES = 1024 * 1024;

const taskSchema = z.looseObject({
  TaskARN: z.string(),
  Cluster: z.string(),
  ServiceName: z.string().optional(),
});

interface Own {
  readonly arn: string;
  readonly cluster: string;
  readonly service: string;
}

/** Yields the members at first and whenever they change; ends when the signal aborts. */
export async function* followMembers(
  options: MembersOptions,
  world: DiscoveryWorld,
): AsyncIterable<Membership> {
  const { clock, signal, log } = world;
  const startMs = clock.nowMs();
  const api = await EcsApi.open(options.access, world);
  let own: Own | undefined;
  let known: Membership | undefined;
  try {
    while (!signal.aborted) {
      const read = await attempt(world, async () => {
        own ??= await ownTask(options, api, world);
        return readMembers(own, api, known?.members ?? []);
      });
      if (signal.aborted) return;
      const next = read ?? known;
      if (next !== undefined && next.members.join(' ') !== known?.members.join(' ')) {
        known = next;
        log.info('the targets are divided', { members: next.members.length });
        yield next;
      } else if (known === undefined && clock.nowMs() - startMs >= ALONE_AFTER_MS) {
        log.error('ECS does not tell the other collectors; this one takes all targets for now');
        known = { members: ['alone'], own: 'alone' };
        yield known;
      }
      const isFound = read !== undefined;
      if (!(await slept(isFound ? options.intervalMs : RETRY_MS, world))) return;
    }
  } finally {
    api.close();
  }
}

async function ownTask(
  { metadataUri }: MembersOptions,
  api: EcsApi,
  world: DiscoveryWorld,
): Promise<Own> {
  const answer = await world.http.send({
    method: 'GET',
    url: `${metadataUri}/task`,
    timeoutMs: 5_000,
    bodyMaxBytes: METADATA_MAX_BYTES,
    signal: world.signal,
  });
  if (answer.status !== 200) throw new Error(`task metadata: status ${answer.status}`);
  const { TaskARN, Cluster, ServiceName } = taskSchema.parse(JSON.parse(answer.body.toString()));
  const cluster = idOfArn(Cluster);
  if (ServiceName !== undefined && ServiceName !== '')
    return { arn: TaskARN, cluster, service: ServiceName };
  // Older agents do not tell the service.
  const [task] = await api.tasks(cluster, [TaskARN]);
  const service = task === undefined ? '' : serviceNameOf(task);
  if (service === '') throw new Error('this task belongs to no ECS service; use --shard i/n');
  return { arn: TaskARN, cluster, service };
}

async function readMembers(own: Own, api: EcsApi, before: readonly string[]): Promise<Membership> {
  const listed: string[] = [];
  await api.taskArns(own.cluster, (arns) => listed.push(...arns), own.service);
  const asked = [...new Set([...listed, ...before.filter((one) => one.startsWith('arn:'))])];
  const tasks = asked.length === 0 ? [] : await api.tasks(own.cluster, asked);
  const members = tasks.filter(isMember).map(({ taskArn }) => taskArn ?? '');
  return { members: [...new Set([...members, own.arn])].sort(), own: own.arn };
}

/** Running, or on its way out and not gone yet. */
function isMember({ desiredStatus, lastStatus }: Task): boolean {
  if (desiredStatus === 'STOPPED') return lastStatus !== 'STOPPED';
  return lastStatus === 'RUNNING';
}
