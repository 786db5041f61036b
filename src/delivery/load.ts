/**
 * What a sink's delivery has done since the last look: from it the number of shards follows, and
 * the sink's metrics.
 */
import type { Chunk } from '../model/queue.ts';
import type { DeliveryMetrics } from './metrics.ts';

export class Load {
  itemsIn = 0;
  itemsOut = 0;
  /** In requests, all shards together. */
  sendingMs = 0;
  newestInMs = 0;
  newestOutMs = 0;
  /** Shards that wait after a failure. */
  failing = 0;
  readonly #metrics: DeliveryMetrics;

  constructor(metrics: DeliveryMetrics) {
    this.#metrics = metrics;
  }

  /** A chunk went into the queue. */
  taken(items: number, newestMs: number): void {
    this.itemsIn += items;
    if (newestMs > this.newestInMs) this.newestInMs = newestMs;
    this.#metrics.itemsIn.inc(items);
    this.#metrics.newestIn(this.newestInMs / 1_000);
  }

  /** A request was answered, whatever the answer. */
  answered(tookMs: number): void {
    this.#metrics.requestSeconds.observe(tookMs / 1_000);
  }

  /** @param items  of the chunks, those that the receiver took */
  delivered(chunks: readonly Chunk[], items: number, bytes: number, tookMs: number): void {
    this.answered(tookMs);
    this.sendingMs += tookMs;
    this.itemsOut += items;
    for (const { newestMs } of chunks) if (newestMs > this.newestOutMs) this.newestOutMs = newestMs;
    this.#metrics.items.inc(items);
    this.#metrics.bytes.inc(bytes);
    this.#metrics.newestOutSeconds.set(this.newestOutMs / 1_000);
  }
}
