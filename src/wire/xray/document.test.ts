import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { conformancePath, skipWithoutConformance } from '../../../test/kit/conformance.ts';
import { readHead } from './document.ts';
import { listMembers } from './members.ts';

test('id, trace and name are those of the document, not of what is in it', () => {
  const document = {
    subsegments: [{ id: 'inner', name: 'inner', text: '"id":"fake"' }],
    annotations: { id: 'other', name: 'other' },
    id: '70de5b6f19ff9a0a',
    trace_id: '1-581cf771-a006649127e371903a2de979',
    name: 'ü "quoted" \\',
  };
  const head = { id: document.id, traceId: document.trace_id, name: document.name };
  assert.deepEqual(readHead(Buffer.from(JSON.stringify(document))), head);
  assert.deepEqual(readHead(Buffer.from(JSON.stringify(document, undefined, '\r\n\t '))), head);
});

test('of a key that is there twice, the last one counts; what is no text is not there', () => {
  assert.equal(readHead(Buffer.from('{"id":"a","id":"b"}')).id, 'b');
  assert.equal(readHead(Buffer.from('{"id":1,"name":{}}')).name, undefined);
});

test('a document of OTLP has the name of its service', () => {
  const text = (key: string, value: string): Buffer =>
    Buffer.concat([
      Buffer.from([0x0a, key.length]),
      Buffer.from(key),
      Buffer.from([0x12, value.length + 2, 0x0a, value.length]),
      Buffer.from(value),
    ]);
  const message = Buffer.concat([text('host.name', 'h'), text('service.name', 'shop')]);
  const document = Buffer.from(`T1S${message.toString('base64')}`);
  assert.deepEqual(readHead(document), { name: 'shop' });
  assert.deepEqual(readHead(Buffer.from('T1U')), { name: undefined });
});

test('members are where JSON.parse sees them', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.jsonValue()),
      fc.constantFrom('', ' ', '\n\t'),
      (object, blanks) => {
        const json = Buffer.from(JSON.stringify(object, undefined, blanks));
        const values = listMembers(json)?.map(
          ({ start, end }) => JSON.parse(json.toString('utf8', start, end)) as unknown,
        );
        assert.deepEqual(values, Object.values(JSON.parse(json.toString()) as object));
      },
    ),
  );
});

test('bytes that are no object, or end too early, are read without a crash', () => {
  const whole = Buffer.from('{"a":"b\\"","c":[{"d":1}],"e":{"f":null}}');
  for (let end = 0; end < whole.length; end++)
    assert.equal(listMembers(whole.subarray(0, end)), undefined);
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      readHead(Buffer.from(bytes));
      readHead(Buffer.concat([Buffer.from('{"id"'), bytes]));
    }),
  );
});

test('the published documents say what JSON.parse reads', { skip: skipWithoutConformance }, () => {
  const folder = conformancePath('xray', 'segments');
  for (const name of readdirSync(folder)) {
    const document = readFileSync(`${folder}/${name}`);
    const head = readHead(document);
    let parsed: Record<string, unknown>;
    try {
      parsed = JSON.parse(document.toString()) as Record<string, unknown>;
    } catch {
      // Some of them are fragments.
      continue;
    }
    const { id, trace_id: traceId, name: service } = parsed;
    assert.deepEqual(head, { id, traceId, name: service }, name);
  }
});
