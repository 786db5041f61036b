/** A loop that is ended at any moment of a scrape ends then, and not at its next tick. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { startRecordedManager } from '../../test/kit/recorded-manager.ts';
import { VirtualClock } from '../kernel/clock.ts';
import { makeScrapeConfig } from './config.ts';

/** More than a scrape has between its answer and the wait for the next tick. */
const MICROTASKS = 60;

test('bug: a stop between the end of a scrape and the wait for the next is heard', async () => {
  for (let count = 0; count < MICROTASKS; count++) {
    const clock = new VirtualClock(1_700_000_000_000);
    let isAwaited = false;
    let stopped = false;
    const { manager } = await startRecordedManager({
      clock,
      answer: async () => {
        if (isAwaited) void stopLater();
        return 'a 1\n';
      },
    });
    const stopLater = async (): Promise<void> => {
      for (let i = 0; i < count; i++) await Promise.resolve();
      await manager.stop(1);
      stopped = true;
    };
    const config = { jobName: 'j', scrapeIntervalMs: 60_000, scrapeTimeoutMs: 20_000 };
    await manager.apply([makeScrapeConfig(config)]);
    manager.update('j', [{ source: 's', labels: {}, targets: [{ __address__: 'h:1' }] }]);
    await clock.advance(61_000);
    isAwaited = true;
    await clock.advance(60_000);
    for (let i = 0; i < 5; i++) await nextTurn();
    assert.ok(stopped, `not ended when stopped after ${count} microtasks`);
  }
});
