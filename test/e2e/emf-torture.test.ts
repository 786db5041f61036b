/** A short run of emf-torture.ts; `npm run torture:emf` is the long one. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { tortureEmf } from './emf-torture.ts';

test('increases arrive once, whatever happens to the process and to CloudWatch Logs', async (context) => {
  const result = await tortureEmf(15);
  context.diagnostic(JSON.stringify(result));
  assert.ok(result.kills >= 1);
  assert.ok(result.events > 50, String(result.events));
  assert.deepEqual([result.lost, result.gaps, result.behind, result.dropped], [0, 0, 0, 0]);
});

const skip = existsSync('/usr/bin/prlimit') ? false : 'prlimit is not there';

test('increases arrive once, whatever the disk takes', { skip }, async (context) => {
  const result = await tortureEmf(15, { seed: 5, fillsDisk: true });
  context.diagnostic(JSON.stringify(result));
  assert.ok(result.full >= 1);
  assert.ok(result.events > 50, String(result.events));
  assert.deepEqual([result.lost, result.gaps, result.behind, result.dropped], [0, 0, 0, 0]);
});
