/** Jobs that a reload changes again and again: each target keeps its schedule. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startRecordedManager } from '../../test/kit/recorded-manager.ts';
import { groupOf, jobWith } from '../../test/kit/scrape-jobs.ts';
import type { ScrapeConfig } from './config.ts';

const INTERVAL_MS = 10_000;
const ADDRESSES = Array.from({ length: 12 }, (_, index) => `h${index}:1`);

/** What a reload changes: the requests of targets, or the labels of their series. */
const changes: Readonly<Record<string, (round: number) => Partial<ScrapeConfig>>> = {
  'the parameters of requests': (round) => ({ params: { round: [String(round)] } }),
  'the metrics path': (round) => ({ metricsPath: `/metrics/${round}` }),
  'labels of series': (round) => ({ id: 'j', jobName: `j${round}` }),
};

for (const [what, change] of Object.entries(changes))
  test(`where ${what} change five times a second, every target keeps its schedule`, async () => {
    const { clock, manager, requests } = await startRecordedManager();
    await manager.apply([jobWith(change(0))]);
    manager.update('j', groupOf(...ADDRESSES));
    await clock.advance(3 * INTERVAL_MS);
    const firstRequest = requests.length;
    const times = new Map<string, number[]>(ADDRESSES.map((address) => [address, []]));
    let seen = firstRequest;
    for (let round = 1; round <= 5 * 50; round++) {
      await manager.apply([jobWith(change(round))]);
      await clock.advance(200);
      for (; seen < requests.length; seen++)
        times.get(new URL(requests[seen]!.url).host)?.push(clock.elapsedMs());
    }
    for (const [address, at] of times) {
      // Where the offset changes too, gaps are of half an interval to one and a half.
      assert.ok(at.length >= 4 && at.length <= 7, `${address}: ${at.length} scrapes`);
      const gaps = at.slice(1).map((ms, index) => ms - at[index]!);
      const longestMs = Math.max(...gaps);
      assert.ok(longestMs <= 2 * INTERVAL_MS, `${address}: ${longestMs} ms without a scrape`);
    }
    await manager.stop(100);
  });
