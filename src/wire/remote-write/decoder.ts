/**
 * Reads a message of remote write 1.0 and calls a visitor for its series, samples and metadata, in
 * the order of the message. Native histograms and exemplars are decoded if the visitor has a method
 * for them; else they are only counted. Nothing is sorted or checked against limits.
 *
 *     WriteRequest   1 TimeSeries …  3 MetricMetadata …
 *     TimeSeries     1 Label …  2 Sample …  3 Exemplar …  4 Histogram …
 *     Label          1 name  2 value          Sample  1 double value  2 int64 ms
 *
 * Source: https://prometheus.io/docs/specs/prw/remote_write_spec/
 */
import type { LabelSet } from '../../model/labels.ts';
import type { Exemplar } from '../../model/sample.ts';
import { readMessage } from '../protobuf/decode.ts';
import { ProtoReader } from '../protobuf/reader.ts';
import { BYTES, FIXED64, tagOf, VARINT } from '../protobuf/wire-format.ts';
import { EXEMPLAR } from './exemplar.ts';
import { readHistogram, type TimedHistogram } from './histogram.ts';
import { METRIC_METADATA, type MetricMetadata } from './metadata.ts';

/** What `decodeWriteRequest` calls, in the order of the message. */
export interface WriteRequestVisitor {
  /**
   * One TimeSeries. The first `count` entries of the arrays are valid. The arrays are used again
   * for the next series: copy what you keep.
   *
   * @param labels  as sent: neither sorted nor checked
   * @param values  the bits as sent: copy by `set` or through an integer view to keep a stale
   *                marker one
   */
  series(labels: LabelSet, timestampsMs: Float64Array, values: Float64Array, count: number): void;
  /** The native histograms of the series of the last call of `series`. */
  histograms?(labels: LabelSet, list: readonly TimedHistogram[]): void;
  /** The exemplars of the series of the last call of `series`. */
  exemplars?(labels: LabelSet, list: readonly Exemplar[]): void;
  metadata?(metadata: MetricMetadata): void;
}

export interface WriteRequestCounts {
  series: number;
  samples: number;
  histograms: number;
  exemplars: number;
  metadata: number;
}

/** The index of a double's low word in a Uint32Array on this machine: 0 if it is little-endian. */
const LOW = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 0 : 1;

/**
 * The samples of the current series. The arrays grow to the largest series and are never shrunk.
 */
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
      const metadata = readMessage(METRIC_METADATA, reader);
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
      wanted.histograms.push(readHistogram(reader));
      reader.leave(outer);
      counts.histograms += 1;
    } else if (tag === tagOf(3, BYTES) && wanted.exemplars !== undefined) {
      const outer = reader.enter();
      wanted.exemplars.push(readMessage(EXEMPLAR, reader));
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
