/** The line of totals, on a virtual clock. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createWorld } from '../../test/kit/world.ts';
import { TotalsLog } from './totals.ts';

const TABLE = {
  sent: ['a_sent_total', 'b_sent_total'],
  waiting: ['waiting'],
  none: ['none_total'],
};

test('a line each interval and one at the end: increases of counters, gauges as they are', async () => {
  const world = createWorld();
  const { clock, metrics, lines } = world;
  const sent = metrics.counters('a_sent_total', '');
  const waiting = metrics.gauge('waiting', '');
  const totals = new TotalsLog(world, TABLE, 60_000);
  totals.start();
  sent.with({ to: 'x' }).inc(3);
  sent.with({ to: 'y' }).inc(4);
  waiting.set(7);
  await clock.advance(59_999);
  assert.equal(lines.length, 0);
  await clock.advance(1);
  metrics.counter('b_sent_total', '').inc(2);
  sent.with({ to: 'x' }).inc();
  await clock.advance(60_000);
  for (let minute = 0; minute < 20; minute++) await clock.advance(60_000);
  waiting.set(0);
  await clock.advance(5_000);
  totals.stop();
  await clock.advance(600_000);
  assert.deepEqual(
    lines.map((line) => line.replace(/.*msg=/, '')),
    [
      'totals sent=7 waiting=7 seconds=60',
      'totals sent=3 waiting=7 seconds=60',
      ...Array.from({ length: 20 }, () => 'totals sent=0 waiting=7 seconds=60'),
      'totals sent=0 waiting=0 seconds=5',
    ],
  );
});

test('no line of totals is held back, however often they come', async () => {
  const world = createWorld();
  const totals = new TotalsLog(world, TABLE, 1_000);
  totals.start();
  for (let second = 0; second < 60; second++) await world.clock.advance(1_000);
  assert.equal(world.lines.length, 60);
  totals.stop();
});

test('an interval of 0 tells nothing', async () => {
  const world = createWorld();
  const totals = new TotalsLog(world, TABLE, 0);
  totals.start();
  await world.clock.advance(600_000);
  totals.stop();
  assert.equal(world.lines.length, 0);
});
