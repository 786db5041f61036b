/**
 * CBOR, as far as Smithy's RPC v2 needs it: texts, numbers, booleans, null, byte strings, lists,
 * maps with text keys, and times, which are numbers of seconds under tag 1. Lists and maps of
 * indefinite length are read and never written. A number of JavaScript is written as a double, a
 * bigint as an integer. Pure.
 * Limits: NESTING_MAX levels and ITEMS_MAX items, else WireError.
 * Source: RFC 8949, https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html
 */
import { WireError } from './errors.ts';

/** A time, seconds since 1970; in JSON it is the number. */
export class EpochTime {
  readonly seconds: number;
  constructor(seconds: number) {
    this.seconds = seconds;
  }
  toJSON(): number {
    return this.seconds;
  }
}

const NESTING_MAX = 64;
const ITEMS_MAX = 1_000_000;

/** The kinds of items, which are the three high bits of the first byte. */
const UNSIGNED = 0;
const NEGATIVE = 1;
const BYTES = 2;
const TEXT = 3;
const LIST = 4;
const MAP = 5;
const TAG = 6;
const TIME_TAG = 1;
const BREAK = 0xff;
const UINT32_LIMIT = 2 ** 32;

/**
 * Reads one item that takes all bytes.
 *
 * @returns  text, number, bigint beyond 2^53, boolean, null, Uint8Array, array, object without a
 *           prototype, or EpochTime; undefined of CBOR is null
 * @throws   WireError for bytes that are no such item
 */
export function decodeCbor(bytes: Uint8Array): unknown {
  const reader = new CborReader(bytes);
  const value = reader.item(0);
  reader.finish();
  return value;
}

class CborReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;
  #items = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  finish(): void {
    if (this.#at !== this.#bytes.length) throw corrupt('bytes follow the item');
  }

  item(depth: number): unknown {
    this.#items += 1;
    if (depth > NESTING_MAX || this.#items > ITEMS_MAX)
      throw new WireError('too_large', 'the CBOR item is nested too deep or has too many items');
    const first = this.#byte();
    const kind = first >> 5;
    const info = first & 0x1f;
    switch (kind) {
      case UNSIGNED:
        return narrow(this.#argument(info));
      case NEGATIVE:
        return narrow(-1n - this.#argument(info));
      case BYTES:
        return this.#take(info);
      case TEXT:
        return this.#text(info);
      case LIST:
        return this.#list(info, depth);
      case MAP:
        return this.#map(info, depth);
      case TAG:
        return this.#tagged(info, depth);
      default:
        return this.#simple(info);
    }
  }

  #byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw corrupt('the item is cut off');
    this.#at += 1;
    return byte;
  }

  #argument(info: number): bigint {
    if (info < 24) return BigInt(info);
    const size = 2 ** (info - 24);
    if (info > 27) throw corrupt('an item has no length of this form');
    this.#need(size);
    const at = this.#at;
    this.#at += size;
    if (size === 8) return this.#view.getBigUint64(at);
    if (size === 4) return BigInt(this.#view.getUint32(at));
    return BigInt(size === 2 ? this.#view.getUint16(at) : this.#view.getUint8(at));
  }

  #need(size: number): void {
    if (this.#at + size > this.#bytes.length) throw corrupt('the item is cut off');
  }

  /** @returns undefined for an indefinite length */
  #length(info: number): number | undefined {
    if (info === 31) return undefined;
    const length = Number(this.#argument(info));
    // Each item takes at least a byte, so that a longer one cannot be whole.
    this.#need(length);
    return length;
  }

  #take(info: number): Uint8Array {
    const length = this.#length(info);
    if (length === undefined) throw corrupt('a string of indefinite length');
    const taken = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return taken;
  }

  #text(info: number): string {
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(this.#take(info));
    } catch (error) {
      if (error instanceof WireError) throw error;
      throw corrupt('a text is not UTF-8');
    }
  }

  /** Whether another item of a list or map follows. */
  #hasMore(index: number, length: number | undefined): boolean {
    if (length !== undefined) return index < length;
    if (this.#bytes[this.#at] !== BREAK) return true;
    this.#at += 1;
    return false;
  }

  #list(info: number, depth: number): unknown[] {
    const length = this.#length(info);
    const list: unknown[] = [];
    while (this.#hasMore(list.length, length)) list.push(this.item(depth + 1));
    return list;
  }

  #map(info: number, depth: number): Record<string, unknown> {
    const length = this.#length(info);
    const map: Record<string, unknown> = Object.create(null);
    for (let index = 0; this.#hasMore(index, length); index++) {
      const key = this.item(depth + 1);
      if (typeof key !== 'string') throw corrupt('a key of a map is no text');
      map[key] = this.item(depth + 1);
    }
    return map;
  }

  #tagged(info: number, depth: number): unknown {
    const tag = Number(this.#argument(info));
    const value = this.item(depth + 1);
    if (tag !== TIME_TAG) return value;
    if (typeof value !== 'number') throw corrupt('a time is no number');
    return new EpochTime(value);
  }

  #simple(info: number): unknown {
    switch (info) {
      case 20:
        return false;
      case 21:
        return true;
      case 22:
      case 23:
        return null;
      case 25:
        this.#need(2);
        this.#at += 2;
        return readHalf(this.#view.getUint16(this.#at - 2));
      case 26:
        this.#need(4);
        this.#at += 4;
        return this.#view.getFloat32(this.#at - 4);
      case 27:
        this.#need(8);
        this.#at += 8;
        return this.#view.getFloat64(this.#at - 8);
      default:
        throw corrupt(`a simple value ${info}`);
    }
  }
}

/** A float of 16 bits. */
function readHalf(bits: number): number {
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  const size =
    exponent === 0
      ? fraction * 2 ** -24
      : exponent === 31
        ? fraction === 0
          ? Infinity
          : NaN
        : (1 + fraction / 1024) * 2 ** (exponent - 15);
  return bits & 0x8000 ? -size : size;
}

function narrow(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function corrupt(what: string): WireError {
  return new WireError('corrupt', `CBOR: ${what}`);
}

/**
 * Writes a value of the kinds that `decodeCbor` returns. Members of objects that are undefined are
 * left out.
 */
export function encodeCbor(value: unknown): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  write(value, parts);
  return Buffer.concat(parts);
}

function write(value: unknown, parts: Uint8Array[]): void {
  if (value === null || value === undefined) parts.push(Uint8Array.of(0xf6));
  else if (typeof value === 'boolean') parts.push(Uint8Array.of(value ? 0xf5 : 0xf4));
  else if (typeof value === 'number') parts.push(writeDouble(value));
  else if (typeof value === 'bigint')
    parts.push(value < 0n ? writeHead(NEGATIVE, -1n - value) : writeHead(UNSIGNED, value));
  else if (typeof value === 'string') {
    const text = Buffer.from(value);
    parts.push(writeHead(TEXT, text.length), text);
  } else if (value instanceof Uint8Array) parts.push(writeHead(BYTES, value.length), value);
  else if (value instanceof EpochTime)
    parts.push(writeHead(TAG, TIME_TAG), writeDouble(value.seconds));
  else if (Array.isArray(value)) {
    parts.push(writeHead(LIST, value.length));
    for (const one of value) write(one, parts);
  } else writeMap(value, parts);
}

function writeMap(value: object, parts: Uint8Array[]): void {
  const entries = Object.entries(value).filter(([, one]) => one !== undefined);
  parts.push(writeHead(MAP, entries.length));
  for (const [key, one] of entries) {
    write(key, parts);
    write(one, parts);
  }
}

function writeDouble(value: number): Uint8Array {
  const bytes = new Uint8Array(9);
  bytes[0] = 0xfb;
  new DataView(bytes.buffer).setFloat64(1, value);
  return bytes;
}

function writeHead(kind: number, argument: number | bigint): Uint8Array {
  const first = kind << 5;
  if (argument < 24) return Uint8Array.of(first | Number(argument));
  const size = argument < 256 ? 1 : argument < 65_536 ? 2 : argument < UINT32_LIMIT ? 4 : 8;
  const bytes = new Uint8Array(1 + size);
  const view = new DataView(bytes.buffer);
  bytes[0] = first | (24 + Math.log2(size));
  if (size === 1) view.setUint8(1, Number(argument));
  else if (size === 2) view.setUint16(1, Number(argument));
  else if (size === 4) view.setUint32(1, Number(argument));
  else view.setBigUint64(1, BigInt(argument));
  return bytes;
}
