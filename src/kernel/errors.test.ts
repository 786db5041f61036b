import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as z from 'zod';
import { assert as assertState, ConfigError, describeError, PermanentError } from './errors.ts';

test('a message names its code and its causes once', () => {
  const cause = new Error('connect ECONNREFUSED');
  assert.equal(
    describeError(new ConfigError('PORT_IN_USE', 'port 80 is taken', { cause })),
    'port 80 is taken [PORT_IN_USE]: connect ECONNREFUSED',
  );
  assert.equal(
    describeError(new PermanentError('SCRAPE_STATUS', 'refused [SCRAPE_STATUS]')),
    'refused [SCRAPE_STATUS]',
  );
  assert.equal(describeError('text'), 'text');
  assert.equal(describeError(new TypeError('')), 'TypeError');
});

test('an impossible state is called a bug', () => {
  assert.throws(() => assertState(undefined, 'no cursor'), /BUG: no cursor/);
  assertState(0, 'zero is a value');
});

test('what a schema refused is one line with its place', () => {
  const schema = z.object({ Tasks: z.array(z.object({ Name: z.string(), Id: z.number() })) });
  const { error } = schema.safeParse({ Tasks: [{ Name: 'a', Id: 1 }, { Name: 7 }] });
  const told = describeError(new Error('the answer is not what version 4 says', { cause: error }));
  assert.match(told, /^the answer is not what version 4 says: Tasks\[1\]\.Name: .*expected string/);
  assert.match(told, / \(and 1 more\)$/);
  assert.doesNotMatch(told, /[\n{}]/);
});
