/**
 * The store of a workspace: takes write requests, durable before they are answered, and gives series to the engine.
 *
 *   write: body → decode, check → heads (memory) → row of wal (SQLite, one transaction for all that wait) → answer
 *   seal:  every few minutes heads → chunks (SQLite), wal emptied
 *   read:  index → chunks that overlap + head → samples in time order
 *
 * One process, one folder. Limits: series, labels of a series, a head's memory by sealing; all named in StoreOptions.
 */
import { type Component } from '../../kernel/component.ts';
import { messageOf } from '../../kernel/errors.ts';
import type { Counter, Family } from '../../kernel/metrics.ts';
import type { World } from '../../kernel/world.ts';
import {
  compareUtf8,
  type Label,
  type LabelSet,
  labelValue,
  METRIC_NAME,
} from '../../model/labels.ts';
import { decodeWriteRequest } from '../../wire/remote-write.ts';
import { uncompress } from '../../wire/snappy.ts';
import type { Matcher, Queryable, SeriesData } from '../promql/queryable.ts';
import { decodeChunk, encodeChunk } from './chunk.ts';
import { Database, type SealedChunk } from './database.ts';
import { Head } from './head.ts';
import { SeriesIndex } from './index.ts';

export interface StoreOptions {
  readonly directory: string;
  readonly retentionMs: number;
  /** How far behind its series' newest a sample may come. AMP's default is a minute, its most ten. */
  readonly outOfOrderWindowMs: number;
  readonly seriesMax: number;
  readonly labelsMax: number;
  readonly labelBytesMax: number;
  /** How often heads are sealed and old chunks deleted. */
  readonly sealIntervalMs: number;
  /** Of one write request, uncompressed. */
  readonly bodyMaxBytes: number;
}

export const STORE_DEFAULTS: Omit<StoreOptions, 'directory'> = {
  retentionMs: 15 * 24 * 3_600_000,
  outOfOrderWindowMs: 600_000,
  seriesMax: 1_000_000,
  labelsMax: 150,
  labelBytesMax: 16_384,
  sealIntervalMs: 120_000,
  bodyMaxBytes: 32 * 1024 * 1024,
};

export interface WriteResult {
  readonly stored: number;
  /** Reason → how many samples; empty when all were taken. */
  readonly rejected: ReadonlyMap<string, number>;
  /** The first rejection in words, with its series. */
  readonly firstRejection: string | undefined;
}

export interface MetricMetadataEntry {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly unit: string;
}

interface Waiter {
  readonly body: Uint8Array;
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

/** Samples may not lie farther ahead than this, as in Prometheus. */
const FUTURE_MAX_MS = 600_000;
const METADATA_MAX = 20_000;

export class Store implements Component, Queryable {
  readonly name = 'workspace store';
  readonly #options: StoreOptions;
  readonly #world: World;
  readonly #index = new SeriesIndex();
  readonly #heads = new Map<number, Head>();
  readonly #metadata = new Map<string, MetricMetadataEntry>();
  readonly #stored: Counter;
  readonly #rejected: Family<Counter>;
  readonly #stopping = new AbortController();
  #database: Database | undefined;
  #newSeries: { ref: number; labels: string }[] = [];
  #nextRef = 1;
  #waiting: Waiter[] = [];
  #sealing: Promise<void> = Promise.resolve();

  constructor(options: StoreOptions, world: World) {
    this.#options = options;
    this.#world = world;
    this.#stored = world.metrics.counter(
      'workspace_samples_stored_total',
      'Samples written to the store.',
    );
    this.#rejected = world.metrics.counters(
      'workspace_samples_rejected_total',
      'Samples refused, by reason.',
    );
    const series = world.metrics.gauge('workspace_series', 'Series in the store.');
    world.metrics.onCollect(() => series.set(this.#index.size));
  }

  async start(): Promise<void> {
    const database = new Database(this.#options.directory);
    this.#database = database;
    for (const { ref, labels, newestMs } of database.series()) {
      this.#addSeries(ref, JSON.parse(labels) as LabelSet, newestMs);
    }
    for (const entry of database.metadata()) this.#metadata.set(entry.name, entry);
    let bodies = 0;
    for (const body of database.bodies()) {
      this.#apply(uncompress(body, this.#options.bodyMaxBytes));
      bodies += 1;
    }
    if (bodies > 0) this.#world.log.info('unsealed writes taken up again', { requests: bodies });
    this.#sealing = this.#sealRegularly();
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the store is stopping'));
    await this.#sealing;
    const database = this.#database;
    this.#database = undefined;
    if (database === undefined) return;
    this.#flush(database);
    this.#seal(database);
    database.close();
  }

  /**
   * Takes one remote write 1.0 request, still compressed. Resolves when what was taken is on the disk; samples that were
   * refused are counted in the result, the others are stored all the same.
   *
   * @throws WireError for a body that is not snappy and protobuf
   */
  async write(body: Uint8Array): Promise<WriteResult> {
    const result = this.#apply(uncompress(body, this.#options.bodyMaxBytes));
    await new Promise<void>((done, failed) => {
      this.#waiting.push({ body, done, failed });
      // All requests that arrived in this turn of the loop share one transaction, and one wait for the disk.
      if (this.#waiting.length === 1)
        setImmediate(() => this.#database !== undefined && this.#flush(this.#database));
    });
    this.#stored.inc(result.stored);
    for (const [reason, count] of result.rejected) this.#rejected.with({ reason }).inc(count);
    return result;
  }

  select(matchers: readonly Matcher[], fromMs: number, toMs: number): readonly SeriesData[] {
    const found: SeriesData[] = [];
    for (const ref of this.#index.select(matchers)) {
      const { timesMs, values } = this.#read(ref, fromMs, toMs);
      if (timesMs.length > 0)
        found.push({ labels: this.#index.labelsOf(ref), timestampsMs: timesMs, values });
    }
    return found;
  }

  /** The label sets of the series that match any of the selectors and have a sample in the time; all series for none. */
  series(selectors: readonly (readonly Matcher[])[], fromMs: number, toMs: number): LabelSet[] {
    const refs = new Set(
      selectors.length === 0
        ? this.#index.select([])
        : selectors.flatMap((one) => this.#index.select(one)),
    );
    const isAlways = fromMs === -Infinity && toMs === Infinity;
    return [...refs]
      .filter((ref) => isAlways || this.#hasSamples(ref, fromMs, toMs))
      .map((ref) => this.#index.labelsOf(ref));
  }

  metadata(): readonly MetricMetadataEntry[] {
    return [...this.#metadata.values()];
  }

  #hasSamples(ref: number, fromMs: number, toMs: number): boolean {
    const head = this.#heads.get(ref);
    if (head !== undefined && head.read(fromMs, toMs).timesMs.length > 0) return true;
    return (this.#database?.chunksOf(ref, fromMs, toMs).length ?? 0) > 0;
  }

  #read(
    ref: number,
    fromMs: number,
    toMs: number,
  ): { timesMs: Float64Array; values: Float64Array } {
    const sealed = this.#database?.chunksOf(ref, fromMs, toMs) ?? [];
    const pieces = sealed.map(({ bytes, count }) => decodeChunk(bytes, count));
    const head = this.#heads.get(ref)?.read(fromMs, toMs);
    if (head !== undefined) pieces.push(head);
    return joinPieces(pieces, fromMs, toMs);
  }

  #apply(message: Uint8Array): WriteResult {
    const rejected = new Map<string, number>();
    let stored = 0;
    let firstRejection: string | undefined;
    const latestMs = this.#world.clock.nowMs() + FUTURE_MAX_MS;
    const reject = (reason: string, count: number, words: () => string): void => {
      rejected.set(reason, (rejected.get(reason) ?? 0) + count);
      firstRejection ??= words();
    };
    decodeWriteRequest(message, {
      series: (sent, timestampsMs, values, count) => {
        const labels = toSorted(sent);
        const fault = this.#faultOf(labels);
        if (fault !== undefined) {
          reject(fault.reason, count, () => fault.message);
          return;
        }
        const ref =
          this.#index.find(labels) ?? this.#addSeries(this.#nextRef, labels, -Infinity, true);
        const head = this.#heads.get(ref);
        if (head === undefined) return;
        const bits = new Uint32Array(values.buffer, values.byteOffset, count * 2);
        for (let i = 0; i < count; i++) {
          const tMs = timestampsMs[i] ?? 0;
          const added =
            tMs > latestMs
              ? 'too-far-in-future'
              : head.add(tMs, bits, i, this.#options.outOfOrderWindowMs);
          if (added === 'added') stored += 1;
          else if (added !== 'duplicate')
            reject(
              added,
              1,
              () =>
                `${added}: timestamp ${new Date(tMs).toISOString()}, series ${describe(labels)}`,
            );
        }
      },
      metadata: ({ type, name, help, unit }) => this.#keepMetadata({ name, type, help, unit }),
    });
    return { stored, rejected, firstRejection };
  }

  #faultOf(labels: LabelSet): { reason: string; message: string } | undefined {
    const name = labelValue(labels, METRIC_NAME);
    if (name === '')
      return { reason: 'missing_metric_name', message: 'received series has no metric name' };
    if (labels.length > this.#options.labelsMax) {
      return {
        reason: 'max_label_names_per_series',
        message: `series has too many labels (actual: ${labels.length}, limit: ${this.#options.labelsMax}) series: '${name}'`,
      };
    }
    const twice = labels.find((label, i) => label.name === labels[i + 1]?.name);
    if (twice !== undefined)
      return {
        reason: 'duplicate_label_names',
        message: `duplicate label name, label: '${twice.name}' series: '${name}'`,
      };
    const long = labels.find(
      (label) => label.value.length + label.name.length > this.#options.labelBytesMax,
    );
    if (long !== undefined)
      return {
        reason: 'label_value_too_long',
        message: `label value too long for metric: '${name}' label: '${long.name}'`,
      };
    if (this.#index.size >= this.#options.seriesMax && this.#index.find(labels) === undefined) {
      return {
        reason: 'per_user_series_limit',
        message: `per-user series limit of ${this.#options.seriesMax} exceeded; raise --series-max`,
      };
    }
    return undefined;
  }

  #addSeries(ref: number, labels: LabelSet, newestMs: number, isNew = false): number {
    const head = new Head();
    head.newestMs = newestMs;
    this.#heads.set(ref, head);
    this.#index.add(ref, labels);
    this.#nextRef = Math.max(this.#nextRef, ref + 1);
    if (isNew) this.#newSeries.push({ ref, labels: JSON.stringify(labels) });
    return ref;
  }

  #keepMetadata(entry: MetricMetadataEntry): void {
    const known = this.#metadata.get(entry.name);
    if (
      known !== undefined &&
      known.type === entry.type &&
      known.help === entry.help &&
      known.unit === entry.unit
    )
      return;
    if (known === undefined && this.#metadata.size >= METADATA_MAX) return;
    this.#metadata.set(entry.name, entry);
    this.#database?.putMetadata(entry.name, entry.type, entry.help, entry.unit);
  }

  /** Writes what waits in one transaction and answers all of it. */
  #flush(database: Database): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    if (waiting.length === 0) return;
    try {
      database.appendBodies(waiting.map(({ body }) => body));
      for (const { done } of waiting) done();
    } catch (error) {
      for (const { failed } of waiting) failed(error);
    }
  }

  async #sealRegularly(): Promise<void> {
    const { clock, log } = this.#world;
    for (;;) {
      try {
        await clock.sleep(this.#options.sealIntervalMs, this.#stopping.signal);
      } catch {
        return;
      }
      try {
        if (this.#database !== undefined) {
          this.#flush(this.#database);
          this.#seal(this.#database);
          this.#forgetOld(this.#database);
        }
      } catch (error) {
        log.error('the store could not seal; it tries again at the next interval', {
          error: messageOf(error),
        });
      }
    }
  }

  #seal(database: Database): void {
    const chunks: SealedChunk[] = [];
    for (const [ref, head] of this.#heads) {
      if (head.count === 0) continue;
      const { timesMs, values } = head.read(-Infinity, Infinity);
      chunks.push({
        ref,
        oldestMs: timesMs[0] ?? 0,
        newestMs: timesMs.at(-1) ?? 0,
        count: timesMs.length,
        bytes: encodeChunk(timesMs, values),
      });
    }
    database.seal(this.#newSeries, chunks);
    this.#newSeries = [];
    for (const head of this.#heads.values()) if (head.count > 0) head.clear();
  }

  #forgetOld(database: Database): void {
    const beforeMs = this.#world.clock.nowMs() - this.#options.retentionMs;
    const gone = database.deleteBefore(beforeMs, (ref) => (this.#heads.get(ref)?.count ?? 0) > 0);
    for (const ref of gone) {
      this.#index.remove(ref);
      this.#heads.delete(ref);
    }
  }
}

function toSorted(sent: LabelSet): LabelSet {
  const labels: Label[] = sent
    .filter(({ value }) => value !== '')
    .map(({ name, value }) => ({ name, value }));
  return labels.sort((a, b) => compareUtf8(a.name, b.name));
}

function describe(labels: LabelSet): string {
  const text = labels.map(({ name, value }) => `${name}=${JSON.stringify(value)}`).join(', ');
  return `{${text.length > 300 ? `${text.slice(0, 300)}…` : text}}`;
}

/** Joins pieces in time order, within fromMs < t <= toMs; pieces that overlap are sorted, of equal times the last stays. */
function joinPieces(
  pieces: readonly { timesMs: Float64Array; values: Float64Array }[],
  fromMs: number,
  toMs: number,
): { timesMs: Float64Array; values: Float64Array } {
  const count = pieces.reduce((sum, { timesMs }) => sum + timesMs.length, 0);
  const times = new Float64Array(count);
  const bits = new Uint32Array(count * 2);
  let filled = 0;
  let isSorted = true;
  for (const { timesMs, values } of pieces.toSorted(
    (a, b) => (a.timesMs[0] ?? 0) - (b.timesMs[0] ?? 0),
  )) {
    if (filled > 0 && (timesMs[0] ?? 0) <= (times[filled - 1] ?? 0)) isSorted = false;
    times.set(timesMs, filled);
    bits.set(new Uint32Array(values.buffer, values.byteOffset, values.length * 2), filled * 2);
    filled += timesMs.length;
  }
  const order = Array.from({ length: count }, (_, i) => i);
  if (!isSorted) order.sort((a, b) => (times[a] ?? 0) - (times[b] ?? 0) || a - b);
  const kept = order.filter((at, i) => {
    const time = times[at] ?? 0;
    return time > fromMs && time <= toMs && time !== times[order[i + 1] ?? -1];
  });
  const timesMs = new Float64Array(kept.length);
  const values = new Float64Array(kept.length);
  const ownBits = new Uint32Array(values.buffer);
  kept.forEach((at, i) => {
    timesMs[i] = times[at] ?? 0;
    ownBits[i * 2] = bits[at * 2] ?? 0;
    ownBits[i * 2 + 1] = bits[at * 2 + 1] ?? 0;
  });
  return { timesMs, values };
}
