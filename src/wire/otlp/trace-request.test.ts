import assert from 'node:assert/strict';
import { test } from 'node:test';
import { skipWithoutConformance } from '../../../test/kit/conformance.ts';
import { readFieldNumbers } from '../../../test/kit/proto-files.ts';
import { decodeMessage } from '../protobuf/decode.ts';
import { encodeMessage } from '../protobuf/encode.ts';
import type { Message } from '../protobuf/schema.ts';
import { makeSpan, makeTraceRequest } from '../../../test/kit/spans.ts';
import { TRACE_REQUEST } from './trace-request.ts';

/** The names in the table are ours: the official name of each. */
const NAMES: Readonly<Record<string, string>> = {
  droppedAttributesCount: 'dropped_attributes_count',
  droppedEventsCount: 'dropped_events_count',
  droppedLinksCount: 'dropped_links_count',
  timeUnixNano: 'time_unix_nano',
  traceState: 'trace_state',
  schemaUrl: 'schema_url',
  entityRefs: 'entity_refs',
  idKeys: 'id_keys',
  descriptionKeys: 'description_keys',
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
  InstrumentationScope: 'common/v1/common.proto',
  EntityRef: 'common/v1/common.proto',
};

test('the tables have the fields of the published .proto files, and their numbers', { skip: skipWithoutConformance }, () => {
  const seen = new Set<string>();
  const check = (message: Message<object>): void => {
    if (seen.has(message.name)) return;
    seen.add(message.name);
    const numbers = readFieldNumbers(FILES[message.name] ?? 'trace/v1/trace.proto', message.name);
    const own = message.slots.map(({ number }) => number);
    const lacking = [...numbers].filter(([, number]) => !own.includes(number));
    // Those of AnyValue and KeyValue that the published files have and traces never do.
    const ofProfiles = lacking.filter(([name]) => name.endsWith('_strindex'));
    assert.deepEqual(lacking, ofProfiles, message.name);
    for (const { key, member, number, shape } of message.slots) {
      const name = member ?? key;
      assert.equal(number, numbers.get(NAMES[name] ?? name), `${message.name}.${name}`);
      if ('message' in shape) check(shape.message());
    }
  };
  check(TRACE_REQUEST);
  assert.equal(seen.size, 14, [...seen].join());
}); // prettier-ignore

test('a whole number beyond 2^53 stays exact, and a small one is a number', () => {
  for (const value of [0, -1, 2 ** 53 - 1, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n + 1n]) {
    const span = makeSpan({ attributes: [{ key: 'n', value: { value: { is: 'whole', value } } }] });
    const bytes = encodeMessage(TRACE_REQUEST, makeTraceRequest([span]));
    const [resource] = decodeMessage(TRACE_REQUEST, bytes).resourceSpans;
    assert.deepEqual(resource?.scopeSpans[0]?.spans[0]?.attributes, span.attributes);
  }
});

test('fields of a newer schema survive decoding and encoding', () => {
  const bytes = Buffer.from(encodeMessage(TRACE_REQUEST, makeTraceRequest([makeSpan({})])));
  // Field 999 as a varint and field 1000 as bytes, behind those of the request.
  const newer = Buffer.concat([bytes, Buffer.from('b83e07c23e026869', 'hex')]);
  const decoded = decodeMessage(TRACE_REQUEST, newer, { keepsUnknown: true });
  assert.deepEqual(Buffer.from(encodeMessage(TRACE_REQUEST, { ...decoded })), newer);
  const skipped = decodeMessage(TRACE_REQUEST, newer);
  assert.deepEqual(Buffer.from(encodeMessage(TRACE_REQUEST, skipped)), bytes);
});
