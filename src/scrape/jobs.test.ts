import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ScrapeConfig } from './config.ts';
import { startRecordedManager } from '../../test/kit/recorded-manager.ts';
import { groupOf, jobWith } from '../../test/kit/scrape-jobs.ts';

const setUp = (offsetSeed = '') => startRecordedManager({ answer: () => 'a 1\n', offsetSeed });

const job = (set: Partial<ScrapeConfig> = {}): ScrapeConfig =>
  jobWith({ jobName: 'web', scrapeTimeoutMs: 10_000, ...set });

test('two jobs of one name are two jobs: their ids keep them apart, their series have the name', async () => {
  const { clock, metrics, manager, take } = await setUp();
  await manager.apply([job({ id: 'one/web' }), job({ id: 'two/web' })]);
  manager.update('one/web', groupOf('h:1'));
  manager.update('two/web', groupOf('h:2'));
  manager.update('web', groupOf('h:3'));
  await clock.advance(10_000);
  const pools = manager.targets().map(({ job: id, target }) => `${id} ${target.url}`);
  assert.deepEqual(pools, ['one/web http://h:1/metrics', 'two/web http://h:2/metrics']);
  assert.deepEqual([...manager.droppedTargets().keys()], ['one/web', 'two/web']);
  assert.match(metrics.expose(), /pool_targets\{scrape_job="two\/web"\} 1\n/);
  assert.ok(take().every((line) => line.includes('job="web"')));

  await manager.apply([job({ id: 'two/web' })]);
  assert.doesNotMatch(metrics.expose(), /scrape_job="one\/web"/);
  await clock.advance(30_000);
  const stale = take().filter((line) => line.includes(' stale '));
  assert.equal(stale.length, 6);
  assert.ok(stale.every((line) => line.includes('instance="h:1"')));
  await manager.stop(100);
});

test('the offset in the interval follows from host, replica and target, over versions', async () => {
  const { clock, manager, take } = await setUp('host');
  await manager.apply([job({ replica: '{"cluster":"a"}' })]);
  manager.update('web', groupOf('h:1'));
  await clock.advance(30_000);
  const offsets = take()
    .filter((line) => line.startsWith('up{'))
    .map((line) => Number(line.split('@')[1]) % 10_000);
  assert.deepEqual(offsets.slice(1), [7_360, 7_360, 7_360]);
  await manager.stop(100);
});
