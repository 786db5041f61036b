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

/** How a value is read, and written in JSON. */
type Scalar =
  | 'text'
  | 'hex'
  | 'base64'
  | 'bool'
  | 'double'
  | 'int32'
  | 'sint32'
  | 'int64'
  | 'uint64'
  | 'fixed32'
  | 'fixed64'
  | 'sfixed64';
/** A table of a message; a function where a message contains itself. */
type Type = Scalar | Table | (() => Table);
/** Fields by their numbers; a name with `[]` is a list. */
type Table = Readonly<Record<number, readonly [name: string, type: Type]>>;
type Json = Record<string, unknown>;

const ANY_VALUE: Table = {
  1: ['stringValue', 'text'],
  2: ['boolValue', 'bool'],
  3: ['intValue', 'int64'],
  4: ['doubleValue', 'double'],
  5: ['arrayValue', { 1: ['values[]', () => ANY_VALUE] }],
  6: ['kvlistValue', { 1: ['values[]', () => KEY_VALUE] }],
  7: ['bytesValue', 'base64'],
};
const KEY_VALUE: Table = { 1: ['key', 'text'], 2: ['value', () => ANY_VALUE] };
const RESOURCE: Table = { 1: ['attributes[]', KEY_VALUE], 2: ['droppedAttributesCount', 'int32'] };
const SCOPE: Table = {
  1: ['name', 'text'],
  2: ['version', 'text'],
  3: ['attributes[]', KEY_VALUE],
  4: ['droppedAttributesCount', 'int32'],
};

const EVENT: Table = {
  1: ['timeUnixNano', 'fixed64'],
  2: ['name', 'text'],
  3: ['attributes[]', KEY_VALUE],
  4: ['droppedAttributesCount', 'int32'],
};
const LINK: Table = {
  1: ['traceId', 'hex'],
  2: ['spanId', 'hex'],
  3: ['traceState', 'text'],
  4: ['attributes[]', KEY_VALUE],
  5: ['droppedAttributesCount', 'int32'],
  6: ['flags', 'fixed32'],
};
const SPAN: Table = {
  1: ['traceId', 'hex'],
  2: ['spanId', 'hex'],
  3: ['traceState', 'text'],
  4: ['parentSpanId', 'hex'],
  5: ['name', 'text'],
  6: ['kind', 'int32'],
  7: ['startTimeUnixNano', 'fixed64'],
  8: ['endTimeUnixNano', 'fixed64'],
  9: ['attributes[]', KEY_VALUE],
  10: ['droppedAttributesCount', 'int32'],
  11: ['events[]', EVENT],
  12: ['droppedEventsCount', 'int32'],
  13: ['links[]', LINK],
  14: ['droppedLinksCount', 'int32'],
  15: ['status', { 2: ['message', 'text'], 3: ['code', 'int32'] }],
  16: ['flags', 'fixed32'],
};

const EXEMPLAR: Table = {
  2: ['timeUnixNano', 'fixed64'],
  3: ['asDouble', 'double'],
  4: ['spanId', 'hex'],
  5: ['traceId', 'hex'],
  6: ['asInt', 'sfixed64'],
  7: ['filteredAttributes[]', KEY_VALUE],
};
const NUMBER_POINT: Table = {
  2: ['startTimeUnixNano', 'fixed64'],
  3: ['timeUnixNano', 'fixed64'],
  4: ['asDouble', 'double'],
  5: ['exemplars[]', EXEMPLAR],
  6: ['asInt', 'sfixed64'],
  7: ['attributes[]', KEY_VALUE],
  8: ['flags', 'int32'],
};
const HISTOGRAM_POINT: Table = {
  2: ['startTimeUnixNano', 'fixed64'],
  3: ['timeUnixNano', 'fixed64'],
  4: ['count', 'fixed64'],
  5: ['sum', 'double'],
  6: ['bucketCounts[]', 'fixed64'],
  7: ['explicitBounds[]', 'double'],
  8: ['exemplars[]', EXEMPLAR],
  9: ['attributes[]', KEY_VALUE],
  10: ['flags', 'int32'],
  11: ['min', 'double'],
  12: ['max', 'double'],
};
const BUCKETS: Table = { 1: ['offset', 'sint32'], 2: ['bucketCounts[]', 'uint64'] };
const EXPONENTIAL_POINT: Table = {
  1: ['attributes[]', KEY_VALUE],
  2: ['startTimeUnixNano', 'fixed64'],
  3: ['timeUnixNano', 'fixed64'],
  4: ['count', 'fixed64'],
  5: ['sum', 'double'],
  6: ['scale', 'sint32'],
  7: ['zeroCount', 'fixed64'],
  8: ['positive', BUCKETS],
  9: ['negative', BUCKETS],
  10: ['flags', 'int32'],
  11: ['exemplars[]', EXEMPLAR],
  12: ['min', 'double'],
  13: ['max', 'double'],
  14: ['zeroThreshold', 'double'],
};
const SUMMARY_POINT: Table = {
  2: ['startTimeUnixNano', 'fixed64'],
  3: ['timeUnixNano', 'fixed64'],
  4: ['count', 'fixed64'],
  5: ['sum', 'double'],
  6: ['quantileValues[]', { 1: ['quantile', 'double'], 2: ['value', 'double'] }],
  7: ['attributes[]', KEY_VALUE],
  8: ['flags', 'int32'],
};
const METRIC: Table = {
  1: ['name', 'text'],
  2: ['description', 'text'],
  3: ['unit', 'text'],
  5: ['gauge', { 1: ['dataPoints[]', NUMBER_POINT] }],
  7: [
    'sum',
    {
      1: ['dataPoints[]', NUMBER_POINT],
      2: ['aggregationTemporality', 'int32'],
      3: ['isMonotonic', 'bool'],
    },
  ],
  9: [
    'histogram',
    { 1: ['dataPoints[]', HISTOGRAM_POINT], 2: ['aggregationTemporality', 'int32'] },
  ],
  10: [
    'exponentialHistogram',
    { 1: ['dataPoints[]', EXPONENTIAL_POINT], 2: ['aggregationTemporality', 'int32'] },
  ],
  11: ['summary', { 1: ['dataPoints[]', SUMMARY_POINT] }],
  12: ['metadata[]', KEY_VALUE],
};

const REQUESTS: Readonly<Record<OtlpSignal, Table>> = {
  traces: {
    1: [
      'resourceSpans[]',
      {
        1: ['resource', RESOURCE],
        2: [
          'scopeSpans[]',
          { 1: ['scope', SCOPE], 2: ['spans[]', SPAN], 3: ['schemaUrl', 'text'] },
        ],
        3: ['schemaUrl', 'text'],
      },
    ],
  },
  metrics: {
    1: [
      'resourceMetrics[]',
      {
        1: ['resource', RESOURCE],
        2: [
          'scopeMetrics[]',
          { 1: ['scope', SCOPE], 2: ['metrics[]', METRIC], 3: ['schemaUrl', 'text'] },
        ],
        3: ['schemaUrl', 'text'],
      },
    ],
  },
};

/** Deeper values of attributes are left out. */
const DEPTH_MAX = 64;

/** The request in JSON, as UTF-8. @throws WireError for malformed bytes */
export function formatRequestJson(signal: OtlpSignal, request: Uint8Array): Buffer {
  const reader = new ProtoReader(request);
  return Buffer.from(JSON.stringify(readObject(reader, REQUESTS[signal], 0)));
}

function readObject(reader: ProtoReader, table: Table, depth: number): Json {
  const object: Json = {};
  while (reader.more()) {
    const tag = reader.tag();
    const [written = '', type] = table[tag >>> 3] ?? [];
    if (type === undefined) {
      reader.skip(tag);
      continue;
    }
    const isList = written.endsWith('[]');
    const name = isList ? written.slice(0, -2) : written;
    const values = readValues(reader, tag, type, depth);
    if (!isList) object[name] = values.at(-1);
    else (object[name] as unknown[] | undefined)?.push(...values);
    if (isList) object[name] ??= values;
  }
  return object;
}

/** One value, or those of a packed list. */
function readValues(reader: ProtoReader, tag: number, type: Type, depth: number): unknown[] {
  if (typeof type !== 'string') {
    const table = typeof type === 'function' ? type() : type;
    const outer = reader.enter();
    if (depth >= DEPTH_MAX) reader.at = reader.end;
    const object = readObject(reader, table, depth + 1);
    reader.leave(outer);
    return [object];
  }
  if (type === 'text') return [reader.string()];
  if (type === 'hex' || type === 'base64') return [Buffer.from(reader.binary()).toString(type)];
  if ((tag & 7) !== BYTES) return [readNumber(reader, type)];
  const values: unknown[] = [];
  const outer = reader.enter();
  while (reader.more()) values.push(readNumber(reader, type));
  reader.leave(outer);
  return values;
}

function readNumber(reader: ProtoReader, type: Exclude<Scalar, 'text' | 'hex' | 'base64'>) {
  switch (type) {
    case 'bool':
      return reader.varint() !== 0;
    case 'double':
      return formatDouble(reader.double());
    case 'int32':
      return reader.int64();
    case 'sint32':
      return reader.sint64();
    case 'int64':
      return String(BigInt(reader.int64()));
    case 'uint64':
      return String(BigInt(reader.varint()));
    case 'fixed32':
      return reader.uint32At(reader.fixed32At());
    case 'fixed64':
    case 'sfixed64': {
      const at = reader.fixed64At();
      const upper = BigInt(reader.uint32At(at + 4));
      const bits = (upper << 32n) | BigInt(reader.uint32At(at));
      return String(type === 'fixed64' ? bits : BigInt.asIntN(64, bits));
    }
  }
}

function formatDouble(value: number): number | string {
  if (Number.isFinite(value)) return value;
  return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity';
}
