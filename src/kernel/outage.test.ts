import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Outage } from './outage.ts';

test('a failure that lasts is reported at once, each minute, and when it is over', () => {
  let nowMs = 5_000;
  const outage = new Outage(() => nowMs);
  assert.equal(outage.worked(), undefined, 'nothing was wrong');
  assert.deepEqual(outage.failed(), { failures: 1, lastedMs: 0 });
  nowMs += 59_999;
  assert.equal(outage.failed(), undefined);
  nowMs += 1;
  assert.deepEqual(outage.failed(), { failures: 3, lastedMs: 60_000 });
  nowMs += 10;
  assert.deepEqual(outage.worked(), { failures: 3, lastedMs: 60_010 });
  assert.equal(outage.worked(), undefined);
  assert.deepEqual(outage.failed(), { failures: 1, lastedMs: 0 }, 'a new one is told at once');
});
