/**
 * A request of OTLP from protobuf to JSON, by the rules of protobuf's JSON mapping as OTLP changes
 * them: whole numbers of 64 bits are texts, enums numbers, keys camelCase, ids hexadecimal. Fields
 * that the tables do not know are left out, as JSON has no place for them. Pure.
 * Source: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding,
 * https://github.com/open-telemetry/opentelemetry-proto/tree/main/opentelemetry/proto
 */
import { ProtoReader } from '../protobuf/reader.ts';
import { BYTES } from '../protobuf/wire-format.ts';
import type { OtlpSignal } from './cutting.ts';
import {
  type JsonField,
  type JsonMessage,
  type JsonScalar,
  METRICS_JSON,
  TRACES_JSON,
} from './json-fields.ts';

type Json = Record<string, unknown>;

const REQUESTS = { metrics: METRICS_JSON, traces: TRACES_JSON } as const;

interface NamedField {
  readonly name: string;
  readonly field: JsonField;
}

/** The fields of each message by their numbers, made when a message is first met. */
const byNumber = new WeakMap<JsonMessage, ReadonlyMap<number, NamedField>>();

function fieldsOf(message: JsonMessage): ReadonlyMap<number, NamedField> {
  let fields = byNumber.get(message);
  if (fields === undefined) {
    const made = new Map<number, NamedField>();
    // The name of OTLP's JSON comes first; the one of .proto stays behind it.
    for (const [name, field] of message)
      if (!made.has(field.number)) made.set(field.number, { name, field });
    byNumber.set(message, (fields = made));
  }
  return fields;
}

/** Deeper values of attributes are left out. */
const DEPTH_MAX = 64;

/** The request in JSON, as UTF-8. @throws WireError for malformed bytes */
export function formatRequestJson(signal: OtlpSignal, request: Uint8Array): Buffer {
  const reader = new ProtoReader(request);
  return Buffer.from(JSON.stringify(readObject(reader, REQUESTS[signal], 0)));
}

function readObject(reader: ProtoReader, message: JsonMessage, depth: number): Json {
  const fields = fieldsOf(message);
  const object: Json = {};
  while (reader.more()) {
    const tag = reader.tag();
    const known = fields.get(tag >>> 3);
    if (known === undefined) {
      reader.skip(tag);
      continue;
    }
    const { name, field } = known;
    const values = readValues(reader, tag, field.of, depth);
    if (!field.isRepeated) object[name] = values.at(-1);
    else if (object[name] === undefined) object[name] = values;
    else (object[name] as unknown[]).push(...values);
  }
  return object;
}

/** One value, or those of a packed list. */
function readValues(
  reader: ProtoReader,
  tag: number,
  of: JsonField['of'],
  depth: number,
): unknown[] {
  if (typeof of === 'function') {
    const outer = reader.enter();
    if (depth >= DEPTH_MAX) reader.at = reader.end;
    const object = readObject(reader, of(), depth + 1);
    reader.leave(outer);
    return [object];
  }
  if (of === 'text') return [reader.string()];
  if (of === 'hex' || of === 'base64') return [Buffer.from(reader.binary()).toString(of)];
  const kind = typeof of === 'string' ? of : 'enum';
  if ((tag & 7) !== BYTES) return [readNumber(reader, kind)];
  const values: unknown[] = [];
  const outer = reader.enter();
  while (reader.more()) values.push(readNumber(reader, kind));
  reader.leave(outer);
  return values;
}

type Numeric = Exclude<JsonScalar, 'text' | 'hex' | 'base64'> | 'enum';

function readNumber(reader: ProtoReader, kind: Numeric): boolean | number | string {
  switch (kind) {
    case 'bool':
      return reader.varint() !== 0;
    case 'double':
      return formatDouble(reader.double());
    case 'enum':
    case 'uint32':
      return reader.int64();
    case 'sint':
      return reader.sint64();
    case 'int':
      return reader.bigInt64().toString();
    case 'uint64':
      return reader.bigUint64().toString();
    case 'fixed32':
      return reader.uint32At(reader.fixed32At());
    case 'fixed64':
    case 'sfixed64': {
      const at = reader.fixed64At();
      const upper = BigInt(reader.uint32At(at + 4));
      const bits = (upper << 32n) | BigInt(reader.uint32At(at));
      return String(kind === 'fixed64' ? bits : BigInt.asIntN(64, bits));
    }
  }
}

function formatDouble(value: number): number | string {
  if (Number.isFinite(value)) return value;
  return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity';
}
