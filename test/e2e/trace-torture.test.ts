/** A short run of trace-torture.ts; `npm run torture:traces` is the long one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tortureTraces } from './trace-torture.ts';

/** At 2,000 documents a second: those of 100 ms between socket and disk. */
const UNSURE_MAX = 200;

test('segments that were taken from the socket arrive, whatever happens to process and receiver', async (context) => {
  const result = await tortureTraces(12);
  context.diagnostic(JSON.stringify(result));
  assert.ok(result.kills >= 1);
  assert.ok(result.taken > 3_000, String(result.taken));
  assert.equal(result.lost, 0);
  assert.ok(result.unsureMax <= UNSURE_MAX, String(result.unsureMax));
});
