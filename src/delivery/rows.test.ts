import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bench } from '../../test/kit/delivery.ts';
import { runAtOnce } from '../kernel/giving-way.ts';
import type { Chunk } from '../model/queue.ts';
import { Rows } from './rows.ts';
import { MemoryQueue } from '../../test/kit/memory-queue.ts';

function open(): { rows: Rows; chunks: Chunk[]; all: ReturnType<typeof bench> } {
  const all = bench();
  const queue = new MemoryQueue();
  return { rows: new Rows(queue, all.load, 3), chunks: queue.chunks, all };
}

test('the rows of a transaction are one chunk with their times, and none after a rollback', () => {
  const { rows, chunks, all } = open();
  rows.add(7, 'a\n');
  rows.rollback();
  rows.add(5, 'b\n');
  rows.add(9, 'c\n');
  runAtOnce(rows.commitSlices());
  runAtOnce(rows.commitSlices());
  const { bytes, ...rest } = chunks[0]!;
  assert.equal(chunks.length, 1);
  assert.equal(bytes.toString(), 'b\nc\n');
  assert.deepEqual(rest, { items: 2, oldestMs: 5, newestMs: 9, lane: 3, rawBytes: 4 });
  assert.deepEqual([all.load.itemsIn, all.load.newestInMs], [2, 9]);
});

test('a long transaction is chunks of bounded size', () => {
  const { rows, chunks } = open();
  for (let i = 0; i < 1_000; i++) rows.add(i, `${'x'.repeat(1_023)}\n`);
  runAtOnce(rows.commitSlices());
  assert.deepEqual(
    chunks.map(({ items }) => items),
    [257, 257, 257, 229],
  );
});
