import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../kernel/clock.ts';
import { Registry } from '../kernel/metrics.ts';
import { SearchAllowance } from './search-allowance.ts';

for (const [requestMs, atOnce, aSecond] of [
  [2, 10_000, 200],
  [20, 10_000, 20],
  [200, 1_000, 2],
] as const)
  test(`requests of ${requestMs} ms: ${atOnce} at once, ${aSecond} a second for long`, async () => {
    const clock = new VirtualClock();
    const spent = new Registry().counter('spent', 'Requests.');
    const allowance = new SearchAllowance(clock, spent);
    for (let i = 0; i < 200; i++) await allowance.measure(() => clock.advance(requestMs));
    assert.equal(allowance.grant(1e6), atOnce);
    assert.ok(allowance.take(atOnce));
    assert.ok(!allowance.take(1));
    await clock.advance(10_000);
    assert.ok(Math.abs(allowance.grant(1e6) - 10 * aSecond) <= 1, `${allowance.grant(1e6)}`);
    assert.equal(spent.value, atOnce);
  });
