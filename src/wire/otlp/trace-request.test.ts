import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { conformancePath, skipWithoutConformance } from '../../../test/kit/conformance.ts';
import type { Message } from '../protobuf/schema.ts';
import { TRACE_REQUEST } from './trace-request.ts';

const PROTO = ['otlp', 'proto', 'opentelemetry', 'proto'];

/** Field numbers of a message by name, out of a .proto file; those of messages within it not. */
function readNumbers(file: string, message: string): Map<string, number> {
  const text = readFileSync(conformancePath(...PROTO, ...file.split('/')), 'utf8');
  const lines = text.replaceAll(/\/\/.*$/gm, '').split('\n');
  const from = lines.findIndex((line) => line.trim() === `message ${message} {`);
  assert.ok(from >= 0, message);
  const numbers = new Map<string, number>();
  const open: string[] = [];
  for (const line of lines.slice(from)) {
    const block = /^\s*(message|enum|oneof)\s+\w+\s*\{/.exec(line)?.[1];
    if (block !== undefined) open.push(block);
    const [, name = '', number] = /^\s*(?:repeated )?[\w.]+ (\w+) = (\d+)/.exec(line) ?? [];
    const isOwn = open.slice(1).every((kind) => kind === 'oneof');
    if (number !== undefined && isOwn) numbers.set(name, Number(number));
    if (line.trim().startsWith('}')) open.pop();
    if (open.length === 0) break;
  }
  return numbers;
}

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
    const numbers = readNumbers(FILES[message.name] ?? 'trace/v1/trace.proto', message.name);
    for (const { key, member, number, shape } of message.slots) {
      const name = member ?? key;
      assert.equal(number, numbers.get(NAMES[name] ?? name), `${message.name}.${name}`);
      if ('message' in shape) check(shape.message());
    }
  };
  check(TRACE_REQUEST);
  assert.equal(seen.size, 10, [...seen].join());
}); // prettier-ignore
