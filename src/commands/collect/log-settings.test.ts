import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planLogger } from './log-settings.ts';

test('flags that are given win over the configuration, defaults do not', () => {
  const plan = { level: 'error', format: 'json', fields: { a: 1 } } as const;
  const flags = { 'log.level': 'debug', 'log.format': 'pretty' } as const;
  const given = planLogger(plan, flags, () => true);
  assert.deepEqual([given.level, given.format, given.fields], ['debug', 'pretty', { a: 1 }]);
  const unset = planLogger(plan, { 'log.level': 'info' }, () => false);
  assert.deepEqual([unset.level, unset.format], ['error', 'json']);
  const empty = planLogger({}, { 'log.level': 'info' }, () => false);
  assert.deepEqual([empty.level, empty.format, empty.write], ['info', undefined, undefined]);
});

test('repeats are held back as the configuration says', () => {
  const repeats = { max: Infinity, windowMs: 10_000 };
  const { repeatMax, repeatWindowMs } = planLogger({ repeats }, { 'log.level': 'info' }, () => false);
  assert.deepEqual([repeatMax, repeatWindowMs], [Infinity, 10_000]);
}); // prettier-ignore
