/**
 * The running sinks of a collector, each with its own queue, and how their settings change. While a
 * sink is changed, its queue goes on taking samples, and the other sinks run on.
 */
import { join } from 'node:path';
import type { DirectSinkPlan, QueuedSinkPlan, SinkPlan } from '../../config/plan.ts';
import { assert } from '../../kernel/errors.ts';
import type { World } from '../../kernel/world.ts';
import type { QueueLimits } from '../../queue/options.ts';
import { DurableQueue } from '../../queue/queue.ts';
import type { DirectSink, DirectSinkParts, Sink } from '../../sinks/sink.ts';

/** How long a sink that is changed or removed may go on sending; the rest stays on disk. */
const HAND_OVER_MS = 1_000;

interface RunningQueued {
  plan: QueuedSinkPlan;
  readonly queue: DurableQueue;
  sink: Sink;
  /** Aborts when the plan has the sink no longer. */
  readonly gone: AbortController;
}

interface RunningDirect {
  plan: DirectSinkPlan;
  readonly queue?: undefined;
  sink: DirectSink;
}

type Running = RunningQueued | RunningDirect;

export interface OutletsOptions {
  readonly world: World;
  readonly storagePath: string;
  readonly userAgent: string;
}

export class Outlets {
  readonly #options: OutletsOptions;
  readonly #running = new Map<string, Running>();
  #heldFromMs = Infinity;
  #leftItems = 0;

  constructor(options: OutletsOptions) {
    this.#options = options;
  }

  /**
   * Opens sinks that are new and changes those whose settings differ. Sinks that are not among
   * these run on until `retain`.
   *
   * @throws  where a new sink can't be opened; then none of the new ones runs, and nothing changed
   */
  async apply(plans: readonly SinkPlan[]): Promise<void> {
    // New sinks come first, since opening one may fail (a folder that can't be used).
    const added = plans.filter(({ id }) => !this.#running.has(id));
    const opened: Running[] = [];
    try {
      for (const plan of added) opened.push(await this.#open(plan));
    } catch (error) {
      await Promise.all(opened.map((running) => close(running, 0)));
      throw error;
    }
    for (const running of opened) this.#running.set(running.plan.id, running);
    const changed = plans.filter(({ id, version }) => this.#get(id).plan.version !== version);
    await Promise.all(changed.map((plan) => this.#change(plan)));
  }

  /** Stops the sinks that are not among these. The caller no longer appends to them. */
  async retain(plans: readonly SinkPlan[]): Promise<void> {
    const wanted = new Set(plans.map(({ id }) => id));
    const gone = [...this.#running.values()].filter(({ plan }) => !wanted.has(plan.id));
    for (const { plan } of gone) this.#running.delete(plan.id);
    await Promise.all(gone.map((running) => close(running, HAND_OVER_MS)));
    for (const running of gone) if (running.queue !== undefined) running.gone.abort();
  }

  /** Sends at once what waits in all queues; resolves when it is sent, or its sink is gone. */
  async flush(): Promise<void> {
    await Promise.all(this.#queued.map(({ queue, gone }) => queue.flush(gone.signal)));
  }

  /** Sends nothing that was appended at this elapsed time or later; infinite ends that. */
  holdFrom(appendedMs: number): void {
    this.#heldFromMs = appendedMs;
    for (const { queue } of this.#queued) queue.holdFrom(appendedMs);
  }

  /** Whether something waits that was appended before this elapsed time. */
  hasBefore(appendedMs: number): boolean {
    return this.#queued.some(({ queue }) => queue.hasBefore(appendedMs));
  }

  /** Items that wait in all queues, or after the stop, that are left in them. */
  get pendingItems(): number {
    return this.#queued.reduce((sum, { queue }) => sum + queue.pendingItems, this.#leftItems);
  }

  async stop(deadlineMs: number): Promise<void> {
    const closing = [...this.#running.values()].map((running) => close(running, deadlineMs));
    await Promise.all(closing);
    this.#leftItems = this.pendingItems;
    this.#running.clear();
  }

  get #queued(): readonly RunningQueued[] {
    return [...this.#running.values()].filter((one) => one.queue !== undefined);
  }

  sinkOf(id: string): DirectSink {
    return this.#get(id).sink;
  }

  async #open(plan: SinkPlan): Promise<Running> {
    if (plan.delivery === undefined) {
      const sink = plan.open(this.#makeParts(plan));
      await sink.start();
      return { plan, sink };
    }
    const { world, storagePath } = this.#options;
    const folder = join(storagePath, plan.folder);
    const queue: DurableQueue = new DurableQueue(
      {
        name: plan.id,
        directory: folder,
        ...makeQueueLimits(plan),
        onDropped: (...loss) => running.sink.countDropped(...loss),
      },
      world,
    );
    const sink = plan.open({ ...this.#makeParts(plan), queue, folder });
    const running: RunningQueued = { plan, queue, sink, gone: new AbortController() };
    queue.holdFrom(this.#heldFromMs);
    await queue.start();
    try {
      await running.sink.start();
    } catch (error) {
      await queue.stop();
      throw error;
    }
    return running;
  }

  async #change(plan: SinkPlan): Promise<void> {
    const running = this.#get(plan.id);
    if (plan.delivery === undefined) await this.#changeDirect(running as RunningDirect, plan);
    else await this.#changeQueued(running as RunningQueued, plan);
    this.#options.world.log.info('a sink goes on with other settings', { sink: plan.id });
  }

  async #changeQueued(running: RunningQueued, plan: QueuedSinkPlan): Promise<void> {
    // The next one is made first: where that fails, the present one goes on.
    const { queue, sink: before } = running;
    const next = plan.open({ ...this.#makeParts(plan), queue, before });
    await before.release(HAND_OVER_MS);
    queue.configure(makeQueueLimits(plan));
    running.plan = plan;
    running.sink = next;
    await next.start();
  }

  async #changeDirect(running: RunningDirect, plan: DirectSinkPlan): Promise<void> {
    const { sink: before } = running;
    const next = plan.open(this.#makeParts(plan));
    await next.start();
    running.plan = plan;
    running.sink = next;
    await before.stop(HAND_OVER_MS);
  }

  #makeParts({ id, name }: SinkPlan): DirectSinkParts {
    const { world, userAgent } = this.#options;
    return { id, name, world, userAgent };
  }

  #get(id: string): Running {
    const found = this.#running.get(id);
    assert(found, `no sink ${id} runs`);
    return found;
  }
}

/** What a plan says of the queue of its sink. */
export function makeQueueLimits({ delivery }: QueuedSinkPlan): QueueLimits {
  const { shardsMax: lanes, capBytes, sync, ageLimitMs: maxAgeMs } = delivery;
  return { lanes, capBytes, sync, maxAgeMs };
}

async function close({ sink, queue }: Running, deadlineMs: number): Promise<void> {
  await sink.stop(deadlineMs);
  await queue?.stop();
}
