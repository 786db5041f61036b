import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clockStepContract } from '../../test/contracts/clock-steps.ts';
import { startRecordedManager } from '../../test/kit/recorded-manager.ts';
import { groupOf, jobWith } from '../../test/kit/scrape-jobs.ts';
import { VirtualClock } from '../kernel/clock.ts';

const INTERVAL_MS = 10_000;
const job = jobWith({ scrapeIntervalMs: INTERVAL_MS, scrapeTimeoutMs: 5_000 });

async function setUp(clock?: VirtualClock) {
  const recorded = await startRecordedManager(clock === undefined ? {} : { clock });
  await recorded.manager.apply([job]);
  recorded.manager.update(job.id, groupOf('h:1'));
  return recorded;
}

clockStepContract('scrape loop', {
  limitMs: 2 * INTERVAL_MS,
  countMax: 3,
  start: async (clock) => {
    const { manager, requests } = await setUp(clock);
    return { count: () => requests.length, stop: () => manager.stop(100) };
  },
});

/** The times of the samples of `up`. */
const readTimes = (lines: readonly string[]): number[] =>
  lines.filter((line) => line.startsWith('up{')).map((line) => Number(line.split('@')[1]));

test('after a step samples have the time of the new wall clock, on the grid of before', async () => {
  const { clock, manager, take } = await setUp();
  await clock.advance(35_000);
  const offsetMs = (readTimes(take()).at(-1) ?? NaN) % INTERVAL_MS;
  const stepMs = -3_600_123;
  clock.step(stepMs);
  const steppedAtMs = clock.nowMs();
  await clock.advance(40_000);
  const times = readTimes(take());
  assert.ok(times.length >= 3);
  assert.ok(times.every((tMs) => tMs >= steppedAtMs && tMs <= clock.nowMs()));
  assert.ok(times.slice(1).every((tMs) => tMs % INTERVAL_MS === offsetMs));
  await manager.stop(100);
});

test('a scrape during which the clock is set has the time of its beginning by the new clock', async () => {
  const clock = new VirtualClock();
  let stepMs = 0;
  const answer = (): string => {
    clock.step(stepMs);
    stepMs = 0;
    return 'a 1\n';
  };
  const { manager, take } = await startRecordedManager({ clock, answer });
  await manager.apply([job]);
  manager.update(job.id, groupOf('h:1'));
  await clock.advance(35_000);
  const before = readTimes(take());
  stepMs = -3_600_000;
  await clock.advance(10_000);
  assert.deepEqual(readTimes(take()), [(before.at(-1) ?? NaN) + INTERVAL_MS - 3_600_000]);
  await manager.stop(100);
});

test('a step forth is no missed scrape, and a long one is told as it lasted', async () => {
  const { clock, manager, metrics } = await setUp();
  await clock.advance(35_000);
  clock.step(3_600_000);
  await clock.advance(40_000);
  const exposed = metrics.expose();
  assert.match(exposed, /scrapes_missed_total 0\n/);
  assert.match(
    exposed,
    /target_interval_length_seconds\{interval="10s",quantile="0\.99"\} 1\d?(\.\d+)?\n/,
  );
  await manager.stop(100);
});
