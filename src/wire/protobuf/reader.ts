/**
 * A cursor over the fields of protobuf messages, for readers that are written by hand. It knows no
 * schema (schema.ts does) and no groups. Whole numbers of 64 bits are exact or refused: beyond
 * ±2^53 a JavaScript number would be another one (no timestamp in ms and no count gets there).
 * `bigInt64` and `bigUint64` read all of them; `varint` gives the nearest number.
 * Source: https://protobuf.dev/programming-guides/encoding/
 */
import { WireError } from '../errors.ts';
import { BYTES, FIXED32, FIXED64, VARINT } from './wire-format.ts';

/** Field numbers have 29 bits. */
const TAG_MAX = 2 ** 32 - 1;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads fields from `at` to `end`. The usual loop is `while (reader.more()) switch
 * (reader.varint()) …` over tags, with `reader.skip(tag)` for unknown ones. `enter` sets `end` to
 * that of a nested message, `leave` sets it back. All reads throw WireError for malformed bytes.
 */
export class ProtoReader {
  readonly bytes: Uint8Array;
  at: number;
  end: number;
  /** Made when it is needed, since many readers read a single label and need none. */
  #lazyView: DataView | undefined;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.at = 0;
    this.end = bytes.length;
  }

  more(): boolean {
    return this.at < this.end;
  }

  /**
   * Reads an unsigned varint: tags, lengths, enums, and what becomes a float anyway. Beyond 2^53 it
   * is the nearest number.
   */
  varint(): number {
    const { bytes } = this;
    const start = this.at;
    let value = 0;
    let scale = 1;
    // The sum of eight bytes is rounded once, by its last addition; a ninth would round it again.
    for (let i = 0; i < 8; i++) {
      if (this.at >= this.end) throw makeCorruptError('a varint is cut off', this.at);
      const byte = bytes[this.at++] as number;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
    this.at = start;
    return Number(this.bigUint64());
  }

  /** Reads a uint64, exactly. */
  bigUint64(): bigint {
    let value = 0n;
    for (let i = 0n; i < 10n; i++) {
      if (this.at >= this.end) throw makeCorruptError('a varint is cut off', this.at);
      const byte = this.bytes[this.at++] as number;
      // Nine bytes hold 63 bits.
      if (i === 9n && byte > 1) throw makeCorruptError('a varint has more than 64 bits', this.at);
      value |= BigInt(byte & 0x7f) << (7n * i);
      if (byte < 0x80) break;
    }
    return value;
  }

  /** Reads an int64, exactly. */
  bigInt64(): bigint {
    return BigInt.asIntN(64, this.bigUint64());
  }

  /** Reads a uint64. @throws WireError for one above 2^53, too */
  uint64(): number {
    const start = this.at;
    const value = this.varint();
    return Number.isSafeInteger(value) ? value : refuseLarge(start);
  }

  /** Reads a tag; refuses one that no field can have. */
  tag(): number {
    const start = this.at;
    const tag = this.varint();
    if (tag < 8 || tag > TAG_MAX)
      throw makeCorruptError(`there is no field with tag ${tag}`, start);
    return tag;
  }

  /**
   * Reads an int64: negative numbers are ten bytes of two's complement.
   *
   * @throws WireError for one beyond ±2^53, too
   */
  int64(): number {
    const start = this.at;
    let value = this.varint();
    if (this.at - start === 10) {
      this.at = start;
      value = Number(this.bigInt64());
    }
    return Number.isSafeInteger(value) ? value : refuseLarge(start);
  }

  /**
   * Reads a sint64: the lowest bit is the sign, so that small numbers are short.
   *
   * @throws WireError for one beyond ±2^53, too
   */
  sint64(): number {
    const start = this.at;
    let zigzag = this.varint();
    if (Number.isSafeInteger(zigzag))
      return zigzag % 2 === 0 ? zigzag / 2 : -Math.floor(zigzag / 2) - 1;
    // Twice the number is beyond 2^53, the number itself need not be.
    this.at = start;
    const exact = this.bigUint64();
    zigzag = Number((exact & 1n) === 0n ? exact >> 1n : -(exact >> 1n) - 1n);
    return Number.isSafeInteger(zigzag) ? zigzag : refuseLarge(start);
  }

  /** Moves behind a fixed64 and returns its offset, for reading its bits. */
  fixed64At(): number {
    const at = this.at;
    if (at + 8 > this.end) throw makeCorruptError('a fixed64 is cut off', at);
    this.at = at + 8;
    return at;
  }

  /**
   * Reads a double as a number. The bits of a NaN may be lost: use `fixed64At` where they matter.
   */
  double(): number {
    return this.#view().getFloat64(this.fixed64At(), true);
  }

  /** The same as `fixed64At`, for a fixed32. */
  fixed32At(): number {
    const at = this.at;
    if (at + 4 > this.end) throw makeCorruptError('a fixed32 is cut off', at);
    this.at = at + 4;
    return at;
  }

  float(): number {
    return this.#view().getFloat32(this.fixed32At(), true);
  }

  uint32At(at: number): number {
    return this.#view().getUint32(at, true);
  }

  #view(): DataView {
    const { bytes } = this;
    return (this.#lazyView ??= new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  }

  /**
   * Moves behind the length of a length-delimited field; its bytes are from `at` to the returned
   * offset.
   */
  lengthEnd(): number {
    const end = this.varint() + this.at;
    if (end > this.end) throw makeCorruptError('a field is longer than its message', this.at);
    return end;
  }

  /** Reads the bytes of a length-delimited field, as a view. */
  binary(): Uint8Array {
    const end = this.lengthEnd();
    const start = this.at;
    this.at = end;
    return this.bytes.subarray(start, end);
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
        this.fixed32At();
        return;
      default:
        throw makeCorruptError(
          `wire type ${tag & 7} (a group, or none at all) is not read`,
          this.at,
        );
    }
  }
}

/** Strings read lately, by a hash of their bytes: names and values of labels repeat very often. */
const recent = new Array<{ readonly bytes: Uint8Array; readonly text: string } | undefined>(4_096);
const RECENT_BYTES_MAX = 64;

function readString(bytes: Uint8Array, start: number, end: number): string {
  const length = end - start;
  if (length > RECENT_BYTES_MAX) return decodeUtf8(bytes, start, end);
  let hash = length;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193);
  const index = (hash ^ (hash >>> 15)) & (recent.length - 1);
  const known = recent[index];
  if (known !== undefined && equals(known.bytes, bytes, start, length)) return known.text;
  const text = decodeUtf8(bytes, start, end);
  recent[index] = { bytes: bytes.slice(start, end), text };
  return text;
}

function equals(known: Uint8Array, bytes: Uint8Array, start: number, length: number): boolean {
  if (known.length !== length) return false;
  for (let i = 0; i < length; i++) if (known[i] !== bytes[start + i]) return false;
  return true;
}

/** The text of a whole field. @throws WireError for bytes that are not UTF-8 */
export function readUtf8(bytes: Uint8Array): string {
  return readString(bytes, 0, bytes.length);
}

function decodeUtf8(bytes: Uint8Array, start: number, end: number): string {
  try {
    return utf8.decode(bytes.subarray(start, end));
  } catch (error) {
    throw new WireError('value', `malformed protobuf: invalid UTF-8 at byte ${start}`, {
      cause: error,
    });
  }
}

function refuseLarge(at: number): never {
  const what = 'a whole number beyond ±2^53, which would be rounded,';
  throw new WireError('value', `malformed protobuf: ${what} at byte ${at}`);
}

function makeCorruptError(what: string, at: number): WireError {
  return new WireError('corrupt', `malformed protobuf: ${what} at byte ${at}`);
}
