/**
 * What is known of one cluster, and how it is kept up to date with few calls. Each reading lists
 * the tasks, and describes only tasks that are new or not running yet and a rotating sample of the
 * others; details.ts reads what belongs to them. A failed call leaves what was known and is made
 * again at the next reading. A task that is missing from the complete list is gone.
 * Source of the limits:
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListTasks.html
 */
import type { Task } from '@aws-sdk/client-ecs';
import { makeFailedLack, type Lack } from '../lacking.ts';
import { isNamed } from './api.ts';
import { type DefinitionsUse, Details, type DetailSource, type Wants } from './details.ts';
import { type DefinitionFacts, idOfArn, type TaskFacts } from './facts.ts';
import type { ShelfAnswer, Shelf } from '../shelf.ts';
import type { ClusterSnapshot } from './snapshots.ts';

/** The calls that are needed, as EcsApi has them. */
export interface ClusterSource extends DetailSource {
  listTaskArns(cluster: string, onPage: (arns: readonly string[]) => void): Promise<void>;
  describeTasks(cluster: string, arns: string[]): Promise<ShelfAnswer<Task>>;
}

/** One batch of known tasks is described again at each reading for each so many tasks. */
const SAMPLE_SHARE = 2_000;
/** Stopped tasks that are remembered, so that a late event does not bring them back. */
const STOPPED_MAX = 10_000;
/** Readings in a row without the cluster after which it is believed to be gone. */
const GONE_AFTER = 2;

interface Listing {
  readonly arns: ReadonlySet<string>;
  readonly lack: Lack | undefined;
}

export class ClusterState {
  readonly name: string;
  /** When the last whole reading or the snapshot was made, elapsed time; undefined before. */
  readAtMs: number | undefined;
  readonly #source: ClusterSource;
  readonly #details: Details;
  #tasks = new Map<string, Task>();
  /** The version that each stopped task had at its end. */
  readonly #stopped = new Map<string, number>();
  /** Tasks known only from an event, which does not carry their tags. */
  readonly #undescribed = new Set<string>();
  /**
   * Tasks that an event added while the list was being read, which may not contain them; undefined
   * outside of a listing.
   */
  #addedMeanwhile: Set<string> | undefined;
  #taskLacks: readonly Lack[] = [];
  #clusterLacks: readonly Lack[] = [];
  #detailLacks: readonly Lack[] = [];
  /** Readings in a row in which ECS did not know the cluster. */
  #absences = 0;
  #isListed = false;
  #changes = 0;
  /** Index at which the rotating sample continues. */
  #sampleAt = 0;

  /** @param definitions  the shelf that all clusters of an account share */
  constructor(
    name: string,
    source: ClusterSource,
    definitions: { readonly shelf: Shelf<DefinitionFacts>; readonly use: DefinitionsUse },
    wants: Wants,
  ) {
    this.name = name;
    this.#source = source;
    this.#details = new Details(name, source, definitions, wants);
  }

  get size(): number {
    return this.#tasks.size;
  }

  /** What is not known. The cluster is whole when none of it is blocking. */
  get lacks(): readonly Lack[] {
    return [...this.#taskLacks, ...this.#clusterLacks, ...this.#detailLacks];
  }

  /** Whether ECS has said GONE_AFTER times in a row that the cluster does not exist. */
  get isGone(): boolean {
    return this.#absences >= GONE_AFTER;
  }

  /**
   * Whether all tasks are known, even if details are lacking. Then a snapshot may be kept on disk.
   */
  get hasAllTasks(): boolean {
    return this.#isListed && !this.#taskLacks.some(({ isBlocking }) => isBlocking);
  }

  /** Increases with each change of what is known. */
  get changes(): number {
    return this.#changes + this.#details.changes;
  }

  tasks(): IterableIterator<Task> {
    return this.#tasks.values();
  }

  /**
   * Makes one reading. Never rejects because of a failed call; `lacks` has what is not known after
   * it.
   */
  async refresh(atMs: number): Promise<void> {
    // The description of the cluster only brings labels, so the tasks are listed at the same time.
    const [{ arns, lack }, clusterLacks] = await Promise.all([
      this.#list(),
      this.#details.completeCluster(atMs),
    ]);
    this.#clusterLacks = clusterLacks;
    const lacks = await this.#describe(this.#chooseToDescribe(arns), arns);
    this.#taskLacks = lack === undefined ? lacks : [lack, ...lacks];
    await this.#enrich(atMs);
    if (!this.lacks.some(({ isBlocking }) => isBlocking)) this.readAtMs = atMs;
  }

  /**
   * Merges events, which do not carry tags, and reads what the new tasks need. Returns whether
   * anything changed.
   */
  async takeEvents(events: readonly Task[], atMs: number): Promise<boolean> {
    const changed = events.filter((task) => this.merge(task));
    if (changed.length === 0) return false;
    const running = changed
      .map(({ taskArn }) => taskArn ?? '')
      .filter((arn) => this.#tasks.has(arn));
    for (const arn of running) this.#undescribed.add(arn);
    const lacks = await this.#describe(running, new Set());
    this.#taskLacks = [...this.#taskLacks, ...lacks].slice(-2);
    await this.#enrich(atMs);
    return true;
  }

  /**
   * Merges a description or an event, unless what is known is newer. Returns whether anything
   * changed.
   */
  merge(task: Task): boolean {
    const arn = task.taskArn ?? '';
    const version = task.version ?? 0;
    const known = this.#tasks.get(arn);
    if (known !== undefined && (known.version ?? 0) > version) return false;
    if ((this.#stopped.get(arn) ?? -1) >= version) return false;
    if (task.desiredStatus === 'STOPPED') {
      this.#stopped.set(arn, version);
      for (const oldest of this.#stopped.keys()) {
        if (this.#stopped.size <= STOPPED_MAX) break;
        this.#stopped.delete(oldest);
      }
      return this.#forget(arn);
    }
    this.#tasks.set(arn, slim({ ...known, ...task }));
    this.#addedMeanwhile?.add(arn);
    if (known !== undefined && known.version === task.version) return false;
    this.#changes += 1;
    return true;
  }

  /** Forgets all tasks, because the cluster is gone. */
  clear(atMs: number): void {
    this.#tasks.clear();
    this.#taskLacks = this.#taskLacks.map((lack) => ({ ...lack, isBlocking: false }));
    this.#clusterLacks = [];
    this.#detailLacks = [];
    this.readAtMs = atMs;
  }

  *facts(): Generator<TaskFacts> {
    for (const task of this.#tasks.values()) yield this.#details.factsOf(task);
  }

  snapshot(atMs: number): ClusterSnapshot {
    const tasks = [...this.#tasks.values()];
    return { version: 2, atMs, tasks, ...this.#details.snapshot(tasks) };
  }

  /** Starts from a snapshot. What it lacks is read at the next reading. */
  restore(kept: ClusterSnapshot, readAtMs: number): void {
    for (const task of kept.tasks) this.#tasks.set(task.taskArn ?? '', task);
    this.#details.restore(kept, readAtMs);
    this.readAtMs = readAtMs;
  }

  async #list(): Promise<Listing> {
    const arns = new Set<string>();
    const added = new Set<string>();
    this.#addedMeanwhile = added;
    this.#isListed = false;
    try {
      await this.#source.listTaskArns(this.name, (page) => {
        for (const arn of page) arns.add(arn);
      });
      for (const arn of this.#tasks.keys())
        if (!arns.has(arn) && !added.has(arn)) this.#forget(arn);
      this.#absences = 0;
      this.#isListed = true;
      return { arns, lack: undefined };
    } catch (error) {
      // The list is incomplete, so a task that is missing from it may still exist.
      const isAbsent = isNamed(error, /^ClusterNotFound/);
      this.#absences = isAbsent ? this.#absences + 1 : 0;
      const lack = makeFailedLack('ecs:ListTasks', idOfArn(this.name), error);
      if (!isAbsent) return { arns, lack };
      const words = `there is no cluster ${lack.scope} in the region that is asked: ${lack.words}`;
      return { arns, lack: { ...lack, cause: 'unknown', words } };
    } finally {
      this.#addedMeanwhile = undefined;
    }
  }

  /**
   * @param listed  the tasks of the list; one that is still unknown afterwards is a blocking lack
   */
  async #describe(arns: readonly string[], listed: ReadonlySet<string>): Promise<Lack[]> {
    const { batch } = this.#source;
    const batches: string[][] = [];
    for (let at = 0; at < arns.length; at += batch) batches.push(arns.slice(at, at + batch));
    const unanswered = new Set(arns);
    let failure: unknown;
    // Each answer is merged as it arrives, so that no turn of the event loop handles all of them.
    const takeIn = ({ found, unknown }: ShelfAnswer<Task>): void => {
      for (const [arn, task] of found) {
        unanswered.delete(arn);
        this.merge(task);
        this.#undescribed.delete(arn);
      }
      for (const arn of unknown) {
        unanswered.delete(arn);
        this.#forget(arn);
      }
    };
    await Promise.all(
      batches.map((batchArns) =>
        this.#source
          .describeTasks(this.name, batchArns)
          .then(takeIn)
          .catch((error: unknown) => void (failure ??= error)),
      ),
    );
    if (unanswered.size === 0) return [];
    const isBlocking = [...unanswered].some((arn) => listed.has(arn) && !this.#tasks.has(arn));
    const error =
      failure ?? new Error(`ecs:DescribeTasks: ${unanswered.size} tasks were not answered`);
    return [{ ...makeFailedLack('ecs:DescribeTasks', idOfArn(this.name), error), isBlocking }];
  }

  async #enrich(atMs: number): Promise<void> {
    this.#details.retain([...this.#tasks.values()]);
    this.#detailLacks = await this.#details.complete([...this.#tasks.values()], atMs);
  }

  /**
   * Chooses the tasks to describe: new ones, those that are not running yet or are known only from
   * events, and the next of the sample.
   */
  #chooseToDescribe(listed: ReadonlySet<string>): string[] {
    const wanted = new Set<string>();
    for (const arn of listed) {
      const known = this.#tasks.get(arn);
      if (known?.lastStatus !== 'RUNNING' || this.#undescribed.has(arn)) wanted.add(arn);
    }
    for (const arn of this.#undescribed) wanted.add(arn);
    const known = [...this.#tasks.keys()];
    const sample = Math.min(
      known.length,
      Math.ceil(known.length / SAMPLE_SHARE) * this.#source.batch,
    );
    // The tasks that are described anyway count towards the sample, so only the rest is added.
    const room = sample - Math.min(sample, wanted.size);
    for (let i = 0; i < room; i++) {
      const arn = known[(this.#sampleAt + i) % known.length];
      if (arn !== undefined) wanted.add(arn);
    }
    this.#sampleAt = known.length === 0 ? 0 : (this.#sampleAt + room) % known.length;
    return [...wanted];
  }

  #forget(arn: string): boolean {
    this.#undescribed.delete(arn);
    if (!this.#tasks.delete(arn)) return false;
    this.#changes += 1;
    return true;
  }
}

/** Leaves out fields that nothing uses, because ten thousand tasks are held in memory. */
function slim(task: Task): Task {
  const { overrides, attributes, inferenceAccelerators, ...rest } = task;
  void [overrides, attributes, inferenceAccelerators];
  return rest;
}
