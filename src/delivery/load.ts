/**
 * What a sink's delivery has done: its metrics, and the sums since the last look (shards.ts) from
 * which the number of shards follows.
 */
import type { Chunk } from '../model/queue.ts';
import type { DeliveryMetrics } from './metrics.ts';

export class Load {
  itemsIn = 0;
  itemsOut = 0;
  /** Time spent in requests, all shards together. */
  sendingMs = 0;
  newestInMs = 0;
  newestOutMs = 0;
  /** How many batches are being retried after a failure. */
  failing = 0;
  readonly #metrics: DeliveryMetrics;
  #onFirst: ((items: number, bytes: number, tookMs: number) => void) | undefined;

  /** @param onFirst  told of the first request of which items were taken */
  constructor(
    metrics: DeliveryMetrics,
    onFirst?: (items: number, bytes: number, tookMs: number) => void,
  ) {
    this.#metrics = metrics;
    this.#onFirst = onFirst;
  }

  /** Counts a chunk that went into the queue. */
  taken(items: number, newestMs: number): void {
    this.itemsIn += items;
    if (newestMs > this.newestInMs) this.newestInMs = newestMs;
    this.#metrics.itemsIn.inc(items);
    this.#metrics.newestIn(this.newestInMs / 1_000);
  }

  /** Counts a request that was answered, whatever the answer. */
  answered(tookMs: number): void {
    this.#metrics.requestSeconds.observe(tookMs / 1_000);
  }

  /** Counts chunks that were delivered. @param items  how many of their items were taken */
  delivered(chunks: readonly Chunk[], items: number, bytes: number, tookMs: number): void {
    this.answered(tookMs);
    this.sendingMs += tookMs;
    this.itemsOut += items;
    if (items > 0) {
      this.#onFirst?.(items, bytes, tookMs);
      this.#onFirst = undefined;
    }
    this.#metrics.items.inc(items);
    this.#metrics.bytes.inc(bytes);
    this.passed(chunks);
  }

  /** Tells of chunks that are delivered, or refused for good: delivery has come beyond them. */
  passed(chunks: readonly Chunk[]): void {
    for (const { newestMs } of chunks) if (newestMs > this.newestOutMs) this.newestOutMs = newestMs;
    this.#metrics.newestOutSeconds.set(this.newestOutMs / 1_000);
  }
}
