/**
 * A queue of chunks in memory, for tests of code that puts chunks in or takes them out. It keeps
 * the contract of the seam (test/contracts/chunk-queue.ts), but nothing survives the process.
 */
import { type Clock, VirtualClock } from '../../src/kernel/clock.ts';
import type { Batch, BatchLimits, Chunk, ChunkQueue } from '../../src/model/queue.ts';

interface Waiting {
  readonly chunk: Chunk;
  readonly sinceMs: number;
}

export class MemoryQueue implements ChunkQueue {
  /** All chunks that were ever appended, in order. */
  readonly chunks: Chunk[] = [];
  readonly #lanes: readonly Waiting[][];
  readonly #clock: Clock;
  /** Called at each change. */
  readonly #watchers = new Set<() => void>();
  #isDraining = false;
  /** Chunks that have waited since then or longer are given out at once. */
  #hurriedMs = -Infinity;

  constructor(lanes = 1, clock: Clock = new VirtualClock()) {
    this.#lanes = Array.from({ length: lanes }, () => []);
    this.#clock = clock;
  }

  get lanes(): number {
    return this.#lanes.length;
  }

  get pendingItems(): number {
    return this.#lanes.flat().reduce((sum, { chunk }) => sum + chunk.items, 0);
  }

  append(chunk: Chunk): void {
    this.chunks.push(chunk);
    this.#lane(chunk.lane).push({ chunk, sinceMs: this.#clock.nowMs() });
    this.#tell();
  }

  async next(
    lanes: readonly number[],
    limits: BatchLimits,
    deadlineMs: number,
    signal: AbortSignal,
  ): Promise<Batch | undefined> {
    while (!signal.aborted) {
      const waiting = lanes.flatMap((lane) => this.#lane(lane));
      if (waiting.length === 0 && this.#isDraining) return undefined;
      const sinceMs = Math.min(...waiting.map((one) => one.sinceMs));
      const leftMs = sinceMs + deadlineMs - this.#clock.nowMs();
      const chunks = fit(waiting, limits);
      const isFull = chunks.length < waiting.length || itemsOf(chunks) >= limits.maxItems;
      const isHurried = this.#isDraining || sinceMs <= this.#hurriedMs;
      if (chunks.length > 0 && (isFull || isHurried || leftMs <= 0)) return { chunks };
      await this.#change(signal, leftMs);
    }
    return undefined;
  }

  acknowledge({ chunks }: Batch): void {
    const done = new Set(chunks);
    for (const lane of this.#lanes) {
      const kept = lane.filter(({ chunk }) => !done.has(chunk));
      lane.splice(0, lane.length, ...kept);
    }
    this.#tell();
  }

  async flush(signal: AbortSignal): Promise<void> {
    const untilMs = this.#clock.nowMs();
    this.#hurriedMs = untilMs;
    this.#tell();
    const isLeft = (): boolean => this.#lanes.flat().some(({ sinceMs }) => sinceMs <= untilMs);
    while (isLeft() && !signal.aborted) await this.#change(signal, Infinity);
  }

  drain(): void {
    this.#isDraining = true;
    this.#tell();
  }

  #lane(lane: number): Waiting[] {
    const { length } = this.#lanes;
    return this.#lanes[((lane % length) + length) % length]!;
  }

  #tell(): void {
    for (const watcher of this.#watchers) watcher();
  }

  /** Resolves at the next change, after `withinMs`, or when the signal aborts. */
  #change(signal: AbortSignal, withinMs: number): Promise<void> {
    const ended = new AbortController();
    return new Promise<void>((resolve) => {
      const end = (): void => {
        this.#watchers.delete(end);
        signal.removeEventListener('abort', end);
        ended.abort();
        resolve();
      };
      this.#watchers.add(end);
      signal.addEventListener('abort', end, { once: true });
      if (withinMs < Infinity) this.#clock.sleep(withinMs, ended.signal).then(end, () => undefined);
    });
  }
}

/** The first chunks that fit the limits; at least one. */
function fit(waiting: readonly Waiting[], limits: BatchLimits): Chunk[] {
  const chunks: Chunk[] = [];
  let [items, bytes, rawBytes] = [0, 0, 0];
  for (const { chunk } of waiting) {
    items += chunk.items;
    bytes += chunk.bytes.length;
    rawBytes += chunk.rawBytes;
    const { maxItems, maxBytes, maxRawBytes } = limits;
    const isAbove = items > maxItems || bytes > maxBytes || rawBytes > maxRawBytes;
    if (chunks.length > 0 && isAbove) break;
    chunks.push(chunk);
  }
  return chunks;
}

function itemsOf(chunks: readonly Chunk[]): number {
  return chunks.reduce((sum, chunk) => sum + chunk.items, 0);
}
