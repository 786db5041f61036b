/**
 * The sources of a collector that read its own task, and how they follow a plan. They share one
 * reader of the metadata endpoint. When collectors divide the targets, each still reads its own
 * task.
 */
import { createTaskMetadataClient, metadataUri } from '../../aws/task-metadata.ts';
import type { TaskSourcePlan } from '../../config/plan.ts';
import { MetadataReader } from '../../exporter/reader.ts';
import { TaskSource, type TaskSourceStatus } from '../../exporter/task-source.ts';
import { ConfigError, describeError } from '../../kernel/errors.ts';
import type { World } from '../../kernel/world.ts';
import type { OpenRoutedAppender } from '../../model/sample.ts';

/** How long a source that is gone may wait for a reading that is under way. */
const END_MS = 1_000;
const CONSEQUENCE = 'metrics of the task end until it can';

export interface TaskSourcesOptions {
  readonly world: World;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly openAppender: OpenRoutedAppender;
}

interface Running {
  readonly plan: TaskSourcePlan;
  readonly source: TaskSource;
}

export class TaskSources {
  readonly #options: TaskSourcesOptions;
  readonly #running = new Map<string, Running>();
  #reader: MetadataReader | undefined;

  constructor(options: TaskSourcesOptions) {
    this.#options = options;
  }

  /** @throws ConfigError METADATA_ENDPOINT where there are sources, and this is no task of ECS */
  check([first]: readonly TaskSourcePlan[]): void {
    if (first === undefined) return;
    try {
      metadataUri(this.#options.env);
    } catch (error) {
      const what = `receiver "${first.id}" reads the task that it runs in`;
      throw new ConfigError(
        'METADATA_ENDPOINT',
        `${first.position}: ${what}; ${describeError(error)}`,
        { cause: error },
      );
    }
  }

  /** Starts what is new, ends what is gone, and leaves alone what stays. */
  async apply(plans: readonly TaskSourcePlan[]): Promise<void> {
    const gone = [...this.#running.values()].filter(
      ({ plan }) => !plans.some((one) => isSame(one, plan)),
    );
    for (const { plan } of gone) this.#running.delete(plan.id);
    await Promise.all(gone.map(({ source }) => source.end(END_MS)));
    for (const plan of plans) if (!this.#running.has(plan.id)) await this.#start(plan);
  }

  /** Reads once more, for at most this long. */
  async finish(deadlineMs: number): Promise<void> {
    const enough = new AbortController();
    const late = this.#options.world.clock.sleep(deadlineMs, enough.signal);
    const last = Promise.all([...this.#running.values()].map(({ source }) => source.readLast()));
    await Promise.race([last, late.catch(() => undefined)]);
    enough.abort();
  }

  async stop(deadlineMs: number): Promise<void> {
    const running = [...this.#running.values()];
    this.#running.clear();
    await Promise.all(running.map(({ source }) => source.stop(deadlineMs)));
  }

  get statuses(): readonly TaskSourceStatus[] {
    return [...this.#running.values()].map(({ source }) => source.status);
  }

  /** The endpoint that is read; undefined while no source runs. */
  get endpoint(): string | undefined {
    return this.#running.size === 0 ? undefined : metadataUri(this.#options.env);
  }

  async #start(plan: TaskSourcePlan): Promise<void> {
    const { world, openAppender } = this.#options;
    const { id, intervalMs } = plan;
    const reader = (this.#reader ??= this.#openReader());
    const open = () => openAppender(id, 'task');
    const source = new TaskSource({ id, intervalMs, reader, openAppender: open, world });
    this.#running.set(id, { plan, source });
    await source.start();
  }

  #openReader(): MetadataReader {
    const { world, env } = this.#options;
    const client = createTaskMetadataClient(metadataUri(env), world.http);
    return new MetadataReader({ client, hasTags: false, consequence: CONSEQUENCE }, world);
  }
}

function isSame(a: TaskSourcePlan, b: TaskSourcePlan): boolean {
  return a.id === b.id && a.intervalMs === b.intervalMs;
}
