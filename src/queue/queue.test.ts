/**
 * The durable queue: order, resuming, torn and rotten files, the disk cap, a disk that refuses, the
 * lock.
 */
import assert from 'node:assert/strict';
import {
  copyFileSync,
  mkdtempSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import fc from 'fast-check';
import type { BatchLimits } from '../model/queue.ts';
import { inspectQueue } from './inspect.ts';
import { temporaryFolder } from '../../test/kit/folder.ts';
import { EVERYTHING, numberedChunk, numbersOf, takeAll } from '../../test/kit/numbered-chunks.ts';
import { createWorld } from '../../test/kit/world.ts';
import { openQueue } from '../../test/kit/durable-queue.ts';

const never = new AbortController().signal;

/** Ends a queue as kill -9 would: nothing is flushed, the lock stays. */
function segmentsOf(directory: string): string[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith('.seg'))
    .sort()
    .map((name) => join(directory, name));
}

test('chunks leave in the order they came, with what they carry', async (t) => {
  const queue = await openQueue(temporaryFolder(t));
  for (let i = 0; i < 5; i++) queue.append(numberedChunk(i));
  const batch = await queue.next([0], EVERYTHING, 0, never);
  assert.deepEqual(numbersOf(batch), [0, 1, 2, 3, 4]);
  assert.deepEqual(batch?.chunks[3], { ...numberedChunk(3) });
  await queue.stop();
});

test('a batch keeps the limits, but is never empty', async (t) => {
  const queue = await openQueue(temporaryFolder(t));
  for (let i = 0; i < 6; i++) queue.append(numberedChunk(i));
  const take = async (limits: Partial<BatchLimits>): Promise<number[]> => {
    const batch = await queue.next([0], { ...EVERYTHING, ...limits }, 0, never);
    queue.acknowledge(batch!);
    return numbersOf(batch);
  };
  assert.deepEqual(await take({ maxItems: 2 }), [0, 1]);
  assert.deepEqual(await take({ maxBytes: 45 }), [2, 3]);
  assert.deepEqual(await take({ maxRawBytes: 1 }), [4]);
  await queue.stop();
});

test('without an acknowledgement the same chunks come again', async (t) => {
  const queue = await openQueue(temporaryFolder(t));
  queue.append(numberedChunk(1));
  assert.deepEqual(numbersOf(await queue.next([0], EVERYTHING, 0, never)), [1]);
  assert.deepEqual(numbersOf(await queue.next([0], EVERYTHING, 0, never)), [1]);
  await queue.stop();
});

test('a batch that is not full waits for its deadline, a full one does not', async (t) => {
  const edges = createWorld();
  const queue = await openQueue(temporaryFolder(t), {}, edges);
  const limits = { ...EVERYTHING, maxItems: 3 };
  let got: number[] | undefined;
  const take = (): void => {
    got = undefined;
    void queue.next([0], limits, 5_000, never).then((batch) => {
      got = numbersOf(batch);
      queue.acknowledge(batch!);
    });
  };
  take();
  await edges.clock.advance(60_000);
  queue.append(numberedChunk(1));
  await edges.clock.advance(4_000);
  queue.append(numberedChunk(2));
  await edges.clock.advance(999);
  assert.equal(got, undefined);
  await edges.clock.advance(1);
  assert.deepEqual(got, [1, 2]);
  take();
  for (let i = 3; i < 6; i++) queue.append(numberedChunk(i));
  await edges.clock.advance(0);
  assert.deepEqual(got, [3, 4, 5]);
  await queue.stop();
});

test('waiting ends when the signal aborts, when the queue drains and when it stops', async (t) => {
  const queue = await openQueue(temporaryFolder(t), { lanes: 2 });
  const abort = new AbortController();
  const aborted = queue.next([0], EVERYTHING, 1_000, abort.signal);
  abort.abort();
  assert.equal(await aborted, undefined);
  const drained = queue.next([0], EVERYTHING, 1_000, never);
  queue.append(numberedChunk(1));
  queue.drain();
  assert.deepEqual(numbersOf(await drained), [1]);
  assert.equal(await queue.next([1], EVERYTHING, 1_000, never), undefined);
  await queue.stop();
  await queue.stop();
});

test('a flush sends what is there without waiting, and is done when it has left', async (t) => {
  const edges = createWorld();
  const queue = await openQueue(temporaryFolder(t), { lanes: 2 }, edges);
  await queue.flush(never);
  queue.append(numberedChunk(1));
  queue.append(numberedChunk(2, 1));
  const [first, second] = [0, 1].map((lane) => queue.next([lane], EVERYTHING, 60_000, never));
  let isDone = false;
  const flushed = queue.flush(never).then(() => (isDone = true));
  await edges.clock.advance(1);
  // It comes after, and waits for its deadline.
  queue.append(numberedChunk(3));
  queue.acknowledge((await first)!);
  await edges.clock.advance(1);
  assert.ok(!isDone);
  queue.acknowledge((await second)!);
  await flushed;
  const later = queue.next([0], EVERYTHING, 60_000, never);
  const early = await Promise.race([later, edges.clock.advance(1_000).then(() => 'waits')]);
  assert.equal(early, 'waits');
  const enough = new AbortController();
  const given = queue.flush(enough.signal);
  enough.abort();
  await given;
  await queue.stop();
});

test('a restart resumes behind the cursor, each lane by itself', async (t) => {
  const directory = temporaryFolder(t);
  const first = await openQueue(directory, { lanes: 2 });
  for (let i = 0; i < 10; i++) first.append(numberedChunk(i, i % 2));
  const batch = await first.next([0], { ...EVERYTHING, maxItems: 3 }, 0, never);
  first.acknowledge(batch!);
  await first.stop();
  const second = await openQueue(directory, { lanes: 2 });
  second.append(numberedChunk(10, 0));
  assert.deepEqual(await takeAll(second, 0), [6, 8, 10]);
  assert.deepEqual(await takeAll(second, 1), [1, 3, 5, 7, 9]);
  await second.stop();
  assert.deepEqual(segmentsOf(directory), [], 'what is done is deleted');
});

/** A directory with one segment of `count` chunks that were never sent. */
async function filled(t: TestContext, count: number): Promise<string> {
  const directory = temporaryFolder(t);
  const queue = await openQueue(directory);
  for (let i = 0; i < count; i++) queue.append(numberedChunk(i));
  await queue.stop();
  return directory;
}

test('a segment torn at any byte gives all whole chunks and takes new ones', async (t) => {
  const source = await filled(t, 3);
  const [segment] = segmentsOf(source);
  const whole = readFileSync(segment!).length;
  const record = whole / 3;
  for (let size = 0; size < whole; size++) {
    const directory = temporaryFolder(t);
    const copy = join(directory, '0000000001.seg');
    copyFileSync(segment!, copy);
    truncateSync(copy, size);
    const queue = await openQueue(directory);
    queue.append(numberedChunk(99));
    const expected = [...[0, 1, 2].slice(0, Math.floor(size / record)), 99];
    assert.deepEqual(await takeAll(queue), expected, `torn at ${size}`);
    await queue.stop();
  }
});

test('a flipped bit costs at most its chunk, and is counted', async (t) => {
  const source = await filled(t, 3);
  const bytes = readFileSync(segmentsOf(source)[0]!);
  const record = bytes.length / 3;
  await fc.assert(
    fc.asyncProperty(fc.nat(bytes.length - 1), fc.nat(7), async (at, bit) => {
      const directory = mkdtempSync(join(tmpdir(), 'amperage-queue-'));
      const damaged = Buffer.from(bytes);
      damaged[at]! ^= 1 << bit;
      writeFileSync(join(directory, '0000000001.seg'), damaged);
      const edges = createWorld();
      const queue = await openQueue(directory, {}, edges);
      const expected = [0, 1, 2].filter((number) => number !== Math.floor(at / record));
      assert.deepEqual(await takeAll(queue), expected);
      assert.match(edges.metrics.expose(), /queue_corrupt_total\{.*\} 1/);
      await queue.stop();
      rmSync(directory, { recursive: true });
    }),
    { numRuns: 60 },
  );
});

test('files that are no segments, or all garbage, do not stop the start', async (t) => {
  const directory = temporaryFolder(t);
  writeFileSync(join(directory, '0000000003.seg'), Buffer.alloc(5_000, 'AMQ1'));
  writeFileSync(join(directory, 'notes.txt'), 'hello');
  writeFileSync(join(directory, 'cursor'), '{"cursors": {"1/0": "x"}}');
  const edges = createWorld();
  const queue = await openQueue(directory, {}, edges);
  queue.append(numberedChunk(1));
  assert.deepEqual(await takeAll(queue), [1]);
  await queue.stop();
  assert.ok(edges.lines.some((line) => line.includes('cursor is damaged')));
});

test('bug: what is written behind a segment of the highest number is found again', async (t) => {
  const directory = temporaryFolder(t);
  writeFileSync(join(directory, '9999999999.seg'), 'not ours');
  const first = await openQueue(directory);
  first.append(numberedChunk(1));
  await first.stop();
  assert.equal(inspectQueue(directory).items, 1);
  const second = await openQueue(directory);
  assert.deepEqual(await takeAll(second), [1]);
  await second.stop();
});

test('bug: a cursor beyond all segments drops nothing; it is said, counted, and all is sent', async (t) => {
  const directory = await filled(t, 3);
  writeFileSync(join(directory, 'cursor'), '{"version":1,"cursors":{"1/0":[4000000000,9]}}');
  const edges = createWorld();
  const queue = await openQueue(directory, {}, edges);
  queue.append(numberedChunk(3));
  assert.ok(segmentsOf(directory).every((path) => !path.includes('400000000')));
  assert.deepEqual(await takeAll(queue), [0, 1, 2, 3]);
  await queue.stop();
  assert.ok(edges.lines.some((line) => line.includes('cursor is damaged')));
  assert.equal(edges.metric('queue_corrupt_total{queue="test",part="cursor"}'), 1);
});

test('with another number of lanes the old chunks leave first, in order', async (t) => {
  const directory = temporaryFolder(t);
  const first = await openQueue(directory, { lanes: 3 });
  for (let i = 0; i < 9; i++) first.append(numberedChunk(i, i % 3));
  first.acknowledge((await first.next([1], { ...EVERYTHING, maxItems: 2 }, 0, never))!);
  await first.stop();
  const second = await openQueue(directory, { lanes: 2 });
  second.append(numberedChunk(20, 0));
  second.append(numberedChunk(21, 1));
  let early: number[] | undefined;
  const other = second.next([1], EVERYTHING, 0, never).then((batch) => (early = numbersOf(batch)));
  const part = await second.next([0], { ...EVERYTHING, maxItems: 4 }, 0, never);
  assert.deepEqual(numbersOf(part), [0, 2, 3, 5]);
  second.acknowledge(part!);
  assert.equal(early, undefined);
  await second.stop();
  await other;
  const third = await openQueue(directory, { lanes: 2 });
  assert.deepEqual(await takeAll(third, 0), [6, 7, 8, 20]);
  assert.deepEqual(await takeAll(third, 1), [21]);
  await third.stop();
});

test('above the disk cap the oldest go, counted', async (t) => {
  const edges = createWorld();
  const dropped: string[] = [];
  const queue = await openQueue(
    temporaryFolder(t),
    {
      capBytes: 1_000,
      segmentBytes: 200,
      onDropped: (items, reason) => void dropped.push(`${items} ${reason}`),
    },
    edges,
  );
  for (let i = 0; i < 50; i++) queue.append(numberedChunk(i));
  const left = await takeAll(queue);
  assert.deepEqual(
    left,
    Array.from({ length: left.length }, (_, i) => 50 - left.length + i),
  );
  assert.ok(left.length > 8 && left.length <= 15, `${left.length} chunks of 64 bytes in 1000`);
  assert.deepEqual([...new Set(dropped)], ['1 disk_cap']);
  assert.equal(dropped.length, 50 - left.length);
  queue.append(numberedChunk(1, 0, 600));
  assert.equal(dropped.at(-1), '1 too_large');
  await queue.stop();
});

test('an acknowledgement for chunks that the cap dropped meanwhile is taken', async (t) => {
  const queue = await openQueue(temporaryFolder(t), { capBytes: 400, segmentBytes: 100 });
  queue.append(numberedChunk(0));
  const batch = await queue.next([0], EVERYTHING, 0, never);
  for (let i = 1; i < 20; i++) queue.append(numberedChunk(i));
  queue.acknowledge(batch!);
  assert.equal((await takeAll(queue)).at(-1), 19);
  assert.equal(queue.pendingItems, 0);
  await queue.stop();
});

test('old chunks come from disk, the newest from memory', async (t) => {
  const queue = await openQueue(temporaryFolder(t), { cacheMaxBytes: 100, segmentBytes: 300 });
  for (let i = 0; i < 100; i++) queue.append(numberedChunk(i));
  assert.deepEqual(
    await takeAll(queue),
    Array.from({ length: 100 }, (_, i) => i),
  );
  await queue.stop();
});

test('a disk that refuses: items wait in memory within a bound, and are written later', async (t) => {
  const directory = temporaryFolder(t);
  const edges = createWorld();
  const queue = await openQueue(directory, { memoryMaxBytes: 100 }, edges);
  // A directory in the place of the next segment file: creating it fails until it is gone.
  const next = Math.floor(edges.clock.nowMs() / 1_000) + 1;
  const refusing = join(directory, `${String(next).padStart(10, '0')}.seg`);
  mkdirSync(refusing);
  for (let i = 0; i < 7; i++) queue.append(numberedChunk(i));
  assert.match(edges.metrics.expose(), /queue_disk_refuses\{queue="test"\} 1/);
  assert.match(edges.metrics.expose(), /queue_unwritten_bytes\{queue="test"\} 100/);
  assert.match(edges.metrics.expose(), /reason="memory_full"\} 2/);
  assert.ok(edges.lines.some((line) => line.includes('queue disk refuses')));
  queue.acknowledge((await queue.next([0], { ...EVERYTHING, maxItems: 1 }, 0, never))!);
  rmSync(refusing, { recursive: true });
  await edges.clock.advance(1_000);
  assert.match(edges.metrics.expose(), /queue_disk_refuses\{queue="test"\} 0/);
  assert.match(edges.metrics.expose(), /queue_unwritten_bytes\{queue="test"\} 0/);
  queue.append(numberedChunk(7));
  await queue.stop();
  const again = await openQueue(directory);
  assert.deepEqual(await takeAll(again), [3, 4, 5, 6, 7]);
  await again.stop();
});

test('what waits is told without touching it, and what is too old goes, counted, but not while it is sent', async (t) => {
  const directory = temporaryFolder(t);
  const edges = createWorld();
  const queue = await openQueue(directory, { maxAgeMs: 60_000, sync: 'every' }, edges);
  for (let i = 0; i < 4; i++) queue.append({ ...numberedChunk(i), newestMs: edges.clock.nowMs() });
  const batch = (await queue.next([0], { ...EVERYTHING, maxItems: 1 }, 0, never))!;
  const before = inspectQueue(directory);
  assert.deepEqual(
    [before.chunks, before.segments, before.badChunks, before.tornBytes],
    [4, 1, 0, 0],
  );
  await edges.clock.advance(120_000);
  assert.equal(queue.pendingItems, 4, 'the oldest is being sent');
  queue.acknowledge(batch);
  await edges.clock.advance(1_000);
  assert.equal(queue.pendingItems, 0);
  assert.match(edges.metrics.expose(), /reason="too_old"\} 3/);
  await queue.stop();
});

test('a directory that can not be used is an error with a remedy, and leaves no figures', async (t) => {
  const file = join(temporaryFolder(t), 'file');
  writeFileSync(file, '');
  const world = createWorld();
  await assert.rejects(
    openQueue(file, {}, world),
    /can't be used .*; give a directory that this user may write/,
  );
  assert.doesNotMatch(world.metrics.expose(), /queue="test"/);
});

test('whatever is appended, acknowledged and restarted: each lane gets each number once, in order', async () => {
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('append' as const), lane: fc.nat(2) }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('take' as const), lane: fc.nat(2) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const), lane: fc.nat(2) }) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const directory = mkdtempSync(join(tmpdir(), 'amperage-queue-'));
      const options = { lanes: 3, segmentBytes: 150, cacheMaxBytes: 50 };
      let queue = await openQueue(directory, options);
      const appended: number[][] = [[], [], []];
      const taken: number[][] = [[], [], []];
      let number = 0;
      for (const { kind, lane } of steps) {
        if (kind === 'append') {
          queue.append(numberedChunk(number, lane));
          appended[lane]!.push(number++);
        } else if (kind === 'restart') {
          await queue.stop();
          queue = await openQueue(directory, options);
        } else if (taken[lane]!.length < appended[lane]!.length) {
          const batch = await queue.next([lane], { ...EVERYTHING, maxItems: 2 }, 0, never);
          taken[lane]!.push(...numbersOf(batch));
          queue.acknowledge(batch!);
        }
      }
      for (const lane of [0, 1, 2]) taken[lane]!.push(...(await takeAll(queue, lane)));
      await queue.stop();
      rmSync(directory, { recursive: true });
      assert.deepEqual(taken, appended);
    }),
    { numRuns: 40 },
  );
});

test('segments have numbers that no run before has used, whatever it may yet write', async (t) => {
  const directory = temporaryFolder(t);
  const edges = createWorld();
  const first = await openQueue(directory, {}, edges);
  first.append(numberedChunk(0));
  const [earlier] = segmentsOf(directory);
  await takeAll(first);
  await first.stop();
  // Nothing is left on disk that would tell which numbers are taken.
  rmSync(directory, { recursive: true });
  await edges.clock.advance(5_000);
  const second = await openQueue(directory, {}, edges);
  second.append(numberedChunk(1));
  assert.ok(segmentsOf(directory)[0]! > earlier!);
  await second.stop();
});

test('its metrics say what it may hold beside what it holds, and change with its limits', async (t) => {
  const edges = createWorld();
  const limits = { capBytes: 1_000, maxAgeMs: 60_000 };
  const queue = await openQueue(temporaryFolder(t), { ...limits, lanes: 2 }, edges);
  const read = (): number[] =>
    ['disk_bytes', 'cap_bytes', 'oldest_age_seconds', 'max_age_seconds'].map((name) =>
      edges.metric(`queue_${name}{queue="test"}`),
    );
  assert.deepEqual(read(), [0, 1_000, 0, 60]);
  for (const lane of [1, 0]) {
    queue.append({ ...numberedChunk(lane, lane, 200), newestMs: edges.clock.nowMs() });
    await edges.clock.advance(5_000);
  }
  const [full = 0, ...rest] = read();
  assert.ok(full > 400 && full < 1_000);
  assert.deepEqual(rest, [1_000, 10, 60]);
  queue.acknowledge((await queue.next([1], EVERYTHING, 0, never))!);
  queue.configure({ lanes: 2, capBytes: 5_000, maxAgeMs: 0 });
  assert.deepEqual(read().slice(1), [5_000, 5, 0]);
  await queue.stop();
});

test('another number of lanes, while it runs: what waits goes first, each lane in order, then what comes', async (t) => {
  const directory = temporaryFolder(t);
  const queue = await openQueue(directory, { lanes: 4 });
  for (let i = 0; i < 8; i++) queue.append(numberedChunk(i, i % 4));
  const underWay = (await queue.next([1], { ...EVERYTHING, maxItems: 1 }, 0, never))!;
  queue.configure({ lanes: 3, capBytes: 1e9 });
  for (let i = 8; i < 14; i++) queue.append(numberedChunk(i, i));
  queue.acknowledge(underWay);
  assert.equal(queue.pendingItems, 13);
  assert.equal(await race(queue.next([1, 2], EVERYTHING, 0, never)), 'waits');
  assert.deepEqual(await takeAll(queue, 0), [0, 2, 3, 4, 5, 6, 7, 9, 12]);
  assert.deepEqual(await takeAll(queue, 1), [10, 13]);
  assert.deepEqual(await takeAll(queue, 2), [8, 11]);
  await queue.stop();
});

test('after lanes changed while it ran, a restart goes on where it stopped', async (t) => {
  const directory = temporaryFolder(t);
  const first = await openQueue(directory, { lanes: 2 });
  for (let i = 0; i < 4; i++) first.append(numberedChunk(i, i % 2));
  first.configure({ lanes: 5, capBytes: 1e9 });
  for (let i = 4; i < 8; i++) first.append(numberedChunk(i, i));
  first.acknowledge((await first.next([0], { ...EVERYTHING, maxItems: 3 }, 0, never))!);
  await first.stop();
  const second = await openQueue(directory, { lanes: 5 });
  assert.equal(second.pendingItems, 5);
  assert.deepEqual(
    [...(await takeAll(second, 0)), ...(await takeAll(second, 4)), ...(await takeAll(second, 1))],
    [3, 5, 4, 6],
  );
  await second.stop();
});

test('what waits in memory for a full disk while lanes change and change back keeps its lane on disk', async (t) => {
  const directory = temporaryFolder(t);
  const edges = createWorld();
  const queue = await openQueue(directory, { lanes: 3, segmentBytes: 100 }, edges);
  for (let i = 0; i < 2; i++) queue.append(numberedChunk(i, 1));
  const next = Math.floor(edges.clock.nowMs() / 1_000) + 2;
  const refusing = join(directory, `${String(next).padStart(10, '0')}.seg`);
  mkdirSync(refusing);
  for (let i = 2; i < 5; i++) queue.append(numberedChunk(i, 1));
  queue.configure({ lanes: 2, capBytes: 1e9 });
  queue.configure({ lanes: 3, capBytes: 1e9 });
  rmSync(refusing, { recursive: true });
  await edges.clock.advance(1_000);
  queue.append(numberedChunk(5, 1));
  await queue.stop();
  const again = await openQueue(directory, { lanes: 3 });
  assert.deepEqual(await takeAll(again, 1), [0, 1, 2, 3, 4, 5]);
  await again.stop();
});

test('nothing that was acknowledged goes again after lanes changed while it ran and all was stopped', async (t) => {
  const directory = temporaryFolder(t);
  const first = await openQueue(directory, { lanes: 2 });
  for (let i = 0; i < 6; i++) first.append(numberedChunk(i, i));
  first.acknowledge((await first.next([0, 1], { ...EVERYTHING, maxItems: 2 }, 0, never))!);
  first.configure({ lanes: 3, capBytes: 1e9 });
  first.acknowledge((await first.next([0], EVERYTHING, 0, never))!);
  for (let i = 6; i < 9; i++) first.append(numberedChunk(i, i));
  await first.stop();
  for (let round = 0; round < 2; round++) {
    const again = await openQueue(directory, { lanes: 3 });
    assert.equal(again.pendingItems, 3, `in life ${round}`);
    await again.stop();
  }
});

test('a lower bound of the disk holds from the next chunk on', async (t) => {
  const dropped: string[] = [];
  const queue = await openQueue(temporaryFolder(t), {
    segmentBytes: 200,
    onDropped: (items, reason) => void dropped.push(`${items} ${reason}`),
  });
  for (let i = 0; i < 20; i++) queue.append(numberedChunk(i));
  queue.configure({ lanes: 1, capBytes: 800 });
  queue.append(numberedChunk(20));
  assert.ok(dropped.length > 5, dropped.join());
  const left = await takeAll(queue);
  assert.equal(left.at(-1), 20);
  assert.equal(left.length + dropped.length, 21);
  await queue.stop();
});

/** The value of a promise, or 'waits' when it is still pending after 20 ms. */
async function race<T>(promise: Promise<T>): Promise<T | 'waits'> {
  const later = new Promise<'waits'>((resolve) => setTimeout(() => resolve('waits'), 20));
  return Promise.race([promise, later]);
}
