import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bench, chunkOf, DONE, itemsIn, NumberProtocol } from '../../test/kit/delivery.ts';
import type { Chunk } from '../model/queue.ts';
import { withAgeLimit } from './age.ts';
import type { Deliver } from './attempt.ts';

const HOUR_MS = 3_600_000;

function recording(): { deliver: Deliver; sent: number[][] } {
  const sent: number[][] = [];
  const deliver: Deliver = (chunks) => {
    sent.push(itemsIn(chunks));
    return Promise.resolve(DONE);
  };
  return { deliver, sent };
}

test('what is too old is left out and counted by its owner; the rest goes', async () => {
  const all = bench(new NumberProtocol());
  const { deliver, sent } = recording();
  const nowMs = all.clock.nowMs();
  const options = { limitMs: HOUR_MS, clock: all.clock, protocol: {}, losses: all.losses };
  const [old, young] = [nowMs - HOUR_MS - 1, nowMs];
  await withAgeLimit(deliver, options)([chunkOf([old]), chunkOf([young])], 1, all.signals);
  assert.deepEqual(sent, [[young]]);
  assert.deepEqual(all.lost(), [`too_old ${old % 2 === 1 ? 'odd' : 'even'} 1`]);
  assert.match(all.lines.join(), /above the age limit.*items=1.*limit_ms=3600000/);
});

test('a chunk that is old in part is taken apart where the protocol can, else it goes whole', async () => {
  const all = bench();
  const nowMs = all.clock.nowMs();
  const mixed = chunkOf([nowMs - 2 * HOUR_MS, nowMs]);
  const whole = recording();
  const limits = { limitMs: HOUR_MS, clock: all.clock, losses: all.losses };
  await withAgeLimit(whole.deliver, { ...limits, protocol: {} })([mixed], 1, all.signals);
  assert.equal(whole.sent[0]?.length, 2);
  const apart = recording();
  const protocol = {
    withoutOlder: (chunks: readonly Chunk[], cutoffMs: number) => {
      const items = itemsIn(chunks);
      return {
        kept: [chunkOf(items.filter((item) => item >= cutoffMs))],
        dropped: [chunkOf(items.filter((item) => item < cutoffMs))],
      };
    },
  };
  await withAgeLimit(apart.deliver, { ...limits, protocol })([mixed], 1, all.signals);
  assert.deepEqual(apart.sent, [[nowMs]]);
  assert.deepEqual(all.lost(), ['too_old  1']);
});

test('when all is too old nothing is sent', async () => {
  const all = bench();
  const { deliver, sent } = recording();
  const options = { limitMs: 1, clock: all.clock, protocol: {}, losses: all.losses };
  const outcome = await withAgeLimit(deliver, options)([chunkOf([1])], 1, all.signals);
  assert.deepEqual([outcome, sent], [DONE, []]);
});

test('no limit keeps everything, however old', async () => {
  const all = bench();
  const { deliver, sent } = recording();
  const options = { limitMs: 0, clock: all.clock, protocol: {}, losses: all.losses };
  await withAgeLimit(deliver, options)([chunkOf([1])], 1, all.signals);
  assert.deepEqual(sent, [[1]]);
});

test('bug: a clock set forth since the append makes nothing too old; what has passed does', async () => {
  const all = bench();
  const { deliver, sent } = recording();
  const { clock } = all;
  const options = { limitMs: HOUR_MS, clock, protocol: {}, losses: all.losses };
  const signals = { ...all.signals, wallOffsetMs: clock.nowMs() - clock.elapsedMs() };
  const item = clock.nowMs();
  const young = withAgeLimit(deliver, options);
  clock.step(24 * HOUR_MS);
  await young([chunkOf([item])], 1, signals);
  assert.deepEqual(sent, [[item]]);
  await clock.advance(HOUR_MS + 1);
  await young([chunkOf([item])], 1, signals);
  assert.equal(sent.length, 1);
});
