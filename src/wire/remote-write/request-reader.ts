/**
 * A cursor over the series of a remote write message of either version, in the order of the
 * message. Of a series it tells where the bytes of its labels are, by which a receiver finds what
 * it knows already; labels are decoded when they are asked for. Nothing is sorted or checked.
 *
 *     1.0  WriteRequest  1 TimeSeries …  3 MetricMetadata …
 *          TimeSeries    1 Label …       2 Sample …  3 Exemplar …   4 Histogram …
 *     2.0  Request       4 symbols …     5 TimeSeries …
 *          TimeSeries    1 label refs …  2 Sample …  3 Histogram …  4 Exemplar …  5 Metadata
 *                        6 int64 start ms (release candidate 3)
 *     Sample             1 double value  2 int64 ms  3 int64 start ms (2.0)
 *
 * Limits: histograms and exemplars of one series; bytes of all labels, which 2.0 writes once for
 * many series.
 * Source: https://prometheus.io/docs/specs/prw/remote_write_spec/,
 * https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/
 */
import type { LabelSet } from '../../model/labels.ts';
import {
  type Exemplar,
  type SeriesMetadata,
  STALE_NAN_HIGH,
  STALE_NAN_LOW,
} from '../../model/sample.ts';
import { WireError } from '../errors.ts';
import { readMessage } from '../protobuf/decode.ts';
import { ProtoReader } from '../protobuf/reader.ts';
import { BYTES, FIXED64, tagOf, VARINT } from '../protobuf/wire-format.ts';
import { ProtoWriter } from '../protobuf/writer.ts';
import { EXEMPLAR, EXEMPLAR_2 } from './exemplar.ts';
import { readHistogram, type TimedHistogram } from './histogram.ts';
import { putLabelParts } from './labels.ts';
import { METADATA_2, METRIC_METADATA, type MetricMetadata } from './metadata.ts';
import { SAMPLE_START_FIELD } from './one-sample.ts';
import { ReceivedSymbols } from './symbols.ts';

export type MessageVersion = 1 | 2;

/** The samples of a series; the first `count` entries of the columns are valid. */
export interface SampleColumns {
  timestampsMs: Float64Array;
  /** The bits as sent: copy them by `bits` where a stale marker must stay one. */
  values: Float64Array;
  /** The words of the values, in the order of this machine. */
  bits: Uint32Array;
  /** When the counter began, as 2.0 may say; 0 for unknown. */
  startsMs: Float64Array;
  count: number;
}

export interface RequestLimits {
  /** Whether histograms and exemplars are decoded; else they are only counted. By default both. */
  readonly wanted?: { readonly histograms: boolean; readonly exemplars: boolean };
  /** Of the labels of all series, as 1.0 writes them. */
  readonly labelBytesMax?: number;
}

/** Of one series, histograms and exemplars each: two bytes can become an object of many fields. */
const LISTED_MAX = 10_000;

/** The index of a double's low word in a Uint32Array on this machine: 0 if it is little-endian. */
const LOW = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 0 : 1;

export class RequestReader {
  readonly samples = newSamples(16);
  /** Of the present series. */
  histograms: TimedHistogram[] = [];
  exemplars: Exemplar[] = [];
  /** How many it has, decoded or not. */
  histogramCount = 0;
  exemplarCount = 0;
  /** When its counter began, as release candidate 3 of 2.0 says it of a series; 0 for unknown. */
  seriesStartMs = 0;
  /** What 2.0 says of its family. */
  seriesMetadata: SeriesMetadata | undefined;
  /** The present entry of metadata, which 1.0 has beside its series. */
  metadata: MetricMetadata | undefined;
  /** The labels as 1.0 writes them: `labelsAt` to `labelsEnd` of these bytes, until `next`. */
  labelBytes: Uint8Array;
  labelsAt = 0;
  labelsEnd = 0;
  readonly #reader: ProtoReader;
  readonly #symbols: ReceivedSymbols | undefined;
  readonly #wanted: { readonly histograms: boolean; readonly exemplars: boolean };
  readonly #written = new ProtoWriter(1_024);
  readonly #labelBytesMax: number;
  #labelBytes = 0;
  #refs: number[] = [];

  /**
   * @param message  uncompressed; the caller bounds its size, and with it the work and the memory
   * @throws         WireError for a table of symbols that can't be read
   */
  constructor(message: Uint8Array, version: MessageVersion, limits: RequestLimits = {}) {
    this.#reader = new ProtoReader(message);
    this.#symbols = version === 2 ? new ReceivedSymbols(message) : undefined;
    this.#wanted = limits.wanted ?? { histograms: true, exemplars: true };
    this.#labelBytesMax = limits.labelBytesMax ?? Infinity;
    this.labelBytes = message;
  }

  /**
   * Moves on to the next series, or entry of metadata; undefined at the end.
   *
   * @throws WireError at the first malformed byte
   */
  next(): 'series' | 'metadata' | undefined {
    const reader = this.#reader;
    const symbols = this.#symbols;
    const seriesTag = tagOf(symbols === undefined ? 1 : 5, BYTES);
    while (reader.more()) {
      const tag = reader.varint();
      if (tag === seriesTag) {
        const outer = reader.enter();
        this.#begin();
        if (symbols === undefined) this.#readSeries1();
        else this.#readSeries2(symbols);
        reader.leave(outer);
        this.#labelBytes += this.labelsEnd - this.labelsAt;
        if (this.#labelBytes > this.#labelBytesMax) refuseLabels(this.#labelBytesMax);
        return 'series';
      }
      if (tag === tagOf(3, BYTES) && symbols === undefined) {
        const outer = reader.enter();
        this.metadata = readMessage(METRIC_METADATA, reader);
        reader.leave(outer);
        return 'metadata';
      }
      reader.skip(tag);
    }
    return undefined;
  }

  /** The labels as sent: neither sorted nor checked. @throws WireError */
  labels(): LabelSet {
    const reader = new ProtoReader(this.labelBytes);
    reader.at = this.labelsAt;
    reader.end = this.labelsEnd;
    const labels: { name: string; value: string }[] = [];
    while (reader.more()) {
      const tag = reader.varint();
      if (tag !== tagOf(1, BYTES)) {
        reader.skip(tag);
        continue;
      }
      const outer = reader.enter();
      labels.push(readLabel(reader));
      reader.leave(outer);
    }
    return labels;
  }

  #begin(): void {
    this.samples.count = 0;
    if (this.histogramCount > 0) this.histograms = [];
    if (this.exemplarCount > 0) this.exemplars = [];
    this.histogramCount = 0;
    this.exemplarCount = 0;
    this.seriesMetadata = undefined;
    this.seriesStartMs = 0;
  }

  #readSeries1(): void {
    const reader = this.#reader;
    this.labelBytes = reader.bytes;
    this.labelsAt = reader.at;
    // Whatever is between the labels is skipped when they are read.
    this.labelsEnd = reader.at;
    while (reader.more()) {
      const tag = reader.varint();
      switch (tag) {
        case tagOf(1, BYTES):
          reader.skip(tag);
          this.labelsEnd = reader.at;
          break;
        case tagOf(2, BYTES):
          readSample(reader, this.samples);
          break;
        case tagOf(3, BYTES):
          this.#readExemplar();
          break;
        case tagOf(4, BYTES):
          this.#readHistogram();
          break;
        default:
          reader.skip(tag);
      }
    }
  }

  #readSeries2(symbols: ReceivedSymbols): void {
    const reader = this.#reader;
    this.#refs.length = 0;
    while (reader.more()) {
      const tag = reader.varint();
      switch (tag) {
        case tagOf(1, BYTES):
          readPacked(reader, this.#refs);
          break;
        case tagOf(1, VARINT):
          this.#refs.push(reader.varint());
          break;
        case tagOf(2, BYTES):
          readSample(reader, this.samples);
          break;
        case tagOf(3, BYTES):
          this.#readHistogram();
          break;
        case tagOf(4, BYTES):
          this.#readExemplar();
          break;
        case tagOf(5, BYTES): {
          const outer = reader.enter();
          const { type, helpRef, unitRef } = readMessage(METADATA_2, reader);
          reader.leave(outer);
          const [help, unit] = [symbols.textAt(helpRef), symbols.textAt(unitRef)];
          this.seriesMetadata = { type, help, unit };
          break;
        }
        case tagOf(6, VARINT):
          this.seriesStartMs = reader.int64();
          break;
        default:
          // Skipped like an unknown field, it would leave a series without labels.
          if (tag >>> 3 === 1)
            throw new WireError('corrupt', `malformed request: label refs of wire type ${tag & 7}`);
          reader.skip(tag);
      }
    }
    this.#writeLabels(symbols);
  }

  #writeLabels(symbols: ReceivedSymbols): void {
    const writer = this.#written;
    const roomBytes = this.#labelBytesMax - this.#labelBytes;
    writer.length = 0;
    const refs = this.#refs;
    symbols.checkPairs(refs);
    for (let i = 0; i < refs.length; i += 2) {
      putLabelParts(writer, symbols.at(refs[i] as number), symbols.at(refs[i + 1] as number));
      if (writer.length > roomBytes) refuseLabels(this.#labelBytesMax);
    }
    this.labelBytes = writer.bytes;
    this.labelsAt = 0;
    this.labelsEnd = writer.length;
  }

  #readExemplar(): void {
    const reader = this.#reader;
    this.exemplarCount += 1;
    if (!this.#wanted.exemplars) {
      reader.skip(BYTES);
      return;
    }
    if (this.exemplarCount > LISTED_MAX) refuseMany('exemplars');
    const outer = reader.enter();
    if (this.#symbols === undefined) this.exemplars.push(readMessage(EXEMPLAR, reader));
    else {
      const { refs, value, tMs } = readMessage(EXEMPLAR_2, reader);
      const symbols = this.#symbols;
      symbols.checkPairs(refs);
      const labels = Array.from({ length: refs.length / 2 }, (_, i) => ({
        name: symbols.textAt(refs[i * 2] as number),
        value: symbols.textAt(refs[i * 2 + 1] as number),
      }));
      this.exemplars.push({ labels, value, tMs });
    }
    reader.leave(outer);
  }

  #readHistogram(): void {
    const reader = this.#reader;
    this.histogramCount += 1;
    if (!this.#wanted.histograms) {
      reader.skip(BYTES);
      return;
    }
    if (this.histogramCount > LISTED_MAX) refuseMany('native histograms');
    const outer = reader.enter();
    this.histograms.push(readHistogram(reader));
    reader.leave(outer);
  }
}

/** Whether a sample is a stale marker, by its bits. */
export function isStaleAt({ bits }: SampleColumns, index: number): boolean {
  return bits[index * 2 + 1 - LOW] === STALE_NAN_HIGH && bits[index * 2 + LOW] === STALE_NAN_LOW;
}

function newSamples(capacity: number): SampleColumns {
  const values = new Float64Array(capacity);
  const bits = new Uint32Array(values.buffer);
  const [timestampsMs, startsMs] = [new Float64Array(capacity), new Float64Array(capacity)];
  return { timestampsMs, values, bits, startsMs, count: 0 };
}

function readLabel(reader: ProtoReader): { name: string; value: string } {
  let name = '';
  let value = '';
  while (reader.more()) {
    const tag = reader.varint();
    if (tag === tagOf(1, BYTES)) name = reader.string();
    else if (tag === tagOf(2, BYTES)) value = reader.string();
    else reader.skip(tag);
  }
  return { name, value };
}

function readPacked(reader: ProtoReader, refs: number[]): void {
  const outer = reader.enter();
  while (reader.more()) refs.push(reader.varint());
  reader.leave(outer);
}

/** Reads the sample that comes next, with its length. */
function readSample(reader: ProtoReader, samples: SampleColumns): void {
  const outer = reader.enter();
  if (samples.count === samples.values.length) grow(samples);
  const index = samples.count++;
  let low = 0;
  let high = 0;
  let tMs = 0;
  let startMs = 0;
  while (reader.more()) {
    const tag = reader.varint();
    if (tag === tagOf(1, FIXED64)) {
      const at = reader.fixed64At();
      low = reader.uint32At(at);
      high = reader.uint32At(at + 4);
    } else if (tag === tagOf(2, VARINT)) tMs = reader.int64();
    else if (tag === tagOf(SAMPLE_START_FIELD, VARINT)) startMs = reader.int64();
    else reader.skip(tag);
  }
  reader.leave(outer);
  samples.timestampsMs[index] = tMs;
  samples.startsMs[index] = startMs;
  samples.bits[index * 2 + LOW] = low;
  samples.bits[index * 2 + 1 - LOW] = high;
}

/** The columns grow to the largest series and are never shrunk. */
function grow(samples: SampleColumns): void {
  const next = newSamples(samples.values.length * 2);
  next.timestampsMs.set(samples.timestampsMs);
  next.startsMs.set(samples.startsMs);
  next.bits.set(samples.bits);
  Object.assign(samples, { ...next, count: samples.count });
}

function refuseLabels(maxBytes: number): never {
  throw new WireError('too_large', `the labels of all series have more than ${maxBytes} bytes`);
}

function refuseMany(what: string): never {
  throw new WireError('too_large', `a series has more than ${LISTED_MAX} ${what}`);
}
