/**
 * A growing buffer to write protobuf messages to, field by field. It knows no schema; encode.ts
 * writes by one.
 * Source: https://protobuf.dev/programming-guides/encoding/
 */
import { putInt64, putSint64, putVarint } from '../varint.ts';
import { BYTES, tagOf } from './wire-format.ts';

/** The first `length` of `bytes` are in use. */
export class ProtoWriter {
  bytes: Uint8Array;
  view: DataView;
  length = 0;

  constructor(capacity = 1_024) {
    this.bytes = new Uint8Array(capacity);
    this.view = new DataView(this.bytes.buffer);
  }

  /** The bytes written so far, as a view that the next write may overwrite. */
  written(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }

  /** Makes room for `count` more bytes. */
  reserve(count: number): void {
    if (this.length + count <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(this.length + count, this.bytes.length * 2));
    grown.set(this.written());
    this.bytes = grown;
    this.view = new DataView(grown.buffer);
  }

  varint(value: number): void {
    this.reserve(10);
    this.length = putVarint(this.bytes, this.length, value);
  }

  int64(value: number): void {
    this.reserve(10);
    this.length = putInt64(this.bytes, this.length, value);
  }

  sint64(value: number): void {
    this.reserve(10);
    this.length = putSint64(this.bytes, this.length, value);
  }

  double(value: number): void {
    this.reserve(8);
    this.view.setFloat64(this.length, value, true);
    this.length += 8;
  }

  float(value: number): void {
    this.reserve(4);
    this.view.setFloat32(this.length, value, true);
    this.length += 4;
  }

  /** Writes a fixed32. */
  uint32(value: number): void {
    this.reserve(4);
    this.view.setUint32(this.length, value, true);
    this.length += 4;
  }

  raw(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** Writes a length-delimited field with these bytes. */
  field(field: number, bytes: Uint8Array): void {
    this.varint(tagOf(field, BYTES));
    this.varint(bytes.length);
    this.raw(bytes);
  }

  string(field: number, text: string): void {
    this.field(field, Buffer.from(text));
  }
}
