/**
 * What every part with a schedule holds to when the wall clock is set, as a suite: it goes on as if
 * nothing had happened. The wall clock is set forth and back by a minute, an hour and a day; within
 * its limit of elapsed time the part then does what it does on schedule, and not much more often
 * than without a step.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../../src/kernel/clock.ts';

export interface Scheduled {
  /** How often the part did so far what it does on schedule. */
  readonly count: () => number;
  readonly stop: () => Promise<unknown> | undefined;
}

export interface ClockStepOptions {
  /** Within so long of elapsed time the part does something, whatever the wall clock is set to. */
  readonly limitMs: number;
  /** Within that time it does so at most so often. */
  readonly countMax: number;
  readonly start: (clock: VirtualClock) => Promise<Scheduled>;
}

const HOUR_MS = 3_600_000;
const STEPS_MS = [-60_000, -HOUR_MS, -24 * HOUR_MS, 60_000, HOUR_MS, 24 * HOUR_MS];

export function clockStepContract(what: string, options: ClockStepOptions): void {
  const { limitMs, countMax, start } = options;
  for (const stepMs of STEPS_MS)
    test(`${what}: goes on when the wall clock is set by ${stepMs / 60_000} minutes`, async (t) => {
      const clock = new VirtualClock();
      const { count, stop } = await start(clock);
      t.after(stop);
      await clock.advance(3.3 * limitMs);
      for (let round = 0; round < 2; round++) {
        clock.step(stepMs);
        for (let window = 0; window < 5; window++) {
          const before = count();
          await clock.advance(limitMs);
          const done = count() - before;
          const when = `round ${round}, window ${window}`;
          assert.ok(done >= 1, `nothing within ${limitMs} ms of elapsed time (${when})`);
          assert.ok(done <= countMax, `${done} times within ${limitMs} ms (${when})`);
        }
      }
    });
}
