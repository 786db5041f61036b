import assert from 'node:assert/strict';
import { test } from 'node:test';
import { componentContract } from '../../test/contracts/component.ts';
import { createWorld } from '../../test/kit/world.ts';
import { ClockWatch } from './clock-watch.ts';

componentContract('clock watch', () => new ClockWatch(createWorld()));

test('a wall clock that is set is told once, and counted; one that is adjusted is not', async () => {
  const world = createWorld();
  const { clock, lines, metric } = world;
  const watch = new ClockWatch(world);
  await watch.start();
  await clock.advance(10_000);
  for (let second = 0; second < 10; second++) {
    clock.step(-900);
    await clock.advance(1_000);
  }
  assert.deepEqual(lines, []);
  clock.step(-3_600_000);
  await clock.advance(60_000);
  assert.equal(lines.length, 1);
  assert.match(lines[0] ?? '', /level=warn msg="the wall clock was set back; .* by=1h /);
  clock.step(60_000);
  await clock.advance(60_000);
  assert.equal(lines.length, 2);
  assert.match(lines[1] ?? '', /msg="the wall clock was set forth; .* by=1m$/);
  assert.equal(metric('amperage_clock_steps_total{direction="back"}'), 1);
  assert.equal(metric('amperage_clock_steps_total{direction="forth"}'), 1);
  await watch.stop();
});
