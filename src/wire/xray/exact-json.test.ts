import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseExactly, stringifyExactly } from './exact-json.ts';

test('what is parsed is written as it stood', () => {
  for (const text of [
    '{"a":1.478293361271E9,"b":12345678901234567890,"c":[1e400,-0,1.0,0.1,7,-3]}',
    String.raw`{"a":"1.0","1.0":"\"1.0","\\":1.50,"b":"x,2.0"}`,
    String.raw`["\u0001","\u0001n1.0","\u0001s","x\u0001n1","\"\u0001n1","\\",1.0]`,
    String.raw`{"\u0001n2":2.0,"\u0001s":"\u0001"}`,
    '{}',
    'null',
    '1.0',
  ])
    assert.equal(stringifyExactly(parseExactly(text)), text);
  assert.equal(stringifyExactly(undefined), '');
});

test('what is no JSON is refused, and takes no longer', () => {
  const hostile = `"${String.raw`\"`.repeat(100_000)}`;
  for (const text of [
    '01',
    '1.',
    '.5',
    '+1',
    '1e',
    '--1',
    '{"a":1.0',
    '"a',
    '"\\',
    '1.0"a"',
    hostile,
  ])
    assert.throws(() => parseExactly(text), SyntaxError, text.slice(0, 20));
});
