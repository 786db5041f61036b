/**
 * Series that the receiver refuses again and again: what they cost, and when they go with the
 * others again.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeLabelSet } from '../src/model/labels.ts';
import { road, scrape, until } from './kit/remote-write-road.ts';

const T0 = 1_700_000_000_000;

for (const [status, body, reason] of [
  [409, 'out of order sample', 'out_of_order'],
  [409, '', 'conflict'],
  [400, 'per-metric series limit of 5 exceeded', 'series_limit'],
] as const)
  test(`bug: one series that is refused by ${status} "${body}" costs no other, and one request more a scrape`, async (t) => {
    const all = await road(t);
    let isBad = true;
    all.receiver.answer = ({ samples }) =>
      isBad && samples.some(({ series }) => series.includes('bad'))
        ? { status, body }
        : { status: 200 };
    const names = Array.from({ length: 5_200 }, (_, i) => (i === 1_234 ? 'bad' : `good_${i}`));
    const appender = all.sink.openAppender('target');
    const costs: number[] = [];
    for (let i = 0; i < 20; i++) {
      const before = all.receiver.requests.length;
      scrape(appender, names, T0 + i * 15_000);
      await until(all, () => all.queue.pendingItems === 0);
      costs.push(all.receiver.requests.length - before);
    }
    assert.equal(all.receiver.kept.length, 20 * 5_199);
    assert.ok(costs[0]! > 10, `searched for once: ${costs.join()}`);
    assert.ok(Math.max(...costs.slice(1)) <= 2, `later: ${costs.join()}`);
    assert.match(all.metrics.expose(), new RegExp(`dropped_total\\{.*reason="${reason}"\\} 20`));
    const named = all.lines.filter((line) => line.includes('refuses a series'));
    assert.equal(named.length, 1);
    assert.match(named[0]!, /metric=bad/);
    // It is taken again at once, and then goes with the others.
    isBad = false;
    for (const more of [20, 21]) {
      const before = all.receiver.requests.length;
      scrape(appender, names, T0 + more * 15_000);
      await until(all, () => all.queue.pendingItems === 0);
      costs.push(all.receiver.requests.length - before);
    }
    assert.equal(all.receiver.kept.length, 20 * 5_199 + 2 * 5_200);
    assert.deepEqual(costs.slice(-2), [2, 1]);
  });

test('of several series that stay bad, one that is taken again is found within a minute', async (t) => {
  const all = await road(t);
  let bad = new Set(['__name__=bad_1', '__name__=bad_2', '__name__=bad_3']);
  all.receiver.answer = ({ samples }) =>
    samples.some(({ series }) => bad.has(series)) ? { status: 400 } : { status: 200 };
  const names = ['a', 'bad_1', 'b', 'bad_2', 'c', 'bad_3'];
  const appender = all.sink.openAppender('target');
  const startMs = all.clock.nowMs();
  let requests = 0;
  for (let i = 0; i < 14; i++) {
    await all.clock.advance(startMs + i * 15_000 - all.clock.nowMs());
    if (i === 4) bad = new Set(['__name__=bad_2']);
    requests = all.receiver.requests.length;
    scrape(appender, names, T0 + i * 15_000);
    await until(all, () => all.queue.pendingItems === 0);
  }
  const taken = (name: string): number =>
    all.receiver.kept.filter(({ series }) => series === `__name__=${name}`).length;
  assert.deepEqual([taken('a'), taken('b'), taken('c'), taken('bad_2')], [14, 14, 14, 0]);
  for (const name of ['bad_1', 'bad_3'])
    assert.ok(taken(name) >= 6 && taken(name) <= 10, `${name}: ${taken(name)} of 10`);
  assert.equal(all.receiver.requests.length - requests, 2);
});

test('series of one metric that are refused are one line', async (t) => {
  const all = await road(t);
  all.receiver.answer = ({ samples }) => ({ status: samples.length > 0 ? 400 : 200 });
  const appender = all.sink.openAppender('target');
  for (const [name, path] of [
    ['bad', '/a'],
    ['bad', '/b'],
    ['worse', '/a'],
  ] as const)
    appender.append(appender.refOf(makeLabelSet({ __name__: name, path })), T0, 1);
  appender.commit();
  await until(all, () => all.queue.pendingItems === 0);
  const named = all.lines.filter((line) => line.includes('refuses a series'));
  const metrics = new Set(named.map((line) => /metric=(\w+)/.exec(line)?.[1]));
  assert.deepEqual([named.length, metrics], [2, new Set(['bad', 'worse'])]);
});
