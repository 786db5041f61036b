import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileRelabelRule } from '../relabel/relabel.ts';
import { startRecordedManager } from '../../test/kit/recorded-manager.ts';
import { groupOf, jobWith } from '../../test/kit/scrape-jobs.ts';

const INTERVAL_MS = 10_000;

const setUp = (answer: (url: string) => string) =>
  startRecordedManager({ answer: ({ url }) => answer(url) });

const drop = (name: string, regex: string) =>
  compileRelabelRule({ action: 'drop', source_labels: [name], regex });
const timeOf = (line: string): number => Number(line.split('@')[1]);
const staleNames = (lines: readonly string[]): string[] =>
  lines.filter((line) => line.includes('} stale @')).map((line) => line.split('{')[0] ?? '');

test('a series that a changed job drops ends, the others go on without a gap or a sample too many', async () => {
  const { clock, manager, take, appenders } = await setUp(() => 'a 1\nb 1\n');
  await manager.apply([jobWith()]);
  manager.update('j', groupOf('h:1'));
  await clock.advance(5 * INTERVAL_MS);
  const before = take().filter((line) => line.startsWith('a{'));
  await manager.apply([jobWith({ metricRelabelRules: [drop('__name__', 'b')] })]);
  assert.equal(manager.targets()[0]?.health, 'up', 'what is known of the target stays');
  await clock.advance(3 * INTERVAL_MS);
  const lines = take();
  assert.deepEqual(staleNames(lines), ['b']);
  const times = [...before.slice(-1), ...lines.filter((line) => line.startsWith('a{'))].map(timeOf);
  assert.equal(times.length, 4);
  times.slice(1).forEach((tMs, i) => assert.equal(tMs - (times[i] ?? 0), INTERVAL_MS));
  assert.equal(appenders.length, 1);
  await manager.stop(100);
  assert.ok(appenders.every(({ closed }) => closed));
});

test('a target that a changed job drops ends with stale markers, one that it keeps does not', async () => {
  const { clock, manager, take } = await setUp(() => 'a 1\n');
  await manager.apply([jobWith()]);
  manager.update('j', groupOf('h:1', 'h:2'));
  await clock.advance(2 * INTERVAL_MS);
  take();
  await manager.apply([jobWith({ relabelRules: [drop('__address__', 'h:2')] })]);
  assert.equal(manager.targets().length, 1);
  await clock.advance(4 * INTERVAL_MS);
  const stale = take().filter((line) => line.includes('} stale @'));
  assert.equal(stale.length, 6);
  assert.ok(stale.every((line) => line.includes('instance="h:2"')));
  await manager.stop(100);
});

test('a target dropped by one reload and back by the next goes on with its series', async () => {
  const { clock, manager, take, appenders } = await setUp(() => 'a 1\n');
  await manager.apply([jobWith()]);
  manager.update('j', groupOf('h:1'));
  await clock.advance(2 * INTERVAL_MS);
  await manager.apply([jobWith({ relabelRules: [drop('__address__', 'h:1')] })]);
  await clock.advance(1_000);
  await manager.apply([jobWith()]);
  await clock.advance(5 * INTERVAL_MS);
  assert.deepEqual(staleNames(take()), []);
  assert.equal(appenders.length, 1);
  await manager.stop(100);
});

test('a target that moves under the same labels keeps its lane, and no time goes back', async () => {
  const { clock, manager, take, appenders } = await setUp((url) =>
    url.includes(':1') ? 'a 1\nold 1\n' : 'a 2\nnew 1\n',
  );
  const constant = compileRelabelRule({ target_label: 'instance', replacement: 'web' });
  await manager.apply([jobWith({ relabelRules: [constant] })]);
  manager.update('j', groupOf('h:1'));
  await clock.advance(3 * INTERVAL_MS);
  manager.update('j', groupOf('h:2'));
  await clock.advance(5 * INTERVAL_MS);
  const lines = take();
  assert.deepEqual(staleNames(lines), ['old']);
  for (const name of ['a{', 'up{']) {
    const times = lines.filter((line) => line.startsWith(name)).map(timeOf);
    assert.ok(times.length >= 7);
    times.slice(1).forEach((tMs, i) => assert.ok(tMs > (times[i] ?? 0)));
  }
  assert.equal(appenders.length, 1);
  await manager.stop(100);
});

test('extra series come and end with extra_scrape_metrics', async () => {
  const { clock, manager, take } = await setUp(() => 'a 1\n');
  await manager.apply([jobWith()]);
  manager.update('j', groupOf('h:1'));
  await clock.advance(INTERVAL_MS);
  assert.ok(!take().some((line) => line.startsWith('scrape_sample_limit{')));
  await manager.apply([jobWith({ hasExtraMetrics: true })]);
  await clock.advance(INTERVAL_MS);
  assert.ok(take().some((line) => line.startsWith('scrape_sample_limit{')));
  await manager.apply([jobWith()]);
  await clock.advance(2 * INTERVAL_MS);
  assert.deepEqual(staleNames(take()), [
    'scrape_timeout_seconds',
    'scrape_sample_limit',
    'scrape_body_size_bytes',
  ]);
  await manager.stop(100);
});
