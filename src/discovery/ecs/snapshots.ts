/**
 * Keeps the last good reading of each cluster on disk, and the names of the clusters, so that a
 * restart during an outage of AWS starts with them. A file that cannot be read, written or trusted
 * is logged once and otherwise ignored.
 */
import { makeFolders } from '../../kernel/folders.ts';
import { readMoment } from '../../kernel/clock.ts';
import type { Task } from '@aws-sdk/client-ecs';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import * as z from 'zod';
import { describeError } from '../../kernel/errors.ts';
import type { DiscoveryWorld } from '../mechanism.ts';
import { writePrivately } from '../../kernel/atomic-file.ts';
import { sealText, unsealText } from '../../kernel/checked-text.ts';
import { readPrivately } from '../../kernel/private-files.ts';
import { isTask } from './api.ts';
import type { DetailSnapshot } from './details.ts';

const FILE_MAX_BYTES = 512 * 1024 * 1024;

/**
 * The snapshot of one cluster: all its tasks, and what was known of the things that belong to them.
 */
export interface ClusterSnapshot extends DetailSnapshot {
  readonly version: 2;
  readonly atMs: number;
  readonly tasks: readonly Task[];
}

/** The cluster that is written: ClusterState. */
interface Kept {
  /** Increases with each change. */
  readonly changes: number;
  snapshot(atMs: number): ClusterSnapshot;
}

const VERSION = 2;
/**
 * An unchanged snapshot is written again after this part of its maximum age, so that it does not
 * expire.
 */
const REWRITE_SHARE = 0.25;
/**
 * Tasks that are parsed or rendered in one turn of the event loop; they take a few milliseconds.
 */
const SLICE = 500;

const object = z.looseObject({});
const namesSchema = z.object({
  version: z.literal(VERSION),
  atMs: z.number(),
  names: z.array(z.string()),
});
/** The first line of a file. Each further line is a task. */
const headSchema = z.object({
  version: z.literal(VERSION),
  atMs: z.number(),
  /** The number of lines that follow. */
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
  /** What was last written, by scope. */
  readonly #kept = new Map<string, { readonly changes: number; readonly atMs: number }>();
  /** The fault of each file that was logged, so that it is logged once. */
  readonly #told = new Map<string, string>();

  constructor(directory: string | undefined, maxAgeMs: number, world: DiscoveryWorld) {
    this.#directory =
      directory === undefined ? undefined : path.resolve(world.baseDirectory, directory);
    this.#maxAgeMs = maxAgeMs;
    this.#world = world;
  }

  /** @param scope  role, region and cluster */
  async read(scope: string): Promise<ClusterSnapshot | undefined> {
    return this.#read(scope, async (text) => {
      const end = text.indexOf('\n');
      const { count, ...head } = headSchema.parse(JSON.parse(text.slice(0, end)));
      const tasks: Task[] = [];
      for (let at = end + 1; at < text.length;) {
        const next = text.indexOf('\n', at);
        const task: unknown = JSON.parse(text.slice(at, next < 0 ? text.length : next));
        if (!isTask(task as Task)) throw new Error('a line is not a task');
        tasks.push(task as Task);
        at = next < 0 ? text.length : next + 1;
        if (tasks.length % SLICE === 0) await setImmediate();
      }
      if (tasks.length !== count) throw new Error(`it holds ${tasks.length} of ${count} tasks`);
      return { ...head, tasks } as unknown as ClusterSnapshot;
    });
  }

  /** Reads the names of the clusters of a region. */
  async readNames(scope: string): Promise<readonly string[] | undefined> {
    const kept = await this.#read(scope, async (text) => namesSchema.parse(JSON.parse(text)));
    return kept?.names;
  }

  /** Writes a cluster if it has changed or if its snapshot grows old. */
  async keep(scope: string, cluster: Kept): Promise<void> {
    if (this.#directory === undefined) return;
    const { wallMs, elapsedMs } = readMoment(this.#world.clock);
    const { changes } = cluster;
    const last = this.#kept.get(scope);
    if (last?.changes === changes && elapsedMs - last.atMs < this.#maxAgeMs * REWRITE_SHARE) return;
    const { tasks, ...rest } = cluster.snapshot(wallMs);
    const isWritten = await this.#write(scope, async () => {
      const parts = [`${JSON.stringify({ ...rest, count: tasks.length })}\n`];
      for (let at = 0; at < tasks.length; at += SLICE) {
        const some = tasks.slice(at, at + SLICE).map((task) => `${JSON.stringify(task)}\n`);
        parts.push(some.join(''));
        await setImmediate();
      }
      return parts;
    });
    if (isWritten) this.#kept.set(scope, { changes, atMs: elapsedMs });
  }

  async writeNames(scope: string, names: readonly string[]): Promise<void> {
    if (this.#directory === undefined) return;
    const atMs = this.#world.clock.nowMs();
    await this.#write(scope, async () => [JSON.stringify({ version: VERSION, atMs, names })]);
  }

  async #read<Snapshot extends { readonly atMs: number }>(
    scope: string,
    parse: (text: string) => Promise<Snapshot>,
  ): Promise<Snapshot | undefined> {
    if (this.#directory === undefined) return undefined;
    try {
      const text = unsealText(await readPrivately(this.#fileOf(scope), FILE_MAX_BYTES));
      if (text === undefined) throw new Error('its checksum is missing or wrong');
      const kept = await parse(text);
      // A file from the future was written by another clock, and would otherwise never expire.
      const ageMs = Math.abs(this.#world.clock.nowMs() - kept.atMs);
      return ageMs <= this.#maxAgeMs ? kept : undefined;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        this.#tell(scope, 'a snapshot of a cluster cannot be used', error);
      return undefined;
    }
  }

  async #write(scope: string, render: () => Promise<readonly string[]>): Promise<boolean> {
    try {
      makeFolders(this.#directory ?? '', 0o700);
      await writePrivately(this.#fileOf(scope), sealText(await render()));
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
    if (this.#told.get(scope) === words) return;
    this.#told.set(scope, words);
    this.#world.log.warn(words, { scope, folder: this.#directory });
  }

  #fileOf(scope: string): string {
    return path.join(this.#directory ?? '', `${encodeURIComponent(scope)}.jsonl`);
  }
}
