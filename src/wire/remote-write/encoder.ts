/**
 * Writes series and their samples as a message of remote write 1.0, a WriteRequest. A message is a
 * sequence of TimeSeries, so messages can be concatenated. Nothing is sorted or checked against
 * limits.
 *
 *     WriteRequest   1 TimeSeries …  3 MetricMetadata …
 *     TimeSeries     1 Label …  2 Sample …  3 Exemplar …  4 Histogram …
 *
 * Source: https://prometheus.io/docs/specs/prw/remote_write_spec/
 */
import type { NativeHistogram } from '../../model/histogram.ts';
import type { Exemplar } from '../../model/sample.ts';
import { writeField } from '../protobuf/encode.ts';
import type { Message } from '../protobuf/schema.ts';
import { ProtoWriter } from '../protobuf/writer.ts';
import { EXEMPLAR } from './exemplar.ts';
import { HISTOGRAM, toHistogramMessage } from './histogram.ts';
import { METRIC_METADATA, type MetricMetadata } from './metadata.ts';
import {
  boundOneSample,
  endFromValue,
  putOneSample,
  putStaleMarker,
  putValue,
} from './one-sample.ts';

/** Writes a WriteRequest. To roll back, `truncate` to an earlier `length`. */
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
   * Appends a TimeSeries with one sample; `labels` are those of `encodeLabels`.
   *
   * @param startMs when the counter began, for remote write 2.0; 0 where it is unknown
   */
  append(labels: Uint8Array, tMs: number, value: number, startMs = 0): void {
    const valueAt = this.#appendOneSample(labels, tMs, startMs);
    putValue(this.#writer.view, valueAt, value);
  }

  /** Appends a TimeSeries with one stale marker. */
  appendStale(labels: Uint8Array, tMs: number): void {
    const valueAt = this.#appendOneSample(labels, tMs, 0);
    putStaleMarker(this.#writer.view, valueAt);
  }

  /** Appends a TimeSeries with one native histogram. */
  appendHistogram(labels: Uint8Array, tMs: number, histogram: NativeHistogram, startMs = 0): void {
    this.#appendSeries(labels, 4, HISTOGRAM, toHistogramMessage(histogram, tMs, startMs));
  }

  /** Appends a TimeSeries with one exemplar and no sample. */
  appendExemplar(labels: Uint8Array, exemplar: Exemplar): void {
    this.#appendSeries(labels, 3, EXEMPLAR, exemplar);
  }

  appendMetadata(metadata: MetricMetadata): void {
    writeField(this.#writer, 3, METRIC_METADATA, metadata);
  }

  #appendSeries<Value>(
    labels: Uint8Array,
    number: number,
    message: Message<Value>,
    value: Value,
  ): void {
    const series = new ProtoWriter(labels.length + 256);
    series.raw(labels);
    writeField(series, number, message, value);
    this.#writer.field(1, series.written());
  }

  /** Appends all but the value; returns the offset for its eight bytes. */
  #appendOneSample(labels: Uint8Array, tMs: number, startMs: number): number {
    const writer = this.#writer;
    writer.reserve(boundOneSample(labels.length));
    const valueAt = putOneSample(writer.bytes, writer.length, labels, tMs, startMs);
    writer.length = endFromValue(writer.bytes, valueAt);
    return valueAt;
  }
}
