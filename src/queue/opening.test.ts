/** The start of a queue gives way: no turn of the event loop has more than a part of it. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { DurableQueue } from './queue.ts';
import { openQueue } from '../../test/kit/durable-queue.ts';
import { temporaryFolder } from '../../test/kit/folder.ts';
import { numberedChunk } from '../../test/kit/numbered-chunks.ts';
import { createWorld } from '../../test/kit/world.ts';

const CHUNKS = 5_000;
/** Chunks that are put into lanes in one step. */
const PART_MAX = 2_048;

test('a full queue is taken up again over many turns of the event loop, a part in each', async (t) => {
  const directory = temporaryFolder(t);
  const first = await openQueue(directory, { segmentBytes: 4_096 });
  for (let i = 0; i < CHUNKS; i++) first.append(numberedChunk(i));
  await first.stop();
  const segments = readdirSync(directory).filter((name) => name.endsWith('.seg')).length;
  assert.ok(segments >= 10 && segments <= CHUNKS / 20, `${segments} segments`);
  let nowMs = 0;
  // Each step takes all the time that a turn has.
  t.mock.method(performance, 'now', () => (nowMs += 100));
  const options = { name: 'test', directory, lanes: 1, capBytes: 1e9 };
  const queue = new DurableQueue(options, createWorld());
  let isOpen = (): boolean => false;
  const opening = queue.start().then(() => {
    isOpen = () => true;
  });
  let [turns, most, before] = [0, 0, 0];
  for (; !isOpen(); turns++) {
    await nextTurn();
    most = Math.max(most, queue.pendingItems - before);
    before = queue.pendingItems;
  }
  await opening;
  t.mock.restoreAll();
  assert.equal(queue.pendingItems, CHUNKS);
  // Each segment is a turn; without yields all of them are one or two.
  assert.ok(turns >= segments / 2, `${turns} turns for ${segments} segments`);
  assert.ok(most <= PART_MAX, `${most} chunks in one turn`);
  await queue.stop();
});
