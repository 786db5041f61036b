/**
 * The way into a remote_write queue: a scrape's samples are encoded once, and compressed to chunks at commit.
 * A commit is one chunk, or several when it is larger than a request may be: a chunk is never split on its way.
 */
import { type Label, type LabelSet, labelSetOf } from '../../model/labels.ts';
import type { ChunkQueue } from '../../model/queue.ts';
import type { NativeHistogram } from '../../model/histogram.ts';
import {
  type Appender,
  DROPPED_REF,
  type Exemplar,
  type SeriesMetadata,
  type SeriesRef,
} from '../../model/sample.ts';
import { relabel } from '../../relabel/relabel.ts';
import { encodeLabels, WriteRequestEncoder } from '../../wire/remote-write.ts';
import { encodeExtraMetadata } from '../../wire/remote-write-2.ts';
import { compressInto, maxCompressedLength } from '../../wire/snappy.ts';
import { MESSAGE_2, type RemoteWriteConfig } from './config.ts';
import { MetadataStore } from './metadata.ts';
import type { RemoteWriteMetrics } from './metrics.ts';
import type { Load } from './shards.ts';

/** Encoders kept for the next scrape; more only exist while more scrapes are open at once. */
const POOL_MAX = 4;
/** An encoder that one huge scrape grew beyond this is not kept. */
const POOLED_BYTES_MAX = 4 * 1024 * 1024;
/** What a TimeSeries needs besides its labels, at most. */
const SERIES_OVERHEAD = 32;
/** What a native histogram needs at most, and each of its buckets. */
const HISTOGRAM_BYTES = 96;
const HISTOGRAM_BUCKET_BYTES = 24;

interface Piece {
  start: number;
  samples: number;
  oldestMs: number;
  newestMs: number;
}

/** What the appenders of one sink share. */
export class AppenderPool {
  readonly #config: RemoteWriteConfig;
  readonly #queue: ChunkQueue;
  readonly #metrics: RemoteWriteMetrics;
  readonly #encoders: WriteRequestEncoder[] = [];
  readonly #load: Load;
  #scratch = new Uint8Array(65_536);
  /** What targets say of their families, for the sender of metadata. */
  readonly metadata = new MetadataStore();

  /** Whether series say what remote write 2.0 has a place for: metadata and when counters began. */
  readonly isFor2: boolean;

  constructor(
    config: RemoteWriteConfig,
    queue: ChunkQueue,
    metrics: RemoteWriteMetrics,
    load: Load,
  ) {
    this.#load = load;
    this.isFor2 = config.message === MESSAGE_2;
    this.#config = config;
    this.#queue = queue;
    this.#metrics = metrics;
  }

  get sendsHistograms(): boolean {
    return this.#config.sendNativeHistograms || this.isFor2;
  }

  get sendsExemplars(): boolean {
    return this.#config.sendExemplars;
  }

  open(key: string): Appender {
    return new RemoteWriteAppender(this, hashOf(key) % this.#queue.lanes);
  }

  /** Counts what is taken in besides samples. */
  countIn(what: 'exemplarsIn' | 'histogramsIn'): void {
    this.#metrics[what].inc();
  }

  /** Counts what this sink cannot send. */
  countLeftOut(reason: string): void {
    this.#metrics.dropped.with({ reason }).inc();
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
    const { maxSamplesPerSend, maxBytesPerSend } = this.#config.queue;
    return samples >= maxSamplesPerSend || bytes > maxBytesPerSend;
  }

  /** The label bytes that a series has on the wire; undefined when write_relabel_configs drop it. */
  labelsOf(labels: LabelSet): Uint8Array | undefined {
    const { externalLabels, writeRelabelRules } = this.#config;
    const names = Object.keys(externalLabels);
    if (names.length === 0 && writeRelabelRules.length === 0) return encodeLabels(labels);
    const map = new Map<string, string>(labels.map((label: Label) => [label.name, label.value]));
    for (const name of names) {
      if (!map.has(name)) map.set(name, externalLabels[name] ?? '');
    }
    if (!relabel(map, writeRelabelRules)) return undefined;
    const set = labelSetOf(map);
    return set.length === 0 ? undefined : encodeLabels(set);
  }

  /** Compresses bytes of an encoder to a chunk and hands it to the queue. */
  enqueue(lane: number, raw: Uint8Array, piece: Readonly<Piece>): void {
    const room = maxCompressedLength(raw.length);
    if (this.#scratch.length < room) this.#scratch = new Uint8Array(room);
    const bytes = this.#scratch.slice(0, compressInto(raw, this.#scratch, 0));
    const { samples, oldestMs, newestMs } = piece;
    this.#queue.append({ bytes, samples, oldestMs, newestMs, lane, rawBytes: raw.length });
    this.#metrics.samplesIn.inc(samples);
    this.#load.samplesIn += samples;
    this.#load.newestInMs = Math.max(this.#load.newestInMs, newestMs);
    const newestSeconds = this.#load.newestInMs / 1_000;
    const { highestSeconds, highestOfAllSeconds } = this.#metrics;
    highestSeconds.set(newestSeconds);
    highestOfAllSeconds.set(Math.max(highestOfAllSeconds.value, newestSeconds));
  }
}

class RemoteWriteAppender implements Appender {
  readonly #pool: AppenderPool;
  readonly #lane: number;
  /** Label bytes by ref, for 2.0 with the metadata behind them. */
  readonly #labels: (Uint8Array | undefined)[] = [];
  /** For 2.0: the bytes without metadata, and when the counter began. */
  readonly #bare: (Uint8Array | undefined)[] = [];
  readonly #startsMs: number[] = [];
  readonly #free: SeriesRef[] = [];
  #encoder: WriteRequestEncoder | undefined;
  #pieces: Piece[] = [];
  #piece: Piece = newPiece(0);

  constructor(pool: AppenderPool, lane: number) {
    this.#pool = pool;
    this.#lane = lane;
  }

  refOf(labels: LabelSet): SeriesRef {
    const bytes = this.#pool.labelsOf(labels);
    if (bytes === undefined) return DROPPED_REF;
    const ref = this.#free.pop() ?? this.#labels.length;
    this.#labels[ref] = bytes;
    if (this.#pool.isFor2) {
      this.#bare[ref] = bytes;
      this.#startsMs[ref] = 0;
    }
    return ref;
  }

  append(ref: SeriesRef, tMs: number, value: number): void {
    const labels = this.#labels[ref];
    if (labels !== undefined)
      this.#make(labels, tMs).append(labels, tMs, value, this.#startsMs[ref]);
  }

  appendStale(ref: SeriesRef, tMs: number): void {
    const labels = this.#labels[ref];
    if (labels !== undefined) this.#make(labels, tMs).appendStale(labels, tMs);
  }

  appendHistogram(ref: SeriesRef, tMs: number, histogram: NativeHistogram): void {
    const labels = this.#labels[ref];
    if (labels === undefined) return;
    if (!this.#pool.sendsHistograms) {
      this.#pool.countLeftOut('native_histograms_not_sent');
      return;
    }
    const buckets = histogram.positiveCounts.length + histogram.negativeCounts.length;
    const moreBytes = buckets * HISTOGRAM_BUCKET_BYTES + HISTOGRAM_BYTES;
    const encoder = this.#make(labels, tMs, moreBytes);
    encoder.appendHistogram(labels, tMs, histogram, this.#startsMs[ref]);
    this.#pool.countIn('histogramsIn');
  }

  appendExemplar(ref: SeriesRef, exemplar: Exemplar): void {
    const labels = this.#labels[ref];
    if (labels === undefined || !this.#pool.sendsExemplars) return;
    this.#makeExemplar(labels, exemplar).appendExemplar(labels, exemplar);
    this.#pool.countIn('exemplarsIn');
  }

  setMetadata(ref: SeriesRef, family: string, metadata: SeriesMetadata): void {
    if (this.#labels[ref] === undefined) return;
    this.#pool.metadata.set(family, metadata);
    const bare = this.#bare[ref];
    if (bare !== undefined)
      this.#labels[ref] = Buffer.concat([bare, encodeExtraMetadata(metadata)]);
  }

  setCreated(ref: SeriesRef, createdMs: number): void {
    // Remote write 1.0 has no place for it.
    if (this.#pool.isFor2) this.#startsMs[ref] = createdMs;
  }

  forget(ref: SeriesRef): void {
    if (this.#labels[ref] === undefined) return;
    this.#labels[ref] = undefined;
    this.#bare[ref] = undefined;
    this.#free.push(ref);
  }

  commit(): void {
    const encoder = this.#encoder;
    if (encoder === undefined) return;
    const pieces = [...this.#pieces, this.#piece];
    const bytes = encoder.bytes();
    pieces.forEach((piece, index) => {
      const end = pieces[index + 1]?.start ?? bytes.length;
      this.#pool.enqueue(this.#lane, bytes.subarray(piece.start, end), piece);
    });
    this.rollback();
  }

  rollback(): void {
    if (this.#encoder !== undefined) this.#pool.give(this.#encoder);
    this.#encoder = undefined;
    this.#pieces = [];
    this.#piece = newPiece(0);
  }

  close(): void {
    this.rollback();
    this.#labels.length = 0;
    this.#bare.length = 0;
    this.#free.length = 0;
  }

  /** As `#make`; an exemplar is no sample. */
  #makeExemplar(labels: Uint8Array, { labels: own, tMs }: Exemplar): WriteRequestEncoder {
    const encoder = this.#make(labels, tMs, encodeLabels(own).length);
    this.#piece.samples -= 1;
    return encoder;
  }

  /** Counts a sample in and returns the encoder to write it with. */
  #make(labels: Uint8Array, tMs: number, moreBytes = 0): WriteRequestEncoder {
    const encoder = (this.#encoder ??= this.#pool.take());
    let piece = this.#piece;
    const size = encoder.length - piece.start + labels.length + SERIES_OVERHEAD + moreBytes;
    if (piece.samples > 0 && this.#pool.isFull(piece.samples, size)) {
      this.#pieces.push(piece);
      piece = this.#piece = newPiece(encoder.length);
    }
    piece.samples += 1;
    if (tMs < piece.oldestMs) piece.oldestMs = tMs;
    if (tMs > piece.newestMs) piece.newestMs = tMs;
    return encoder;
  }
}

function newPiece(start: number): Piece {
  return { start, samples: 0, oldestMs: Infinity, newestMs: -Infinity };
}

/** FNV-1a of the UTF-16 units: spreads targets over lanes, the same after a restart. */
function hashOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
