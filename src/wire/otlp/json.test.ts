import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { conformancePath, skipWithoutConformance } from '../../../test/kit/conformance.ts';
import { readFields } from '../../../test/kit/proto-files.ts';
import { WireError } from '../errors.ts';
import { decodeMessage } from '../protobuf/decode.ts';
import { encodeJsonRequest } from './json.ts';
import { type JsonField, type JsonMessage, METRICS_JSON, TRACES_JSON } from './json-fields.ts';
import { METRICS_REQUEST } from './metrics-request.ts';
import { TRACE_REQUEST } from './trace-request.ts';

const traces = (text: string) =>
  decodeMessage(TRACE_REQUEST, encodeJsonRequest('traces', Buffer.from(text)));
const metrics = (text: string) => decodeMessage(METRICS_REQUEST, encodeJsonRequest('metrics', Buffer.from(text))); // prettier-ignore

const SERVICES = 'collector';
const KINDS: Readonly<Record<string, string>> = {
  string: 'text', bool: 'bool', double: 'double', int64: 'int', int32: 'int', uint32: 'uint32', uint64: 'uint64',
  sint32: 'sint', fixed32: 'fixed32', fixed64: 'fixed64', sfixed64: 'sfixed64',
}; // prettier-ignore

/** Files in which a message may be. */
const FILES = ['common/v1/common.proto', 'resource/v1/resource.proto', 'trace/v1/trace.proto', 'metrics/v1/metrics.proto'] as const; // prettier-ignore

function find(message: string): ReturnType<typeof readFields> | undefined {
  for (const file of FILES)
    try {
      return readFields(file, message);
    } catch {
      // In another file, or within another message.
    }
  return undefined;
}

test('each field of the published .proto files is there, with number and type', { skip: skipWithoutConformance }, () => {
  const seen = new Set<string>();
  const check = (name: string, message: JsonMessage, fields: ReturnType<typeof readFields> | undefined): void => {
    if (seen.has(name) || fields === undefined) return;
    seen.add(name);
    for (const [key, { number, type, isRepeated }] of fields) {
      // Only profiles have references to a table of strings.
      if (key.endsWith('strindex')) continue;
      const field = message.get(key);
      assert.ok(field, `${name}.${key}`);
      assert.deepEqual([field.number, field.isRepeated], [number, isRepeated], `${name}.${key}`);
      checkType(`${name}.${key}`, type, field);
      if (typeof field.of === 'function') {
        const nested = type.split('.').at(-1) ?? '';
        check(nested, field.of(), find(nested));
      }
    }
  };
  const checkType = (where: string, type: string, { of }: JsonField): void => {
    const kind = KINDS[type];
    if (kind !== undefined) assert.equal(of, kind, where);
    else if (type === 'bytes') assert.ok(of === 'hex' || of === 'base64', where);
  };
  check('ExportTraceServiceRequest', TRACES_JSON, readFields(`${SERVICES}/trace/v1/trace_service.proto`, 'ExportTraceServiceRequest'));
  check('ExportMetricsServiceRequest', METRICS_JSON, readFields(`${SERVICES}/metrics/v1/metrics_service.proto`, 'ExportMetricsServiceRequest'));
  assert.ok(seen.size > 20, [...seen].join());
}); // prettier-ignore

test('the published examples say in protobuf what they say in JSON', { skip: skipWithoutConformance }, () => {
  const read = (file: string): string => readFileSync(conformancePath('otlp', file), 'utf8');
  const [span] = traces(read('trace.json')).resourceSpans[0]?.scopeSpans[0]?.spans ?? [];
  assert.equal(span?.name, 'I\'m a server span');
  assert.equal(Buffer.from(span.traceId).toString('hex'), '5b8efff798038103d269b633813fc60c');
  assert.equal(span.startUnixNano, 1544712660000000000n);
  const all = metrics(read('metrics.json')).resourceMetrics[0]?.scopeMetrics[0]?.metrics ?? [];
  assert.deepEqual(
    all.map(({ name, data }) => [name, data?.is]),
    [['my.counter', 'sum'], ['my.gauge', 'gauge'], ['my.histogram', 'histogram'], ['my.exponential.histogram', 'exponential']],
  );
}); // prettier-ignore

const point = (fields: string) => {
  const { data } = metrics(`{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"gauge":{"dataPoints":[${fields}]}}]}]}]}`)
    .resourceMetrics[0]!.scopeMetrics[0]!.metrics[0]!;
  assert.ok(data?.is === 'gauge');
  return data.value.points[0]!;
}; // prettier-ignore

test('whole numbers are numbers or texts, exact beyond 53 bits', () => {
  const span = (time: string) =>
    traces(`{"resourceSpans":[{"scopeSpans":[{"spans":[{"startTimeUnixNano": ${time}}]}]}]}`)
      .resourceSpans[0]!.scopeSpans[0]!.spans[0]!.startUnixNano;
  for (const written of ['1700000000123456789', '"1700000000123456789"'])
    assert.equal(span(written), 1_700_000_000_123_456_789n);
  assert.deepEqual(point('{"asInt":"-5"}').value, { is: 'int', value: -5 });
  assert.deepEqual(point('{"asInt":-5}').value, { is: 'int', value: -5 });
  assert.deepEqual(point('{"asDouble":12345678901234567890}').value, {
    is: 'double',
    value: Number('12345678901234567890'),
  });
}); // prettier-ignore

test('doubles that JSON lacks are texts; null is what is absent; names of both kinds are known', () => {
  assert.deepEqual(point('{"asDouble":"NaN"}').value, { is: 'double', value: Number.NaN });
  assert.deepEqual(point('{"as_double":"-Infinity"}').value, { is: 'double', value: -Infinity });
  assert.equal(point('{"asDouble":null,"unknown":{"a":[1]}}').value, undefined);
  const [span] = traces('{"resource_spans":[{"scope_spans":[{"spans":[{"kind":"SPAN_KIND_SERVER"},{"kind":3}]}]}]}')
    .resourceSpans[0]!.scopeSpans[0]!.spans;
  assert.equal(span?.kind, 'server');
}); // prettier-ignore

test('bug: a number beyond those of its field is refused, never taken for another one', () => {
  assert.deepEqual(point('{"asInt":"-9223372036854775808"}').value, { is: 'int', value: -(2 ** 63) });
  assert.deepEqual(point('{"asInt":"9223372036854775807"}').value, { is: 'int', value: 2 ** 63 });
  const beyond = ['{"asInt":"9223372036854775808"}', '{"asInt":9223372036854775808}', '{"asInt":"-9223372036854775809"}',
    '{"timeUnixNano":"-1"}', '{"timeUnixNano":"18446744073709551616"}', '{"flags":4294967296}', '{"flags":-1}',
    '{"attributes":[{"key":"a","value":{"intValue":"9223372036854775808"}}]}']; // prettier-ignore
  for (const fields of beyond) assert.throws(() => point(fields), /is not from -?\d+ to \d+/, fields);
}); // prettier-ignore

test('a value that its field cannot have is refused, without a word of the body', () => {
  const bad = ['{"asInt":1.5}', '{"asInt":"x"}', '{"asInt":"99999999999999999999"}', '{"asDouble":"secret"}',
    '{"attributes":{}}', '{"attributes":[1]}', '{"attributes":[{"key":1}]}', '{"exemplars":[{"traceId":"xy"}]}']; // prettier-ignore
  for (const fields of bad)
    assert.throws(
      () => point(fields),
      (error) => error instanceof WireError && !error.message.includes('secret'),
      fields,
    );
  for (const body of ['', '[]', '1', 'null', '{"resourceMetrics":1}', '\u{feff}{}'])
    assert.throws(() => metrics(body), WireError, body);
  assert.throws(() => encodeJsonRequest('traces', Buffer.from([0x22, 0xff, 0x22])), WireError);
});
