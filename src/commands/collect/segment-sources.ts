/**
 * The listeners of a collector that take segment documents, and those that sign requests for their
 * senders, and how they follow a plan. Listeners with the same settings stay.
 */
import type { CollectorPlan } from '../../config/plan.ts';
import type { Component } from '../../kernel/component.ts';
import type { World } from '../../kernel/world.ts';
import type { SegmentAppender } from '../../model/trace-segment.ts';
import { Forwarder } from '../../xray/forwarder.ts';
import { SegmentReceiver } from '../../xray/receiver.ts';

export interface SegmentSourcesOptions {
  readonly world: World;
  readonly open: (receiver: string) => SegmentAppender;
}

type Listeners = Pick<CollectorPlan, 'segmentReceivers' | 'forwarders'>;

/** How long requests under way may take when a listener is gone. */
const END_MS = 1_000;

export class SegmentSources {
  readonly #options: SegmentSourcesOptions;
  /** By the identity of their settings. */
  readonly #running = new Map<string, Component>();

  constructor(options: SegmentSourcesOptions) {
    this.#options = options;
  }

  /**
   * Opens what is new. What is not in the plan runs on until `retain`, unless a new one has its
   * address.
   *
   * @throws  where an address can't be listened on; then nothing has changed
   */
  async apply(plan: Listeners): Promise<void> {
    const opened: string[] = [];
    try {
      for (const [key, make] of this.#list(plan)) {
        if (this.#running.has(key)) continue;
        const component = make();
        await component.start();
        this.#running.set(key, component);
        opened.push(key);
      }
    } catch (error) {
      await this.#close(opened);
      throw error;
    }
  }

  async retain(plan: Listeners): Promise<void> {
    const wanted = this.#list(plan);
    await this.#close([...this.#running.keys()].filter((key) => !wanted.has(key)));
  }

  async stop(deadlineMs: number): Promise<void> {
    const all = [...this.#running.values()];
    this.#running.clear();
    await Promise.all(all.map((one) => one.stop(deadlineMs)));
  }

  async #close(keys: readonly string[]): Promise<void> {
    const all = keys.flatMap((key) => this.#running.get(key) ?? []);
    for (const key of keys) this.#running.delete(key);
    await Promise.all(all.map((one) => one.stop(END_MS)));
  }

  #list({ segmentReceivers, forwarders }: Listeners): ReadonlyMap<string, () => Component> {
    const { world, open } = this.#options;
    const all = new Map<string, () => Component>();
    for (const one of segmentReceivers)
      all.set(
        `receiver ${JSON.stringify(one)}`,
        () => new SegmentReceiver(one, { world, appender: open(one.id) }),
      );
    for (const one of forwarders)
      all.set(`forwarder ${JSON.stringify(one)}`, () => new Forwarder(one, world));
    return all;
  }
}
