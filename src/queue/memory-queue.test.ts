import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createWorld } from '../../test/kit/world.ts';
import { numberedChunk, takeAll } from '../../test/kit/numbered-chunks.ts';
import { MemoryQueue, type MemoryQueueOptions } from './memory-queue.ts';

type Loss = readonly [items: number, reason: string, bytes: number | undefined];

function makeQueue(options: Partial<MemoryQueueOptions> = {}) {
  const losses: Loss[] = [];
  const onDropped: MemoryQueueOptions['onDropped'] = (items, reason, bytes) =>
    losses.push([items, reason, bytes?.length]);
  const world = createWorld();
  const queue = new MemoryQueue(
    { name: 'q', lanes: 2, maxBytes: 100, onDropped, ...options },
    world,
  );
  return { queue, losses, world };
}

const chunkOf = (number: number, bytes: number, lane = 0) => ({
  ...numberedChunk(number),
  bytes: new Uint8Array(bytes).fill(number),
  lane,
});

test('above its bound the oldest of all lanes is dropped, and counted with its bytes', async () => {
  const { queue, losses, world } = makeQueue();
  queue.append(chunkOf(0, 40, 1));
  await world.clock.advance(1);
  queue.append(chunkOf(1, 40, 0));
  await world.clock.advance(1);
  queue.append(chunkOf(2, 40, 1));
  assert.deepEqual(losses, [[1, 'memory_full', 40]]);
  const batch = await queue.next(
    [0, 1],
    { maxItems: 9, maxBytes: 999, maxRawBytes: 999_999 },
    0,
    new AbortController().signal,
  );
  assert.deepEqual(
    batch?.chunks.map(({ bytes }) => bytes[0]),
    [1, 2],
  );
});

test('its metrics say what it may hold beside what it holds', async () => {
  const { queue, world } = makeQueue();
  queue.append({ ...chunkOf(0, 40), newestMs: world.clock.nowMs() });
  await world.clock.advance(2_000);
  const read = (name: string): number => world.metric(`queue_${name}{queue="q"}`);
  assert.deepEqual(
    ['unwritten_bytes', 'cap_bytes', 'oldest_age_seconds', 'max_age_seconds'].map(read),
    [40, 100, 2, 0],
  );
});

test('a chunk above the bound is lost alone', () => {
  const { queue, losses } = makeQueue();
  queue.append(chunkOf(0, 40));
  queue.append(chunkOf(1, 101));
  assert.deepEqual(losses, [[1, 'too_large', 101]]);
  assert.equal(queue.pendingItems, 1);
});

test('what was acknowledged makes room', async () => {
  const { queue, losses } = makeQueue({ lanes: 1 });
  queue.append(chunkOf(0, 60));
  const signal = new AbortController().signal;
  const limits = { maxItems: 1, maxBytes: 999, maxRawBytes: 999_999 };
  const batch = await queue.next([0], limits, 0, signal);
  assert.ok(batch);
  queue.acknowledge(batch);
  queue.append(chunkOf(1, 60));
  assert.deepEqual(losses, []);
});

test('what a stop leaves is counted as lost', async () => {
  const { queue, losses } = makeQueue();
  queue.append(chunkOf(0, 10));
  queue.append(chunkOf(1, 10, 1));
  await queue.stop();
  assert.deepEqual(losses, [
    [1, 'stopped', 10],
    [1, 'stopped', 10],
  ]);
  assert.deepEqual(await takeAll(queue), []);
});
