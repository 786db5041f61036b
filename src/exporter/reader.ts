/**
 * Reads the metadata endpoint for all scrapes. One pair of requests serves all scrapes that come
 * while it is under way or shortly after, so that many scrapers cost the agent no more than one. A
 * scrape that cannot wait any longer gets what is known by then, with `ecs_up` 0.
 *
 * When a request fails, there are no statistics. The metadata of the last answer serve for two more
 * readings; after that, or after five minutes, only what does not change in them. Tags, where asked
 * for, have a request of their own, whose failure affects nothing else.
 */
import type { TaskMetadataClient } from '../aws/task-metadata.ts';
import type { TaskMetadata, TaskStats } from '../aws/task-metadata-schema.ts';
import { describeError } from '../kernel/errors.ts';
import { Outage } from '../kernel/outage.ts';
import type { World } from '../kernel/world.ts';
import { FrozenStats } from './frozen.ts';
import { pickLastingTask, selectRunningTasks } from './lasting.ts';
import type { TaskReading } from './reading.ts';
import { Source } from './source.ts';

/** Agents sample every second at best, so a reading this young is as good as a new one. */
export const CACHE_MS_DEFAULT = 500;
/** An EC2 agent asks the ECS API for tags, which limits the rate of calls; tags change seldom. */
const TAGS_EVERY_MS = 10 * 60_000;
const TAGS_RETRY_MS = 60_000;
const METADATA_LIFETIME = { failuresMax: 2, ageMaxMs: 5 * 60_000 };
/** Tags last for two of their readings. Failures do not count, since they are retried sooner. */
const TAGS_LIFETIME = { failuresMax: Infinity, ageMaxMs: 2 * TAGS_EVERY_MS };

export interface ReaderOptions {
  readonly client: TaskMetadataClient;
  readonly hasTags: boolean;
  /**
   * For how many ms a successful reading serves later scrapes too; 0: each scrape reads the
   * endpoint.
   */
  readonly cacheMs?: number | undefined;
  /** What the log says follows from a failure. */
  readonly consequence?: string | undefined;
}

type Tags = ReadonlyMap<string, TaskMetadata['TaskTags']>;

export class MetadataReader {
  readonly #options: ReaderOptions;
  readonly #world: World;
  readonly #metadata = new Source<readonly TaskMetadata[]>(METADATA_LIFETIME);
  readonly #tags = new Source<Tags>(TAGS_LIFETIME);
  readonly #frozen = new FrozenStats();
  #flight: Promise<TaskReading> | undefined;
  #last: TaskReading | undefined;
  /** When the last reading ended, by elapsed time, as are all ages and due times here. */
  #lastAtMs = -Infinity;
  /** How often the statistics could not be read; they have no `Source`, since none are kept. */
  #statsFailures = 0;
  #tagsDueMs = -Infinity;
  readonly #outage: Outage;
  #lastError = '';

  constructor(options: ReaderOptions, world: World) {
    this.#options = options;
    this.#world = world;
    this.#outage = new Outage(() => world.clock.elapsedMs());
  }

  /** Requests that failed so far, by kind; `tags` only where tags are asked for. */
  get failures(): Readonly<Record<string, number>> {
    const tags = this.#options.hasTags ? { tags: this.#tags.failures } : {};
    return { metadata: this.#metadata.failures, stats: this.#statsFailures, ...tags };
  }

  /** What went wrong at the last reading; empty where nothing did. */
  get lastError(): string {
    return this.#lastError;
  }

  /** Gives a reading within the time given. Never rejects. */
  async read(deadlineMs: number): Promise<TaskReading> {
    const { clock } = this.#world;
    const { cacheMs = CACHE_MS_DEFAULT } = this.#options;
    const last = this.#last;
    const ageMs = clock.elapsedMs() - this.#lastAtMs;
    if (last?.isUp === true && ageMs < cacheMs) return { ...last, tMs: clock.nowMs() };
    this.#flight ??= this.#readBoth().finally(() => {
      this.#flight = undefined;
    });
    const enough = new AbortController();
    const late = clock
      .sleep(deadlineMs, enough.signal)
      .then(() => this.#describe(false, undefined))
      .catch(() => undefined);
    const reading = await Promise.race([this.#flight, late]);
    enough.abort();
    return reading ?? (await this.#flight);
  }

  async #readBoth(): Promise<TaskReading> {
    const { client } = this.#options;
    const { clock } = this.#world;
    const signal = new AbortController().signal;
    this.#refreshTags(signal);
    const [tasks, stats] = await Promise.allSettled([client.tasks(signal), client.stats(signal)]);
    const atMs = clock.elapsedMs();
    this.#lastAtMs = atMs;
    if (tasks.status === 'fulfilled') this.#metadata.succeed(tasks.value, atMs);
    else this.#metadata.fail();
    if (stats.status === 'rejected') this.#statsFailures += 1;
    this.#logChange([tasks, stats].find((answer) => answer.status === 'rejected')?.reason);
    this.#last = this.#describe(
      tasks.status === 'fulfilled' && stats.status === 'fulfilled',
      stats.status === 'fulfilled' ? this.#frozen.dropFrozen(stats.value, atMs) : undefined,
    );
    return this.#last;
  }

  /** The reading at this moment, without metadata that are too old. */
  #describe(isUp: boolean, stats: TaskStats | undefined): TaskReading {
    const tMs = this.#world.clock.nowMs();
    const atMs = this.#world.clock.elapsedMs();
    const known = this.#addTags(this.#metadata.value, atMs);
    if (known === undefined || !this.#metadata.isStale(atMs))
      return { isUp, tasks: known, stats, tMs };
    const isOne = this.#options.client.scope === 'task';
    const tasks = (isOne ? known : selectRunningTasks(known, stats)).map(pickLastingTask);
    return { isUp, tasks, stats, tMs };
  }

  #addTags(
    tasks: readonly TaskMetadata[] | undefined,
    atMs: number,
  ): readonly TaskMetadata[] | undefined {
    const tags = this.#tags.isStale(atMs) ? undefined : this.#tags.value;
    if (tags === undefined) return tasks;
    return tasks?.map((task) => ({
      ...task,
      TaskTags: tags.get(task.TaskARN ?? '') ?? task.TaskTags,
    }));
  }

  /** Reads the tags in the background, since the agent may have to wait for the ECS API. */
  #refreshTags(signal: AbortSignal): void {
    const { client, hasTags } = this.#options;
    const { clock, log } = this.#world;
    if (!hasTags || clock.elapsedMs() < this.#tagsDueMs) return;
    this.#tagsDueMs = clock.elapsedMs() + TAGS_RETRY_MS;
    void client.taggedTasks(signal).then(
      (tasks) => {
        this.#tags.succeed(
          new Map(tasks.map((task) => [task.TaskARN ?? '', task.TaskTags])),
          clock.elapsedMs(),
        );
        this.#tagsDueMs = clock.elapsedMs() + TAGS_EVERY_MS;
      },
      (error: unknown) => {
        if (!this.#tags.isFailing())
          log.warn('the tags of the task could not be read; the last ones serve for a while', {
            error: describeError(error),
          });
        this.#tags.fail();
      },
    );
  }

  #logChange(reason: unknown): void {
    const isFailing = reason !== undefined;
    const { consequence = 'ecs_up is 0' } = this.#options;
    const { log } = this.#world;
    this.#lastError = isFailing ? describeError(reason) : '';
    const sum = isFailing ? this.#outage.failed() : this.#outage.worked();
    if (sum === undefined) return;
    const { failures, lastedMs: for_ms } = sum;
    if (isFailing)
      log.warn(`the task metadata endpoint could not be read; ${consequence}`, {
        error: this.#lastError,
        failures,
        for_ms,
      });
    else log.info('the task metadata endpoint can be read again', { failures, for_ms });
  }
}
