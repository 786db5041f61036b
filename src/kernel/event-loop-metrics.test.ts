import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'node:test';
import { watchEventLoop } from './event-loop-metrics.ts';
import { Registry } from './metrics.ts';

test('a turn of the event loop that takes long is a delay of the timers behind it', async () => {
  const metrics = new Registry();
  const end = watchEventLoop(metrics);
  const untilMs = performance.now() + 150;
  while (performance.now() < untilMs);
  await sleep(1);
  end();
  const sum = Number(/_seconds_sum (\S+)/.exec(metrics.expose())?.[1]);
  assert.ok(sum >= 0.12, `a delay of ${sum} s where a turn took 0.15 s`);
  const shown = metrics.expose();
  await sleep(30);
  assert.equal(metrics.expose(), shown, 'it has ended');
});
