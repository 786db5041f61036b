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
 *     Sample             sample-columns.ts
 *
 * A field of another wire type is malformed: skipped like an unknown one, it would be lost in
 * silence.
 * Limits: samples, histograms, exemplars and labels of one series; bytes of all labels, which 2.0
 * writes once for many series.
 * Source: https://prometheus.io/docs/specs/prw/remote_write_spec/,
 * https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/
 */
import type { LabelSet } from '../../model/labels.ts';
import type { Exemplar, SeriesMetadata } from '../../model/sample.ts';
import { WireError } from '../errors.ts';
import { readMessage } from '../protobuf/decode.ts';
import { ProtoReader } from '../protobuf/reader.ts';
import { BYTES, tagOf, VARINT } from '../protobuf/wire-format.ts';
import { ProtoWriter } from '../protobuf/writer.ts';
import { EXEMPLAR, EXEMPLAR_2 } from './exemplar.ts';
import { readHistogram, type TimedHistogram } from './histogram.ts';
import { putLabelParts } from './labels.ts';
import { METADATA_2, METRIC_METADATA, type MetricMetadata } from './metadata.ts';
import { newSamples, readSample } from './sample-columns.ts';
import { ReceivedSymbols } from './symbols.ts';

export type MessageVersion = 1 | 2;

export interface RequestLimits {
  /** Whether histograms and exemplars are decoded; else they are only counted. By default both. */
  readonly wanted?: { readonly histograms: boolean; readonly exemplars: boolean };
  /** Of one series; the labels of one that has more are not written. By default any number. */
  readonly labelsMax?: number;
  /** Of the labels of all series, as 1.0 writes them. */
  readonly labelBytesMax?: number;
  /**
   * Whether histograms, exemplars and metadata with a value that is not taken (`WireError`) are
   * passed over and counted; else they end the reading.
   */
  readonly passesOver?: boolean;
}

/** What is passed over while the rest of a message is read. */
type PassedOver = 'histogram' | 'exemplar' | 'metadata';

/** Of one series, histograms and exemplars each: two bytes can become an object of many fields. */
const LISTED_MAX = 10_000;

export class RequestReader {
  readonly samples = newSamples(16);
  /** Of the present series. */
  histograms: TimedHistogram[] = [];
  exemplars: Exemplar[] = [];
  /** How many it has, decoded or not. */
  histogramCount = 0;
  exemplarCount = 0;
  /** How many of its parts were passed over; mostly none. */
  passedOver: Map<PassedOver, number> | undefined;
  /** Its labels, empty ones too. */
  labelCount = 0;
  /** When its counter began, as release candidate 3 of 2.0 says it of a series; 0 for unknown. */
  seriesStartMs = 0;
  /** What 2.0 says of its family. */
  seriesMetadata: SeriesMetadata | undefined;
  /** The present entry of metadata, which 1.0 has beside its series; undefined if passed over. */
  metadata: MetricMetadata | undefined;
  /** The labels as 1.0 writes them: `labelsAt` to `labelsEnd` of these bytes, until `next`. */
  labelBytes: Uint8Array;
  labelsAt = 0;
  labelsEnd = 0;
  readonly #reader: ProtoReader;
  readonly #symbols: ReceivedSymbols | undefined;
  readonly #wanted: { readonly histograms: boolean; readonly exemplars: boolean };
  readonly #written = new ProtoWriter(1_024);
  readonly #labelsMax: number;
  readonly #labelBytesMax: number;
  readonly #passesOver: boolean;
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
    this.#labelsMax = limits.labelsMax ?? Infinity;
    this.#labelBytesMax = limits.labelBytesMax ?? Infinity;
    this.#passesOver = limits.passesOver ?? false;
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
      const tag = reader.tag();
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
        this.metadata = this.#tryRead('metadata', () => readMessage(METRIC_METADATA, reader));
        reader.leave(outer);
        return 'metadata';
      }
      if (tag >>> 3 === seriesTag >>> 3) refuseWireType(tag, 'series');
      reader.skip(tag);
    }
    return undefined;
  }

  /**
   * The labels as sent: neither sorted nor checked.
   *
   * @param readText  for texts that are not UTF-8, too
   * @throws          WireError
   */
  labels(readText: (reader: ProtoReader) => string = readString): LabelSet {
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
      labels.push(readLabel(reader, readText));
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
    this.labelCount = 0;
    this.passedOver = undefined;
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
      const tag = reader.tag();
      switch (tag) {
        case tagOf(1, BYTES):
          reader.skip(tag);
          this.labelCount += 1;
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
          if (tag >>> 3 <= 4) refuseWireType(tag, SERIES_FIELDS[(tag >>> 3) - 1]);
          reader.skip(tag);
      }
    }
  }

  #readSeries2(symbols: ReceivedSymbols): void {
    const reader = this.#reader;
    this.#refs.length = 0;
    while (reader.more()) {
      const tag = reader.tag();
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
          this.seriesMetadata = this.#tryRead('metadata', () => {
            const { type, helpRef, unitRef } = readMessage(METADATA_2, reader);
            return { type, help: symbols.textAt(helpRef), unit: symbols.textAt(unitRef) };
          });
          reader.leave(outer);
          break;
        }
        case tagOf(6, VARINT):
          this.seriesStartMs = reader.int64();
          break;
        default:
          if (tag >>> 3 <= 6) refuseWireType(tag, SERIES_2_FIELDS[(tag >>> 3) - 1]);
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
    this.labelCount = refs.length / 2;
    const written = this.labelCount > this.#labelsMax ? 0 : refs.length;
    for (let i = 0; i < written; i += 2) {
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
    const symbols = this.#symbols;
    const exemplar = this.#tryRead('exemplar', () =>
      symbols === undefined ? readMessage(EXEMPLAR, reader) : readExemplar2(reader, symbols),
    );
    if (exemplar !== undefined) this.exemplars.push(exemplar);
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
    const histogram = this.#tryRead('histogram', () => readHistogram(reader));
    if (histogram !== undefined) this.histograms.push(histogram);
    reader.leave(outer);
  }

  /** Undefined for a message within that has a value that is not taken; `leave` goes behind it. */
  #tryRead<Value>(what: PassedOver, read: () => Value): Value | undefined {
    const { end } = this.#reader;
    try {
      return read();
    } catch (error) {
      if (!this.#passesOver || !(error instanceof WireError) || error.reason !== 'value')
        throw error;
      // It may have stood in a message within.
      this.#reader.end = end;
      this.passedOver ??= new Map();
      this.passedOver.set(what, (this.passedOver.get(what) ?? 0) + 1);
      return undefined;
    }
  }
}

const SERIES_FIELDS = ['labels', 'samples', 'exemplars', 'histograms'] as const;
const SERIES_2_FIELDS = [
  'label refs',
  'samples',
  'histograms',
  'exemplars',
  'metadata',
  'the start',
] as const;

function refuseWireType(tag: number, what = 'a field'): never {
  throw new WireError('corrupt', `malformed request: ${what} of wire type ${tag & 7}`);
}

function readExemplar2(reader: ProtoReader, symbols: ReceivedSymbols): Exemplar {
  const { refs, value, tMs } = readMessage(EXEMPLAR_2, reader);
  symbols.checkPairs(refs);
  const labels = Array.from({ length: refs.length / 2 }, (_, i) => ({
    name: symbols.textAt(refs[i * 2] as number),
    value: symbols.textAt(refs[i * 2 + 1] as number),
  }));
  return { labels, value, tMs };
}

const readString = (reader: ProtoReader): string => reader.string();

function readLabel(
  reader: ProtoReader,
  readText: (reader: ProtoReader) => string,
): { name: string; value: string } {
  let name = '';
  let value = '';
  while (reader.more()) {
    const tag = reader.varint();
    if (tag === tagOf(1, BYTES)) name = readText(reader);
    else if (tag === tagOf(2, BYTES)) value = readText(reader);
    else reader.skip(tag);
  }
  return { name, value };
}

function readPacked(reader: ProtoReader, refs: number[]): void {
  const outer = reader.enter();
  while (reader.more()) refs.push(reader.varint());
  reader.leave(outer);
}

function refuseLabels(maxBytes: number): never {
  throw new WireError('too_large', `the labels of all series have more than ${maxBytes} bytes`);
}

function refuseMany(what: string): never {
  throw new WireError('too_large', `a series has more than ${LISTED_MAX} ${what}`);
}
