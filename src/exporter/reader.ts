/**
 * Reads the metadata endpoint for everybody who asks: one pair of requests serves all scrapes that come while it is
 * under way or shortly after, so many scrapers cost the agent no more than one. A scrape that cannot wait any longer is
 * told what is known by then, with `ecs_up` 0.
 */
import type { TaskMetadataClient } from '../aws/task-metadata.ts';
import type { TaskMetadata } from '../aws/task-metadata-schema.ts';
import { messageOf } from '../kernel/errors.ts';
import type { World } from '../kernel/world.ts';
import type { Reading } from './reading.ts';

/** Agents sample every second at best, so a reading this young is as good as a new one. */
const FRESH_MS = 500;
/** An EC2 agent asks the ECS API for tags, and the ECS API counts: tags change seldom. */
const TAGS_EVERY_MS = 10 * 60_000;

export interface ReaderOptions {
  readonly client: TaskMetadataClient;
  readonly hasTags: boolean;
}

export class MetadataReader {
  readonly #options: ReaderOptions;
  readonly #world: World;
  readonly #failures = { metadata: 0, stats: 0 };
  #flight: Promise<Reading> | undefined;
  #last: Reading | undefined;
  /** From the last time that it could be read: identity and limits do not change. */
  #tasks: readonly TaskMetadata[] | undefined;
  #tags = new Map<string, TaskMetadata['TaskTags']>();
  #tagsAtMs = -Infinity;
  #isFailing = false;

  constructor(options: ReaderOptions, world: World) {
    this.#options = options;
    this.#world = world;
  }

  /** Requests that failed so far. */
  get failures(): Readonly<{ metadata: number; stats: number }> {
    return this.#failures;
  }

  /** A reading within the time given; never rejects. */
  async read(deadlineMs: number): Promise<Reading> {
    const { clock } = this.#world;
    const last = this.#last;
    if (last?.isUp === true && clock.nowMs() - last.tMs < FRESH_MS) return last;
    this.#flight ??= this.#readBoth().finally(() => {
      this.#flight = undefined;
    });
    const enough = new AbortController();
    const late = clock
      .sleep(deadlineMs, enough.signal)
      .then(() => ({ isUp: false, tasks: this.#tasks, stats: undefined, tMs: clock.nowMs() }))
      .catch(() => undefined);
    const reading = await Promise.race([this.#flight, late]);
    enough.abort();
    return reading ?? (await this.#flight);
  }

  async #readBoth(): Promise<Reading> {
    const { client } = this.#options;
    const signal = new AbortController().signal;
    const [tasks, stats] = await Promise.allSettled([
      this.#readTasks(signal),
      client.stats(signal),
    ]);
    if (tasks.status === 'rejected') this.#failures.metadata += 1;
    if (stats.status === 'rejected') this.#failures.stats += 1;
    if (tasks.status === 'fulfilled') this.#tasks = tasks.value;
    this.#tell([tasks, stats].find((one) => one.status === 'rejected')?.reason);
    const reading = {
      isUp: tasks.status === 'fulfilled' && stats.status === 'fulfilled',
      tasks: this.#tasks,
      stats: stats.status === 'fulfilled' ? stats.value : undefined,
      tMs: this.#world.clock.nowMs(),
    };
    this.#last = reading;
    return reading;
  }

  async #readTasks(signal: AbortSignal): Promise<readonly TaskMetadata[]> {
    const { client, hasTags } = this.#options;
    const isDue = hasTags && this.#world.clock.nowMs() - this.#tagsAtMs >= TAGS_EVERY_MS;
    const tasks = await client.tasks(signal, isDue);
    if (!hasTags) return tasks;
    if (isDue) {
      this.#tagsAtMs = this.#world.clock.nowMs();
      this.#tags = new Map(tasks.map((task) => [task.TaskARN ?? '', task.TaskTags]));
    }
    return tasks.map((task) => ({
      ...task,
      TaskTags: this.#tags.get(task.TaskARN ?? '') ?? task.TaskTags,
    }));
  }

  /** Once when it begins to fail and once when it works again: an endpoint may be away for hours. */
  #tell(reason: unknown): void {
    const isFailing = reason !== undefined;
    if (isFailing && !this.#isFailing)
      this.#world.log.warn('the task metadata endpoint could not be read; ecs_up is 0', {
        error: messageOf(reason),
      });
    if (!isFailing && this.#isFailing)
      this.#world.log.info('the task metadata endpoint can be read again');
    this.#isFailing = isFailing;
  }
}
