import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  describeValue,
  listExceptions,
  listSections,
  summarizeExceptions,
} from './entity-members.ts';
import { type Entity, readSegmentDocument } from './document.ts';

function read(more: object): Entity {
  const text = JSON.stringify({ id: 'a', name: 'a', start_time: 1, ...more });
  const [entity] = readSegmentDocument(text, 10).entities;
  assert.ok(entity !== undefined);
  return entity;
}

test('exceptions have their stack, one frame a line, and what was cut by the sender', () => {
  const file = join(import.meta.dirname, '../../../test/golden/traces/order.json');
  const documents = JSON.parse(readFileSync(file, 'utf8')) as unknown[];
  const entity = readSegmentDocument(JSON.stringify(documents[1]), 10).entities[2]!;
  assert.deepEqual(listExceptions(entity), [
    {
      type: 'PaymentError',
      message: 'the bank does not answer',
      isRemote: true,
      stack: 'pay (pay.js:12)\norder.js:40\n… 7 more',
    },
  ]);
});

test('a cause that is an id says whose exception it is', () => {
  const [exception] = listExceptions(read({ cause: 'e000000000000001' }));
  assert.equal(exception?.message, 'exception e000000000000001, which a subsegment tells');
});

test('a row has the first exception in a line, cut, and how many more there are', () => {
  const of = (...exceptions: unknown[]) => summarizeExceptions(read({ cause: { exceptions } }));
  assert.equal(of(), '');
  assert.equal(summarizeExceptions(read({ cause: { message: 'x' } })), '');
  assert.equal(summarizeExceptions(read({ cause: 'e000000000000001' })), 'told by a subsegment');
  assert.equal(of({ type: 'TypeError', message: 'x is undefined' }), 'TypeError: x is undefined');
  assert.equal(of({ message: 'm' }, { message: 'n' }, null), 'm and 2 more');
  assert.equal(of(null), 'without a message');
  assert.equal(of({ message: 'm'.repeat(1_000) }).length, 300);
});

test('members come in sections, those of a request and response side by side', () => {
  const sections = listSections(
    read({
      http: { request: { method: 'GET', traced: true }, response: { status: 200 } },
      annotations: { customer: 'c-17', retry: false },
      metadata: { default: { cart: { items: [1] } } },
      user: 'jo',
      trace_id: 'not shown',
    }),
  );
  assert.deepEqual(sections, [
    {
      title: 'HTTP',
      entries: [
        ['request.method', 'GET'],
        ['request.traced', 'true'],
        ['response.status', '200'],
      ],
    },
    {
      title: 'Annotations',
      entries: [
        ['customer', 'c-17'],
        ['retry', 'false'],
      ],
    },
    {
      title: 'Metadata',
      entries: [['default.cart', '{\n  "items": [\n    1\n  ]\n}']],
    },
    { title: 'Other members', entries: [['user', 'jo']] },
  ]);
});

test('values are bounded in depth, number and length', () => {
  let deep: unknown = 1;
  for (let level = 0; level < 5_000; level += 1) deep = [deep];
  assert.match(describeValue(deep), /\[ … \]/);
  const wide = describeValue(Array.from({ length: 100_000 }, (_, index) => index));
  assert.match(wide, /… 99800 more/);
  const long = Object.fromEntries(
    Array.from({ length: 150 }, (_, index) => [`k${index}`, 'x'.repeat(9_000)]),
  );
  assert.ok(describeValue(long).length <= 10_000);
  assert.equal(describeValue('x'.repeat(20_000)).length, 10_000);
});

test('hundreds of annotations and exceptions are cut, and no member of another shape throws', () => {
  const many = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`k${index}`, index]));
  const [annotations] = listSections(read({ annotations: many }));
  assert.equal(annotations?.entries.length, 101);
  assert.deepEqual(annotations?.entries.at(-1), ['…', '200 more']);
  const exceptions = Array.from({ length: 500 }, () => ({ stack: [null, 3, { path: {} }] }));
  assert.equal(listExceptions(read({ cause: { exceptions } })).length, 20);
  for (const odd of [null, 3, 'text', [], [null], { exceptions: 'x' }, { request: null }])
    for (const name of ['cause', 'http', 'annotations', 'metadata', 'aws', 'sql', 'subsegments']) {
      const entity = read({ [name]: odd });
      listExceptions(entity);
      listSections(entity);
    }
});
