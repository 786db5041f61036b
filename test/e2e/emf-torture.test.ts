/** A short run of emf-torture.ts; `npm run torture:emf` is the long one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tortureEmf } from './emf-torture.ts';

test('increases arrive once, whatever happens to the process and to CloudWatch Logs', async (context) => {
  const result = await tortureEmf(15);
  context.diagnostic(JSON.stringify(result));
  assert.ok(result.kills >= 1);
  assert.ok(result.events > 50, String(result.events));
  assert.deepEqual([result.lost, result.gaps, result.behind, result.dropped], [0, 0, 0, 0]);
});
