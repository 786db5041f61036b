/**
 * What the metrics of protobuf exposition have in common: labels, times, exemplars, and the error
 * for a fault.
 *
 *     LabelPair  1 name  2 value                  Timestamp  1 seconds  2 nanoseconds
 *     Exemplar   1 LabelPair …  2 value  3 Timestamp
 *
 * Source: https://github.com/prometheus/client_model/blob/master/io/prometheus/client/metrics.proto
 */
import { WireError } from '../../errors.ts';
import type { ProtoReader } from '../../protobuf/reader.ts';
import { BYTES, FIXED64, tagOf, VARINT } from '../../protobuf/wire-format.ts';
import type { ProtobufExemplar } from './sample.ts';

export function readExemplar(reader: ProtoReader): ProtobufExemplar {
  const labels: [string, string][] = [];
  let value = 0;
  let tMs: number | undefined;
  while (reader.more()) {
    const tag = reader.varint();
    if (tag === tagOf(1, BYTES)) labels.push(readNested(reader, readPair));
    else if (tag === tagOf(2, FIXED64)) value = reader.double();
    else if (tag === tagOf(3, BYTES)) tMs = readNested(reader, readTime);
    else reader.skip(tag);
  }
  return { labels, value, tMs };
}

export function readPair(reader: ProtoReader): [string, string] {
  let name = '';
  let value = '';
  while (reader.more()) {
    const tag = reader.varint();
    if (tag === tagOf(1, BYTES)) name = reader.string();
    else if (tag === tagOf(2, BYTES)) value = reader.string();
    else reader.skip(tag);
  }
  return [name, value];
}

/** Reads a google.protobuf.Timestamp as ms since 1970; fractions are truncated. */
export function readTime(reader: ProtoReader): number {
  let ms = 0;
  while (reader.more()) {
    const tag = reader.varint();
    if (tag === tagOf(1, VARINT)) ms += reader.int64() * 1_000;
    else if (tag === tagOf(2, VARINT)) ms += Math.trunc(reader.int64() / 1e6);
    else reader.skip(tag);
  }
  if (!Number.isSafeInteger(ms)) throw makeFaultError(reader, 'a time is beyond 2^53 milliseconds');
  return ms;
}

export function readNested<T>(reader: ProtoReader, read: (reader: ProtoReader) => T): T {
  const outer = reader.enter();
  const value = read(reader);
  reader.leave(outer);
  return value;
}

export function makeFaultError(reader: ProtoReader, message: string): WireError {
  return new WireError('corrupt', `malformed protobuf: ${message} at byte ${reader.at}`);
}
