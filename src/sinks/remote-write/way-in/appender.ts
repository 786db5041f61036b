/**
 * The way into a remote_write queue: the samples of a scrape are patched into the encoded series of
 * its target (series-slab.ts), and compressed to chunks. A commit is one chunk, or several when it
 * is larger than a request may be, so that a chunk always fits a request. Each is compressed as
 * soon as it is full: what is left for the commit is the last one, and to append all of them, one a
 * slice.
 */
import type { Load } from '../../../delivery/load.ts';
import type { DeliverySettings } from '../../../delivery/settings.ts';
import { BlockArray } from '../../../kernel/block-array.ts';
import { type Borrowed, ownCopy, peek } from '../../../model/borrowed.ts';
import type { LabelSet } from '../../../model/labels.ts';
import type { Chunk, ChunkQueue } from '../../../model/queue.ts';
import type { NativeHistogram } from '../../../model/histogram.ts';
import {
  type Appender,
  DROPPED_REF,
  type Exemplar,
  type SeriesMetadata,
  type SeriesRef,
} from '../../../model/sample.ts';
import { encodeLabels, sharedLabels } from '../../../wire/remote-write/labels.ts';
import { WriteRequestEncoder } from '../../../wire/remote-write/encoder.ts';
import { boundHistogram } from '../../../wire/remote-write/histogram.ts';
import { encodeExtraMetadata } from '../../../wire/remote-write/extras.ts';
import { compressInto, maxCompressedLength } from '../../../wire/snappy.ts';
import { MESSAGE_2, type RemoteWriteConfig } from '../config.ts';
import { MetadataStore } from '../metadata-store.ts';
import type { RemoteWriteMetrics } from '../metrics.ts';
import { pack } from './packing.ts';
import type { PackingPlan } from './packing-plan.ts';
import { PlanBook } from './plan-book.ts';
import { PlanWorkshop } from './plan-workshop.ts';
import { SeriesSlab } from './series-slab.ts';

/** How many encoders are kept for later scrapes; while more are needed at once, more are made. */
const POOL_MAX = 4;
/** An encoder that a large scrape has grown beyond this is not kept. */
const POOLED_BYTES_MAX = 4 * 1024 * 1024;

/** Many labels of the target make series longer than what it tells of them. */
const GROWTH_MAX = 4;

/** What becomes one chunk: some runs of the slab, and the bytes encoded apart from it. */
interface Piece {
  firstRun: number;
  /** Where its bytes begin in what is encoded apart. */
  apartStart: number;
  /** An upper bound of its size, uncompressed. */
  bytes: number;
  samples: number;
  oldestMs: number;
  newestMs: number;
}

/** A piece that is compressed and waits for the commit. */
type FullPiece = Omit<Chunk, 'lane'>;

export interface AppenderPoolOptions {
  readonly config: RemoteWriteConfig;
  readonly settings: Pick<DeliverySettings, 'maxItemsPerSend' | 'maxBytesPerSend'>;
  readonly queue: ChunkQueue;
  readonly metrics: Pick<RemoteWriteMetrics, 'exemplarsIn' | 'histogramsIn'>;
  readonly load: Load;
  /** Called with a reason for each sample that this sink can't send. */
  readonly onLeftOut: (reason: string) => void;
}

/** What the appenders of one sink share: settings, encoders, buffers and the metadata. */
export class AppenderPool {
  #options: AppenderPoolOptions;
  readonly #encoders: WriteRequestEncoder[] = [];
  #scratch = new Uint8Array(65_536);
  #joined = new Uint8Array(4_096);
  #growth = 1.5;
  /** Where the plans of all its appenders are made. */
  readonly workshop = new PlanWorkshop();
  /** Metadata of the targets' families, for the sender of metadata. */
  readonly metadata = new MetadataStore();

  /** Whether series carry what remote write 2.0 sends besides: metadata and created timestamps. */
  readonly isFor2: boolean;

  constructor(options: AppenderPoolOptions) {
    this.#options = options;
    this.isFor2 = options.config.message === MESSAGE_2;
  }

  /**
   * Goes on with other settings for the same queue. False, and nothing changes, when the message
   * version differs: series are encoded otherwise then.
   */
  goOn(options: AppenderPoolOptions): boolean {
    if ((options.config.message === MESSAGE_2) !== this.isFor2) return false;
    this.#options = options;
    return true;
  }

  get sendsHistograms(): boolean {
    return this.#options.config.sendNativeHistograms || this.isFor2;
  }

  get sendsExemplars(): boolean {
    return this.#options.config.sendExemplars;
  }

  open(key: string): Appender {
    return new RemoteWriteAppender(this, hashKey(key));
  }

  /** Counts one exemplar or native histogram taken in. */
  countIn(what: 'exemplarsIn' | 'histogramsIn'): void {
    this.#options.metrics[what].inc();
  }

  /** Counts a sample that this sink can't send. */
  countLeftOut(reason: string): void {
    this.#options.onLeftOut(reason);
  }

  /** Lends an empty encoder; `give` returns it. */
  take(): WriteRequestEncoder {
    return this.#encoders.pop() ?? new WriteRequestEncoder();
  }

  give(encoder: WriteRequestEncoder): void {
    const keep = this.#encoders.length < POOL_MAX && encoder.length <= POOLED_BYTES_MAX;
    encoder.truncate(0);
    if (keep) this.#encoders.push(encoder);
  }

  /** How much room the series of a first page get, as a multiple of its bytes. */
  get growth(): number {
    return this.#growth;
  }

  /** Learns from the first page of a target: the next one mostly has the same labels. */
  noteGrowth(pageBytes: number, slabBytes: number): void {
    this.#growth = Math.min(GROWTH_MAX, Math.max(1, (slabBytes / pageBytes) * (1 + 1 / 16)));
  }

  /** Whether a piece of this size is over the limits of a request. */
  isFull(samples: number, bytes: number): boolean {
    const { maxItemsPerSend, maxBytesPerSend } = this.#options.settings;
    return samples >= maxItemsPerSend || bytes > maxBytesPerSend;
  }

  /**
   * The bytes of some runs of a slab, with `rest` behind them. They are lent until the next call or
   * the next change of the slab.
   */
  join(slab: SeriesSlab, fromRun: number, toRun: number, rest: Uint8Array): Borrowed<Uint8Array> {
    if (toRun - fromRun === 1 && rest.length === 0) return slab.run(fromRun);
    if (toRun === fromRun) return rest;
    const length = slab.measureRuns(fromRun, toRun) + rest.length;
    if (this.#joined.length < length) this.#joined = new Uint8Array(length);
    let at = 0;
    for (let i = fromRun; i < toRun; i++) {
      const run = slab.run(i);
      this.#joined.set(peek(run), at);
      at += run.length;
    }
    this.#joined.set(rest, at);
    return this.#joined.subarray(0, length);
  }

  /** Compresses the message of a piece, by a plan if there is one. */
  compress(message: Borrowed<Uint8Array>, piece: Readonly<Piece>, plan?: PackingPlan): FullPiece {
    const raw = peek(message);
    const room = maxCompressedLength(raw.length);
    if (this.#scratch.length < room) this.#scratch = new Uint8Array(room);
    const end =
      plan === undefined ? compressInto(raw, this.#scratch, 0) : pack(plan, raw, this.#scratch, 0);
    const bytes = this.#scratch.slice(0, end);
    const { samples, oldestMs, newestMs } = piece;
    return { bytes, items: samples, oldestMs, newestMs, rawBytes: raw.length };
  }

  /** Appends a compressed piece to the queue. */
  enqueue(lane: number, piece: FullPiece): void {
    const { queue, load } = this.#options;
    queue.append({ ...piece, lane });
    load.taken(piece.items, piece.newestMs);
  }
}

class RemoteWriteAppender implements Appender {
  readonly #pool: AppenderPool;
  readonly #lane: number;
  readonly #slab = new SeriesSlab();
  readonly #plans: PlanBook;
  /** By ref, for 2.0 only: the label bytes without metadata, and when the counter began. */
  readonly #bare = new BlockArray<Uint8Array>();
  readonly #startsMs = new BlockArray<number>();
  /** Samples that can't be patched into the slab; each piece has them behind its runs. */
  #encoder: WriteRequestEncoder | undefined;
  /**
   * Emptied and never replaced: an empty array that waits for the next scrape gets old, and what an
   * old array that nobody has any more still holds is kept until V8 collects old ones.
   */
  readonly #full: FullPiece[] = [];
  /** Begun anew and never replaced, for the same reason. */
  readonly #piece: Piece = {
    firstRun: 0,
    apartStart: 0,
    bytes: 0,
    samples: 0,
    oldestMs: Infinity,
    newestMs: -Infinity,
  };
  /** Bytes of the first page, until it is committed. */
  #pageBytes = 0;

  constructor(pool: AppenderPool, lane: number) {
    this.#pool = pool;
    this.#lane = lane;
    this.#plans = new PlanBook(pool.workshop);
  }

  refOf(labels: LabelSet): SeriesRef {
    if (labels.length === 0) return DROPPED_REF;
    const bytes = sharedLabels(labels);
    const ref = this.#slab.add(bytes);
    if (this.#pool.isFor2) {
      this.#bare.set(ref, ownCopy(bytes));
      this.#startsMs.set(ref, 0);
    }
    return ref;
  }

  prepare(): Generator<undefined, void, undefined> {
    return this.#slab.prepare();
  }

  expect(bytes: number): void {
    if (this.#slab.length > 0) return;
    this.#pageBytes = bytes;
    this.#slab.expect(Math.ceil(bytes * this.#pool.growth));
  }

  append(ref: SeriesRef, tMs: number, value: number): void {
    const slab = this.#slab;
    if (!slab.has(ref)) return;
    this.#count(slab.lengthOf(ref), tMs);
    if (slab.patch(ref, tMs, value)) return;
    slab.skip(ref);
    this.#apart().append(peek(slab.labelsOf(ref)), tMs, value, this.#startsMs.get(ref));
  }

  appendStale(ref: SeriesRef, tMs: number): void {
    const slab = this.#slab;
    if (!slab.has(ref)) return;
    this.#count(slab.lengthOf(ref), tMs);
    if (slab.patchStale(ref, tMs)) return;
    slab.skip(ref);
    this.#apart().appendStale(peek(slab.labelsOf(ref)), tMs);
  }

  appendHistogram(ref: SeriesRef, tMs: number, histogram: NativeHistogram): void {
    const slab = this.#slab;
    if (!slab.has(ref)) return;
    if (!this.#pool.sendsHistograms) {
      this.#pool.countLeftOut('native_histograms_not_sent');
      return;
    }
    this.#count(slab.lengthOf(ref) + boundHistogram(histogram), tMs);
    slab.skip(ref);
    this.#apart().appendHistogram(
      peek(slab.labelsOf(ref)),
      tMs,
      histogram,
      this.#startsMs.get(ref),
    );
    this.#pool.countIn('histogramsIn');
  }

  appendExemplar(ref: SeriesRef, exemplar: Exemplar): void {
    const slab = this.#slab;
    if (!slab.has(ref) || !this.#pool.sendsExemplars) return;
    this.#count(slab.lengthOf(ref) + encodeLabels(exemplar.labels).length, exemplar.tMs);
    // `#count` has counted a sample, which an exemplar is not.
    this.#piece.samples -= 1;
    this.#apart().appendExemplar(peek(slab.labelsOf(ref)), exemplar);
    this.#pool.countIn('exemplarsIn');
  }

  setMetadata(ref: SeriesRef, family: string, metadata: SeriesMetadata): void {
    if (!this.#slab.has(ref)) return;
    this.#pool.metadata.set(family, metadata);
    const bare = this.#bare.get(ref);
    if (bare === undefined) return;
    const labels = Buffer.concat([bare, encodeExtraMetadata(metadata)]);
    this.#slab.replace(ref, labels, this.#startsMs.get(ref) ?? 0);
  }

  setCreated(ref: SeriesRef, createdMs: number): void {
    // Remote write 1.0 has no field for it.
    if (!this.#pool.isFor2 || !this.#slab.has(ref) || this.#startsMs.get(ref) === createdMs) return;
    this.#startsMs.set(ref, createdMs);
    this.#slab.replace(ref, this.#slab.labelsOf(ref), createdMs);
  }

  forget(ref: SeriesRef): void {
    if (!this.#slab.has(ref)) return;
    this.#slab.remove(ref);
    if (this.#pool.isFor2) this.#bare.set(ref, undefined);
  }

  commit(): void {
    const slices = this.commitSlices();
    while (slices.next().done !== true);
  }

  *commitSlices(): Generator<undefined, void, undefined> {
    if (this.#piece.bytes > 0) this.#endPiece();
    for (const [index, piece] of this.#full.entries()) {
      if (index > 0) yield;
      this.#pool.enqueue(this.#lane, piece);
    }
    this.rollback();
    if (this.#pageBytes > 0) this.#pool.noteGrowth(this.#pageBytes, this.#slab.length);
    this.#pageBytes = 0;
    yield* this.#slab.tidy();
  }

  rollback(): void {
    if (this.#encoder !== undefined) this.#pool.give(this.#encoder);
    this.#encoder = undefined;
    this.#full.length = 0;
    beginPiece(this.#piece, 0, 0);
    this.#slab.seal();
    this.#plans.begin();
  }

  close(): void {
    this.rollback();
    this.#slab.clear();
    this.#plans.clear();
    this.#bare.clear();
    this.#startsMs.clear();
  }

  #apart(): WriteRequestEncoder {
    return (this.#encoder ??= this.#pool.take());
  }

  /** Adds a sample of at most `bytes` to the present piece; a full piece ends before it. */
  #count(bytes: number, tMs: number): void {
    const piece = this.#piece;
    if (piece.samples > 0 && this.#pool.isFull(piece.samples, piece.bytes + bytes))
      this.#endPiece();
    piece.samples += 1;
    piece.bytes += bytes;
    if (tMs < piece.oldestMs) piece.oldestMs = tMs;
    if (tMs > piece.newestMs) piece.newestMs = tMs;
  }

  /** Compresses the present piece and begins another one. */
  #endPiece(): void {
    const piece = this.#piece;
    const toRun = this.#slab.breakRun();
    const rest = this.#encoder?.bytes().subarray(piece.apartStart) ?? NOTHING;
    const raw = this.#pool.join(this.#slab, piece.firstRun, toRun, rest);
    const isOneRun = toRun - piece.firstRun === 1 && rest.length === 0;
    const plan = isOneRun
      ? this.#plans.planFor(this.#full.length, this.#slab.runAt(piece.firstRun), raw)
      : undefined;
    this.#full.push(this.#pool.compress(raw, piece, plan));
    beginPiece(piece, toRun, this.#encoder?.length ?? 0);
  }
}

const NOTHING = new Uint8Array(0);

function beginPiece(piece: Piece, firstRun: number, apartStart: number): void {
  piece.firstRun = firstRun;
  piece.apartStart = apartStart;
  piece.bytes = 0;
  piece.samples = 0;
  piece.oldestMs = Infinity;
  piece.newestMs = -Infinity;
}

/** FNV-1a of the UTF-16 units. It spreads targets over lanes and is the same after a restart. */
function hashKey(key: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
