import assert from 'node:assert/strict';
import { test } from 'node:test';
import { skipWithoutConformance } from '../../../test/kit/conformance.ts';
import { readFieldNumbers } from '../../../test/kit/proto-files.ts';
import type { Message } from '../protobuf/schema.ts';
import { TRACE_REQUEST } from './trace-request.ts';

/** The names in the table are ours: the official name of each. */
const NAMES: Readonly<Record<string, string>> = {
  startUnixNano: 'start_time_unix_nano',
  endUnixNano: 'end_time_unix_nano',
  traceId: 'trace_id',
  spanId: 'span_id',
  parentSpanId: 'parent_span_id',
  resourceSpans: 'resource_spans',
  scopeSpans: 'scope_spans',
  text: 'string_value',
  boolean: 'bool_value',
  whole: 'int_value',
  double: 'double_value',
  list: 'array_value',
  map: 'kvlist_value',
  bytes: 'bytes_value',
};

const FILES: Readonly<Record<string, string>> = {
  ExportTraceServiceRequest: 'collector/trace/v1/trace_service.proto',
  Resource: 'resource/v1/resource.proto',
  AnyValue: 'common/v1/common.proto',
  KeyValue: 'common/v1/common.proto',
  ArrayValue: 'common/v1/common.proto',
  KeyValueList: 'common/v1/common.proto',
};

test('the tables have the numbers of the published .proto files', { skip: skipWithoutConformance }, () => {
  const seen = new Set<string>();
  const check = (message: Message<object>): void => {
    if (seen.has(message.name)) return;
    seen.add(message.name);
    const numbers = readFieldNumbers(FILES[message.name] ?? 'trace/v1/trace.proto', message.name);
    for (const { key, member, number, shape } of message.slots) {
      const name = member ?? key;
      assert.equal(number, numbers.get(NAMES[name] ?? name), `${message.name}.${name}`);
      if ('message' in shape) check(shape.message());
    }
  };
  check(TRACE_REQUEST);
  assert.equal(seen.size, 10, [...seen].join());
}); // prettier-ignore
