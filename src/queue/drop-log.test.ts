import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createWorld } from '../../test/kit/world.ts';
import { chunkOf } from '../../test/kit/delivery.ts';
import { DropLog } from './drop-log.ts';
import { MemoryQueue } from './memory-queue.ts';

test('the first loss of a cause is said at once, later ones once a minute together', async () => {
  const { clock, log, lines } = createWorld();
  const drops = new DropLog(log, clock);
  for (let second = 0; second < 150; second++) {
    drops.add(2, 'disk_cap');
    await clock.advance(1_000);
  }
  drops.add(5, 'too_old');
  drops.end();
  const figures = lines.map((line) => /items=(\d+) reason=(\w+)/.exec(line)?.slice(1).join(' '));
  assert.deepEqual(figures, [
    '2 disk_cap',
    '118 disk_cap',
    '120 disk_cap',
    '5 too_old',
    '60 disk_cap',
  ]);
  assert.match(lines[0] ?? '', /cause="the queue is at its limit on disk; the oldest make room"/);
});

test('bug: a queue in memory tells what it lost after a line within the minute', async () => {
  const world = createWorld();
  const queue = new MemoryQueue({ name: 'emf/shop', lanes: 1, maxBytes: 20 }, world);
  const tooLarge = chunkOf([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  for (let i = 0; i < 3; i++) queue.append(tooLarge);
  await world.clock.advance(60_000);
  const figures = world.lines.map((line) => /items=(\d+)/.exec(line)?.[1]);
  assert.deepEqual(figures, ['12', '24']);
  await queue.stop();
});

test('the line names the sink', async () => {
  const world = createWorld();
  const queue = new MemoryQueue({ name: 'emf/shop', lanes: 1, maxBytes: 1e6 }, world);
  queue.append(chunkOf([1, 2, 3]));
  await queue.stop();
  assert.match(world.lines.join('\n'), /queue dropped items.*items=3 reason=stopped/);
  assert.match(world.lines.join('\n'), /sink=emf\/shop/);
});
