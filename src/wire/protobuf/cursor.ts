/**
 * Protobuf wire format: a cursor to read and a growing buffer to write. No schema, no reflection, no groups.
 * int64 and uint64 are JavaScript numbers: exact to ±2^53, rounded beyond (no timestamp in ms gets there).
 * Source: https://protobuf.dev/programming-guides/encoding/
 */
import { WireError } from '../errors.ts';

export const VARINT = 0;
export const FIXED64 = 1;
export const BYTES = 2;
export const FIXED32 = 5;

/** The tag of a field: its number and wire type in one. */
export function tagOf(field: number, wireType: number): number {
  return field * 8 + wireType;
}

const TWO_63 = 2 ** 63;
const TWO_64 = 2 ** 64;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads fields from `start` to `end`. Usual loop: `while (reader.more()) switch (reader.varint()) …` over tags, with
 * `reader.skip(tag)` for those not known. For a nested message set `end` by `enter` and put it back by `leave`.
 */
export class ProtoReader {
  readonly bytes: Uint8Array;
  at: number;
  end: number;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.at = 0;
    this.end = bytes.length;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  more(): boolean {
    return this.at < this.end;
  }

  /** An unsigned varint: tags, lengths, enums. */
  varint(): number {
    const { bytes } = this;
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 10; i++) {
      if (this.at >= this.end) throw corrupt('a varint is cut off', this.at);
      const byte = bytes[this.at++] as number;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
    throw corrupt('a varint has more than ten bytes', this.at);
  }

  /** An int64: negative numbers are ten bytes of two's complement. */
  int64(): number {
    const start = this.at;
    const value = this.varint();
    if (value < TWO_63) return value;
    // A float can't hold 2^64 - 5; the complement is small and is summed anew, exactly.
    let complement = 0;
    for (let i = start, scale = 1; i < this.at && scale < TWO_64; i++, scale *= 128) {
      const left = i - start === 9 ? 1 : 0x7f;
      complement += (~(this.bytes[i] as number) & left) * scale;
    }
    return -complement - 1;
  }

  /** Moves behind a fixed64 and returns where it lies, for reading its bits. */
  fixed64At(): number {
    const at = this.at;
    if (at + 8 > this.end) throw corrupt('a fixed64 is cut off', at);
    this.at = at + 8;
    return at;
  }

  /** A double as a number: the bits of a NaN may be lost, use `fixed64At` where they matter. */
  double(): number {
    return this.#view.getFloat64(this.fixed64At(), true);
  }

  uint32At(at: number): number {
    return this.#view.getUint32(at, true);
  }

  /** Moves behind a length-delimited field's head; its bytes are from `at` to the returned position. */
  lengthEnd(): number {
    const end = this.varint() + this.at;
    if (end > this.end) throw corrupt('a field is longer than its message', this.at);
    return end;
  }

  /** Enters a nested message: returns the outer end for `leave`. */
  enter(): number {
    const outer = this.end;
    this.end = this.lengthEnd();
    return outer;
  }

  leave(outer: number): void {
    this.at = this.end;
    this.end = outer;
  }

  string(): string {
    const end = this.lengthEnd();
    const start = this.at;
    this.at = end;
    return readString(this.bytes, start, end);
  }

  skip(tag: number): void {
    switch (tag & 7) {
      case VARINT:
        this.varint();
        return;
      case FIXED64:
        this.fixed64At();
        return;
      case BYTES:
        this.at = this.lengthEnd();
        return;
      case FIXED32:
        if (this.at + 4 > this.end) throw corrupt('a fixed32 is cut off', this.at);
        this.at += 4;
        return;
      default:
        throw corrupt(`wire type ${tag & 7} is not used`, this.at);
    }
  }
}

/** Strings that were read lately, by a hash of their bytes: names and values of labels repeat all the time. */
const recent = new Array<{ readonly bytes: Uint8Array; readonly text: string } | undefined>(4_096);
const RECENT_BYTES_MAX = 64;

function readString(bytes: Uint8Array, start: number, end: number): string {
  const length = end - start;
  if (length > RECENT_BYTES_MAX) return decodeUtf8(bytes, start, end);
  let hash = length;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193);
  const slot = (hash ^ (hash >>> 15)) & (recent.length - 1);
  const known = recent[slot];
  if (known !== undefined && equals(known.bytes, bytes, start, length)) return known.text;
  const text = decodeUtf8(bytes, start, end);
  recent[slot] = { bytes: bytes.slice(start, end), text };
  return text;
}

function equals(known: Uint8Array, bytes: Uint8Array, start: number, length: number): boolean {
  if (known.length !== length) return false;
  for (let i = 0; i < length; i++) if (known[i] !== bytes[start + i]) return false;
  return true;
}

function decodeUtf8(bytes: Uint8Array, start: number, end: number): string {
  try {
    return utf8.decode(bytes.subarray(start, end));
  } catch (error) {
    throw new WireError('corrupt', `malformed protobuf: invalid UTF-8 at byte ${start}`, {
      cause: error,
    });
  }
}

/** Bytes that grow at the end: `bytes` has `length` of them in use. */
export class ProtoWriter {
  bytes: Uint8Array;
  view: DataView;
  length = 0;

  constructor(capacity = 1_024) {
    this.bytes = new Uint8Array(capacity);
    this.view = new DataView(this.bytes.buffer);
  }

  /** What was written, as a view that the next write may overwrite. */
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

  double(value: number): void {
    this.reserve(8);
    this.view.setFloat64(this.length, value, true);
    this.length += 8;
  }

  raw(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** A length-delimited field with these bytes. */
  field(field: number, bytes: Uint8Array): void {
    this.varint(tagOf(field, BYTES));
    this.varint(bytes.length);
    this.raw(bytes);
  }

  string(field: number, text: string): void {
    this.field(field, Buffer.from(text));
  }
}

/** How many bytes an unsigned varint takes. */
export function varintLength(value: number): number {
  let length = 1;
  for (let rest = value; rest >= 0x80; rest /= 128) length += 1;
  return length;
}

export function int64Length(value: number): number {
  return value < 0 ? 10 : varintLength(value);
}

/** Writes an unsigned varint; returns the position behind it. */
export function putVarint(bytes: Uint8Array, at: number, value: number): number {
  let rest = value;
  let op = at;
  // Above 2^31 the cheap integer operations would cut the number.
  while (rest > 0x7fffffff) {
    bytes[op++] = (rest % 128) | 0x80;
    rest = Math.floor(rest / 128);
  }
  while (rest >= 0x80) {
    bytes[op++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[op++] = rest;
  return op;
}

/** Writes an int64; returns the position behind it. */
export function putInt64(bytes: Uint8Array, at: number, value: number): number {
  if (value >= 0) return putVarint(bytes, at, value);
  let rest = -(value + 1);
  for (let i = 0; i < 9; i++) {
    bytes[at + i] = (~(rest % 128) & 0x7f) | 0x80;
    rest = Math.floor(rest / 128);
  }
  bytes[at + 9] = 1;
  return at + 10;
}

function corrupt(what: string, at: number): WireError {
  return new WireError('corrupt', `malformed protobuf: ${what} at byte ${at}`);
}
