import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock, VirtualClock } from './clock.ts';

test('virtual sleepers wake in order of time, each seeing its own time', async () => {
  const clock = new VirtualClock(1_000);
  const seen: [string, number][] = [];
  const sleeper = async (name: string, ms: number): Promise<void> => {
    await clock.sleep(ms);
    seen.push([name, clock.nowMs()]);
  };
  const all = [
    sleeper('late', 50),
    sleeper('early', 10),
    sleeper('chained', 20).then(() => sleeper('chained', 5)),
  ];
  await clock.advance(100);
  await Promise.all(all);
  assert.deepEqual(seen, [
    ['early', 1_010],
    ['chained', 1_020],
    ['chained', 1_025],
    ['late', 1_050],
  ]);
  assert.equal(clock.nowMs(), 1_100);
});

for (const [name, clock] of [
  ['system', systemClock],
  ['virtual', new VirtualClock()],
] as const) {
  test(`a ${name} sleep rejects when its signal aborts, before or during the wait`, async () => {
    const before = AbortSignal.abort(new Error('before'));
    await assert.rejects(clock.sleep(10_000, before), /before/);
    const controller = new AbortController();
    const wait = clock.sleep(10_000, controller.signal);
    controller.abort(new Error('during'));
    await assert.rejects(wait, /during/);
  });
}

test('the system clock sleeps', async () => {
  await systemClock.sleep(1);
});

test('the wall clock of a virtual clock is set, and nothing wakes before its time or after', async () => {
  const clock = new VirtualClock(1_000);
  let isAwake = false;
  const sleeper = clock.sleep(50).then(() => (isAwake = true));
  clock.step(-60_000);
  assert.deepEqual([clock.nowMs(), clock.elapsedMs(), clock.nextWakeMs], [-59_000, 0, -58_950]);
  clock.step(120_000);
  await clock.advance(49);
  assert.equal(isAwake, false);
  await clock.advance(1);
  await sleeper;
  assert.deepEqual([clock.nowMs(), clock.elapsedMs()], [61_050, 50]);
});
