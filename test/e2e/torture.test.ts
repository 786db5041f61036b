/** A short run of torture.ts; the long one is `npm run torture`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { torture } from './torture.ts';

test('killed again and again, before a receiver that fails in every way, nothing committed is lost', async (context) => {
  const result = await torture(12);
  context.diagnostic(JSON.stringify(result));
  assert.ok(result.kills >= 2);
  assert.ok(result.committed > 10_000, String(result.committed));
  assert.equal(result.lost, 0);
  assert.equal(result.outOfOrder, 0);
});
