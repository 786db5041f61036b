/**
 * The last good reading of each cluster on disk, and the names of the clusters, so that a restart
 * during an outage of AWS begins with them. A file that can't be read, written or trusted is told
 * once and does no harm.
 */
import type { Task } from '@aws-sdk/client-ecs';
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { z } from 'zod';
import { describeError } from '../../kernel/errors.ts';
import type { DiscoveryWorld } from '../mechanism.ts';
import { writeAtomically } from '../../kernel/atomic-file.ts';
import { isTask } from './api.ts';
import type { DetailSnapshot } from './details.ts';

/**
 * Kept on disk of one cluster, to begin with after a restart: all its tasks, and what was known of
 * what belongs to them.
 */
export interface ClusterSnapshot extends DetailSnapshot {
  readonly version: 2;
  readonly atMs: number;
  readonly tasks: readonly Task[];
}

/** What is kept of a cluster: ClusterState. */
interface Kept {
  /** Grows with each change. */
  readonly changes: number;
  snapshot(atMs: number): ClusterSnapshot;
}

const VERSION = 2;
/**
 * Part of the age at which a snapshot is of no use: what has not changed is written again after it.
 */
const REWRITE_SHARE = 0.25;
/** Items that are written in one turn of the event loop: some milliseconds. */
const SLICE = 500;

const object = z.looseObject({});
const namesSchema = z.object({
  version: z.literal(VERSION),
  atMs: z.number(),
  names: z.array(z.string()),
});
/** The first line of a file; each of the others is a task. */
const headSchema = z.object({
  version: z.literal(VERSION),
  atMs: z.number(),
  /** How many lines follow. */
  count: z.number(),
  cluster: object.optional(),
  definitions: z.array(z.looseObject({ arn: z.string(), containers: z.array(object) })),
  containerInstances: z.array(object),
  instances: z.array(object),
  services: z.array(object),
  interfaces: z.array(object),
});

export class Snapshots {
  readonly #directory: string | undefined;
  readonly #world: DiscoveryWorld;
  readonly #maxAgeMs: number;
  /** By scope, what was written last. */
  readonly #kept = new Map<string, { readonly changes: number; readonly atMs: number }>();
  /** What is wrong with a file, so that it is said once. */
  readonly #told = new Map<string, string>();

  constructor(directory: string | undefined, maxAgeMs: number, world: DiscoveryWorld) {
    this.#directory =
      directory === undefined ? undefined : path.resolve(world.baseDirectory, directory);
    this.#maxAgeMs = maxAgeMs;
    this.#world = world;
  }

  /** @param scope  account, region and cluster */
  async read(scope: string): Promise<ClusterSnapshot | undefined> {
    return this.#read(scope, async (text) => {
      const end = text.indexOf('\n');
      const { count, ...head } = headSchema.parse(JSON.parse(text.slice(0, end)));
      const tasks: Task[] = [];
      for (let at = end + 1; at < text.length;) {
        const next = text.indexOf('\n', at);
        const task: unknown = JSON.parse(text.slice(at, next < 0 ? text.length : next));
        if (!isTask(task as Task)) throw new Error('a line is no task');
        tasks.push(task as Task);
        at = next < 0 ? text.length : next + 1;
        if (tasks.length % SLICE === 0) await setImmediate();
      }
      if (tasks.length !== count) throw new Error(`${tasks.length} tasks of ${count} are there`);
      return { ...head, tasks } as unknown as ClusterSnapshot;
    });
  }

  /** Names of the clusters of a region. */
  async readNames(scope: string): Promise<readonly string[] | undefined> {
    const kept = await this.#read(scope, async (text) => namesSchema.parse(JSON.parse(text)));
    return kept?.names;
  }

  /** Writes what is known of a cluster if it has changed, or if what was kept grows old. */
  async keep(scope: string, cluster: Kept): Promise<void> {
    if (this.#directory === undefined) return;
    const nowMs = this.#world.clock.nowMs();
    const { changes } = cluster;
    const last = this.#kept.get(scope);
    if (last?.changes === changes && nowMs - last.atMs < this.#maxAgeMs * REWRITE_SHARE) return;
    const { tasks, ...rest } = cluster.snapshot(nowMs);
    const isWritten = await this.#write(scope, async () => {
      const parts = [`${JSON.stringify({ ...rest, count: tasks.length })}\n`];
      for (let at = 0; at < tasks.length; at += SLICE) {
        const some = tasks.slice(at, at + SLICE).map((task) => `${JSON.stringify(task)}\n`);
        parts.push(some.join(''));
        await setImmediate();
      }
      return parts;
    });
    if (isWritten) this.#kept.set(scope, { changes, atMs: nowMs });
  }

  async writeNames(scope: string, names: readonly string[]): Promise<void> {
    if (this.#directory === undefined) return;
    const atMs = this.#world.clock.nowMs();
    await this.#write(scope, async () => JSON.stringify({ version: VERSION, atMs, names }));
  }

  async #read<Snapshot extends { readonly atMs: number }>(
    scope: string,
    parse: (text: string) => Promise<Snapshot>,
  ): Promise<Snapshot | undefined> {
    if (this.#directory === undefined) return undefined;
    try {
      const kept = await parse(await readFile(this.#fileOf(scope), 'utf8'));
      // A file from the future is of another clock, and would stay for good.
      const ageMs = Math.abs(this.#world.clock.nowMs() - kept.atMs);
      return ageMs <= this.#maxAgeMs ? kept : undefined;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        this.#tell(scope, 'a snapshot of a cluster is of no use', error);
      return undefined;
    }
  }

  async #write(scope: string, render: () => Promise<string | string[]>): Promise<boolean> {
    try {
      await mkdir(this.#directory ?? '', { recursive: true });
      await writeAtomically(this.#fileOf(scope), await render());
      this.#told.delete(scope);
      return true;
    } catch (error) {
      this.#tell(
        scope,
        'a snapshot of a cluster could not be written; the one before stays',
        error,
      );
      return false;
    }
  }

  #tell(scope: string, event: string, error: unknown): void {
    const words = `${event}: ${describeError(error)}`;
    // Drafts have random names.
    const cause = `${event} ${(error as NodeJS.ErrnoException).code ?? ''}`;
    if (this.#told.get(scope) === cause) return;
    this.#told.set(scope, cause);
    this.#world.log.warn(words, { scope, folder: this.#directory });
  }

  #fileOf(scope: string): string {
    return path.join(this.#directory ?? '', `${encodeURIComponent(scope)}.jsonl`);
  }
}
