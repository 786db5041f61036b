/**
 * The durable queue of one sink: chunks in segment files, lanes in memory, and a cursor that says
 * what is done.
 *
 *     append ─► lanes ──────────────► next ─► a sender ─► acknowledge
 *       │       (lanes.ts)            (senders.ts)          │
 *       └─► segment file, written     bytes from memory     └─► cursor (progress.ts); a file is
 *           before append returns     (cache.ts) or disk        deleted with its last chunk
 *           (unwritten.ts, store.ts)
 *
 *     once a second: durability.ts forces to disk, retention.ts drops what is too old
 *     at the start:  opening.ts fills the lanes with the chunks on disk
 *
 * An appended chunk is delivered at least once and in order within its lane, also after kill -9; a
 * loss of power may cost the last second. A chunk is dropped, and counted (losses.ts), only when
 * the disk cap is reached, when both the disk and the memory bound are full, when it is too old,
 * too large, or when its bytes on disk are damaged. Chunks that are done cannot be read again.
 */
import { type Clock, readMoment } from '../kernel/clock.ts';
import type { Component } from '../kernel/component.ts';
import { assert, ConfigError, describeError } from '../kernel/errors.ts';
import { runAtOnce, runGivingWay } from '../kernel/giving-way.ts';
import type { Logger } from '../kernel/logger.ts';
import { Outage } from '../kernel/outage.ts';
import type { World } from '../kernel/world.ts';
import type { Batch, BatchLimits, Chunk, ChunkQueue } from '../model/queue.ts';
import { ChunkCache } from './cache.ts';
import { Durability } from './durability.ts';
import { type Entry, findWallOffset, newEntry } from './entry.ts';
import { Flushes } from './flushes.ts';
import { Home, type HomeLoss } from './home.ts';
import { takeBatch } from './lane.ts';
import { Lanes } from './lanes.ts';
import { QueueLosses } from './losses.ts';
import { newQueueMetrics, type QueueMetrics } from './metrics.ts';
import { resumeFromDisk } from './opening.ts';
import {
  CACHE_MAX_BYTES,
  type DropReason,
  type DurableQueueOptions,
  type QueueLimits,
  segmentBytesFor,
} from './options.ts';
import { Progress } from './progress.ts';
import { Retention } from './retention.ts';
import { Senders } from './senders.ts';
import { SegmentStore } from './store.ts';
import { Unwritten } from './unwritten.ts';

const TICK_MS = 1_000;

export class DurableQueue implements ChunkQueue, Component {
  readonly name: string;
  #options: DurableQueueOptions;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #metrics: QueueMetrics;
  readonly #lanes: Lanes;
  readonly #store: SegmentStore;
  readonly #cache: ChunkCache;
  readonly #unwritten: Unwritten;
  readonly #progress: Progress;
  readonly #durability: Durability;
  readonly #retention: Retention;
  readonly #losses: QueueLosses;
  readonly #senders: Senders;
  readonly #flushes: Flushes;
  /** The entries of the chunks that senders have. */
  readonly #entryOf = new WeakMap<Chunk, Entry>();
  readonly #stopping = new AbortController();
  readonly #home: Home;
  readonly #homeOutage: Outage;
  #ticking: Promise<void> | undefined;

  constructor(options: DurableQueueOptions, world: Omit<World, 'http'>) {
    const { directory, onDropped } = options;
    this.name = `queue ${options.name}`;
    this.#options = options;
    this.#clock = world.clock;
    const log = world.log.with({ sink: options.name });
    this.#log = log;
    this.#metrics = newQueueMetrics(world.metrics, options.name, () => ({
      ...this.#options,
      lanes: this.#lanes,
      now: readMoment(world.clock),
      diskBytes: this.#store.diskBytes,
      unwrittenBytes: this.#unwritten.bytes,
    }));
    const { dropped, diskRefuses } = this.#metrics;
    this.#lanes = new Lanes(options.lanes);
    const store = new SegmentStore(directory, segmentBytesFor(options));
    this.#store = store;
    this.#home = new Home(directory, store);
    this.#homeOutage = new Outage(() => world.clock.elapsedMs());
    this.#cache = new ChunkCache(options.cacheMaxBytes ?? CACHE_MAX_BYTES);
    const write = this.#write.bind(this);
    this.#unwritten = new Unwritten({ write, diskRefuses, log, directory });
    this.#progress = new Progress(directory);
    this.#durability = new Durability(options.sync, {
      store,
      progress: this.#progress,
      clock: world.clock,
      log,
    });
    this.#retention = new Retention(options, {
      lanes: this.#lanes,
      store,
      unwritten: this.#unwritten,
      drop: this.#drop.bind(this),
    });
    const read = store.read.bind(store);
    this.#losses = new QueueLosses({ onDropped, read, dropped, log, clock: world.clock });
    this.#senders = new Senders(this.#lanes, world.clock, this.#stopping.signal);
    this.#flushes = new Flushes(this.#lanes);
  }

  get lanes(): number {
    return this.#lanes.count;
  }

  /** Items that are not done, in all lanes. */
  get pendingItems(): number {
    return this.#lanes.items;
  }

  /** Rejects with a ConfigError when the directory can't be used or another process uses it. */
  async start(): Promise<void> {
    const { directory } = this.#options;
    try {
      await this.#home.open(this.#clock);
      await runGivingWay(this.#resume());
    } catch (error) {
      this.#home.leave();
      this.#metrics.end();
      if (error instanceof ConfigError) throw error;
      throw new ConfigError(
        'QUEUE_UNUSABLE',
        `queue directory "${directory}" can't be used (${describeError(error)}); give a ` +
          'directory that this user may write',
        { cause: error },
      );
    }
    this.#ticking = this.#tick();
  }

  append(chunk: Chunk): void {
    assert(this.#ticking !== undefined, `${this.name} is not running`);
    if (this.#retention.isTooLarge(chunk.bytes.length)) {
      this.#losses.count(chunk.items, 'too_large', chunk.bytes);
      return;
    }
    const at = readMoment(this.#clock);
    const entry = newEntry(chunk, this.lanes, at);
    this.#lanes.push(entry);
    this.#unwritten.push(entry);
    this.#unwritten.writeOut(at.elapsedMs);
    this.#durability.afterAppend();
    this.#retention.boundMemory();
  }

  get hasFolder(): boolean {
    return this.#home.isOpen;
  }

  newest(): Uint8Array | undefined {
    const entry = this.#lanes.newest();
    return entry === undefined ? undefined : this.#bytesOf(entry);
  }

  async next(
    lanes: readonly number[],
    limits: BatchLimits,
    deadlineMs: number,
    signal: AbortSignal,
  ): Promise<Batch | undefined> {
    for (;;) {
      const due = await this.#senders.whenDue({ lanes, limits, deadlineMs, signal });
      if (due === undefined) return undefined;
      const entries = takeBatch(due, limits, this.#senders.heldFromMs);
      const wallOffsetMs = findWallOffset(entries);
      const chunks = this.#handOut(entries);
      // Without chunks, all of the batch were damaged and have been dropped.
      if (chunks.length > 0) return { chunks, wallOffsetMs };
    }
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

  /** Whether something waits that was appended before this elapsed time. */
  hasBefore(appendedMs: number): boolean {
    return this.#lanes.hasBefore(appendedMs);
  }

  /** Does not send what was appended at this elapsed time or later; infinite ends that. */
  holdFrom(appendedMs: number): void {
    this.#senders.holdFrom(appendedMs);
  }

  drain(): void {
    this.#senders.drain();
  }

  /**
   * Changes the limits at once. With another number of lanes, the waiting chunks are sent before
   * all later ones, as after a restart. The senders must have ended by then; batches that they have
   * taken may still be acknowledged.
   */
  configure(limits: QueueLimits): void {
    const options = { ...this.#options, ...limits };
    this.#options = options;
    this.#store.segmentBytes = segmentBytesFor(options);
    this.#durability.policy = options.sync;
    this.#retention.bounds = options;
    if (limits.lanes !== this.lanes) this.#lanes.changeCount(limits.lanes);
  }

  async stop(): Promise<void> {
    if (this.#ticking === undefined) return;
    this.#stopping.abort(new Error('queue is stopping'));
    await this.#ticking;
    this.#ticking = undefined;
    await this.#stayHome(this.#clock);
    // The last chance to write: the pause after a refusal is not kept.
    this.#unwritten.writeOut(Infinity);
    if (this.#unwritten.bytes > 0) {
      const { items } = this.#unwritten;
      this.#log.error('queue ends with items that the disk did not take', { items });
    }
    this.#losses.end();
    this.#metrics.end();
    if (!this.#home.isOpen) return;
    await this.#durability.save();
    this.#store.close();
    this.#home.leave();
    const items = this.#lanes.items - this.#unwritten.items;
    if (items > 0) this.#log.info('items are left for the next run', { items });
  }

  async #tick(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await this.#clock.sleep(TICK_MS, signal).catch(() => undefined);
      const now = readMoment(this.#clock);
      this.#losses.tick();
      await this.#stayHome({
        nowMs: () => this.#clock.nowMs(),
        elapsedMs: () => this.#clock.elapsedMs(),
        sleep: (ms) => this.#clock.sleep(ms, signal),
        alarm: (ring) => this.#clock.alarm(ring),
      });
      this.#retention.dropTooOld(now);
      this.#unwritten.writeOut(now.elapsedMs);
      if (this.#home.isOpen) await this.#durability.save();
    }
  }

  #resume(): Generator<undefined, void, undefined> {
    return resumeFromDisk({
      store: this.#store,
      progress: this.#progress,
      lanes: this.#lanes,
      clock: this.#clock,
      corrupt: this.#metrics.corrupt,
      log: this.#log,
    });
  }

  /** Sees that the folder is there and ours; leaves one that is not, and makes it anew. */
  async #stayHome(clock: Clock): Promise<void> {
    const loss = this.#home.look();
    if (loss !== undefined) this.#leaveHome(loss);
    if (this.#home.isOpen) return;
    const { directory } = this.#options;
    try {
      await this.#home.open(clock);
      // At once: chunks are appended meanwhile, and a new folder is mostly empty.
      runAtOnce(this.#resume());
      // What is on disk there came before what waits in memory.
      if (this.#store.segmentCount > 0) this.#lanes.changeCount(this.#lanes.count);
      this.#homeOutage.worked();
      this.#log.info('queue has a folder again', { directory });
    } catch (error) {
      this.#store.abandon();
      this.#home.leave();
      const sum = this.#homeOutage.failed();
      if (sum === undefined || this.#stopping.signal.aborted) return;
      const { failures } = sum;
      this.#log.error('queue has no folder: items wait in memory', { directory, error, failures });
    }
  }

  /**
   * Gives up the files. Where they are gone, what is still in memory or in the open file is kept,
   * to be written again, and the rest is lost. Another process that has them sends what is in them.
   */
  #leaveHome(loss: HomeLoss): void {
    const { directory } = this.#options;
    const written = this.#lanes.list().filter(({ stored }) => stored !== undefined);
    let lost = 0;
    for (const entry of written) {
      const { stored, items } = entry;
      const isKept = loss === 'gone';
      const bytes = isKept ? (entry.bytes ?? (stored && this.#store.rescue(stored))) : undefined;
      this.#cache.remove(entry);
      entry.stored = undefined;
      entry.bytes = bytes;
      if (bytes !== undefined) continue;
      lost += items;
      this.#lanes.remove(entry);
      if (isKept) this.#losses.count(items, 'folder_gone', undefined);
    }
    this.#store.abandon();
    this.#progress.clear();
    this.#unwritten.restart(this.#lanes.list());
    this.#home.leave();
    const kept = this.#lanes.items;
    if (loss === 'gone')
      this.#log.error('queue directory is gone or was replaced while in use; it is made anew', {
        directory,
        kept_items: kept,
        lost_items: lost,
      });
    else
      this.#log.error('another process has taken the queue directory; stop one of the two', {
        directory,
        kept_items: kept,
        left_items: lost,
      });
  }

  /** Throws the file system's error. */
  #write(entry: Entry, bytes: Uint8Array): void {
    if (!this.#home.isOpen) throw new Error('the queue directory is not there');
    this.#retention.makeRoomOnDisk(bytes.length);
    const { home } = entry;
    entry.stored = this.#store.write({ ...entry, bytes, lane: home.lane }, home.lanes);
    this.#cache.add(entry);
  }

  /** The chunks of a batch with their bytes; those that are damaged on disk are dropped. */
  #handOut(entries: readonly Entry[]): Chunk[] {
    const chunks: Chunk[] = [];
    for (const entry of entries) {
      const bytes = this.#bytesOf(entry);
      if (bytes === undefined) {
        this.#metrics.corrupt.with({ part: 'chunk' }).inc();
        this.#drop(entry, 'corrupt');
        continue;
      }
      const { items, rawBytes, oldestMs, newestMs, lane } = entry;
      const chunk = { bytes, items, rawBytes, oldestMs, newestMs, lane };
      this.#entryOf.set(chunk, entry);
      entry.isHanded = true;
      chunks.push(chunk);
    }
    return chunks;
  }

  #bytesOf({ bytes, stored }: Entry): Uint8Array | undefined {
    return bytes ?? (stored && this.#store.read(stored));
  }

  #drop(entry: Entry, reason: DropReason): void {
    const bytes = this.#losses.bytesOf(entry, reason);
    this.#finish(entry);
    this.#losses.count(entry.items, reason, bytes);
  }

  /** An entry is done, sent or dropped: its memory and its disk space are released. */
  #finish(entry: Entry): void {
    if (entry.isGone) return;
    if (entry.stored === undefined) this.#unwritten.release(entry);
    else {
      this.#cache.remove(entry);
      this.#progress.pass(entry.stored);
      this.#store.release(entry.stored);
    }
    this.#lanes.remove(entry);
  }
}
