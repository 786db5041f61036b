/**
 * Extra fields of the queue's messages of 1.0, so that a sender of 2.0 can use them: the metadata
 * of a series' family, and when counters began, under their field numbers of 2.0. A receiver of 1.0
 * would skip them; they are removed before they are sent to one.
 *
 *     TimeSeries  31 { 1 type  2 help  3 unit }      Sample  3 start ms      Histogram  17 start ms
 *
 * Source: https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/
 */
import type { SeriesMetadata } from '../../model/sample.ts';
import { writeField } from '../protobuf/encode.ts';
import { ProtoReader } from '../protobuf/reader.ts';
import { BYTES, tagOf } from '../protobuf/wire-format.ts';
import { ProtoWriter } from '../protobuf/writer.ts';
import { HISTOGRAM_START_FIELD } from './histogram.ts';
import { EXTRA_METADATA } from './metadata.ts';
import { SAMPLE_START_FIELD } from './one-sample.ts';

/** The field of a TimeSeries in the queue that holds the metadata of its family. */
export const EXTRA_METADATA_FIELD = 31;

/** Encodes the metadata field that follows the labels of a series in the queue. */
export function encodeExtraMetadata({ type, help, unit }: SeriesMetadata): Uint8Array {
  const writer = new ProtoWriter(help.length + unit.length + 32);
  const texts = { help: Buffer.from(help), unit: Buffer.from(unit) };
  writeField(writer, EXTRA_METADATA_FIELD, EXTRA_METADATA, { type, ...texts });
  return writer.written();
}

/**
 * Copies a message of the queue without the extra fields, for a receiver of 1.0.
 *
 * @throws WireError for bytes that are no message
 */
export function stripExtras(message: Uint8Array): Uint8Array {
  const reader = new ProtoReader(message);
  const writer = new ProtoWriter(message.length);
  while (reader.more()) {
    const start = reader.at;
    const tag = reader.varint();
    if (tag === tagOf(1, BYTES)) {
      const outer = reader.enter();
      writer.field(1, stripSeries(reader));
      reader.leave(outer);
      continue;
    }
    reader.skip(tag);
    writer.raw(message.subarray(start, reader.at));
  }
  return writer.written();
}

/** Copies the series that the reader has entered. */
function stripSeries(reader: ProtoReader): Uint8Array {
  const series = new ProtoWriter(256);
  while (reader.more()) {
    const start = reader.at;
    const tag = reader.varint();
    if (tag === tagOf(2, BYTES)) series.field(2, removeStart(reader.binary(), SAMPLE_START_FIELD));
    else if (tag === tagOf(4, BYTES))
      series.field(4, removeStart(reader.binary(), HISTOGRAM_START_FIELD));
    else {
      reader.skip(tag);
      if (tag >>> 3 !== EXTRA_METADATA_FIELD) series.raw(reader.bytes.subarray(start, reader.at));
    }
  }
  return series.written();
}

/**
 * Copies a Sample or a Histogram without its start. @param startField  the field number of the
 * start
 */
export function removeStart(value: Uint8Array, startField: number): Uint8Array {
  const reader = new ProtoReader(value);
  const writer = new ProtoWriter(value.length);
  while (reader.more()) {
    const start = reader.at;
    const tag = reader.varint();
    reader.skip(tag);
    if (tag >>> 3 !== startField) writer.raw(value.subarray(start, reader.at));
  }
  return writer.written();
}
