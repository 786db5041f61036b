/**
 * The running sinks of a collector, each with the queue that is its own, and how they go over to
 * other settings. While one is changed, its queue goes on taking and the others do not notice.
 */
import { join } from 'node:path';
import type { SinkPlan } from '../../config/plan.ts';
import { assert } from '../../kernel/errors.ts';
import type { World } from '../../kernel/world.ts';
import type { QueueLimits } from '../../queue/options.ts';
import { DurableQueue } from '../../queue/queue.ts';
import type { Sink } from '../../sinks/sink.ts';

/** How long a sink that is changed or gone may go on sending; the rest stays on disk. */
const HAND_OVER_MS = 1_000;

interface Running {
  plan: SinkPlan;
  readonly queue: DurableQueue;
  sink: Sink;
}

export interface OutletsOptions {
  readonly world: World;
  readonly storagePath: string;
  readonly userAgent: string;
}

export class Outlets {
  readonly #options: OutletsOptions;
  readonly #running = new Map<string, Running>();

  constructor(options: OutletsOptions) {
    this.#options = options;
  }

  /**
   * Opens sinks that are new and changes those that are written otherwise; those that are gone run
   * on.
   */
  async apply(plans: readonly SinkPlan[]): Promise<void> {
    // What may be refused comes first: a folder that can't be used leaves all as it was.
    const added = plans.filter(({ id }) => !this.#running.has(id));
    const opened: Running[] = [];
    try {
      for (const plan of added) opened.push(await this.#open(plan));
    } catch (error) {
      await Promise.all(opened.map((one) => close(one, 0)));
      throw error;
    }
    for (const one of opened) this.#running.set(one.plan.id, one);
    const changed = plans.filter(({ id, version }) => this.#get(id).plan.version !== version);
    await Promise.all(changed.map((plan) => this.#change(plan)));
  }

  /** Ends the sinks that are not among these; nothing is appended to them any more. */
  async retain(plans: readonly SinkPlan[]): Promise<void> {
    const wanted = new Set(plans.map(({ id }) => id));
    const gone = [...this.#running.values()].filter(({ plan }) => !wanted.has(plan.id));
    for (const { plan } of gone) this.#running.delete(plan.id);
    await Promise.all(gone.map((one) => close(one, HAND_OVER_MS)));
  }

  /** Sends at once what waits; resolves when it has left, or the signal aborts. */
  async flush(signal: AbortSignal): Promise<void> {
    await Promise.all([...this.#running.values()].map(({ queue }) => queue.flush(signal)));
  }

  async stop(deadlineMs: number): Promise<void> {
    await Promise.all([...this.#running.values()].map((one) => close(one, deadlineMs)));
    this.#running.clear();
  }

  sinkOf(id: string): Sink {
    return this.#get(id).sink;
  }

  async #open(plan: SinkPlan): Promise<Running> {
    const { world, storagePath } = this.#options;
    const queue: DurableQueue = new DurableQueue(
      {
        name: plan.id,
        directory: join(storagePath, plan.folder),
        ...makeQueueLimits(plan),
        onDropped: (...loss) => running.sink.countDropped(...loss),
      },
      world,
    );
    const running: Running = { plan, queue, sink: this.#sinkOver(plan, queue, undefined) };
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
    // One that can't be made leaves the one before at work.
    const next = this.#sinkOver(plan, running.queue, running.sink);
    await running.sink.release(HAND_OVER_MS);
    running.queue.configure(makeQueueLimits(plan));
    running.plan = plan;
    running.sink = next;
    await next.start();
    this.#options.world.log.info('a sink goes on with other settings', { sink: plan.id });
  }

  #sinkOver(plan: SinkPlan, queue: DurableQueue, before: Sink | undefined): Sink {
    const { world, userAgent } = this.#options;
    return plan.open({ id: plan.id, name: plan.name, queue, world, userAgent, before });
  }

  #get(id: string): Running {
    const found = this.#running.get(id);
    assert(found, `no sink ${id} runs`);
    return found;
  }
}

function makeQueueLimits({ delivery }: SinkPlan): QueueLimits {
  const { shardsMax: lanes, capBytes, sync, ageLimitMs: maxAgeMs } = delivery;
  return { lanes, capBytes, sync, maxAgeMs };
}

async function close({ sink, queue }: Running, deadlineMs: number): Promise<void> {
  await sink.stop(deadlineMs);
  await queue.stop();
}
