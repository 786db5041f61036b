import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bench, chunkOf, NumberProtocol } from '../../test/kit/delivery.ts';

test('losses of all causes have one metric, by sink, reason and owner', () => {
  const all = bench(new NumberProtocol());
  all.losses.refusedChunks([chunkOf([1, 2, 3])], 'bad_label', '400');
  all.losses.expired([chunkOf([4])], 1_000);
  all.losses.lost(7, 'disk_cap', 'even');
  const lines = all.world.metrics
    .expose()
    .split('\n')
    .filter((line) => line.startsWith('amperage_sink_items_dropped_total{'));
  assert.deepEqual(lines.toSorted(), [
    'amperage_sink_items_dropped_total{sink="test",reason="bad_label",owner="even"} 1',
    'amperage_sink_items_dropped_total{sink="test",reason="bad_label",owner="odd"} 2',
    'amperage_sink_items_dropped_total{sink="test",reason="disk_cap",owner="even"} 7',
    'amperage_sink_items_dropped_total{sink="test",reason="too_old",owner="even"} 1',
  ]);
});

test('a loss is one line of the log, however many owners it has', () => {
  const all = bench({
    ownersOf: () => new Map(Array.from({ length: 40 }, (_, i) => [`job-${i}`, 1])),
  });
  all.losses.refusedChunks([chunkOf([1])], 'bad_label', '400 no');
  assert.equal(all.lines.length, 1);
  assert.match(all.lines[0]!, /items=40 .*job-9 and 30 more.*answer="400 no"/);
});

test('losses for one reason are one line at the first, one a minute with their sum, and one at the end', async () => {
  const all = bench(new NumberProtocol());
  const items = (): (string | undefined)[] =>
    all.lines.map((line) => /items=(\d+)/.exec(line)?.[1]);
  for (let second = 0; second < 100; second++) {
    for (let i = 0; i < 10; i++) all.losses.refusedChunks([chunkOf([1])], 'out_of_order', '400');
    await all.clock.advance(1_000);
  }
  assert.deepEqual(items(), ['1', '599']);
  all.losses.expired([chunkOf([1, 2])], 1_000);
  assert.deepEqual(items().at(-1), '2', 'another reason has a minute of its own');
  all.losses.tellRest();
  assert.deepEqual(items().slice(3), ['400']);
});

test('bug: what is lost after a line is told within the minute, though nothing follows', async () => {
  const all = bench(new NumberProtocol());
  const items = (): (string | undefined)[] =>
    all.lines.map((line) => /items=(\d+)/.exec(line)?.[1]);
  for (const count of [1, 2, 3]) all.losses.refusedChunks([chunkOf([count])], 'bad_label', '400');
  await all.clock.advance(59_000);
  assert.deepEqual(items(), ['1']);
  await all.clock.advance(1_000);
  assert.deepEqual([items(), all.clock.sleeping], [['1', '2'], 0]);
  all.losses.refusedChunks([chunkOf([1])], 'bad_label', '400');
  all.losses.tellRest();
  await all.clock.advance(0);
  assert.deepEqual([items(), all.clock.sleeping], [['1', '2', '1'], 0], 'no timer is left');
});
