/** A queue that holds back what was appended since a moment, until it may be sent. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { openQueue } from '../../test/kit/durable-queue.ts';
import { temporaryFolder } from '../../test/kit/folder.ts';
import { EVERYTHING, numberedChunk, numbersOf } from '../../test/kit/numbered-chunks.ts';
import { createWorld, type TestWorld } from '../../test/kit/world.ts';
import type { DurableQueue } from './queue.ts';

interface Held {
  readonly world: TestWorld;
  readonly queue: DurableQueue;
  /** What has been sent, in order, from all lanes. */
  readonly sent: number[];
}

/** A queue of two lanes with a sender of each, which acknowledges at once. */
async function openHeld(t: TestContext): Promise<Held> {
  const world = createWorld();
  const queue = await openQueue(temporaryFolder(t), { lanes: 2 }, world);
  const ending = new AbortController();
  const sent: number[] = [];
  const send = async (lane: number): Promise<void> => {
    for (;;) {
      const batch = await queue.next([lane], EVERYTHING, 0, ending.signal);
      if (batch === undefined) return;
      sent.push(...numbersOf(batch));
      queue.acknowledge(batch);
    }
  };
  const sending = [send(0), send(1)];
  t.after(async () => {
    ending.abort();
    await Promise.all(sending);
    await queue.stop();
  });
  return { world, queue, sent };
}

async function appendAt(
  { world, queue }: Held,
  atMs: number,
  ...numbers: readonly number[]
): Promise<void> {
  await world.clock.advance(atMs - world.clock.elapsedMs());
  for (const number of numbers) queue.append(numberedChunk(number, number % 2));
}

test('what was appended at a moment or later waits, in all lanes; what was before is sent', async (t) => {
  const held = await openHeld(t);
  const { world, queue, sent } = held;
  queue.holdFrom(200);
  await appendAt(held, 199, 1, 2);
  await appendAt(held, 200, 3, 4);
  await world.clock.advance(60_000);
  assert.deepEqual(
    sent.toSorted((a, b) => a - b),
    [1, 2],
  );
  assert.deepEqual([queue.hasBefore(200), queue.hasBefore(201)], [false, true]);
  assert.equal(queue.pendingItems, 2);
});

test('one batch does not take what is held together with what is not', async (t) => {
  const world = createWorld();
  const queue = await openQueue(temporaryFolder(t), {}, world);
  t.after(() => queue.stop());
  queue.append(numberedChunk(1));
  await world.clock.advance(100);
  queue.append(numberedChunk(2));
  queue.holdFrom(100);
  const { signal } = new AbortController();
  assert.deepEqual(numbersOf(await queue.next([0], EVERYTHING, 0, signal)), [1]);
});

test('what is held is sent in order when the hold ends, or begins later than it came', async (t) => {
  const held = await openHeld(t);
  const { world, queue, sent } = held;
  queue.holdFrom(100);
  await appendAt(held, 100, 1);
  await appendAt(held, 200, 3);
  await appendAt(held, 300, 5);
  assert.deepEqual(sent, []);
  queue.holdFrom(300);
  await world.clock.advance(0);
  assert.deepEqual(sent, [1, 3]);
  queue.holdFrom(Infinity);
  await world.clock.advance(0);
  assert.deepEqual(sent, [1, 3, 5]);
});

test('neither a flush nor draining sends what is held, and a flush ends when it was sent', async (t) => {
  const held = await openHeld(t);
  const { world, queue, sent } = held;
  queue.holdFrom(100);
  await appendAt(held, 100, 1);
  let isFlushed = false;
  const flushed = queue.flush(new AbortController().signal).then(() => (isFlushed = true));
  queue.drain();
  await world.clock.advance(60_000);
  assert.deepEqual([sent, isFlushed], [[], false]);
  queue.holdFrom(Infinity);
  await world.clock.advance(0);
  await flushed;
  assert.deepEqual(sent, [1]);
});

test('what is held stays in the folder, and the next run sends it', async (t) => {
  const directory = temporaryFolder(t);
  const world = createWorld();
  const first = await openQueue(directory, {}, world);
  first.append(numberedChunk(1));
  await world.clock.advance(100);
  first.holdFrom(100);
  first.append(numberedChunk(2));
  await first.stop();
  const second = await openQueue(directory, {}, world);
  t.after(() => second.stop());
  const { signal } = new AbortController();
  assert.deepEqual(numbersOf(await second.next([0], EVERYTHING, 0, signal)), [1, 2]);
});
