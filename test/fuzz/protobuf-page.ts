/**
 * Writes protobuf expositions as a target would serve them. Only for tests; Amperage serves none.
 */
import { BYTES, FIXED64, tagOf, VARINT } from '../../src/wire/protobuf/wire-format.ts';
import { ProtoWriter } from '../../src/wire/protobuf/writer.ts';

type Put = (writer: ProtoWriter) => void;

export function message(...puts: readonly Put[]): Uint8Array {
  const writer = new ProtoWriter();
  for (const put of puts) put(writer);
  return writer.written().slice();
}

export const text =
  (field: number, value: string): Put =>
  (writer) =>
    writer.string(field, value);

export const sub =
  (field: number, bytes: Uint8Array): Put =>
  (writer) =>
    writer.field(field, bytes);

export const uint =
  (field: number, value: number): Put =>
  (writer) => {
    writer.varint(tagOf(field, VARINT));
    writer.varint(value);
  };

export const sint = (field: number, value: number): Put => uint(field, zigzag(value));

export const int =
  (field: number, value: number): Put =>
  (writer) => {
    writer.varint(tagOf(field, VARINT));
    writer.int64(value);
  };

export const double =
  (field: number, value: number): Put =>
  (writer) => {
    writer.varint(tagOf(field, FIXED64));
    writer.double(value);
  };

export const packedSints =
  (field: number, values: readonly number[]): Put =>
  (writer) => {
    const inner = new ProtoWriter();
    for (const value of values) inner.varint(zigzag(value));
    writer.varint(tagOf(field, BYTES));
    writer.varint(inner.length);
    writer.raw(inner.written());
  };

/** A body of families, each with its length in front. */
export function body(...families: readonly Uint8Array[]): Uint8Array {
  const writer = new ProtoWriter();
  for (const family of families) {
    writer.varint(family.length);
    writer.raw(family);
  }
  return writer.written().slice();
}

export const label = (name: string, value: string): Uint8Array =>
  message(text(1, name), text(2, value));

export const time = (seconds: number, nanos = 0): Uint8Array =>
  message(int(1, seconds), int(2, nanos));

function zigzag(value: number): number {
  return value < 0 ? -value * 2 - 1 : value * 2;
}
