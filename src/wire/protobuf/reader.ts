/**
 * A cursor over the fields of protobuf messages, for readers that are written by hand. No schema (that is schema.ts), no
 * groups. int64 and uint64 are JavaScript numbers: exact to ±2^53, rounded beyond (no timestamp in ms gets there).
 * Source: https://protobuf.dev/programming-guides/encoding/
 */
import { WireError } from '../errors.ts';
import { BYTES, FIXED32, FIXED64, VARINT } from './wire-format.ts';

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

function corrupt(what: string, at: number): WireError {
  return new WireError('corrupt', `malformed protobuf: ${what} at byte ${at}`);
}
