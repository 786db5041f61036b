/**
 * OTLP's requests in JSON → the same in protobuf. Unknown fields are ignored; whole numbers of 64
 * bits are numbers or texts, and exact as either; enums are numbers, or names as other readers take
 * them; ids are hexadecimal, other bytes base64. Pure.
 * Limits: messages are nested at most 64 deep.
 * Source: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding,
 * https://protobuf.dev/programming-guides/json/
 */
import { isUtf8 } from 'node:buffer';
import { WireError } from '../errors.ts';
import { writeNested } from '../protobuf/encode.ts';
import { bigFixed64 } from '../protobuf/scalars.ts';
import { FIXED32, FIXED64, tagOf, VARINT } from '../protobuf/wire-format.ts';
import { ProtoWriter } from '../protobuf/writer.ts';
import {
  type JsonField,
  type JsonMessage,
  type JsonScalar,
  METRICS_JSON,
  TRACES_JSON,
} from './json-fields.ts';

const DEPTH_MAX = 64;
const REQUESTS = { metrics: METRICS_JSON, traces: TRACES_JSON } as const;

/**
 * Encodes a request in protobuf, in one go.
 *
 * @throws WireError for what is no JSON, or has a value that its field can't have
 */
export function encodeJsonRequest(signal: 'metrics' | 'traces', body: Buffer): Buffer {
  const value = parseJson(body);
  if (!isObject(value)) throw makeError('a request is an object');
  const writer = new ProtoWriter(Math.max(1_024, body.length >> 1));
  writeMessage(writer, REQUESTS[signal], value, 0);
  const { buffer, byteOffset, length } = writer.written();
  return Buffer.from(buffer, byteOffset, length);
}

/** A whole number that JavaScript may round: it becomes a text, which means the same. */
const LONG_NUMBER = /[:,[\s]-?\d{16}/;
/** A string that does not end is matched up to the end: no part is looked at twice. */
const STRING_OR_LONG = /"[^"\\]*(?:\\[^]?[^"\\]*)*"?|-?(?<![\d.])\d{16,}(?![\d.eE])/g;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const BRACKET = 0x5b;
const BRACE = 0x7b;
/** A request of 20 MiB has half as many. Each costs up to 100 bytes, whatever its length. */
const VALUES_MAX = 2_000_000;

/**
 * Memory that runs out within JSON.parse ends the process, not the thread, so what it will need is
 * bounded before.
 */
function hasTooManyValues(body: Buffer): boolean {
  if (body.length <= VALUES_MAX) return false;
  let values = 0;
  let isText = false;
  for (let at = 0; at < body.length; at++) {
    const byte = body[at];
    if (byte === QUOTE) isText = !isText;
    else if (isText) at += byte === BACKSLASH ? 1 : 0;
    else if (byte === COMMA || byte === BRACKET || byte === BRACE) values += 1;
  }
  return values > VALUES_MAX;
}

function parseJson(body: Buffer): unknown {
  if (!isUtf8(body)) throw makeError('it is not UTF-8');
  if (hasTooManyValues(body))
    throw makeError(`it has more than ${VALUES_MAX} values; send less at a time`);
  const text = body.toString('utf8');
  const exact = LONG_NUMBER.test(text)
    ? text.replaceAll(STRING_OR_LONG, (token) => (token.startsWith('"') ? token : `"${token}"`))
    : text;
  try {
    return JSON.parse(exact);
  } catch (error) {
    // The message of the parser quotes the body, which is the sender's.
    throw new WireError('corrupt', 'malformed JSON', { cause: error });
  }
}

type JsonObject = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function writeMessage(
  writer: ProtoWriter,
  message: JsonMessage,
  value: JsonObject,
  depth: number,
): void {
  if (depth > DEPTH_MAX)
    throw new WireError('too_large', `malformed JSON: nested deeper than ${DEPTH_MAX}`);
  for (const key of Object.keys(value)) {
    const field = message.get(key);
    const given = value[key];
    // In JSON of protobuf, null is what is absent.
    if (field === undefined || given === null) continue;
    if (!field.isRepeated) writeField(writer, key, field, given, depth);
    else if (Array.isArray(given))
      for (const element of given) writeField(writer, key, field, element, depth);
    else throw makeError(`"${key}" is not a list`);
  }
}

function writeField(
  writer: ProtoWriter,
  key: string,
  { number, of }: JsonField,
  value: unknown,
  depth: number,
): void {
  if (typeof of === 'function') {
    if (!isObject(value)) throw makeError(`"${key}" is not an object`);
    writeNested(writer, number, () => writeMessage(writer, of(), value, depth + 1));
  } else if (typeof of === 'string') writeScalar(writer, key, number, of, value);
  else writeVarint(writer, number, readEnum(key, of, value));
}

function writeScalar(
  writer: ProtoWriter,
  key: string,
  number: number,
  of: JsonScalar,
  value: unknown,
): void {
  switch (of) {
    case 'text':
      if (typeof value !== 'string') throw makeError(`"${key}" is not a text`);
      writer.string(number, value);
      return;
    case 'hex':
    case 'base64':
      writer.field(number, readBytes(key, of, value));
      return;
    case 'bool':
      if (typeof value !== 'boolean') throw makeError(`"${key}" is neither true nor false`);
      writeVarint(writer, number, value ? 1n : 0n);
      return;
    case 'double':
      writer.varint(tagOf(number, FIXED64));
      writer.double(readDouble(key, value));
      return;
    case 'int':
    case 'uint32':
    case 'uint64':
      writeVarint(writer, number, readWhole(key, of, value));
      return;
    case 'sint': {
      const whole = readWhole(key, of, value);
      writeVarint(writer, number, whole < 0n ? -2n * whole - 1n : 2n * whole);
      return;
    }
    case 'fixed32':
      writer.varint(tagOf(number, FIXED32));
      writer.uint32(Number(readWhole(key, of, value)));
      return;
    case 'fixed64':
    case 'sfixed64':
      writer.varint(tagOf(number, FIXED64));
      bigFixed64.write(writer, BigInt.asUintN(64, readWhole(key, of, value)));
  }
}

/** Negative numbers are ten bytes of two's complement, as an int64. */
function writeVarint(writer: ProtoWriter, number: number, value: bigint): void {
  writer.varint(tagOf(number, VARINT));
  let rest = BigInt.asUintN(64, value);
  while (rest > 0x7f_ffff_ffffn) {
    writer.raw(Uint8Array.of(Number(rest & 0x7fn) | 0x80));
    rest >>= 7n;
  }
  writer.varint(Number(rest));
}

const SIGNED_64 = { least: -(2n ** 63n), most: 2n ** 63n - 1n };
const UNSIGNED_64 = { least: 0n, most: 2n ** 64n - 1n };
const UNSIGNED_32 = { least: 0n, most: 2n ** 32n - 1n };

/** What fits: any other number would come out as another one. */
const RANGES = {
  int: SIGNED_64,
  sfixed64: SIGNED_64,
  uint64: UNSIGNED_64,
  fixed64: UNSIGNED_64,
  uint32: UNSIGNED_32,
  fixed32: UNSIGNED_32,
  sint: { least: -(2n ** 31n), most: 2n ** 31n - 1n },
} as const;

function readWhole(key: string, of: keyof typeof RANGES, value: unknown): bigint {
  const isWhole =
    typeof value === 'number' ? Number.isInteger(value) : /^-?\d{1,20}$/.test(String(value));
  if (!isWhole || (typeof value !== 'number' && typeof value !== 'string'))
    throw makeError(`"${key}" is not a whole number`);
  const whole = BigInt(value);
  const { least, most } = RANGES[of];
  if (whole < least || whole > most) throw makeError(`"${key}" is not from ${least} to ${most}`);
  return whole;
}

function readEnum(key: string, names: readonly string[], value: unknown): bigint {
  const index = typeof value === 'string' ? names.indexOf(value) : -1;
  return index < 0 ? readWhole(key, 'sint', value) : BigInt(index);
}

const NOT_FINITE: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity,
  '-Infinity': -Infinity,
};

function readDouble(key: string, value: unknown): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'string' && Object.hasOwn(NOT_FINITE, value))
    return NOT_FINITE[value] ?? Number.NaN;
  if (typeof value === 'string' && /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(value))
    return Number(value);
  throw makeError(`"${key}" is not a number`);
}

/** Base64 of both alphabets, with padding or without. */
const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;
const HEX = /^(?:[0-9a-fA-F]{2})*$/;

function readBytes(key: string, of: 'hex' | 'base64', value: unknown): Buffer {
  if (typeof value === 'string' && (of === 'hex' ? HEX : BASE64).test(value))
    return Buffer.from(value, of);
  throw makeError(`"${key}" is not ${of === 'hex' ? 'hexadecimal' : 'base64'}`);
}

function makeError(what: string): WireError {
  return new WireError('corrupt', `malformed JSON of OTLP: ${what}`);
}
