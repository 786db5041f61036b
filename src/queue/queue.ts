/**
 * The durable queue of one sink: chunks in segment files, lanes in memory, a cursor of what is done.
 *
 *   append → segment file (written before it returns) → lane → next → sender → acknowledge → cursor, file deleted
 *
 * Promises: what was appended is delivered at least once, in order within its lane, also after kill -9 (and but for
 * the last second after power loss). It is dropped, and counted, only when the disk cap is reached, when the disk is
 * full and the memory bound too, or when its bytes rotted. Not a log: what is done is gone.
 */
import type { Clock } from '../kernel/clock.ts';
import type { Component } from '../kernel/component.ts';
import { assert, ConfigError, messageOf } from '../kernel/errors.ts';
import type { World } from '../kernel/world.ts';
import type { Batch, BatchLimits, Chunk, ChunkQueue } from '../model/queue.ts';
import { ChunkCache } from './cache.ts';
import { type Cursors, cursorKey, isBehind, readCursors, writeCursors } from './cursor.ts';
import { Fifo } from './fifo.ts';
import { type Entry, isFullBatch, Lane, takeBatch } from './lane.ts';
import { type Lock, takeLock } from './lock.ts';
import { newQueueMetrics, type QueueMetrics } from './metrics.ts';
import { CHUNK_MAX_BYTES } from './segment.ts';
import { type Place, SegmentStore } from './store.ts';

/** Why chunks were lost; bounded words for metrics. */
export type DropReason = 'disk_cap' | 'memory_full' | 'corrupt' | 'too_large' | 'too_old';

/** When what was written is forced to the disk; a killed process loses nothing either way, a loss of power may. */
export type SyncPolicy = 'never' | 'interval' | 'every';

export interface DurableQueueOptions {
  /** For logs and metrics. */
  readonly name: string;
  /** Of this queue alone; made when missing. */
  readonly directory: string;
  readonly lanes: number;
  /** Of all segment files; above it the oldest segment is dropped. */
  readonly capBytes: number;
  /** Of chunks that could not be written because the disk is full. */
  readonly memoryMaxBytes?: number;
  /** Of the newest chunks, kept so that a healthy sender never reads the disk. */
  readonly cacheMaxBytes?: number;
  readonly segmentBytes?: number;
  /** `interval`, once a second, unless set. */
  readonly sync?: SyncPolicy;
  /** Chunks whose newest sample is older are dropped; 0 or absent keeps them. */
  readonly maxAgeMs?: number;
  /** Told of losses; the chunk's bytes where they can still be had. */
  readonly onDropped?: (items: number, reason: DropReason, bytes: Uint8Array | undefined) => void;
}

/** What may change while the queue runs. */
export type QueueLimits = Pick<DurableQueueOptions, 'lanes' | 'capBytes' | 'sync' | 'maxAgeMs'>;

/** Lost chunks that are read from the disk in a tick, to be counted by job. */
const LOSSES_READ_MAX = 64;
/** How often the disk is asked to make things durable, and a full disk is tried again. */
const TICK_MS = 1_000;

export class DurableQueue implements ChunkQueue, Component {
  readonly name: string;
  lanes: number;
  #options: DurableQueueOptions;
  readonly #world: Omit<World, 'http'>;
  readonly #clock: Clock;
  readonly #metrics: QueueMetrics;
  readonly #store: SegmentStore;
  #lanes: Lane[];
  readonly #stopping = new AbortController();
  /** Since the last tick. */
  #lossesRead = 0;
  readonly #signals = new WeakMap<AbortSignal, AbortSignal>();
  readonly #entryOf = new WeakMap<Chunk, Entry>();
  readonly #cache: ChunkCache;
  /** Entries that the disk did not take, oldest first. */
  readonly #unwritten = new Fifo<Entry>();
  #unwrittenBytes = 0;
  #retryAtMs = 0;
  #cursors: Cursors = new Map();
  #cursorsChanged = false;
  #legacyLeft = 0;
  #draining = false;
  /** What was appended until then waits for no deadline. */
  #hurriedMs = -Infinity;
  /** Looks of those that wait until something has left. */
  readonly #flushing = new Set<() => void>();
  #lock: Lock | undefined;
  #ticking: Promise<void> | undefined;

  constructor(options: DurableQueueOptions, world: Omit<World, 'http'>) {
    assert(options.lanes >= 1, `queue ${options.name} has ${options.lanes} lanes`);
    this.name = `queue ${options.name}`;
    this.lanes = options.lanes;
    this.#options = options;
    this.#world = { ...world, log: world.log.with({ queue: options.name }) };
    this.#clock = world.clock;
    this.#store = new SegmentStore(options.directory, segmentBytesOf(options));
    this.#cache = new ChunkCache(options.cacheMaxBytes ?? 8 * 1024 * 1024);
    this.#lanes = Array.from({ length: options.lanes }, () => new Lane());
    this.#metrics = newQueueMetrics(world.metrics, options.name, () => ({
      chunks: this.#lanes.reduce((sum, lane) => sum + lane.chunks, 0),
      items: this.#lanes.reduce((sum, lane) => sum + lane.items, 0),
      diskBytes: this.#store.diskBytes,
      unwrittenBytes: this.#unwrittenBytes,
    }));
  }

  /** Items that wait, in all lanes. */
  get pendingItems(): number {
    return this.#lanes.reduce((sum, lane) => sum + lane.items, 0);
  }

  async start(): Promise<void> {
    try {
      this.#store.prepare();
      this.#lock = await takeLock(this.#options.directory, this.#clock);
      this.#load();
    } catch (error) {
      if (error instanceof ConfigError) throw error;
      throw new ConfigError(
        'QUEUE_UNUSABLE',
        `queue directory "${this.#options.directory}" can't be used (${messageOf(error)}); give a directory that this user may write`,
        { cause: error },
      );
    }
    this.#ticking = this.#tick();
  }

  async stop(): Promise<void> {
    if (this.#ticking === undefined) return;
    this.#stopping.abort(new Error('queue is stopping'));
    await this.#ticking;
    this.#ticking = undefined;
    for (const lane of this.#lanes) lane.wake();
    this.#retryAtMs = 0;
    this.#writeUnwritten();
    if (this.#unwrittenBytes > 0) {
      const items = this.#unwritten.sum((entry) => (entry.gone ? 0 : entry.items));
      this.#world.log.error('queue ends with items that the disk did not take', { items });
    }
    await this.#makeDurable();
    this.#store.close();
    this.#lock?.release();
  }

  /**
   * Goes over to other limits at once. With another number of lanes what waits goes before all that comes, as after a
   * restart; senders of before must have ended, but for batches under way, which may still be acknowledged.
   */
  configure(limits: QueueLimits): void {
    this.#options = { ...this.#options, ...limits };
    this.#store.segmentBytes = segmentBytesOf(this.#options);
    if (limits.lanes !== this.lanes) this.#changeLanes(limits.lanes);
  }

  #changeLanes(lanes: number): void {
    const old = this.#lanes;
    const waiting = old.flatMap((lane) => [...lane.live()]).toSorted(inOrderOfTime);
    this.lanes = lanes;
    this.#lanes = Array.from({ length: lanes }, () => new Lane());
    for (const entry of waiting) {
      entry.lane = 0;
      entry.legacy = true;
      this.#laneOf(0).push(entry);
    }
    this.#legacyLeft = waiting.length;
    for (const lane of old) lane.wake();
  }

  append(chunk: Chunk): void {
    assert(this.#ticking !== undefined, `${this.name} is not running`);
    const { capBytes } = this.#options;
    if (chunk.bytes.length > Math.min(CHUNK_MAX_BYTES, capBytes / 2)) {
      this.#count(chunk.items, 'too_large', chunk.bytes);
      return;
    }
    const appendedMs = this.#clock.nowMs();
    const state = { appendedMs, legacy: false, place: undefined, gone: false };
    const lane = chunk.lane % this.lanes;
    const home = { lane, lanes: this.lanes };
    const entry: Entry = { ...chunk, lane, home, length: chunk.bytes.length, ...state };
    this.#laneOf(lane).push(entry);
    this.#unwritten.push(entry);
    this.#unwrittenBytes += entry.length;
    this.#writeUnwritten();
    if (this.#options.sync === 'every') this.#syncNow();
    this.#boundMemory();
  }

  async next(
    lanes: readonly number[],
    limits: BatchLimits,
    deadlineMs: number,
    signal: AbortSignal,
  ): Promise<Batch | undefined> {
    const own = lanes.map((lane) => this.#laneOf(lane));
    const anySignal = this.#withStopping(signal);
    while (!anySignal.aborted) {
      // What earlier lanes left stands in the first one and goes before all others.
      const open = this.#legacyLeft > 0 ? own.filter((lane) => lane === this.#lanes[0]) : own;
      const filled = open.filter((lane) => lane.oldest() !== undefined);
      if (filled.length === 0) {
        if (this.#draining && open.length === own.length) return undefined;
        await this.#wait(own, limits, undefined, anySignal);
        continue;
      }
      const oldestMs = Math.min(...filled.map((lane) => lane.oldest()?.appendedMs ?? Infinity));
      // A clock set back must not make a chunk wait longer than one deadline.
      const waitedMs = Math.max(0, this.#clock.nowMs() - oldestMs);
      const isHurried = this.#draining || oldestMs <= this.#hurriedMs;
      if (!isHurried && waitedMs < deadlineMs && !isFullBatch(filled, limits)) {
        await this.#wait(own, limits, deadlineMs - waitedMs, anySignal);
        continue;
      }
      const chunks = this.#read(filled, limits);
      if (chunks.length > 0) return { chunks };
    }
    return undefined;
  }

  acknowledge(batch: Batch): void {
    for (const chunk of batch.chunks) {
      const entry = this.#entryOf.get(chunk);
      if (entry !== undefined) this.#finish(entry);
    }
    for (const check of this.#flushing) check();
  }

  flush(signal: AbortSignal): Promise<void> {
    this.#hurriedMs = this.#clock.nowMs();
    for (const lane of this.#lanes) lane.wake();
    return new Promise((resolve) => {
      const done = (): void => {
        this.#flushing.delete(check);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const untilMs = this.#hurriedMs;
      const check = (): void => {
        const isLeft = this.#lanes.some(
          (lane) => (lane.oldest()?.appendedMs ?? Infinity) <= untilMs,
        );
        if (!isLeft) done();
      };
      this.#flushing.add(check);
      signal.addEventListener('abort', done, { once: true });
      if (signal.aborted) done();
      else check();
    });
  }

  drain(): void {
    this.#draining = true;
    for (const lane of this.#lanes) lane.wake();
  }

  /** Makes lanes of what an earlier run left on disk. */
  #load(): void {
    const found = readCursors(this.#options.directory);
    if (found === undefined) {
      this.#world.log.warn('queue cursor is damaged: what is on disk is sent again');
    }
    this.#cursors = found ?? new Map();
    const seen = [...this.#cursors.values()].map((position) => position.segment);
    // Numbers that no earlier run has used: one that lost the lock while it stood still may yet write its cursor, and what
    // lies behind that must not be taken for done.
    const nowSeconds = Math.floor(this.#clock.nowMs() / 1_000);
    const scan = this.#store.open(Math.max(nowSeconds, ...seen));
    const last = scan.places.findLastIndex(({ header }) => header.lanes !== this.lanes);
    scan.places.forEach((place, index) => this.#restore(place, index <= last));
    this.#store.sweep();
    if (last < 0) this.#forgetOldCursors();
    if (scan.badHeaders > 0) this.#metrics.corrupt.with({ part: 'header' }).inc(scan.badHeaders);
    if (scan.tornBytes > 0) this.#metrics.corrupt.with({ part: 'tail' }).inc();
    if (scan.badHeaders > 0 || scan.tornBytes > 0) {
      const { badHeaders, tornBytes } = scan;
      this.#world.log.warn(
        'queue repaired: what stood at damaged headers is lost, and cannot be counted',
        { bad_headers: badHeaders, torn_bytes: tornBytes },
      );
    }
    const items = this.pendingItems;
    if (items > 0) this.#world.log.info('queue resumes', { items });
  }

  #restore(place: Place, legacy: boolean): void {
    const { header, segment } = place;
    const cursor = this.#cursors.get(cursorKey(header.lanes, header.lane));
    if (cursor !== undefined && isBehind({ segment: segment.id, offset: header.offset }, cursor)) {
      this.#store.release(place);
      return;
    }
    const lane = legacy ? 0 : header.lane;
    if (legacy) this.#legacyLeft += 1;
    const home = { lane: header.lane, lanes: header.lanes };
    const state = { lane, home, appendedMs: 0, legacy, bytes: undefined, place, gone: false };
    this.#laneOf(lane).push({ ...header, ...state });
  }

  /** Writes what the disk has not taken yet, oldest first, until it refuses. */
  #writeUnwritten(): void {
    let entry = this.#unwritten.at(0);
    // What is alone in its wait is tried at once: the disk may have room again.
    const isWaiting = this.#unwritten.length > 1 && this.#clock.nowMs() < this.#retryAtMs;
    if (entry === undefined || isWaiting) return;
    for (; entry !== undefined; entry = this.#unwritten.at(0)) {
      if (!entry.gone && entry.bytes !== undefined) {
        try {
          this.#boundDisk(entry.length);
          const { bytes, home } = entry;
          entry.place = this.#store.write({ ...entry, bytes, lane: home.lane }, home.lanes);
        } catch (error) {
          this.#refused(error);
          return;
        }
        this.#unwrittenBytes -= entry.length;
        this.#cache.add(entry);
      }
      this.#unwritten.shift();
    }
    if (this.#retryAtMs > 0) {
      this.#retryAtMs = 0;
      this.#metrics.diskRefuses.set(0);
      this.#world.log.info('queue writes to disk again');
    }
  }

  #refused(error: unknown): void {
    this.#store.endSegment();
    this.#retryAtMs = this.#clock.nowMs() + TICK_MS;
    this.#metrics.diskRefuses.set(1);
    this.#world.log.error('queue disk refuses: new items wait in memory; free some space', {
      error,
      directory: this.#options.directory,
      memory_bytes: this.#unwrittenBytes,
    });
  }

  #syncNow(): void {
    try {
      this.#store.syncNow();
    } catch (error) {
      this.#world.log.warn('queue not forced to disk: a loss of power may lose items', { error });
    }
  }

  /** What nobody will take any more makes room; what is being sent is left to the sender. */
  #dropOld(): void {
    const { maxAgeMs = 0 } = this.#options;
    if (maxAgeMs <= 0) return;
    const cutoffMs = this.#clock.nowMs() - maxAgeMs;
    for (const lane of this.#lanes) {
      let entry = lane.oldest();
      while (entry !== undefined && entry.newestMs < cutoffMs && entry.isHanded !== true) {
        this.#drop(entry, 'too_old');
        entry = lane.oldest();
      }
    }
  }

  #boundDisk(chunkBytes: number): void {
    while (this.#store.exceeds(chunkBytes, this.#options.capBytes)) {
      const oldest = this.#store.closeOldest();
      if (oldest === undefined) return;
      for (const lane of this.#lanes) {
        let entry = lane.oldest();
        while (entry?.place?.segment === oldest) {
          this.#drop(entry, 'disk_cap');
          entry = lane.oldest();
        }
      }
      assert(oldest.live === 0, `segment ${oldest.id} keeps chunks that no lane knows`);
    }
  }

  #boundMemory(): void {
    const max = this.#options.memoryMaxBytes ?? 64 * 1024 * 1024;
    for (let oldest = this.#unwritten.at(0); oldest !== undefined;) {
      if (!oldest.gone && this.#unwrittenBytes <= max) return;
      if (!oldest.gone) this.#drop(oldest, 'memory_full');
      this.#unwritten.shift();
      oldest = this.#unwritten.at(0);
    }
  }

  #read(lanes: readonly Lane[], limits: BatchLimits): Chunk[] {
    const chunks: Chunk[] = [];
    for (const entry of takeBatch(lanes, limits)) {
      const bytes = entry.bytes ?? (entry.place && this.#store.read(entry.place));
      if (bytes === undefined) {
        this.#metrics.corrupt.with({ part: 'chunk' }).inc();
        this.#drop(entry, 'corrupt');
        continue;
      }
      const { items, rawBytes, oldestMs, newestMs } = entry;
      const chunk = { bytes, items, rawBytes, oldestMs, newestMs, lane: entry.lane };
      this.#entryOf.set(chunk, entry);
      entry.isHanded = true;
      chunks.push(chunk);
    }
    return chunks;
  }

  #drop(entry: Entry, reason: DropReason): void {
    const bytes = this.#bytesOfLoss(entry, reason);
    this.#finish(entry);
    this.#count(entry.items, reason, bytes);
  }

  /** What is lost, for who wants to know whose it is; a flood of losses is not read from the disk once more. */
  #bytesOfLoss(entry: Entry, reason: DropReason): Uint8Array | undefined {
    if (this.#options.onDropped === undefined || reason === 'corrupt') return undefined;
    if (entry.bytes !== undefined || entry.place === undefined) return entry.bytes;
    this.#lossesRead += 1;
    return this.#lossesRead > LOSSES_READ_MAX ? undefined : this.#store.read(entry.place);
  }

  #count(items: number, reason: DropReason, bytes: Uint8Array | undefined): void {
    this.#metrics.dropped.with({ reason }).inc(items);
    this.#options.onDropped?.(items, reason, bytes);
    this.#world.log.warn('queue dropped items', { items, reason });
  }

  /** An entry is done, sent or dropped: its lane goes on behind it. */
  #finish(entry: Entry): void {
    if (entry.gone) return;
    const lane = this.#laneOf(entry.lane);
    lane.remove(entry);
    if (entry.place === undefined) {
      this.#unwrittenBytes -= entry.length;
      entry.bytes = undefined;
    } else {
      this.#cache.remove(entry);
      const { header, segment } = entry.place;
      const position = { segment: segment.id, offset: header.offset + 1 };
      this.#cursors.set(cursorKey(header.lanes, header.lane), position);
      this.#cursorsChanged = true;
      this.#store.release(entry.place);
    }
    lane.oldest();
    if (!entry.legacy) return;
    this.#legacyLeft -= 1;
    if (this.#legacyLeft > 0) return;
    for (const other of this.#lanes) other.wake();
  }

  /** Of other numbers of lanes: once no chunk on disk has them, not even one that is done beside one that is not. */
  #forgetOldCursors(): void {
    for (const key of this.#cursors.keys()) {
      if (!key.startsWith(`${this.lanes}/`)) this.#cursors.delete(key);
    }
  }

  /** Waits until a lane wakes its waiter, or a span is over, or the signal aborts. */
  async #wait(
    lanes: readonly Lane[],
    limits: BatchLimits,
    ms: number | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    const over = new AbortController();
    await new Promise<void>((wake) => {
      const isEnough = (): boolean => isFullBatch(lanes, limits);
      const waiter = { wantsFirst: ms === undefined, isEnough, wake };
      for (const lane of lanes) lane.wait(waiter);
      const onAbort = (): void => over.abort();
      signal.addEventListener('abort', onAbort, { once: true });
      over.signal.addEventListener('abort', () => {
        signal.removeEventListener('abort', onAbort);
        wake();
      });
      if (ms !== undefined) this.#clock.sleep(ms, over.signal).then(wake, () => undefined);
    });
    over.abort(new Error('no longer waiting'));
  }

  /** Made once for a signal: one of several is dear. */
  #withStopping(signal: AbortSignal): AbortSignal {
    let both = this.#signals.get(signal);
    if (both === undefined) {
      both = AbortSignal.any([signal, this.#stopping.signal]);
      this.#signals.set(signal, both);
    }
    return both;
  }

  async #tick(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      await this.#clock.sleep(TICK_MS, this.#stopping.signal).catch(() => undefined);
      this.#lossesRead = 0;
      this.#lock?.touch();
      this.#dropOld();
      this.#writeUnwritten();
      await this.#makeDurable();
    }
  }

  async #makeDurable(): Promise<void> {
    try {
      if (this.#options.sync !== 'never') await this.#store.sync();
      if (!this.#cursorsChanged) return;
      this.#cursorsChanged = false;
      await writeCursors(this.#options.directory, this.#cursors);
    } catch (error) {
      this.#cursorsChanged = true;
      this.#world.log.warn('queue cursor not made durable: a restart would send some again', {
        error,
      });
    }
  }

  #laneOf(lane: number): Lane {
    const found = this.#lanes[lane];
    assert(found, `lane ${lane} of ${this.lanes}`);
    return found;
  }
}

function segmentBytesOf({ segmentBytes, capBytes }: DurableQueueOptions): number {
  return segmentBytes ?? Math.min(16 * 1024 * 1024, Math.ceil(capBytes / 8));
}

/** As they were appended: on disk by position, then what the disk has not taken yet. */
function inOrderOfTime(a: Entry, b: Entry): number {
  if (a.place === undefined || b.place === undefined)
    return (
      Number(a.place === undefined) - Number(b.place === undefined) || a.appendedMs - b.appendedMs
    );
  return a.place.segment.id - b.place.segment.id || a.place.header.offset - b.place.header.offset;
}
