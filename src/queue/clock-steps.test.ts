/**
 * Queues under a wall clock that is set forth or back: what waits goes by elapsed time, and a step
 * makes no chunk older.
 */
import assert from 'node:assert/strict';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openQueue } from '../../test/kit/durable-queue.ts';
import { temporaryFolder } from '../../test/kit/folder.ts';
import { EVERYTHING, numberedChunk, numbersOf, takeAll } from '../../test/kit/numbered-chunks.ts';
import { createWorld } from '../../test/kit/world.ts';
import type { VirtualClock } from '../kernel/clock.ts';
import { MemoryQueue } from './memory-queue.ts';

const HOUR_MS = 3_600_000;
const never = new AbortController().signal;

for (const stepMs of [-HOUR_MS, HOUR_MS]) {
  const how = stepMs < 0 ? 'back' : 'forth';

  for (const kind of ['durable', 'memory']) {
    test(`${kind} queue: a clock set ${how} by an hour holds up no batch and no flush`, async (t) => {
      const world = createWorld();
      const queue =
        kind === 'durable'
          ? await openQueue(temporaryFolder(t), {}, world)
          : new MemoryQueue({ name: 'test', lanes: 1, maxBytes: 1e6 }, world);
      queue.append(numberedChunk(1));
      let got: number[] = [];
      const taking = queue.next([0], EVERYTHING, 5_000, never).then((batch) => {
        got = numbersOf(batch);
        queue.acknowledge(batch!);
      });
      world.clock.step(stepMs);
      await world.clock.advance(4_999);
      assert.deepEqual(got, [], 'not before its deadline');
      await world.clock.advance(1);
      assert.deepEqual(got, [1]);
      await taking;
      queue.append(numberedChunk(2));
      world.clock.step(stepMs);
      queue.append(numberedChunk(3));
      let isLeft = false;
      const flushed = queue.flush(never).then(() => (isLeft = true));
      const batch = await queue.next([0], { ...EVERYTHING, maxItems: 1 }, 60_000, never);
      queue.acknowledge(batch!);
      await world.clock.advance(10);
      assert.ok(!isLeft, 'what was appended after the step is waited for as well');
      queue.acknowledge((await queue.next([0], EVERYTHING, 60_000, never))!);
      await flushed;
      await queue.stop();
    });
  }

  test(`a clock set ${how} by an hour puts off the next try of a full disk by no more than a second`, async (t) => {
    const directory = temporaryFolder(t);
    const world = createWorld();
    const queue = await openQueue(directory, {}, world);
    const next = Math.floor(world.clock.nowMs() / 1_000) + 1;
    const refusing = join(directory, `${String(next).padStart(10, '0')}.seg`);
    mkdirSync(refusing);
    for (let i = 0; i < 3; i++) queue.append(numberedChunk(i));
    assert.equal(world.metric('queue_disk_refuses'), 1);
    world.clock.step(stepMs);
    rmSync(refusing, { recursive: true });
    await world.clock.advance(1_000);
    assert.equal(world.metric('queue_disk_refuses'), 0);
    await queue.stop();
  });
}

for (const stepMs of [-HOUR_MS, HOUR_MS, -1_000])
  test(`a batch is of one setting of the clock: set by ${stepMs} ms`, async (t) => {
    const world = createWorld();
    for (const queue of [
      await openQueue(temporaryFolder(t), {}, world),
      new MemoryQueue({ name: 'test', lanes: 1, maxBytes: 1e6 }, world),
    ]) {
      queue.append(numberedChunk(1));
      queue.append(numberedChunk(2));
      world.clock.step(stepMs);
      queue.append(numberedChunk(3));
      const got: number[][] = [];
      while (queue.pendingItems > 0) {
        const batch = await queue.next([0], EVERYTHING, 0, never);
        got.push(numbersOf(batch));
        queue.acknowledge(batch!);
      }
      assert.deepEqual(got, [[1, 2], [3]]);
      await queue.stop();
    }
  });

test('a clock set forth by more than the age limit drops nothing that was appended before', async (t) => {
  const world = createWorld();
  const queue = await openQueue(temporaryFolder(t), { maxAgeMs: 60_000 }, world);
  queue.append({ ...numberedChunk(1), newestMs: world.clock.nowMs() });
  world.clock.step(24 * HOUR_MS);
  await world.clock.advance(59_000);
  assert.equal(queue.pendingItems, 1);
  await world.clock.advance(2_000);
  await tick(world.clock);
  assert.equal(queue.pendingItems, 0, 'its age is what has passed since');
  queue.append({ ...numberedChunk(2), newestMs: world.clock.nowMs() - 60_001 });
  await tick(world.clock);
  assert.equal(queue.pendingItems, 0, 'what was too old at its append goes');
  await queue.stop();
});

test('a chunk of an earlier run is judged by the wall clock', async (t) => {
  const directory = temporaryFolder(t);
  const world = createWorld();
  const first = await openQueue(directory, { maxAgeMs: 60_000 }, world);
  first.append({ ...numberedChunk(1), newestMs: world.clock.nowMs() });
  await first.stop();
  world.clock.step(HOUR_MS);
  const second = await openQueue(directory, { maxAgeMs: 60_000 }, world);
  await tick(world.clock);
  assert.deepEqual(await takeAll(second), []);
  await second.stop();
});

/** Lets a tick of a queue come whole, which writes files. */
async function tick(clock: VirtualClock): Promise<void> {
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    await clock.advance(1_000);
  }
}
