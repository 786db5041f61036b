/**
 * The store of a workspace: takes write requests, which are on disk before they are answered, and
 * gives the engine series.
 *
 *   write: body → decoded completely → row of wal (one SQLite transaction for all waiting requests)
 *          → checks → heads → answer
 *   seal:  after `sealAfterMs`, or at a limit of unsealed samples: heads → chunks, wal emptied
 *   start: wal → the same checks as of the same times → heads
 *   read:  index → overlapping chunks + head → samples in time order
 *
 * A folder belongs to one process. Limits: StoreOptions. Exemplars are skipped, native histograms
 * refused.
 */
import { type Moment, readMoment } from '../../kernel/clock.ts';
import { type Component } from '../../kernel/component.ts';
import { ConfigError, describeError, RecoverableError } from '../../kernel/errors.ts';
import { parseForeignJson } from '../../kernel/foreign-json.ts';
import type { Counter, Family } from '../../kernel/metrics.ts';
import { Outage } from '../../kernel/outage.ts';
import type { World } from '../../kernel/world.ts';
import type { Label, LabelSet } from '../../model/labels.ts';
import type { MetricMetadata } from '../../wire/remote-write/metadata.ts';
import { uncompress } from '../../wire/snappy.ts';
import type { Matcher, Queryable, SeriesData } from '../promql/queryable.ts';
import { decodeChunk } from './chunk.ts';
import { Database } from './database.ts';
import { Head } from './head.ts';
import { Memory, type MemoryLimits, type WriteResult } from './memory.ts';
import { cutSamples, joinSamples, type Samples, viewWords } from './samples.ts';
import { decodeWriteBatch, type WriteBatch } from './write-batch.ts';

export interface StoreOptions extends MemoryLimits {
  readonly directory: string;
  /** The most bytes of a write request, uncompressed. */
  readonly bodyMaxBytes: number;
  /**
   * The most unsealed samples (in memory), and bytes of their compressed requests (in the wal,
   * which is replayed at start). At either limit everything is sealed at once.
   */
  readonly unsealedSamplesMax: number;
  readonly unsealedBytesMax: number;
  /**
   * How long samples stay unsealed, give or take `tidyIntervalMs`. Later means longer chunks, with
   * fewer bytes per sample.
   */
  readonly sealAfterMs: number;
  /** How often the store checks whether to seal, and deletes what is older than the retention. */
  readonly tidyIntervalMs: number;
}

export const STORE_DEFAULTS: Omit<StoreOptions, 'directory'> = {
  retentionMs: 15 * 24 * 3_600_000,
  outOfOrderWindowMs: 600_000,
  seriesMax: 500_000,
  labelsMax: 150,
  labelBytesMax: 16_384,
  sampleAgeMaxMs: Infinity,
  seriesPerMetricMax: Infinity,
  stripsReplica: false,
  bodyMaxBytes: 32 * 1024 * 1024,
  unsealedSamplesMax: 1_000_000,
  unsealedBytesMax: 128 * 1024 * 1024,
  sealAfterMs: 2 * 3_600_000,
  tidyIntervalMs: 60_000,
};

interface Waiter {
  readonly body: Uint8Array;
  readonly batch: WriteBatch;
  readonly done: (result: WriteResult) => void;
  readonly failed: (error: unknown) => void;
}

export class Store implements Component, Queryable {
  readonly name = 'workspace store';
  readonly #options: StoreOptions;
  readonly #world: World;
  readonly #memory: Memory;
  readonly #stored: Counter;
  readonly #rejected: Family<Counter>;
  readonly #stopping = new AbortController();
  #database: Database | undefined;
  #waiting: Waiter[] = [];
  readonly #startedAt: Moment;
  /** `sinceMs` is of elapsed time. */
  #unsealed = { samples: 0, bytes: 0, sinceMs: Infinity };
  #tidying: Promise<void> = Promise.resolve();
  readonly #sealOutage: Outage;
  readonly #homeOutage: Outage;

  constructor(options: StoreOptions, world: World) {
    this.#options = options;
    this.#world = world;
    this.#sealOutage = new Outage(() => world.clock.elapsedMs());
    this.#homeOutage = new Outage(() => world.clock.elapsedMs());
    this.#startedAt = readMoment(world.clock);
    this.#memory = new Memory(options, (ref, tMs) => this.#sealedBits(ref, tMs));
    const { metrics } = world;
    this.#stored = metrics.counter(
      'workspace_samples_stored_total',
      'Samples written to the store.',
    );
    this.#rejected = metrics.counters(
      'workspace_samples_rejected_total',
      'Samples refused, by reason.',
    );
    const series = metrics.gauge('workspace_series', 'Series in the store.');
    const unsealed = metrics.gauge(
      'workspace_unsealed_samples',
      'Samples in memory that are not in a chunk yet.',
    );
    metrics.onCollect(() => {
      series.set(this.#memory.index.size);
      unsealed.set(this.#unsealed.samples);
    });
  }

  async start(): Promise<void> {
    const { directory } = this.#options;
    const database = new Database(directory);
    try {
      this.#restore(database);
    } catch (error) {
      database.close();
      throw new ConfigError(
        'STORE_OPEN',
        `the store in "${directory}" holds what no workspace wrote (${describeError(error)}); ` +
          'move it away, or choose another folder with --storage.path',
        { cause: error },
      );
    }
    this.#database = database;
    this.#tidying = this.#tidyRegularly();
  }

  #restore(database: Database): void {
    for (const { ref, labels, oldestMs, newestMs } of database.readSeries()) {
      const [oldest, newest] = [oldestMs ?? Infinity, newestMs ?? -Infinity];
      if (!Number.isSafeInteger(ref) || typeof oldest !== 'number' || typeof newest !== 'number')
        throw new Error(`series ${ref} has no number or no times`);
      this.#memory.restore(ref, readLabels(labels), new Head(oldest, newest));
    }
    for (const entry of database.readMetadata()) {
      if (Object.values(entry).some((value) => typeof value !== 'string'))
        throw new Error('metadata of a metric is no text');
      this.#memory.metadata.set(entry.name, entry);
    }
    let requests = 0;
    for (const { atMs, body } of database.readBodies()) {
      if (typeof atMs !== 'number' || !(body instanceof Uint8Array))
        throw new Error('a write has no time or no body');
      this.#apply(decodeWriteBatch(uncompress(body, 2 ** 32)), body.length, atMs);
      requests += 1;
    }
    if (requests > 0) this.#world.log.info('unsealed writes replayed', { requests });
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the store is stopping'));
    await this.#tidying;
    const database = this.#database;
    if (database === undefined) return;
    this.#flush();
    this.#database = undefined;
    try {
      this.#seal(database);
    } finally {
      database.close();
    }
  }

  /**
   * Stores one remote write 1.0 request, given compressed. Resolves when the request is on disk.
   * Refused samples are counted in the result; the others are stored nevertheless.
   *
   * @param refuse  called with the decoded request before any of it is stored; where it returns a
   *                refusal, nothing is stored and the refusal is the result
   * @throws WireError for a body that is not snappy and protobuf; nothing of it is stored
   * @throws RecoverableError when the store is not running
   */
  write(body: Uint8Array): Promise<WriteResult>;
  write<Refusal>(
    body: Uint8Array,
    refuse: (batch: WriteBatch, rawBytes: number) => Refusal | undefined,
  ): Promise<WriteResult | { readonly refusal: Refusal }>;
  async write<Refusal>(
    body: Uint8Array,
    refuse?: (batch: WriteBatch, rawBytes: number) => Refusal | undefined,
  ): Promise<WriteResult | { readonly refusal: Refusal }> {
    const message = uncompress(body, this.#options.bodyMaxBytes);
    const batch = decodeWriteBatch(message);
    const refusal = refuse?.(batch, message.length);
    if (refusal !== undefined) return { refusal };
    if (this.#database === undefined)
      throw new RecoverableError('STORE_STOPPED', 'the store is stopping; send the request again');
    return new Promise((done, failed) => {
      this.#waiting.push({ body, batch, done, failed });
      // All requests of this turn of the event loop share one transaction, so they wait for the
      // disk once.
      if (this.#waiting.length === 1) setImmediate(() => this.#flush());
    });
  }

  select(matchers: readonly Matcher[], fromMs: number, toMs: number): readonly SeriesData[] {
    const { index } = this.#memory;
    const found: SeriesData[] = [];
    for (const ref of index.select(matchers)) {
      const { timesMs, values } = this.#read(ref, fromMs, toMs);
      if (timesMs.length > 0)
        found.push({ labels: index.labelsOf(ref), timestampsMs: timesMs, values });
    }
    return found;
  }

  /**
   * The label sets of the series that match any of the selectors (all series when there are none)
   * and whose span from oldest to newest sample overlaps fromMs < t <= toMs. Sorted when there is
   * at most one selector.
   */
  selectLabelSets(
    selectors: readonly (readonly Matcher[])[],
    fromMs: number,
    toMs: number,
  ): LabelSet[] {
    const { index, heads } = this.#memory;
    const refs =
      selectors.length <= 1
        ? index.select(selectors[0] ?? [])
        : new Set(selectors.flatMap((matchers) => index.select(matchers)));
    const found: LabelSet[] = [];
    for (const ref of refs) {
      const head = heads.get(ref);
      if (head !== undefined && head.newestMs > fromMs && head.oldestMs <= toMs)
        found.push(index.labelsOf(ref));
    }
    return found;
  }

  listMetadata(): readonly MetricMetadata[] {
    return [...this.#memory.metadata.values()];
  }

  #read(ref: number, fromMs: number, toMs: number): Samples {
    const head = this.#memory.heads.get(ref);
    const pieces: Samples[] = [];
    if (head !== undefined && fromMs < head.sealedNewestMs) {
      for (const { bytes, count } of this.#database?.chunksOf(ref, fromMs, toMs) ?? [])
        pieces.push(cutSamples(decodeChunk(bytes, count), fromMs, toMs));
    }
    if (head !== undefined && head.count > 0) pieces.push(head.read(fromMs, toMs));
    return joinSamples(pieces);
  }

  #sealedBits(ref: number, tMs: number): Uint32Array | undefined {
    for (const { bytes, count } of this.#database?.chunksOf(ref, tMs - 0.5, tMs) ?? []) {
      const { values } = cutSamples(decodeChunk(bytes, count), tMs - 0.5, tMs);
      if (values.length > 0) return viewWords(values);
    }
    return undefined;
  }

  /** Writes all waiting requests to the wal in one transaction, applies and answers them. */
  #flush(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    const database = this.#database;
    if (waiting.length === 0 || database === undefined) return;
    const atMs = this.#world.clock.nowMs();
    try {
      database.appendBodies(
        atMs,
        waiting.map(({ body }) => body),
      );
      for (const { body, batch, done } of waiting) {
        const result = this.#apply(batch, body.length, atMs);
        this.#stored.inc(result.stored);
        for (const [reason, count] of result.rejected) this.#rejected.with({ reason }).inc(count);
        done(result);
      }
    } catch (error) {
      // A request that was answered above stays so: rejecting a settled promise does nothing.
      for (const { failed } of waiting) failed(error);
    }
    const { samples, bytes } = this.#unsealed;
    if (samples >= this.#options.unsealedSamplesMax || bytes >= this.#options.unsealedBytesMax)
      this.#trySeal(database);
  }

  #apply(batch: WriteBatch, bodyBytes: number, atMs: number): WriteResult {
    const result = this.#memory.apply(batch, atMs);
    const { samples, bytes, sinceMs } = this.#unsealed;
    this.#unsealed = {
      samples: samples + result.stored,
      bytes: bytes + bodyBytes,
      sinceMs: Math.min(sinceMs, this.#world.clock.elapsedMs()),
    };
    return result;
  }

  async #tidyRegularly(): Promise<void> {
    const { clock, log } = this.#world;
    for (;;) {
      try {
        await clock.sleep(this.#options.tidyIntervalMs, this.#stopping.signal);
      } catch {
        return;
      }
      if (this.#database === undefined) return;
      const database = this.#lookAfter(this.#database);
      if (clock.elapsedMs() - this.#unsealed.sinceMs >= this.#options.sealAfterMs)
        this.#trySeal(database);
      try {
        this.#forgetOld(database);
      } catch (error) {
        log.error('the store could not delete old samples; it will try again', {
          error: describeError(error),
        });
      }
    }
  }

  /** Sees that the file is there, and makes it anew with all that is in it where it is gone. */
  #lookAfter(database: Database): Database {
    const { log } = this.#world;
    const found = database.look();
    if (found === 'there') return database;
    const { directory } = this.#options;
    try {
      if (found === 'replaced')
        throw new Error('another file has its name; stop this process before files are replaced');
      this.#database = database.moveHome();
      this.#homeOutage.worked();
      log.error('the file of the store was deleted while in use; it was made anew, and is whole', {
        directory,
      });
      return this.#database;
    } catch (error) {
      const sum = this.#homeOutage.failed();
      if (sum !== undefined)
        log.error('no name leads to the file of the store; what is in it ends with this process', {
          directory,
          error: describeError(error),
          for_ms: sum.lastedMs,
        });
      return database;
    }
  }

  /** Seals; where that fails, the samples stay in memory and in the wal, and it is logged. */
  #trySeal(database: Database): void {
    const { log } = this.#world;
    try {
      this.#seal(database);
      const sum = this.#sealOutage.worked();
      if (sum !== undefined)
        log.info('the store seals its samples again', { failures: sum.failures });
    } catch (error) {
      const sum = this.#sealOutage.failed();
      if (sum === undefined) return;
      log.error('the store could not seal its samples; it will try again', {
        error: describeError(error),
        failures: sum.failures,
        for_ms: sum.lastedMs,
      });
    }
  }

  #seal(database: Database): void {
    if (this.#unsealed.bytes === 0) return;
    database.seal(this.#memory.collectUnsealed());
    this.#memory.markSealed();
    this.#unsealed = { samples: 0, bytes: 0, sinceMs: Infinity };
  }

  /** The time by which samples are old: one to which the clock was set forth deletes nothing. */
  #ageNowMs(): number {
    const { wallMs, elapsedMs } = readMoment(this.#world.clock);
    const since = this.#startedAt;
    return Math.min(wallMs, since.wallMs + elapsedMs - since.elapsedMs);
  }

  #forgetOld(database: Database): void {
    const beforeMs = this.#ageNowMs() - this.#options.retentionMs;
    const { gone, isAny } = this.#memory.findOlder(beforeMs);
    if (!isAny) return;
    // The wal may hold samples of these series, and the next start would restore them from it.
    if (gone.size > 0) this.#seal(database);
    database.deleteBefore(beforeMs, gone);
    this.#memory.forget(gone, beforeMs);
  }
}

/** @throws Error for a text that is no list of labels */
function readLabels(text: string): LabelSet {
  const labels = parseForeignJson(text);
  const isLabel = (one: Partial<Label> | null): boolean =>
    typeof one?.name === 'string' && typeof one.value === 'string';
  if (!Array.isArray(labels) || !labels.every(isLabel)) throw new Error('a series has no labels');
  return labels as LabelSet;
}
