/**
 * A queue of one sink in memory, for a process that has no folder to write to. It hands out chunks
 * as the durable queue does (lanes.ts, senders.ts), up to a bound of bytes, above which the oldest
 * are dropped and counted. What it holds at the end of the process is lost: at a stop that is
 * counted as `stopped`, at a kill nothing can count it.
 */
import { type Clock, readMoment } from '../kernel/clock.ts';
import type { Component } from '../kernel/component.ts';
import { assert } from '../kernel/errors.ts';
import type { World } from '../kernel/world.ts';
import type { Batch, BatchLimits, Chunk, ChunkQueue } from '../model/queue.ts';
import { type Entry, findWallOffset, newEntry } from './entry.ts';
import { Flushes } from './flushes.ts';
import { takeBatch } from './lane.ts';
import { Lanes } from './lanes.ts';
import { newQueueMetrics, type QueueMetrics } from './metrics.ts';
import type { DropReason, DurableQueueOptions } from './options.ts';
import { DropLog } from './drop-log.ts';
import { Senders } from './senders.ts';

export interface MemoryQueueOptions extends Pick<
  DurableQueueOptions,
  'name' | 'lanes' | 'onDropped'
> {
  /** Bytes of all chunks together. */
  readonly maxBytes: number;
}

export class MemoryQueue implements ChunkQueue, Component {
  readonly name: string;
  readonly #options: MemoryQueueOptions;
  readonly #clock: Clock;
  readonly #told: DropLog;
  readonly #metrics: QueueMetrics;
  readonly #lanes: Lanes;
  readonly #senders: Senders;
  readonly #flushes: Flushes;
  readonly #stopping = new AbortController();
  readonly #entryOf = new WeakMap<Chunk, Entry>();
  #bytes = 0;

  constructor(options: MemoryQueueOptions, world: Omit<World, 'http'>) {
    this.name = `queue ${options.name}`;
    this.#options = options;
    this.#clock = world.clock;
    this.#told = new DropLog(world.log.with({ sink: options.name }), world.clock);
    this.#lanes = new Lanes(options.lanes);
    this.#senders = new Senders(this.#lanes, world.clock, this.#stopping.signal);
    this.#flushes = new Flushes(this.#lanes);
    this.#metrics = newQueueMetrics(world.metrics, options.name, () => ({
      lanes: this.#lanes,
      now: readMoment(world.clock),
      diskBytes: 0,
      unwrittenBytes: this.#bytes,
      capBytes: options.maxBytes,
    }));
  }

  get lanes(): number {
    return this.#lanes.count;
  }

  get pendingItems(): number {
    return this.#lanes.items;
  }

  start(): Promise<void> {
    return Promise.resolve();
  }

  /** What is left is lost, and counted. */
  stop(): Promise<void> {
    this.#stopping.abort(new Error('queue is stopping'));
    this.#lanes.dropOldest(
      () => true,
      (entry) => this.#drop(entry, 'stopped'),
    );
    this.#told.end();
    this.#metrics.end();
    return Promise.resolve();
  }

  append(chunk: Chunk): void {
    assert(!this.#stopping.signal.aborted, `${this.name} is not running`);
    const { maxBytes } = this.#options;
    const entry = newEntry(chunk, this.lanes, readMoment(this.#clock));
    if (entry.length > maxBytes) {
      this.#count(entry, 'too_large');
      return;
    }
    this.#makeRoom(entry.length);
    this.#bytes += entry.length;
    this.#lanes.push(entry);
  }

  async next(
    lanes: readonly number[],
    limits: BatchLimits,
    deadlineMs: number,
    signal: AbortSignal,
  ): Promise<Batch | undefined> {
    const due = await this.#senders.whenDue({ lanes, limits, deadlineMs, signal });
    if (due === undefined) return undefined;
    const entries = takeBatch(due, limits);
    const chunks = entries.map((entry) => this.#handOut(entry));
    return { chunks, wallOffsetMs: findWallOffset(entries) };
  }

  acknowledge(batch: Batch): void {
    for (const chunk of batch.chunks) {
      const entry = this.#entryOf.get(chunk);
      if (entry !== undefined) this.#finish(entry);
    }
    this.#flushes.check();
  }

  flush(signal: AbortSignal): Promise<void> {
    const untilMs = this.#clock.elapsedMs();
    this.#senders.hurry(untilMs);
    return this.#flushes.whenLeft(untilMs, signal);
  }

  drain(): void {
    this.#senders.drain();
  }

  #handOut(entry: Entry): Chunk {
    const { bytes = new Uint8Array(), items, rawBytes, oldestMs, newestMs, lane } = entry;
    const chunk = { bytes, items, rawBytes, oldestMs, newestMs, lane };
    this.#entryOf.set(chunk, entry);
    return chunk;
  }

  /** Drops the oldest of all lanes until so many bytes fit under the bound. */
  #makeRoom(bytes: number): void {
    const { maxBytes } = this.#options;
    while (this.#bytes + bytes > maxBytes) {
      const heads = Array.from({ length: this.lanes }, (_, lane) => this.#lanes.at(lane).oldest());
      const oldest = heads.reduce((first, head) =>
        head === undefined || (first !== undefined && first.appendedMs <= head.appendedMs)
          ? first
          : head,
      );
      if (oldest === undefined) return;
      this.#drop(oldest, 'memory_full');
    }
  }

  #drop(entry: Entry, reason: DropReason): void {
    this.#count(entry, reason);
    this.#finish(entry);
  }

  #count({ items, bytes }: Entry, reason: DropReason): void {
    this.#metrics.dropped.with({ reason }).inc(items);
    this.#options.onDropped?.(items, reason, bytes);
    this.#told.add(items, reason);
  }

  #finish(entry: Entry): void {
    if (entry.isGone) return;
    this.#bytes -= entry.length;
    entry.bytes = undefined;
    this.#lanes.remove(entry);
  }
}
