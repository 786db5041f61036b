import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WireError } from '../errors.ts';
import { decodeMessage } from '../protobuf/decode.ts';
import { ProtoWriter } from '../protobuf/writer.ts';
import { cutTraces, type CutTraces } from './trace-documents.ts';
import { TRACE_REQUEST } from './trace-request.ts';

function field(number: number, ...parts: readonly (Uint8Array | string)[]): Buffer {
  const writer = new ProtoWriter();
  writer.field(number, Buffer.concat(parts.map((part) => Buffer.from(part as string))));
  return Buffer.from(writer.written());
}

/** A span with a field that the table may not know, which must survive. */
function makeSpan(index: number, bytes = 20): Buffer {
  const traceId = Buffer.alloc(16, 1);
  const spanId = Buffer.alloc(8);
  spanId.writeUInt32BE(index + 1, 4);
  return Buffer.concat([
    field(1, traceId),
    field(2, spanId),
    field(5, `span ${index}`),
    field(99, 'x'.repeat(bytes)),
  ]);
}

function cut(body: Buffer): CutTraces {
  const steps = cutTraces(body);
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

const RESOURCE = field(1, field(1, field(1, 'service.name'), field(2, field(1, 'shop'))));
const SCHEMA = field(3, 'https://opentelemetry.io/schemas/1.26.0');
const SCOPE = field(1, field(1, 'express'));

const read = (document: Buffer) => {
  assert.equal(document.toString('latin1', 0, 3), 'T1S');
  const bytes = Buffer.from(document.toString('latin1', 3), 'base64');
  return { bytes, request: decodeMessage(TRACE_REQUEST, bytes) };
};

test('a small request is one document with the same bytes', () => {
  const body = field(1, RESOURCE, field(2, SCOPE, field(2, makeSpan(0)), field(2, makeSpan(1))));
  const { documents, spans, rejected } = cut(body);
  assert.deepEqual({ spans, rejected }, { spans: 2, rejected: 0 });
  assert.deepEqual(documents.map((one) => read(one).bytes), [body]);
}); // prettier-ignore

test('many spans become documents of at most 64 kB, each with resource, scope and schema', () => {
  const spans = Array.from({ length: 2_000 }, (_, index) => makeSpan(index, index % 300));
  const scopes = [spans.slice(0, 1_000), spans.slice(1_000)].map((some) =>
    field(2, SCOPE, ...some.map((span) => field(2, span)), SCHEMA),
  );
  const { documents, oversized } = cut(field(1, RESOURCE, ...scopes, SCHEMA));
  assert.equal(oversized, 0);
  assert.ok(documents.length > 5 && documents.length < 10, String(documents.length));
  const names = documents.flatMap((document) => {
    assert.ok(document.length <= 65_536, String(document.length));
    const { bytes, request } = read(document);
    assert.ok(bytes.includes(RESOURCE) && bytes.includes(SCOPE) && bytes.includes(SCHEMA));
    assert.equal(request.resourceSpans.length, 1);
    return request.resourceSpans.flatMap(({ scopeSpans }) =>
      scopeSpans.flatMap((scope) => scope.spans.map(({ name }) => name)),
    );
  });
  assert.deepEqual(names, spans.map((_, index) => `span ${index}`));
}); // prettier-ignore

test('each resource has documents of its own', () => {
  const one = field(1, RESOURCE, field(2, field(2, makeSpan(0))));
  assert.equal(cut(Buffer.concat([one, one])).documents.length, 2);
});

test('a span that alone is larger passes in a document of its own, and is counted', () => {
  const spans = [makeSpan(0), makeSpan(1, 100_000), makeSpan(2)].map((span) => field(2, span));
  const { documents, oversized } = cut(field(1, RESOURCE, field(2, ...spans)));
  assert.deepEqual([documents.length, oversized], [3, 1]);
});

test('spans with ids of zeros or of another length are rejected, the others taken', () => {
  const bad = [
    Buffer.concat([field(1, Buffer.alloc(16)), field(2, Buffer.alloc(8, 1))]),
    Buffer.concat([field(1, Buffer.alloc(16, 1)), field(2, Buffer.alloc(8))]),
    Buffer.concat([field(1, Buffer.alloc(15, 1)), field(2, Buffer.alloc(8, 1))]),
    field(2, Buffer.alloc(8, 1)),
    makeSpan(1, 1024 * 1024),
  ];
  const spans = [makeSpan(0), ...bad].map((span) => field(2, span));
  const { documents, spans: taken, rejected, fault } = cut(field(1, field(2, ...spans)));
  assert.deepEqual([documents.length, taken, rejected], [1, 1, 5]);
  assert.match(fault ?? '', /trace_id/);
});

test('small spans below a large resource do not become many times their bytes', () => {
  const resource = field(1, field(1, field(1, 'k'.repeat(45_000))));
  const spans = Array.from({ length: 5_000 }, (_, index) => field(2, makeSpan(index)));
  const body = field(1, resource, field(2, ...spans));
  const { documents } = cut(body);
  const bytes = documents.reduce((sum, { length }) => sum + length, 0);
  assert.ok(bytes < body.length * 3, `${bytes} of ${body.length}`);
});

test('what is malformed or too deep anywhere is refused', () => {
  let deep: Buffer = field(1, 'x');
  for (let depth = 0; depth < 100; depth++) deep = field(6, field(1, field(2, deep)));
  const bodies = [
    field(1, field(1, Buffer.from([0xff]))),
    field(1, field(2, field(2, makeSpan(0), Buffer.from([0x2a, 0x7f])))),
    field(1, field(2, field(2, makeSpan(0), field(5, Buffer.from([0xc3]))))),
    field(1, field(2, field(2, makeSpan(0), field(9, field(2, deep))))),
    field(1, field(1, field(1, field(2, deep)))),
    Buffer.from('{"resourceSpans":[]}'),
  ];
  for (const body of bodies) assert.throws(() => cut(body), WireError);
});

test('an empty request has no documents', () => {
  assert.deepEqual(cut(Buffer.alloc(0)).documents, []);
  assert.deepEqual(cut(field(1, RESOURCE)).documents, []);
});
