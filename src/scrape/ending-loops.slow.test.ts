/** Targets that change faster than their loops end. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startRecordedManager } from '../../test/kit/recorded-manager.ts';
import { groupOf, jobWith } from '../../test/kit/scrape-jobs.ts';

const COUNT = 600;
const addressesOf = (round: number): string[] =>
  Array.from({ length: COUNT }, (_, i) => `h${round}-${i}:1`);

test('of the targets that are gone twice as many as there are wait, and the oldest end early', async () => {
  const { clock, manager, metric, lines, take } = await startRecordedManager();
  await manager.apply([jobWith({ scrapeIntervalMs: 60_000 })]);
  for (let round = 0; round < 5; round++) {
    manager.update('j', groupOf(...addressesOf(round)));
    await clock.advance(3_000);
  }
  const stale = take().filter((line) => line.includes(' stale @'));
  // Of four rounds that are gone two wait.
  const rounds = new Set(stale.map((line) => /instance="h(\d)/.exec(line)?.[1]));
  assert.deepEqual(rounds, new Set(['0', '1']));
  assert.equal(stale.filter((line) => line.startsWith('up{')).length, 2 * COUNT);
  assert.equal(stale.filter((line) => line.startsWith('a{')).length, 2 * COUNT);
  assert.equal(metric('amperage_scrape_targets_ended_early_total'), 2 * COUNT);
  assert.equal(lines.filter((line) => line.includes('targets change faster')).length, 1);
  assert.equal(manager.targets().length, COUNT);

  // One that comes back afterwards is scraped as a new one.
  manager.update('j', groupOf('h0-0:1', 'h4-0:1'));
  await clock.advance(3_000);
  const back = take().filter((line) => /^a\{.*instance="h0-0:1"/.test(line));
  assert.equal(back.length, 1);
  await manager.stop(100);
});
