import assert from 'node:assert/strict';
import { test } from 'node:test';
import { detectEnv } from './env.ts';

const detect = (text: string) => Object.fromEntries(detectEnv({ OTEL_RESOURCE_ATTRIBUTES: text }));

for (const [text, expected] of [
  ['', {}],
  ['  ', {}],
  ['a=b', { a: 'b' }],
  [' a = b , service.name=shop,', { a: 'b', 'service.name': 'shop' }],
  ['a=x%20y%2Cz+w,b=', { a: 'x y,z w', b: '' }],
  ['a=b=c', { a: 'b=c' }],
  ['a=1,a=2', { a: '2' }],
] as const)
  test(`OTEL_RESOURCE_ATTRIBUTES "${text}"`, () => assert.deepEqual(detect(text), expected));

test('a text that is no list gives nothing at all', () => {
  for (const text of ['a', 'a=b,c', 'a=b,é=c', 'a=%zz'])
    assert.throws(() => detect(text), /^Error: OTEL_RESOURCE_ATTRIBUTES /, text);
});

test('OTEL_RESOURCE counts where the other is empty', () => {
  const both = { OTEL_RESOURCE_ATTRIBUTES: ' ', OTEL_RESOURCE: 'a=b' };
  assert.deepEqual([...detectEnv(both)], [['a', 'b']]);
});
