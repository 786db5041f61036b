/**
 * The way into a remote_write queue: a scrape's samples are patched into what its series look like
 * in a message, and compressed to chunks at commit.
 * A commit is one chunk, or several when it is larger than a request may be: a chunk is never split
 * on its way.
 */
import type { Load } from '../../../delivery/load.ts';
import type { DeliverySettings } from '../../../delivery/settings.ts';
import { ownCopy } from '../../../model/borrowed.ts';
import type { LabelSet } from '../../../model/labels.ts';
import type { ChunkQueue } from '../../../model/queue.ts';
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
import { SeriesSlab } from './series-slab.ts';

/** Encoders kept for the next scrape; more only exist while more scrapes are open at once. */
const POOL_MAX = 4;
/** An encoder that one huge scrape grew beyond this is not kept. */
const POOLED_BYTES_MAX = 4 * 1024 * 1024;

interface Piece {
  readonly firstRun: number;
  /** In what is encoded apart. */
  readonly apartStart: number;
  /** At most. */
  bytes: number;
  samples: number;
  oldestMs: number;
  newestMs: number;
}

export interface AppenderPoolOptions {
  readonly config: RemoteWriteConfig;
  readonly settings: Pick<DeliverySettings, 'maxItemsPerSend' | 'maxBytesPerSend'>;
  readonly queue: ChunkQueue;
  readonly metrics: Pick<RemoteWriteMetrics, 'exemplarsIn' | 'histogramsIn'>;
  readonly load: Load;
  /** Told of what this sink cannot send, by reason. */
  readonly onLeftOut: (reason: string) => void;
}

/** What the appenders of one sink share. */
export class AppenderPool {
  #options: AppenderPoolOptions;
  readonly #encoders: WriteRequestEncoder[] = [];
  #scratch = new Uint8Array(65_536);
  #joined = new Uint8Array(4_096);
  /** What targets say of their families, for the sender of metadata. */
  readonly metadata = new MetadataStore();

  /** Whether series say what remote write 2.0 has a place for: metadata and when counters began. */
  readonly isFor2: boolean;

  constructor(options: AppenderPoolOptions) {
    this.#options = options;
    this.isFor2 = options.config.message === MESSAGE_2;
  }

  /**
   * Goes on with other settings, for the same queue; false where series look otherwise under them.
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

  /** Counts what is taken in besides samples. */
  countIn(what: 'exemplarsIn' | 'histogramsIn'): void {
    this.#options.metrics[what].inc();
  }

  /** Counts what this sink cannot send. */
  countLeftOut(reason: string): void {
    this.#options.onLeftOut(reason);
  }

  take(): WriteRequestEncoder {
    return this.#encoders.pop() ?? new WriteRequestEncoder();
  }

  give(encoder: WriteRequestEncoder): void {
    const keep = this.#encoders.length < POOL_MAX && encoder.length <= POOLED_BYTES_MAX;
    encoder.truncate(0);
    if (keep) this.#encoders.push(encoder);
  }

  /** Whether a piece of this size must end before the next series. */
  isFull(samples: number, bytes: number): boolean {
    const { maxItemsPerSend, maxBytesPerSend } = this.#options.settings;
    return samples >= maxItemsPerSend || bytes > maxBytesPerSend;
  }

  /**
   * Runs of a slab and what comes behind them: a view that holds until the next call, or change of
   * the slab.
   */
  join(slab: SeriesSlab, fromRun: number, toRun: number, rest: Uint8Array): Uint8Array {
    if (toRun - fromRun === 1 && rest.length === 0) return slab.run(fromRun);
    if (toRun === fromRun) return rest;
    const length = slab.sliceRuns(fromRun, toRun) + rest.length;
    if (this.#joined.length < length) this.#joined = new Uint8Array(length);
    let at = 0;
    for (let i = fromRun; i < toRun; i++) {
      const run = slab.run(i);
      this.#joined.set(run, at);
      at += run.length;
    }
    this.#joined.set(rest, at);
    return this.#joined.subarray(0, length);
  }

  /**
   * Compresses the bytes of a message, by a plan where there is one, to a chunk and hands it to the
   * queue.
   */
  enqueue(lane: number, raw: Uint8Array, piece: Readonly<Piece>, plan?: PackingPlan): void {
    const room = maxCompressedLength(raw.length);
    if (this.#scratch.length < room) this.#scratch = new Uint8Array(room);
    const end =
      plan === undefined ? compressInto(raw, this.#scratch, 0) : pack(plan, raw, this.#scratch, 0);
    const bytes = this.#scratch.slice(0, end);
    const { samples, oldestMs, newestMs } = piece;
    const { queue, load } = this.#options;
    queue.append({ bytes, items: samples, oldestMs, newestMs, lane, rawBytes: raw.length });
    load.taken(samples, newestMs);
  }
}

class RemoteWriteAppender implements Appender {
  readonly #pool: AppenderPool;
  readonly #lane: number;
  readonly #slab = new SeriesSlab();
  readonly #plans = new PlanBook();
  /** For 2.0: the label bytes without metadata, and when the counter began. */
  readonly #bare: (Uint8Array | undefined)[] = [];
  readonly #startsMs: number[] = [];
  /** What has no place in the slab; in each piece it comes behind the runs. */
  #encoder: WriteRequestEncoder | undefined;
  #pieces: Piece[] = [];
  #piece: Piece = newPiece(0, 0);

  constructor(pool: AppenderPool, lane: number) {
    this.#pool = pool;
    this.#lane = lane;
  }

  refOf(labels: LabelSet): SeriesRef {
    if (labels.length === 0) return DROPPED_REF;
    const bytes = sharedLabels(labels);
    const ref = this.#slab.add(bytes);
    if (this.#pool.isFor2) {
      this.#bare[ref] = ownCopy(bytes);
      this.#startsMs[ref] = 0;
    }
    return ref;
  }

  append(ref: SeriesRef, tMs: number, value: number): void {
    const slab = this.#slab;
    if (!slab.has(ref)) return;
    this.#count(slab.lengthOf(ref), tMs);
    if (slab.patch(ref, tMs, value)) return;
    slab.skip(ref);
    this.#apart().append(slab.labelsOf(ref), tMs, value, this.#startsMs[ref]);
  }

  appendStale(ref: SeriesRef, tMs: number): void {
    const slab = this.#slab;
    if (!slab.has(ref)) return;
    this.#count(slab.lengthOf(ref), tMs);
    if (slab.patchStale(ref, tMs)) return;
    slab.skip(ref);
    this.#apart().appendStale(slab.labelsOf(ref), tMs);
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
    this.#apart().appendHistogram(slab.labelsOf(ref), tMs, histogram, this.#startsMs[ref]);
    this.#pool.countIn('histogramsIn');
  }

  appendExemplar(ref: SeriesRef, exemplar: Exemplar): void {
    const slab = this.#slab;
    if (!slab.has(ref) || !this.#pool.sendsExemplars) return;
    this.#count(slab.lengthOf(ref) + encodeLabels(exemplar.labels).length, exemplar.tMs);
    // An exemplar is no sample.
    this.#piece.samples -= 1;
    this.#apart().appendExemplar(slab.labelsOf(ref), exemplar);
    this.#pool.countIn('exemplarsIn');
  }

  setMetadata(ref: SeriesRef, family: string, metadata: SeriesMetadata): void {
    if (!this.#slab.has(ref)) return;
    this.#pool.metadata.set(family, metadata);
    const bare = this.#bare[ref];
    if (bare === undefined) return;
    const labels = Buffer.concat([bare, encodeExtraMetadata(metadata)]);
    this.#slab.replace(ref, labels, this.#startsMs[ref] ?? 0);
  }

  setCreated(ref: SeriesRef, createdMs: number): void {
    // Remote write 1.0 has no place for it.
    if (!this.#pool.isFor2 || !this.#slab.has(ref) || this.#startsMs[ref] === createdMs) return;
    this.#startsMs[ref] = createdMs;
    this.#slab.replace(ref, this.#slab.labelsOf(ref), createdMs);
  }

  forget(ref: SeriesRef): void {
    if (!this.#slab.has(ref)) return;
    this.#slab.remove(ref);
    this.#bare[ref] = undefined;
  }

  commit(): void {
    if (this.#piece.bytes > 0) this.#pieces.push(this.#piece);
    const apart = this.#encoder?.bytes() ?? NOTHING;
    this.#plans.begin();
    this.#pieces.forEach((piece, index) => {
      const next = this.#pieces[index + 1];
      const toRun = next?.firstRun ?? this.#slab.breakRun();
      const end = next?.apartStart ?? apart.length;
      const rest = apart.subarray(piece.apartStart, end);
      const raw = this.#pool.join(this.#slab, piece.firstRun, toRun, rest);
      const isOneRun = toRun - piece.firstRun === 1 && rest.length === 0;
      const plan = isOneRun
        ? this.#plans.planFor(index, this.#slab.runAt(piece.firstRun), raw)
        : undefined;
      this.#pool.enqueue(this.#lane, raw, piece, plan);
    });
    this.rollback();
  }

  rollback(): void {
    if (this.#encoder !== undefined) this.#pool.give(this.#encoder);
    this.#encoder = undefined;
    this.#pieces = [];
    this.#piece = newPiece(0, 0);
    this.#slab.seal();
  }

  close(): void {
    this.rollback();
    this.#slab.clear();
    this.#plans.clear();
    this.#bare.length = 0;
  }

  #apart(): WriteRequestEncoder {
    return (this.#encoder ??= this.#pool.take());
  }

  /** Counts a sample in, of at most so many bytes; a piece that is full ends before it. */
  #count(bytes: number, tMs: number): void {
    let piece = this.#piece;
    if (piece.samples > 0 && this.#pool.isFull(piece.samples, piece.bytes + bytes)) {
      this.#pieces.push(piece);
      piece = newPiece(this.#slab.breakRun(), this.#encoder?.length ?? 0);
      this.#piece = piece;
    }
    piece.samples += 1;
    piece.bytes += bytes;
    if (tMs < piece.oldestMs) piece.oldestMs = tMs;
    if (tMs > piece.newestMs) piece.newestMs = tMs;
  }
}

const NOTHING = new Uint8Array(0);

function newPiece(firstRun: number, apartStart: number): Piece {
  return { firstRun, apartStart, bytes: 0, samples: 0, oldestMs: Infinity, newestMs: -Infinity };
}

/** FNV-1a of the UTF-16 units: spreads targets over lanes, the same after a restart. */
function hashKey(key: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
