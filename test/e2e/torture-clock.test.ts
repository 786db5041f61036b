/** A short run of torture-clock.ts; `npm run torture -- 120 --clock` is the long one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FAKETIME } from '../kit/faked-wall.ts';
import { skipUnlessPeer } from '../kit/peers.ts';
import { isRight, tortureClock } from './torture-clock.ts';

test('a wall clock that is set back and forth by minutes under load costs no scrape and nothing that the receiver takes', async (context) => {
  const peers = skipUnlessPeer(context, FAKETIME);
  if (peers === undefined) return;
  const load = { targets: 20, series: 20, intervalMs: 3_000 };
  const result = await tortureClock(20, peers[FAKETIME], load);
  context.diagnostic(JSON.stringify(result));
  assert.ok(result.steps.back >= 1);
  assert.ok(result.committed > 1_000, String(result.committed));
  assert.ok(isRight(result), JSON.stringify(result));
});
