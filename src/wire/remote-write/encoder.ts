/**
 * Series and their samples → a message of remote write 1.0, WriteRequest. A message is a run of
 * TimeSeries, so messages concatenate. Nothing is sorted or checked against limits.
 *
 *     WriteRequest   1 TimeSeries …  3 MetricMetadata …
 *     TimeSeries     1 Label …  2 Sample …  3 Exemplar …  4 Histogram …
 *
 * Source: https://prometheus.io/docs/specs/prw/remote_write_spec/
 */
import type { NativeHistogram } from '../../model/histogram.ts';
import { type Exemplar, SERIES_TYPES } from '../../model/sample.ts';
import { FIXED64, tagOf, VARINT } from '../protobuf/wire-format.ts';
import { ProtoWriter } from '../protobuf/writer.ts';
import { encodeHistogram } from './histogram.ts';
import { encodeLabels } from './labels.ts';
import type { MetricMetadata } from './metadata.ts';
import {
  boundOneSample,
  endFromValue,
  putOneSample,
  putStaleMarker,
  putValue,
} from './one-sample.ts';

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
    const valueAt = this.#appendOneSample(labels, tMs, startMs);
    putValue(this.#writer.view, valueAt, value);
  }

  /** One TimeSeries of one stale marker. */
  appendStale(labels: Uint8Array, tMs: number): void {
    const valueAt = this.#appendOneSample(labels, tMs, 0);
    putStaleMarker(this.#writer.view, valueAt);
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

  /** Appends all but the value; returns where its eight bytes go. */
  #appendOneSample(labels: Uint8Array, tMs: number, startMs: number): number {
    const writer = this.#writer;
    writer.reserve(boundOneSample(labels.length));
    const valueAt = putOneSample(writer.bytes, writer.length, labels, tMs, startMs);
    writer.length = endFromValue(writer.bytes, valueAt);
    return valueAt;
  }
}
