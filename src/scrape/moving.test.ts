/**
 * Targets that move to another process or come from one: no markers, no tick twice, none left out.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../kernel/clock.ts';
import type { HeldParts, TargetGroup } from '../model/target.ts';
import { makeScrapeConfig } from './config.ts';
import type { ScrapeManager } from './manager.ts';
import { startRecordedManager } from '../../test/kit/recorded-manager.ts';

const INTERVAL_MS = 60_000;
const START_MS = 1_700_000_000_000;

interface Process {
  readonly manager: ScrapeManager;
  readonly take: () => string[];
  readonly unfinished: number[];
  /** The target is part 7. */
  readonly hold: (isHeld: boolean, sinceMs?: number) => Promise<void>;
}

const list: TargetGroup[] = [
  { source: 's', labels: {}, targets: [{ __address__: 'h:1' }], parts: [7] },
];

async function processOf(clock: VirtualClock, delayMs = 0): Promise<Process> {
  const { manager, take } = await startRecordedManager({
    clock,
    answer: async ({ signal }) => {
      if (delayMs > 0) await clock.sleep(delayMs, signal);
      return 'a 1\n';
    },
  });
  await manager.apply([
    makeScrapeConfig({ jobName: 'j', scrapeIntervalMs: INTERVAL_MS, scrapeTimeoutMs: 20_000 }),
  ]);
  const unfinished: number[] = [];
  return {
    manager,
    unfinished,
    take,
    hold: (isHeld, sinceMs) => {
      const parts: HeldParts = {
        holds: (part) => isHeld && part === 7,
        sinceMs: () => sinceMs,
        onUnfinished: (part) => void unfinished.push(part),
      };
      return manager.hold('j', isHeld ? list : [], parts);
    },
  };
}

const timesOf = (lines: readonly string[]): number[] =>
  lines.filter((line) => line.startsWith('a{')).map((line) => Number(line.split('@')[1]));
const hasMarkers = (lines: readonly string[]): boolean =>
  lines.some((line) => line.includes(' stale @'));

test('a target that moves gets no marker, and its ticks go on as if nothing had happened', async () => {
  const clock = new VirtualClock(START_MS);
  const [old, young] = [await processOf(clock), await processOf(clock)];
  await old.hold(true);
  await clock.advance(3 * INTERVAL_MS);
  const sinceMs = clock.nowMs();
  await old.hold(false);
  assert.equal(old.manager.targets().length, 0);
  await young.hold(true, sinceMs);
  await clock.advance(3 * INTERVAL_MS);
  const [before, after] = [old.take(), young.take()];
  assert.ok(!hasMarkers(before) && !hasMarkers(after));
  const times = [...timesOf(before).slice(1), ...timesOf(after)];
  assert.ok(times.length >= 5, times.join());
  for (const [at, tMs] of times.slice(1).entries())
    assert.equal(tMs - (times[at] ?? 0), INTERVAL_MS);
  await old.manager.stop(1);
  await young.manager.stop(1);
});

test('a tick that fell into the hand-over is made up for at once', async () => {
  const clock = new VirtualClock(START_MS);
  const [old, young] = [await processOf(clock), await processOf(clock)];
  await old.hold(true);
  await clock.advance(2 * INTERVAL_MS);
  const lastMs = timesOf(old.take()).at(-1) ?? 0;
  await clock.advance(lastMs + INTERVAL_MS - 100 - clock.nowMs());
  const sinceMs = clock.nowMs();
  await old.hold(false);
  await clock.advance(300);
  await young.hold(true, sinceMs);
  await clock.advance(1_000);
  const [firstMs = 0] = timesOf(young.take());
  assert.ok(firstMs - lastMs <= INTERVAL_MS + 1_000, `${firstMs - lastMs} ms`);
  assert.deepEqual(timesOf(old.take()), []);
  await old.manager.stop(1);
  await young.manager.stop(1);
});

test('a scrape under way may end; one that takes too long is given up and reported', async () => {
  for (const [delayMs, isFinished] of [[500, true], [15_000, false]] as const) {
    const clock = new VirtualClock(START_MS);
    const one = await processOf(clock, delayMs);
    await one.hold(true);
    // To the middle of a scrape.
    await clock.advance(INTERVAL_MS);
    await clock.advance(INTERVAL_MS);
    one.take();
    const job = one.manager.targets()[0];
    await clock.advance((job?.last?.wallMs ?? 0) + INTERVAL_MS + 100 - clock.nowMs());
    const released = one.hold(false);
    await clock.advance(2_000);
    await released;
    assert.equal(timesOf(one.take()).length, isFinished ? 1 : 0);
    assert.deepEqual(one.unfinished, isFinished ? [] : [7]);
    await one.manager.stop(1);
  }
}); // prettier-ignore

test('a target that comes back at once goes on with its series', async () => {
  const clock = new VirtualClock(START_MS);
  const one = await processOf(clock);
  await one.hold(true);
  await clock.advance(2 * INTERVAL_MS);
  await one.hold(false);
  await one.hold(true, clock.nowMs());
  await clock.advance(2 * INTERVAL_MS);
  const times = timesOf(one.take());
  for (const [at, tMs] of times.slice(2).entries())
    assert.equal(tMs - (times[at + 1] ?? 0), INTERVAL_MS);
  await one.manager.stop(1);
});

test('a target whose new part is held too is scraped on', async () => {
  const clock = new VirtualClock(START_MS);
  const one = await processOf(clock);
  await one.hold(true);
  await clock.advance(2 * INTERVAL_MS);
  one.take();
  const parts: HeldParts = {
    holds: (part) => part === 8,
    sinceMs: () => undefined,
    onUnfinished: () => undefined,
  };
  const moved = list.map((group) => ({ ...group, parts: [8] }));
  await one.manager.hold('j', moved, parts);
  await clock.advance(3 * INTERVAL_MS);
  assert.equal(timesOf(one.take()).length, 3);
  await one.manager.stop(1);
});

test('a target that is held and gone from the list ends with markers', async () => {
  const clock = new VirtualClock(START_MS);
  const one = await processOf(clock);
  await one.hold(true);
  await clock.advance(2 * INTERVAL_MS);
  await one.manager.hold('j', [], { holds: () => true, sinceMs: () => undefined, onUnfinished: () => undefined });
  await clock.advance(3 * INTERVAL_MS);
  assert.ok(hasMarkers(one.take()));
  await one.manager.stop(1);
}); // prettier-ignore

test('reports get mark labels and lose them, and the series before end with stale markers', async () => {
  const clock = new VirtualClock(START_MS);
  const one = await processOf(clock);
  one.manager.markReports([{ name: 'amperage_alone', value: 'true' }]);
  await one.hold(true);
  await clock.advance(2 * INTERVAL_MS);
  const marked = one.take();
  assert.ok(
    marked.some((line) => line.startsWith('up{') && line.includes('amperage_alone="true"')),
  );
  assert.ok(marked.every((line) => !line.startsWith('a{') || !line.includes('amperage_alone')));
  one.manager.markReports([]);
  await clock.advance(INTERVAL_MS);
  const after = one.take().filter((line) => line.startsWith('up{'));
  assert.ok(after.some((line) => line.includes('amperage_alone') && line.includes('stale')));
  assert.ok(after.some((line) => !line.includes('amperage_alone') && !line.includes('stale')));
  await one.manager.stop(1);
});
