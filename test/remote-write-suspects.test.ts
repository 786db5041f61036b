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

/** Which of the series 0 to COUNT - 1 are bad at a scrape. */
const COUNT = 600;
const BAD: Readonly<Record<string, (series: number, scrape: number) => boolean>> = {
  'twenty series': (series) => series % 30 === 7,
  'half of the series': (series) => series % 2 === 0,
  'the first half of the series': (series) => series < COUNT / 2,
  'twenty series, others each time': (series, scrape) => series % 30 === scrape,
  'one that stays bad and one more each time': (series, scrape) =>
    [7, 100 + scrape].includes(series),
  'each second time one': (series, scrape) => series === 9 && scrape % 2 === 0,
};

for (const [what, isBad] of Object.entries(BAD))
  test(`bug: ${what} may be refused, and no other sample is lost`, async (t) => {
    const all = await road(t);
    let at = 0;
    const names = Array.from({ length: COUNT }, (_, i) => `series_${i}`);
    all.receiver.answer = ({ samples }) =>
      samples.some(({ series }) => isBad(Number(series.split('_').at(-1)), at))
        ? { status: 400, body: 'label value too long' }
        : { status: 200 };
    const appender = all.sink.openAppender('target');
    const lost: number[] = [];
    const costs: number[] = [];
    for (at = 0; at < 8; at++) {
      await all.clock.advance(15_000);
      const kept = all.receiver.kept.length;
      const requests = all.receiver.requests.length;
      scrape(appender, names, T0 + at * 15_000);
      await until(all, () => all.queue.pendingItems === 0);
      const good = names.filter((_, i) => !isBad(i, at)).length;
      lost.push(good - (all.receiver.kept.length - kept));
      costs.push(all.receiver.requests.length - requests);
    }
    assert.deepEqual(
      lost,
      Array.from({ length: 8 }, () => 0),
    );
    if (/^(?:half|the first|twenty series$)/.test(what))
      assert.ok(Math.min(...costs.slice(4)) <= 2, `requests: ${costs.join()}`);
  });

test('a receiver that refuses all is asked once a scrape when that is known', async (t) => {
  const all = await road(t);
  all.receiver.answer = () => ({ status: 400 });
  const names = Array.from({ length: COUNT }, (_, i) => `series_${i}`);
  const appender = all.sink.openAppender('target');
  const costs: number[] = [];
  for (let at = 0; at < 8; at++) {
    await all.clock.advance(15_000);
    const requests = all.receiver.requests.length;
    scrape(appender, names, T0 + at * 15_000);
    await until(all, () => all.queue.pendingItems === 0);
    costs.push(all.receiver.requests.length - requests);
  }
  assert.ok(costs[0]! <= 2 * 128 + 2 && costs[7] === 1, costs.join());
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
