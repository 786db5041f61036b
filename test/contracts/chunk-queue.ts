/**
 * The contract of a queue of chunks (model/queue.ts) as a suite. Call `chunkQueueContract` with a
 * function that makes an empty queue. What makes a queue durable (restarts, rotten files, caps) is
 * tested beside it.
 */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { VirtualClock } from '../../src/kernel/clock.ts';
import type { Batch, BatchLimits, Chunk, ChunkQueue } from '../../src/model/queue.ts';
import { EVERYTHING, numberedChunk, numbersOf, takeAll } from '../kit/numbered-chunks.ts';

export interface ChunkQueueFixture {
  readonly queue: ChunkQueue;
  /** The clock that the queue uses. */
  readonly clock: VirtualClock;
}

/** Makes a started queue with this many lanes, which ends with the test. */
export type MakeChunkQueue = (
  context: TestContext,
  lanes: number,
) => Promise<ChunkQueueFixture> | ChunkQueueFixture;

const never = new AbortController().signal;
const DEADLINE_MS = 1_000;

export function chunkQueueContract(what: string, make: MakeChunkQueue): void {
  const filled = async (context: TestContext, chunks: readonly Chunk[], lanes = 1) => {
    const fixture = await make(context, lanes);
    for (const chunk of chunks) fixture.queue.append(chunk);
    return fixture;
  };
  const range = (count: number): Chunk[] =>
    Array.from({ length: count }, (_, i) => numberedChunk(i));

  test(`${what}: the chunks of a lane leave in the order they came, each once`, async (context) => {
    const { queue } = await filled(context, range(7));
    const limits = { ...EVERYTHING, maxItems: 3 };
    const batches: number[][] = [];
    for (let i = 0; i < 3; i++) {
      const batch: Batch | undefined = await queue.next([0], limits, 0, never);
      batches.push(numbersOf(batch));
      queue.acknowledge(batch!);
    }
    assert.deepEqual(batches, [[0, 1, 2], [3, 4, 5], [6]]);
    assert.deepEqual(await takeAll(queue), []);
  });

  test(`${what}: what is not acknowledged is given again, the same`, async (context) => {
    const { queue } = await filled(context, range(4));
    const limits = { ...EVERYTHING, maxItems: 2 };
    const first = await queue.next([0], limits, 0, never);
    const again = await queue.next([0], limits, 0, never);
    assert.deepEqual(numbersOf(first), [0, 1]);
    assert.deepEqual(numbersOf(again), [0, 1]);
    queue.acknowledge(again!);
    assert.deepEqual(await takeAll(queue), [2, 3]);
  });

  test(`${what}: a chunk comes back as it was given`, async (context) => {
    const chunk = { ...numberedChunk(5, 0, 40), items: 3, oldestMs: 7, newestMs: 9, rawBytes: 99 };
    const { queue } = await filled(context, [chunk]);
    const [got] = (await queue.next([0], EVERYTHING, 0, never))!.chunks;
    const { items, oldestMs, newestMs, rawBytes } = got!;
    assert.deepEqual(
      { items, oldestMs, newestMs, rawBytes },
      { items: 3, oldestMs: 7, newestMs: 9, rawBytes: 99 },
    );
    assert.deepEqual(Buffer.from(got!.bytes), Buffer.from(chunk.bytes));
  });

  test(`${what}: lanes are separate, and any whole number is mapped to one of them`, async (context) => {
    const lanes = [0, 1, 4_294_967_295, 123_456_789];
    const chunks = lanes.map((lane, i) => numberedChunk(i, lane));
    const { queue } = await filled(context, chunks, 2);
    assert.equal(queue.lanes, 2);
    const held = await queue.next([0], EVERYTHING, 0, never);
    const [even, odd] = [numbersOf(held), await takeAll(queue, 1)];
    assert.deepEqual(new Set([...even, ...odd]), new Set([0, 1, 2, 3]));
    assert.ok(even.includes(0) && odd.includes(1), 'lanes that there are stay as they are');
    assert.equal(queue.pendingItems, even.length, 'what is held is not acknowledged');
  });

  test(`${what}: a sender of several lanes gets the oldest of each`, async (context) => {
    const chunks = [numberedChunk(0, 0), numberedChunk(1, 1), numberedChunk(2, 0)];
    const { queue } = await filled(context, chunks, 2);
    const batch = await queue.next([0, 1], EVERYTHING, 0, never);
    assert.deepEqual(new Set(numbersOf(batch)), new Set([0, 1, 2]));
    queue.acknowledge(batch!);
    assert.equal(queue.pendingItems, 0);
  });

  const LIMITS: Readonly<Record<string, Partial<BatchLimits>>> = {
    items: { maxItems: 2 },
    bytes: { maxBytes: 40 },
    'bytes before compression': { maxRawBytes: 80 },
  };
  for (const [name, limit] of Object.entries(LIMITS)) {
    test(`${what}: a batch keeps the limit of ${name}, but has one chunk at least`, async (context) => {
      const chunks = [...range(3), numberedChunk(3, 0, 200)];
      const { queue } = await filled(context, chunks);
      const limits = { ...EVERYTHING, ...limit };
      const sizes: number[] = [];
      queue.drain();
      for (;;) {
        const batch = await queue.next([0], limits, 0, never);
        if (batch === undefined) break;
        sizes.push(batch.chunks.length);
        queue.acknowledge(batch);
      }
      assert.equal(sizes[0], 2);
      assert.equal(sizes.at(-1), name === 'items' ? 2 : 1);
      assert.equal(
        sizes.reduce((sum, one) => sum + one),
        4,
      );
    });
  }

  test(`${what}: what waits is counted by items until it is acknowledged`, async (context) => {
    const { queue } = await filled(context, [{ ...numberedChunk(0), items: 5 }, numberedChunk(1)]);
    assert.equal(queue.pendingItems, 6);
    const batch = await queue.next([0], EVERYTHING, 0, never);
    assert.equal(queue.pendingItems, 6);
    queue.acknowledge(batch!);
    assert.equal(queue.pendingItems, 0);
  });

  /** Begins `next`. @returns a way to read its result, which is undefined while it waits */
  const begin = (queue: ChunkQueue, limits: BatchLimits, signal = never) => {
    const state: { isDone: boolean; batch: Batch | undefined } = {
      isDone: false,
      batch: undefined,
    };
    const ended = queue.next([0], limits, DEADLINE_MS, signal).then((batch) => {
      state.isDone = true;
      state.batch = batch;
    });
    return { state, ended };
  };

  test(`${what}: a batch that is not full waits until its oldest chunk has waited its time`, async (context) => {
    const { queue, clock } = await filled(context, [numberedChunk(0)]);
    const { state, ended } = begin(queue, { ...EVERYTHING, maxItems: 3 });
    await clock.advance(DEADLINE_MS / 2);
    queue.append(numberedChunk(1));
    await clock.advance(DEADLINE_MS / 2 - 1);
    assert.ok(!state.isDone, 'it waits');
    await clock.advance(1);
    await ended;
    assert.deepEqual(numbersOf(state.batch), [0, 1]);
  });

  test(`${what}: a full batch goes at once`, async (context) => {
    const { queue, clock } = await filled(context, range(2));
    const { state, ended } = begin(queue, { ...EVERYTHING, maxItems: 3 });
    await clock.advance(0);
    assert.ok(!state.isDone, 'it waits');
    queue.append(numberedChunk(2));
    await ended;
    assert.deepEqual(numbersOf(state.batch), [0, 1, 2]);
  });

  test(`${what}: a waiting call gets nothing once its signal aborts, and the chunks stay`, async (context) => {
    const { queue, clock } = await filled(context, [numberedChunk(0)]);
    const abort = new AbortController();
    const { state, ended } = begin(queue, EVERYTHING, abort.signal);
    await clock.advance(0);
    abort.abort(new Error('the test ends it'));
    await ended;
    assert.equal(state.batch, undefined);
    assert.equal(await queue.next([0], EVERYTHING, 0, abort.signal), undefined);
    assert.deepEqual(await takeAll(queue), [0]);
  });

  test(`${what}: while draining, a waiting call gets what is left at once, and then nothing`, async (context) => {
    const { queue, clock } = await filled(context, [numberedChunk(0)]);
    const { state, ended } = begin(queue, EVERYTHING);
    await clock.advance(0);
    queue.drain();
    await ended;
    assert.deepEqual(numbersOf(state.batch), [0]);
    queue.acknowledge(state.batch!);
    assert.equal(await queue.next([0], EVERYTHING, DEADLINE_MS, never), undefined);
  });

  test(`${what}: a flush gives out what is there without waiting, and ends when that is acknowledged`, async (context) => {
    const { queue, clock } = await filled(context, range(2));
    const { state, ended } = begin(queue, EVERYTHING);
    let isFlushed = false;
    const flushed = queue.flush(never).then(() => (isFlushed = true));
    await ended;
    assert.deepEqual(numbersOf(state.batch), [0, 1]);
    await clock.advance(0);
    assert.ok(!isFlushed, 'it has not left');
    queue.acknowledge(state.batch!);
    await flushed;
    await queue.flush(never);
  });

  test(`${what}: a flush gives up when its signal aborts`, async (context) => {
    const { queue, clock } = await filled(context, range(1));
    const abort = new AbortController();
    const flushed = queue.flush(abort.signal);
    await clock.advance(0);
    abort.abort(new Error('the test ends it'));
    await flushed;
    assert.equal(queue.pendingItems, 1);
  });
}
