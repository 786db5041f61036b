/** A queue whose folder is deleted, emptied, replaced or taken while it runs. */
import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openQueue } from '../../test/kit/durable-queue.ts';
import { temporaryFolder } from '../../test/kit/folder.ts';
import { EVERYTHING, numberedChunk, numbersOf, takeAll } from '../../test/kit/numbered-chunks.ts';
import { createWorld, type TestWorld } from '../../test/kit/world.ts';

const never = new AbortController().signal;

/** Lets a tick of a queue come whole, which writes files. */
async function tick({ clock }: TestWorld): Promise<void> {
  for (let i = 0; i < 3; i++) {
    await clock.advance(1_000);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const deletions: Readonly<Record<string, (directory: string) => void>> = {
  deleted: (directory) => rmSync(directory, { recursive: true }),
  emptied: (directory) => {
    for (const name of readdirSync(directory)) rmSync(join(directory, name));
  },
  replaced: (directory) => {
    renameSync(directory, `${directory}-away`);
    mkdirSync(directory, { mode: 0o700 });
  },
};

for (const [what, undo] of Object.entries(deletions))
  test(`bug: a folder that is ${what} is made anew with what was in it; nothing is lost, and it is said`, async (t) => {
    const directory = join(temporaryFolder(t), 'queue');
    const world = createWorld();
    const queue = await openQueue(directory, { lanes: 2 }, world);
    for (let i = 0; i < 6; i++) queue.append(numberedChunk(i, i % 2));
    const batch = (await queue.next([0], { ...EVERYTHING, maxItems: 1 }, 0, never))!;
    undo(directory);
    queue.append(numberedChunk(6, 0));
    await tick(world);
    queue.acknowledge(batch);
    queue.append(numberedChunk(7, 1));
    assert.equal(statSync(directory).mode & 0o777, 0o700);
    await queue.stop();
    const said = world.lines.filter((line) => line.includes('queue directory is gone'));
    assert.equal(said.length, 1);
    assert.match(said[0]!, /level=error.*kept_items=7 lost_items=0/);
    assert.match(world.lines.at(-1)!, /items are left for the next run.*items=7/);
    const next = await openQueue(directory, { lanes: 2 });
    assert.deepEqual(await takeAll(next, 0), [2, 4, 6]);
    assert.deepEqual(await takeAll(next, 1), [1, 3, 5, 7]);
    await next.stop();
  });

test('bug: what can no longer be read of a folder that is gone is counted as lost', async (t) => {
  const directory = join(temporaryFolder(t), 'queue');
  const world = createWorld();
  const queue = await openQueue(directory, { segmentBytes: 200, cacheMaxBytes: 0 }, world);
  for (let i = 0; i < 20; i++) queue.append(numberedChunk(i));
  rmSync(directory, { recursive: true });
  await tick(world);
  const left = queue.pendingItems;
  assert.ok(left > 0 && left < 5, `${left} were in the open file`);
  const lost = world.metric('queue_dropped_items_total{queue="test",reason="folder_gone"}');
  assert.equal(lost + left, 20);
  assert.deepEqual(
    await takeAll(queue),
    Array.from({ length: left }, (_, i) => 20 - left + i),
  );
  await queue.stop();
});

test('a folder that is gone at a stop is made anew as well', async (t) => {
  const directory = join(temporaryFolder(t), 'queue');
  const world = createWorld();
  const queue = await openQueue(directory, {}, world);
  queue.append(numberedChunk(1));
  rmSync(directory, { recursive: true });
  await queue.stop();
  const next = await openQueue(directory);
  assert.deepEqual(await takeAll(next), [1]);
  await next.stop();
});

test('a folder that cannot be made anew: items wait in memory, and go to disk when it can', async (t) => {
  const directory = join(temporaryFolder(t), 'queue');
  const world = createWorld();
  const queue = await openQueue(directory, {}, world);
  queue.append(numberedChunk(1));
  rmSync(directory, { recursive: true });
  writeFileSync(directory, 'in the way');
  for (let i = 0; i < 5; i++) await tick(world);
  queue.append(numberedChunk(2));
  const said = world.lines.filter((line) => line.includes('queue has no folder'));
  assert.equal(said.length, 1, 'once in a minute');
  rmSync(directory);
  await tick(world);
  assert.equal(world.metric('queue_unwritten_bytes'), 0);
  assert.deepEqual(await takeAll(queue), [1, 2]);
  await queue.stop();
});

test('what an earlier run has left in a folder that comes in its place is sent first', async (t) => {
  const parent = temporaryFolder(t);
  const [directory, other] = [join(parent, 'queue'), join(parent, 'other')];
  const earlier = await openQueue(other);
  for (let i = 0; i < 3; i++) earlier.append(numberedChunk(i));
  await earlier.stop();
  const world = createWorld();
  const queue = await openQueue(directory, {}, world);
  queue.append(numberedChunk(3));
  const waiting = queue.next([0], { ...EVERYTHING, maxItems: 4 }, 60_000, never);
  rmSync(directory, { recursive: true });
  renameSync(other, directory);
  await tick(world);
  const batch = (await waiting)!;
  assert.deepEqual(numbersOf(batch), [0, 1, 2, 3]);
  queue.acknowledge(batch);
  await queue.stop();
});

test('a folder that another process has taken is left to it, whole, and used again when that ends', async (t) => {
  const directory = join(temporaryFolder(t), 'queue');
  const world = createWorld();
  const queue = await openQueue(directory, {}, world);
  for (let i = 0; i < 3; i++) queue.append(numberedChunk(i));
  const lock = join(directory, 'lock');
  const own = JSON.parse(readFileSync(lock, 'utf8')) as Record<string, unknown>;
  writeFileSync(lock, JSON.stringify({ ...own, token: 'of another one' }));
  await tick(world);
  assert.equal(queue.pendingItems, 0);
  assert.ok(world.lines.some((line) => /has taken the queue.*left_items=3/.test(line)));
  queue.append(numberedChunk(3));
  assert.equal(readdirSync(directory).filter((name) => name.endsWith('.seg')).length, 1);
  assert.ok(!existsSync(join(directory, 'cursor')));
  rmSync(lock);
  await tick(world);
  assert.deepEqual(await takeAll(queue), [0, 1, 2, 3]);
  await queue.stop();
});
