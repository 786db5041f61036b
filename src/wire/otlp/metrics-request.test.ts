import assert from 'node:assert/strict';
import { test } from 'node:test';
import { skipWithoutConformance } from '../../../test/kit/conformance.ts';
import { readFieldNumbers } from '../../../test/kit/proto-files.ts';
import { decodeMessage } from '../protobuf/decode.ts';
import { encodeMessage } from '../protobuf/encode.ts';
import { bigFixed64, unixNano } from '../protobuf/scalars.ts';
import { defineMessage, field, type Message } from '../protobuf/schema.ts';
import { METRICS_REQUEST, METRICS_RESPONSE } from './metrics-request.ts';

/** The names in the tables are ours where they say more: the official name of each. */
const NAMES: Readonly<Record<string, string>> = {
  startMs: 'start_time_unix_nano',
  timeMs: 'time_unix_nano',
  temporality: 'aggregation_temporality',
  points: 'data_points',
  exponential: 'exponential_histogram',
  text: 'string_value',
  boolean: 'bool_value',
  whole: 'int_value',
  list: 'array_value',
  map: 'kvlist_value',
  bytes: 'bytes_value',
  int: 'as_int',
};

const SERVICE = 'collector/metrics/v1/metrics_service.proto';
const FILES: Readonly<Record<string, string>> = {
  ExportMetricsServiceRequest: SERVICE,
  ExportMetricsServiceResponse: SERVICE,
  ExportMetricsPartialSuccess: SERVICE,
  Resource: 'resource/v1/resource.proto',
  InstrumentationScope: 'common/v1/common.proto',
  AnyValue: 'common/v1/common.proto',
  KeyValue: 'common/v1/common.proto',
  ArrayValue: 'common/v1/common.proto',
  KeyValueList: 'common/v1/common.proto',
};

/** Messages within messages, whose numbers are read here by hand. */
const WITHIN = new Set(['Buckets', 'ValueAtQuantile']);

test('the tables have the numbers of the published .proto files', { skip: skipWithoutConformance }, () => {
  const seen = new Set<string>();
  const check = (message: Message<object>): void => {
    if (seen.has(message.name)) return;
    seen.add(message.name);
    const file = FILES[message.name] ?? 'metrics/v1/metrics.proto';
    const numbers = WITHIN.has(message.name) ? undefined : readFieldNumbers(file, message.name);
    for (const { key, member, number, shape } of message.slots) {
      const name = nameOf(message.name, member ?? key);
      if (numbers !== undefined) assert.equal(number, numbers.get(name), `${message.name}.${name}`);
      if ('message' in shape) check(shape.message());
    }
  };
  check(METRICS_REQUEST);
  check(METRICS_RESPONSE);
  assert.equal(seen.size, 24, [...seen].join());
}); // prettier-ignore

function nameOf(message: string, name: string): string {
  if (name === 'double') return message === 'AnyValue' ? 'double_value' : 'as_double';
  return NAMES[name] ?? name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

const IN_MS = defineMessage('Time', { at: field(1, unixNano) });
const IN_NS = defineMessage('Time', { at: field(1, bigFixed64) });

test('a time in ms is written as exact nanoseconds, and read back', () => {
  for (const ms of [1, 999, 4_294, 4_295, 1_700_000_000_123, 1_764_184_000_999, 18_446_744_073_709]) {
    const bytes = encodeMessage(IN_MS, { at: ms });
    assert.equal(decodeMessage(IN_NS, bytes).at, BigInt(ms) * 1_000_000n, String(ms));
    assert.equal(decodeMessage(IN_MS, bytes).at, ms);
  }
}); // prettier-ignore

test('a fraction of a millisecond is cut off', () => {
  for (const [ns, ms] of [
    [1_700_000_000_123_999_999n, 1_700_000_000_123],
    [999_999n, 0],
    [2n ** 64n - 1n, 18_446_744_073_709],
  ] as const)
    assert.equal(decodeMessage(IN_MS, encodeMessage(IN_NS, { at: ns })).at, ms);
});
