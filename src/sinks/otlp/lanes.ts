/**
 * Keeps the two signals apart in the lanes of a queue: metrics are in the even ones, traces in the
 * odd ones. Senders divide lanes by their number, so with an even number of senders each has lanes
 * of one signal, and an endpoint of traces that is away holds up no metrics.
 */
import type { Load } from '../../delivery/load.ts';
import { LoadSharding, type Sharding } from '../../delivery/shards.ts';
import type { OtlpSignal } from '../../wire/otlp/cutting.ts';

/**
 * The lane of a target, or of a document, among those of its signal.
 *
 * @param lanes  of the queue, an even number
 */
export function laneOf(signal: OtlpSignal, number: number, lanes: number): number {
  return 2 * (number % Math.max(1, lanes / 2)) + (signal === 'metrics' ? 0 : 1);
}

/** FNV-1a of the UTF-16 units. It spreads targets over lanes and is the same after a restart. */
export function hashTarget(key: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** As the load asks for, in even numbers. */
export class EvenSharding implements Sharding {
  readonly #byLoad: LoadSharding;

  /** @param bounds  even numbers */
  constructor(bounds: { readonly min: number; readonly max: number }) {
    this.#byLoad = new LoadSharding(bounds);
  }

  get intervalMs(): number {
    return this.#byLoad.intervalMs;
  }

  get desired(): number {
    return this.#byLoad.desired;
  }

  next(load: Load, pending: number, shards: number): number {
    const next = this.#byLoad.next(load, pending, shards);
    return next + (next % 2);
  }
}
