/** A short run of torture.ts; `npm run torture` is the long one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { torture } from './torture.ts';

test('a collector that is killed again and again, with a receiver that fails in every way, loses nothing committed', async (context) => {
  const result = await torture(12);
  context.diagnostic(JSON.stringify(result));
  assert.ok(result.kills >= 2);
  assert.ok(result.committed > 10_000, String(result.committed));
  assert.equal(result.lost, 0);
  assert.equal(result.outOfOrder, 0);
});
