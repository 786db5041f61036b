import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startRecordedManager } from '../../test/kit/recorded-manager.ts';
import { groupOf, jobWith } from '../../test/kit/scrape-jobs.ts';

test('samples that are dropped are said a few times, and counted by job', async () => {
  const { clock, manager, lines, metric, metrics, take } = await startRecordedManager({
    answer: () => {
      const now = clock.nowMs();
      return `a 1 ${now + 700_000}\nb 1 ${now - clock.elapsedMs() * 2}\nc 1 ${now}\nd 1\nd 2\n`;
    },
  });
  await manager.apply([jobWith()]);
  manager.update('j', groupOf('h:1'));
  await clock.advance(60_000);
  const count = (reason: string): number =>
    metric(`amperage_scrape_samples_dropped_total{scrape_job="j",reason="${reason}"}`);
  const scrapes = metric('amperage_scrapes_total');
  assert.ok(scrapes >= 4);
  assert.equal(count('future'), scrapes);
  assert.equal(count('duplicate'), scrapes);
  assert.equal(count('out_of_order'), scrapes - 1);
  const said = (words: RegExp): number => lines.filter((line) => words.test(line)).length;
  for (const words of [
    /times are more than ten minutes ahead; .* job=j url=.* samples=1/,
    /their times went back; .* job=j/,
    /their series is twice in one page; .* job=j/,
  ])
    assert.ok(said(words) >= 1 && said(words) < scrapes, `${words}: ${lines.join('\n')}`);
  assert.ok(take().some((line) => line.startsWith('c{')));
  await manager.apply([]);
  await clock.advance(60_000);
  assert.doesNotMatch(metrics.expose(), /samples_dropped_total\{/);
  await manager.stop(100);
});
