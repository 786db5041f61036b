/**
 * Remote write 1.0 messages: WriteRequest ⇄ series and samples. A message is a run of TimeSeries, so messages
 * concatenate. Native histograms and exemplars are decoded for a visitor that wants them; nothing is sorted or
 * checked against limits.
 *
 *   WriteRequest   1 TimeSeries …  3 MetricMetadata …
 *   TimeSeries     1 Label …  2 Sample …  3 Exemplar …  4 Histogram …
 *   Label          1 name  2 value         Sample  1 double value  2 int64 ms
 *   MetricMetadata 1 type  2 metric family name  4 help  5 unit
 *
 * Source: https://prometheus.io/docs/specs/prw/remote_write_spec/
 */
import { type Borrowed, ownCopy } from '../../model/borrowed.ts';
import type { NativeHistogram } from '../../model/histogram.ts';
import type { LabelSet } from '../../model/labels.ts';
import {
  type Exemplar,
  SERIES_TYPES,
  type SeriesType,
  STALE_NAN_HIGH,
  STALE_NAN_LOW,
} from '../../model/sample.ts';
import {
  BYTES,
  FIXED64,
  int64Length,
  ProtoReader,
  ProtoWriter,
  putInt64,
  putVarint,
  tagOf,
  VARINT,
  varintLength,
} from '../protobuf/cursor.ts';
import { decodeHistogram, encodeHistogram } from './histogram.ts';

/** Fields of 2.0, which the queue keeps in messages of 1.0: when the counter of a sample or a histogram began. */
export const SAMPLE_START_FIELD = 3;

export interface MetricMetadata {
  readonly type: SeriesType;
  readonly name: string;
  readonly help: string;
  readonly unit: string;
}

/** The label fields of a TimeSeries: made once per series, copied into each message. */
export function encodeLabels(labels: LabelSet): Uint8Array {
  return ownCopy(sharedLabels(labels));
}

let scratch = Buffer.allocUnsafeSlow(4_096);

/** As `encodeLabels`, in bytes that the next call overwrites: thousands of new series leave no garbage. */
export function sharedLabels(labels: LabelSet): Borrowed<Uint8Array> {
  let at = 0;
  for (const { name, value } of labels) {
    const nameLength = Buffer.byteLength(name);
    const valueLength = Buffer.byteLength(value);
    const length = fieldLength(nameLength) + fieldLength(valueLength);
    const needed = at + fieldLength(length);
    if (needed > scratch.length) {
      const larger = Buffer.allocUnsafeSlow(needed * 2);
      scratch.copy(larger, 0, 0, at);
      scratch = larger;
    }
    scratch[at++] = tagOf(1, BYTES);
    at = putVarint(scratch, at, length);
    scratch[at++] = tagOf(1, BYTES);
    at = putVarint(scratch, at, nameLength);
    at += scratch.write(name, at);
    scratch[at++] = tagOf(2, BYTES);
    at = putVarint(scratch, at, valueLength);
    at += scratch.write(value, at);
  }
  return scratch.subarray(0, at);
}

/** One label field of a TimeSeries, of the bytes of its name and its value. */
export function encodeLabelParts(name: Uint8Array, value: Uint8Array): Uint8Array {
  const writer = new ProtoWriter(name.length + value.length + 16);
  writer.varint(tagOf(1, BYTES));
  writer.varint(fieldLength(name.length) + fieldLength(value.length));
  writer.field(1, name);
  writer.field(2, value);
  return writer.written();
}

function fieldLength(length: number): number {
  return 1 + varintLength(length) + length;
}

/** A WriteRequest in the making. `truncate` goes back to an earlier `length`, so a scrape can be rolled back. */
export class WriteRequestEncoder {
  readonly #writer: ProtoWriter;

  constructor(capacity = 4_096) {
    this.#writer = new ProtoWriter(capacity);
  }

  get length(): number {
    return this.#writer.length;
  }

  /** The message, as a view that the next append may overwrite. */
  bytes(): Uint8Array {
    return this.#writer.written();
  }

  truncate(length: number): void {
    this.#writer.length = length;
  }

  /**
   * One TimeSeries of one sample; `labels` are those of `encodeLabels`.
   *
   * @param startMs  when the counter began, for remote write 2.0; 0 is unknown
   */
  append(labels: Uint8Array, tMs: number, value: number, startMs = 0): void {
    const at = this.#head(labels, tMs, startMs);
    this.#writer.view.setFloat64(at, value, true);
  }

  /** One TimeSeries of one stale marker. */
  appendStale(labels: Uint8Array, tMs: number): void {
    const at = this.#head(labels, tMs);
    this.#writer.view.setUint32(at, STALE_NAN_LOW, true);
    this.#writer.view.setUint32(at + 4, STALE_NAN_HIGH, true);
  }

  /** One TimeSeries of one native histogram. */
  appendHistogram(labels: Uint8Array, tMs: number, histogram: NativeHistogram, startMs = 0): void {
    this.#appendSeries(labels, 4, encodeHistogram(histogram, tMs, startMs));
  }

  /** One TimeSeries of one exemplar and no sample. */
  appendExemplar(labels: Uint8Array, { labels: own, value, tMs }: Exemplar): void {
    const exemplar = new ProtoWriter(128);
    exemplar.raw(encodeLabels(own));
    exemplar.varint(tagOf(2, FIXED64));
    exemplar.double(value);
    exemplar.varint(tagOf(3, VARINT));
    exemplar.int64(tMs);
    this.#appendSeries(labels, 3, exemplar.written());
  }

  appendMetadata(metadata: MetricMetadata): void {
    const entry = new ProtoWriter(128);
    entry.varint(tagOf(1, VARINT));
    entry.varint(SERIES_TYPES.indexOf(metadata.type));
    entry.string(2, metadata.name);
    entry.string(4, metadata.help);
    entry.string(5, metadata.unit);
    this.#writer.field(3, entry.written());
  }

  #appendSeries(labels: Uint8Array, field: number, message: Uint8Array): void {
    const series = new ProtoWriter(labels.length + message.length + 8);
    series.raw(labels);
    series.field(field, message);
    this.#writer.field(1, series.written());
  }

  /** Writes all but the value; returns where its eight bytes go. */
  #head(labels: Uint8Array, tMs: number, startMs = 0): number {
    const writer = this.#writer;
    const startLength = startMs === 0 ? 0 : 1 + int64Length(startMs);
    const sampleLength = 10 + int64Length(tMs) + startLength;
    const seriesLength = labels.length + 2 + sampleLength;
    writer.reserve(seriesLength + 6);
    const { bytes } = writer;
    let op = writer.length;
    bytes[op++] = tagOf(1, BYTES);
    op = putVarint(bytes, op, seriesLength);
    bytes.set(labels, op);
    op += labels.length;
    bytes[op++] = tagOf(2, BYTES);
    bytes[op++] = sampleLength;
    bytes[op++] = tagOf(1, FIXED64);
    const valueAt = op;
    op += 8;
    bytes[op++] = tagOf(2, VARINT);
    op = putInt64(bytes, op, tMs);
    if (startMs !== 0) {
      bytes[op++] = tagOf(SAMPLE_START_FIELD, VARINT);
      op = putInt64(bytes, op, startMs);
    }
    writer.length = op;
    return valueAt;
  }
}

/** What `decodeWriteRequest` calls, in the order of the message. */
export interface WriteRequestVisitor {
  /**
   * One TimeSeries. The arrays are used again for the next one: the first `count` entries hold, copy what you keep.
   *
   * @param labels  as sent: neither sorted nor checked
   * @param values  the bits as sent: copy by `set` or through an integer view to keep a stale marker one
   */
  series(labels: LabelSet, timestampsMs: Float64Array, values: Float64Array, count: number): void;
  /** The native histograms of the series that `series` was called for just before. */
  histograms?(labels: LabelSet, list: readonly TimedHistogram[]): void;
  /** Likewise its exemplars. */
  exemplars?(labels: LabelSet, list: readonly Exemplar[]): void;
  metadata?(metadata: MetricMetadata): void;
}

export interface TimedHistogram {
  readonly tMs: number;
  readonly histogram: NativeHistogram;
}

export interface WriteRequestCounts {
  series: number;
  samples: number;
  histograms: number;
  exemplars: number;
  metadata: number;
}

/** Low and high word of a double within a Uint32Array on this machine. */
const LOW = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 0 : 1;

/** The samples of the series being read, growing to the largest. */
interface Samples {
  timestampsMs: Float64Array;
  values: Float64Array;
  bits: Uint32Array;
  count: number;
}

/**
 * Reads a message and calls the visitor for each series and each metadata entry.
 *
 * @param message  uncompressed; the caller bounds its size, and with it the work and the memory
 * @throws         WireError at the first malformed byte: earlier calls of the visitor have happened
 */
export function decodeWriteRequest(
  message: Uint8Array,
  visitor: WriteRequestVisitor,
): WriteRequestCounts {
  const reader = new ProtoReader(message);
  const counts = { series: 0, samples: 0, histograms: 0, exemplars: 0, metadata: 0 };
  const samples: Samples = newSamples(16);
  while (reader.more()) {
    const tag = reader.varint();
    if (tag === tagOf(1, BYTES)) {
      const outer = reader.enter();
      const histograms: TimedHistogram[] = [];
      const exemplars: Exemplar[] = [];
      const labels = readSeries(reader, samples, counts, {
        histograms: visitor.histograms && histograms,
        exemplars: visitor.exemplars && exemplars,
      });
      reader.leave(outer);
      counts.series += 1;
      counts.samples += samples.count;
      visitor.series(labels, samples.timestampsMs, samples.values, samples.count);
      if (histograms.length > 0) visitor.histograms?.(labels, histograms);
      if (exemplars.length > 0) visitor.exemplars?.(labels, exemplars);
    } else if (tag === tagOf(3, BYTES)) {
      const outer = reader.enter();
      const metadata = readMetadata(reader);
      reader.leave(outer);
      counts.metadata += 1;
      visitor.metadata?.(metadata);
    } else reader.skip(tag);
  }
  return counts;
}

function newSamples(capacity: number): Samples {
  const values = new Float64Array(capacity);
  const bits = new Uint32Array(values.buffer);
  return { timestampsMs: new Float64Array(capacity), values, bits, count: 0 };
}

function readExemplar(reader: ProtoReader): Exemplar {
  const labels: { name: string; value: string }[] = [];
  let value = 0;
  let tMs = 0;
  while (reader.more()) {
    const tag = reader.varint();
    if (tag === tagOf(1, BYTES)) {
      const outer = reader.enter();
      labels.push(readLabel(reader));
      reader.leave(outer);
    } else if (tag === tagOf(2, FIXED64)) value = reader.double();
    else if (tag === tagOf(3, VARINT)) tMs = reader.int64();
    else reader.skip(tag);
  }
  return { labels, value, tMs };
}

function readSeries(
  reader: ProtoReader,
  samples: Samples,
  counts: WriteRequestCounts,
  wanted: { histograms: TimedHistogram[] | undefined; exemplars: Exemplar[] | undefined },
): LabelSet {
  const labels: { name: string; value: string }[] = [];
  samples.count = 0;
  while (reader.more()) {
    const tag = reader.varint();
    if (tag === tagOf(1, BYTES)) {
      const outer = reader.enter();
      labels.push(readLabel(reader));
      reader.leave(outer);
    } else if (tag === tagOf(2, BYTES)) {
      const outer = reader.enter();
      readSample(reader, samples);
      reader.leave(outer);
    } else if (tag === tagOf(4, BYTES) && wanted.histograms !== undefined) {
      const outer = reader.enter();
      wanted.histograms.push(decodeHistogram(reader));
      reader.leave(outer);
      counts.histograms += 1;
    } else if (tag === tagOf(3, BYTES) && wanted.exemplars !== undefined) {
      const outer = reader.enter();
      wanted.exemplars.push(readExemplar(reader));
      reader.leave(outer);
      counts.exemplars += 1;
    } else {
      if (tag === tagOf(3, BYTES)) counts.exemplars += 1;
      if (tag === tagOf(4, BYTES)) counts.histograms += 1;
      reader.skip(tag);
    }
  }
  return labels;
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

function readSample(reader: ProtoReader, samples: Samples): void {
  if (samples.count === samples.values.length) grow(samples);
  const index = samples.count++;
  let low = 0;
  let high = 0;
  let tMs = 0;
  while (reader.more()) {
    const tag = reader.varint();
    if (tag === tagOf(1, FIXED64)) {
      const at = reader.fixed64At();
      low = reader.uint32At(at);
      high = reader.uint32At(at + 4);
    } else if (tag === tagOf(2, VARINT)) tMs = reader.int64();
    else reader.skip(tag);
  }
  samples.timestampsMs[index] = tMs;
  samples.bits[index * 2 + LOW] = low;
  samples.bits[index * 2 + 1 - LOW] = high;
}

function grow(samples: Samples): void {
  const next = newSamples(samples.values.length * 2);
  next.timestampsMs.set(samples.timestampsMs);
  next.bits.set(samples.bits);
  Object.assign(samples, { ...next, count: samples.count });
}

function readMetadata(reader: ProtoReader): MetricMetadata {
  let type: SeriesType = 'unknown';
  let name = '';
  let help = '';
  let unit = '';
  while (reader.more()) {
    const tag = reader.varint();
    if (tag === tagOf(1, VARINT)) type = SERIES_TYPES[reader.varint()] ?? 'unknown';
    else if (tag === tagOf(2, BYTES)) name = reader.string();
    else if (tag === tagOf(4, BYTES)) help = reader.string();
    else if (tag === tagOf(5, BYTES)) unit = reader.string();
    else reader.skip(tag);
  }
  return { type, name, help, unit };
}

/** Where a TimeSeries lies in a message, tag included: such ranges joined are a message again. */
export interface SeriesRange {
  readonly start: number;
  readonly end: number;
  readonly samples: number;
  readonly oldestMs: number;
  readonly newestMs: number;
}

/**
 * The TimeSeries of a message without their labels, for splitting a batch; other fields are left out.
 *
 * @throws WireError for a malformed message
 */
export function scanSeries(message: Uint8Array): SeriesRange[] {
  const reader = new ProtoReader(message);
  const ranges: SeriesRange[] = [];
  while (reader.more()) {
    const start = reader.at;
    const tag = reader.varint();
    if (tag !== tagOf(1, BYTES)) {
      reader.skip(tag);
      continue;
    }
    const outer = reader.enter();
    const times = scanTimes(reader);
    reader.leave(outer);
    ranges.push({ start, end: reader.at, ...times });
  }
  return ranges;
}

const TIME_FIELDS = [2, 3, 15] as const;

function scanTimes(reader: ProtoReader): { samples: number; oldestMs: number; newestMs: number } {
  let samples = 0;
  let oldestMs = Infinity;
  let newestMs = -Infinity;
  while (reader.more()) {
    const tag = reader.varint();
    // The time of a sample, an exemplar, a histogram is field 2, 3, 15 of its message.
    const field = [tagOf(2, BYTES), tagOf(3, BYTES), tagOf(4, BYTES)].indexOf(tag);
    if (field < 0) {
      reader.skip(tag);
      continue;
    }
    const timeTag = tagOf(TIME_FIELDS[field] ?? 0, VARINT);
    const outer = reader.enter();
    let tMs = 0;
    while (reader.more()) {
      const inner = reader.varint();
      if (inner === timeTag) tMs = reader.int64();
      else reader.skip(inner);
    }
    reader.leave(outer);
    // Exemplars are no samples, and yet must not be sent when they are too old.
    if (tag !== tagOf(3, BYTES)) samples += 1;
    oldestMs = Math.min(oldestMs, tMs);
    newestMs = Math.max(newestMs, tMs);
  }
  return { samples, oldestMs, newestMs };
}
