/**
 * From a queue to a receiver: the shards, and the policies that each batch goes through, put
 * together over a protocol.
 *
 *     queue ─► shard ─► split ( retry ( set aside ( age limit ( attempt )))) ─► acknowledge
 *       ▲                │                   │          │           └─ protocol.encode, .send;
 *       │                │                   │          │              lost in part: counted
 *       │                └─ lost: counted    │          └─ lost: counted
 *       └────────────────────────────────────┘ behind the others, where order is free
 *
 * The queue is another component: its owner starts it before the delivery and stops it after.
 */
import type { Component } from '../kernel/component.ts';
import type { Counter } from '../kernel/metrics.ts';
import type { World } from '../kernel/world.ts';
import type { ChunkQueue } from '../model/queue.ts';
import { withAgeLimit } from './age.ts';
import { attemptOver } from './attempt.ts';
import { Load } from './load.ts';
import { Losses, type LossesOptions } from './losses.ts';
import { type DeliveryMetrics, newDeliveryMetrics } from './metrics.ts';
import type { Protocol } from './protocol.ts';
import { withRetry } from './retry.ts';
import { SearchAllowance } from './search-allowance.ts';
import type { DeliverySettings } from './settings.ts';
import { withSetAside } from './set-aside.ts';
import { runShards, type Sharding } from './shards.ts';
import { withSplitting } from './split.ts';

export interface DeliveryOptions<Request> {
  /** The sink's name, for logs and metrics. */
  readonly name: string;
  readonly queue: ChunkQueue;
  readonly protocol: Protocol<Request>;
  readonly settings: DeliverySettings;
  readonly world: Pick<World, 'clock' | 'log' | 'metrics'>;
  /** For a protocol with metric names of its own; those of all sinks when absent. */
  readonly metrics?: DeliveryMetrics;
  readonly onLoss?: LossesOptions['onLoss'];
  /** Random numbers of the jitter, for tests. */
  readonly random?: (() => number) | undefined;
  /** Chooses the number of shards in place of the load, for tests. */
  readonly sharding?: Sharding | undefined;
}

export class Delivery<Request> implements Component {
  readonly name: string;
  /** The sink's way in calls `load.taken` for each chunk that it puts into the queue. */
  readonly load: Load;
  readonly losses: Losses;
  readonly #options: DeliveryOptions<Request>;
  readonly #metrics: DeliveryMetrics;
  readonly #searched: Counter;
  /** With a log whose lines name the sink. */
  readonly #world: Pick<World, 'clock' | 'log'>;
  /** Ends between requests: no further batch and no further attempt. */
  readonly #ending = new AbortController();
  /** Cuts off requests under way, too. */
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  #endCollecting = (): void => undefined;

  constructor(options: DeliveryOptions<Request>) {
    this.name = `delivery of ${options.name}`;
    this.#options = options;
    const { name: sink, protocol, world, onLoss } = options;
    this.#metrics = options.metrics ?? newDeliveryMetrics(world.metrics, sink);
    this.#world = { clock: world.clock, log: world.log.with({ sink }) };
    this.load = new Load(this.#metrics, (items, bytes, tookMs) =>
      this.#world.log.info('first delivery', { items, bytes, took_ms: Math.round(tookMs) }),
    );
    const { metrics } = world;
    this.#searched = metrics
      .counters(
        'amperage_sink_search_requests_total',
        'Requests refused in the search for bad items, and those for one refused before.',
      )
      .with({ sink });
    this.losses = new Losses({ sink, protocol, metrics, ...this.#world, onLoss });
  }

  start(): Promise<void> {
    this.#showSuspects();
    const { queue, protocol, settings, random, sharding } = this.#options;
    const world = this.#world;
    const { load, losses } = this;
    const metrics = this.#metrics;
    const attempt = attemptOver(protocol, { load, losses });
    const { clock } = world;
    const young = withAgeLimit(attempt, { limitMs: settings.ageLimitMs, clock, protocol, losses });
    const { minBackoffMs: minMs, maxBackoffMs: maxMs } = settings;
    const { log } = world;
    const unordered = withSetAside(young, { protocol, queue, metrics, log });
    const patient = withRetry(unordered, {
      backoff: { minMs, maxMs },
      world,
      load,
      metrics,
      random,
      pendingItems: () => queue.pendingItems,
    });
    const allowance = new SearchAllowance(clock, this.#searched);
    const deliver = withSplitting(patient, { protocol, losses, load, allowance });
    const signals = { ending: this.#ending.signal, stopping: this.#stopping.signal };
    this.#running = runShards(
      { queue, settings, deliver, world, load, metrics, sharding },
      signals,
    );
    return Promise.resolve();
  }

  /**
   * Drains the queue: sends what is in it until the deadline. The rest stays queued, and the queue
   * says what of it the next run will find.
   */
  async stop(deadlineMs: number): Promise<void> {
    if (this.#running === undefined) return;
    const { queue } = this.#options;
    queue.drain();
    await this.#end(deadlineMs);
  }

  /**
   * Ends after the requests under way, or cuts them off at the deadline. The queue is not drained:
   * it goes on taking chunks for another delivery.
   */
  async release(deadlineMs: number): Promise<void> {
    if (this.#running === undefined) return;
    this.#ending.abort(new Error('delivery is handed on'));
    await this.#end(deadlineMs);
  }

  #showSuspects(): void {
    const { name: sink, protocol, world } = this.#options;
    const { suspects } = protocol;
    if (suspects === undefined) return;
    const name = 'amperage_sink_suspect_series';
    const help = 'Series that the receiver refused before and that are sent apart, at most 50,000.';
    const gauge = world.metrics.gauges(name, help).with({ sink });
    this.#endCollecting = world.metrics.onCollect(() => gauge.set(suspects.size));
  }

  async #end(deadlineMs: number): Promise<void> {
    const inTime = new AbortController();
    const late = this.#world.clock.sleep(deadlineMs, inTime.signal).then(
      () => this.#abort('delivery is stopping'),
      () => undefined,
    );
    await this.#running;
    inTime.abort(new Error('stopped in time'));
    await late;
    this.#abort('delivery has stopped');
    this.losses.tellRest();
    this.#options.protocol.suspects?.tellRest();
    this.#endCollecting();
  }

  #abort(why: string): void {
    this.#ending.abort(new Error(why));
    this.#stopping.abort(new Error(why));
  }
}
