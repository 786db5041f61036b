/**
 * The values that a field of a protobuf message can have, besides messages: how each is read and
 * written, for the tables of schema.ts.
 *
 *     here           in .proto                       a value is
 *     uint           uint32, uint64                  a whole number ≥ 0
 *     int            int32, int64                    a whole number
 *     exactInt       int32, int64                    a whole number, or a bigint beyond ±2^53
 *     sint           sint32, sint64                  a whole number
 *     enumeration    enum                            one of its names
 *     bool           bool                            true or false
 *     fixed32        fixed32                         a whole number ≥ 0
 *     fixed64        fixed64                         a whole number ≥ 0
 *     sfixed64       sfixed64                        a whole number
 *     bigFixed64     fixed64                         a bigint, exact
 *     unixNano       fixed64 of ns since 1970        whole ms since 1970, exact
 *     float, double  float, double                   a number; a NaN may lose its bits
 *     string         string                          text
 *     binary         bytes                           a view of what is read
 *
 * Varints beyond ±2^53 are refused, fixed ones rounded, but for `bigFixed64` and `exactInt`, which
 * are exact.
 * Source: https://protobuf.dev/programming-guides/encoding/
 */
import type { ProtoReader } from './reader.ts';
import { BYTES, FIXED32, FIXED64, VARINT } from './wire-format.ts';
import type { ProtoWriter } from './writer.ts';

export interface Scalar<Value> {
  readonly wireType: typeof VARINT | typeof FIXED64 | typeof BYTES | typeof FIXED32;
  /** The value of an absent field. */
  readonly initial: Value;
  /** @throws WireError where the bytes end before the value */
  read(reader: ProtoReader): Value;
  /** @throws RangeError for a value that the field cannot have, which is a bug of the caller */
  write(writer: ProtoWriter, value: Value): void;
}

const TWO_22 = 2 ** 22;
const TWO_32 = 2 ** 32;
/** The largest numbers of JavaScript that an int64 and a uint64 hold. */
const INT_MAX = 2 ** 63 - 1_024;
const UINT_MAX = 2 ** 64 - 2_048;
/** The last whole ms whose ns 64 bits hold, in the year 2554. */
const UNIX_MS_MAX = 18_446_744_073_709;
const EMPTY = new Uint8Array(0);

export const uint: Scalar<number> = {
  wireType: VARINT,
  initial: 0,
  read: (reader) => reader.uint64(),
  write: (writer, value) => writer.varint(clampWhole(value, 0, UINT_MAX)),
};

export const int: Scalar<number> = {
  wireType: VARINT,
  initial: 0,
  read: (reader) => reader.int64(),
  write: (writer, value) => writer.int64(clampWhole(value, -INT_MAX, INT_MAX)),
};

/** Exact over all of 64 bits; a number where it can be one. */
export const exactInt: Scalar<number | bigint> = {
  wireType: VARINT,
  initial: 0,
  read: (reader) => {
    const exact = reader.bigInt64();
    const value = Number(exact);
    return Number.isSafeInteger(value) ? value : exact;
  },
  write: (writer, value) => {
    if (typeof value === 'number') return int.write(writer, value);
    writer.reserve(10);
    for (let rest = BigInt.asUintN(64, value); ; rest >>= 7n) {
      const isLast = rest < 0x80n;
      writer.bytes[writer.length++] = Number(rest & 0x7fn) | (isLast ? 0 : 0x80);
      if (isLast) return;
    }
  },
};

export const sint: Scalar<number> = {
  wireType: VARINT,
  initial: 0,
  read: (reader) => reader.sint64(),
  write: (writer, value) => writer.sint64(clampWhole(value, -INT_MAX, INT_MAX)),
};

export const bool: Scalar<boolean> = {
  wireType: VARINT,
  initial: false,
  read: (reader) => reader.varint() !== 0,
  write: (writer, value) => writer.varint(value ? 1 : 0),
};

/**
 * An enum whose values count from 0. A number without a name comes from a newer schema and is read
 * as the first name, which in proto3 means "unspecified".
 */
export function enumeration<const Name extends string>(
  names: readonly [Name, ...Name[]],
): Scalar<Name> {
  return {
    wireType: VARINT,
    initial: names[0],
    read: (reader) => names[reader.varint()] ?? names[0],
    write: (writer, value) => writer.varint(clampWhole(names.indexOf(value), 0, UINT_MAX)),
  };
}

export const fixed32: Scalar<number> = {
  wireType: FIXED32,
  initial: 0,
  read: (reader) => reader.uint32At(reader.fixed32At()),
  write: (writer, value) => writer.uint32(clampWhole(value, 0, TWO_32 - 1)),
};

export const fixed64: Scalar<number> = {
  wireType: FIXED64,
  initial: 0,
  read: (reader) => {
    const at = reader.fixed64At();
    return reader.uint32At(at + 4) * TWO_32 + reader.uint32At(at);
  },
  write: (writer, value) => writeWords(writer, clampWhole(value, 0, UINT_MAX)),
};

export const sfixed64: Scalar<number> = {
  wireType: FIXED64,
  initial: 0,
  read: (reader) => {
    const at = reader.fixed64At();
    return (reader.uint32At(at + 4) | 0) * TWO_32 + reader.uint32At(at);
  },
  write: (writer, value) => writeWords(writer, clampWhole(value, -INT_MAX, INT_MAX)),
};

export const bigFixed64: Scalar<bigint> = {
  wireType: FIXED64,
  initial: 0n,
  read: (reader) => {
    const at = reader.fixed64At();
    return (BigInt(reader.uint32At(at + 4)) << 32n) | BigInt(reader.uint32At(at));
  },
  write: (writer, value) => {
    if (value < 0n || value >> 64n !== 0n)
      throw new RangeError(`BUG: ${value} is no number of 64 bits`);
    writer.uint32(Number(value & 0xffff_ffffn));
    writer.uint32(Number(value >> 32n));
  },
};

/** Nanoseconds on the wire; a fraction of a millisecond is cut off when it is read. */
export const unixNano: Scalar<number> = {
  wireType: FIXED64,
  initial: 0,
  read: (reader) => {
    const at = reader.fixed64At();
    const high = reader.uint32At(at + 4);
    // 2^32 ns are 4,294 ms and 967,296 ns, so that no intermediate number is above 2^53.
    return high * 4_294 + Math.floor((high * 967_296 + reader.uint32At(at)) / 1_000_000);
  },
  write: (writer, value) => {
    const ms = clampWhole(value, 0, UNIX_MS_MAX);
    // In parts of 22 bits, since the product is above 2^53.
    const upper = Math.floor(ms / TWO_22) * 1_000_000;
    const lower = (upper % 1_024) * TWO_22 + (ms % TWO_22) * 1_000_000;
    writer.uint32(lower % TWO_32);
    writer.uint32(Math.floor(upper / 1_024) + Math.floor(lower / TWO_32));
  },
};

export const float: Scalar<number> = {
  wireType: FIXED32,
  initial: 0,
  read: (reader) => reader.float(),
  write: (writer, value) => writer.float(value),
};

export const double: Scalar<number> = {
  wireType: FIXED64,
  initial: 0,
  read: (reader) => reader.double(),
  write: (writer, value) => writer.double(value),
};

/** Text; the reader refuses bytes that are not UTF-8. */
export const string: Scalar<string> = {
  wireType: BYTES,
  initial: '',
  read: (reader) => reader.string(),
  write: (writer, value) => writeBytes(writer, Buffer.from(value)),
};

/** A view of the bytes that are read: copy it to keep it longer than those. */
export const binary: Scalar<Uint8Array> = {
  wireType: BYTES,
  initial: EMPTY,
  read: (reader) => reader.binary(),
  write: writeBytes,
};

function writeBytes(writer: ProtoWriter, bytes: Uint8Array): void {
  writer.varint(bytes.length);
  writer.raw(bytes);
}

/** Writes two's complement in two 32-bit words. */
function writeWords(writer: ProtoWriter, value: number): void {
  const high = Math.floor(value / TWO_32);
  writer.uint32(value - high * TWO_32);
  writer.uint32(high >>> 0);
}

/**
 * Clamps a number to what the field can hold. Numbers near the limits of 64 bits are rounded
 * anyway, and a number that came from elsewhere must not fail a message.
 *
 * @throws RangeError for a fraction, NaN or an infinity, or below 0 for an unsigned field
 */
function clampWhole(value: number, least: number, most: number): number {
  if (!Number.isInteger(value) || (value < 0 && least === 0))
    throw new RangeError(`BUG: ${value} is not a value of this field`);
  return Math.min(most, Math.max(least, value));
}
