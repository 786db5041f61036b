/**
 * How many requests a sink has under way at once: the lanes of its queue are divided among shards,
 * and the number of shards follows the load. A change of the number waits for the requests under
 * way, so a lane never belongs to two shards.
 * Source: https://github.com/prometheus/prometheus/blob/main/storage/remote/queue_manager.go
 * (calculateDesiredShards)
 */
import type { AttemptSignals } from './attempt.ts';
import type { Load } from './load.ts';
import type { DeliveryMetrics } from './metrics.ts';
import { runShard, type ShardOptions } from './shard.ts';

const INTERVAL_MS = 10_000;
/** Weight of the newest interval in the averages. */
const SMOOTHING = 0.2;
/** Which part of the backlog is to be sent within a second. */
const CATCH_UP = 0.05;
/** A desired number within this part of the present one changes nothing. */
const TOLERANCE = 0.3;
/** While delivery is behind by more than this, the number of shards is not reduced. */
const BEHIND_MAX_MS = 10_000;

interface Averages {
  inPerSecond: number;
  outPerSecond: number;
  /** Milliseconds spent in requests per second, all shards together. */
  busyMs: number;
}

/** Chooses the number of shards, again after each interval. */
export interface Sharding {
  readonly intervalMs: number;
  /** The number that the load asks for, before the bounds are applied. */
  readonly desired: number;
  next(load: Load, pending: number, shards: number): number;
}

/** The number of shards that the load asks for, from averages over intervals. */
export class LoadSharding implements Sharding {
  readonly intervalMs = INTERVAL_MS;
  #averages: Averages | undefined;
  readonly #bounds: { readonly min: number; readonly max: number };
  desired: number;

  constructor(bounds: { readonly min: number; readonly max: number }) {
    this.#bounds = bounds;
    this.desired = bounds.min;
  }

  /**
   * The number of shards for the next interval; resets the sums of `load`.
   *
   * @param pending  items in the queue
   * @param shards   the present number
   */
  next(load: Load, pending: number, shards: number): number {
    const seconds = this.intervalMs / 1_000;
    const now: Averages = {
      inPerSecond: load.itemsIn / seconds,
      outPerSecond: load.itemsOut / seconds,
      busyMs: load.sendingMs / seconds,
    };
    load.itemsIn = load.itemsOut = load.sendingMs = 0;
    const before = this.#averages ?? now;
    const smooth = (name: keyof Averages): number =>
      before[name] + SMOOTHING * (now[name] - before[name]);
    const averages = {
      inPerSecond: smooth('inPerSecond'),
      outPerSecond: smooth('outPerSecond'),
      busyMs: smooth('busyMs'),
    };
    this.#averages = averages;
    if (averages.outPerSecond <= 0) return shards;
    const secondsPerItem = averages.busyMs / 1_000 / averages.outPerSecond;
    this.desired = secondsPerItem * (averages.inPerSecond + CATCH_UP * pending);
    if (load.failing > 0) return shards;
    const isNear =
      this.desired >= shards * (1 - TOLERANCE) && this.desired <= shards * (1 + TOLERANCE);
    const next = Math.min(this.#bounds.max, Math.max(this.#bounds.min, Math.ceil(this.desired)));
    if (isNear || next === shards) return shards;
    const isBehind = load.newestInMs - load.newestOutMs > BEHIND_MAX_MS;
    return next < shards && isBehind ? shards : next;
  }
}

export interface ShardsOptions extends ShardOptions {
  readonly load: Load;
  readonly metrics: Pick<DeliveryMetrics, 'shards' | 'shardsDesired'>;
  /** Chooses the number of shards in place of the load, for tests. */
  readonly sharding?: Sharding | undefined;
}

/** Sends until `ending` aborts or the drained queue is empty. Never rejects. */
export async function runShards(options: ShardsOptions, signals: AttemptSignals): Promise<void> {
  const { queue, settings, metrics, world } = options;
  const bounds = {
    min: Math.min(settings.shardsMin, queue.lanes),
    max: Math.min(settings.shardsMax, queue.lanes),
  };
  const sharding = options.sharding ?? new LoadSharding(bounds);
  metrics.shardsDesired.set(sharding.desired);
  for (let shards: number | undefined = bounds.min; shards !== undefined;) {
    metrics.shards.set(shards);
    const count: number = shards;
    const round = new AbortController();
    const ending = AbortSignal.any([round.signal, signals.ending]);
    const own = { ending, stopping: signals.stopping };
    const running = Promise.all(
      Array.from({ length: count }, (_, index) =>
        runShard(assignLanes(index, count, queue.lanes), options, own),
      ),
    ).then(() => undefined);
    shards = await Promise.race([running, waitForOtherCount(count, sharding, options, ending)]);
    round.abort(new Error('the number of shards changes'));
    await running;
    if (shards !== undefined)
      world.log.info('the number of shards changes', { from: count, to: shards });
  }
}

/** The lanes of one shard: every `shards`-th, from `index` on. */
function assignLanes(index: number, shards: number, lanes: number): number[] {
  return Array.from({ length: lanes }, (_, lane) => lane).filter((lane) => lane % shards === index);
}

/** Resolves once another number of shards is wanted, or with undefined when the signal aborts. */
async function waitForOtherCount(
  shards: number,
  sharding: Sharding,
  { world, load, queue, metrics }: ShardsOptions,
  signal: AbortSignal,
): Promise<number | undefined> {
  for (;;) {
    try {
      await world.clock.sleep(sharding.intervalMs, signal);
    } catch {
      return undefined;
    }
    const next = sharding.next(load, queue.pendingItems, shards);
    metrics.shardsDesired.set(sharding.desired);
    if (next !== shards) return next;
  }
}
