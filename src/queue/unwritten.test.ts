/** Chunks that the disk did not take: their order, the pause of a second, the bound. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '../kernel/logger.ts';
import { Registry } from '../kernel/metrics.ts';
import { type Entry, newEntry } from './entry.ts';
import { Unwritten } from './unwritten.ts';

function entry(number: number): Entry {
  const bytes = Buffer.alloc(10);
  const times = { oldestMs: number, newestMs: number };
  return newEntry({ bytes, items: 2, rawBytes: 20, lane: 0, ...times }, 1, {
    wallMs: number,
    elapsedMs: number,
  });
}

function open(): {
  unwritten: Unwritten;
  written: number[];
  disk: { tries: number; isFull: boolean };
  refuses: () => string | undefined;
} {
  const registry = new Registry();
  const written: number[] = [];
  const disk = { tries: 0, isFull: false };
  const unwritten = new Unwritten({
    write: (one) => {
      disk.tries += 1;
      if (disk.isFull) throw new Error('ENOSPC');
      written.push(one.oldestMs);
    },
    diskRefuses: registry.gauges('refuses', 'Test.').with({}),
    log: silentLogger,
    directory: '/queue',
  });
  const refuses = (): string | undefined => /^refuses (\d)/m.exec(registry.expose())?.[1];
  return { unwritten, written, disk, refuses };
}

test('a disk that refused is left alone for a second, and then takes all in order', () => {
  const { unwritten, written, disk, refuses } = open();
  disk.isFull = true;
  for (let i = 0; i < 5; i++) {
    unwritten.push(entry(i));
    unwritten.writeOut(100 + i);
  }
  assert.deepEqual([disk.tries, unwritten.bytes, unwritten.items, refuses()], [1, 50, 10, '1']);
  disk.isFull = false;
  unwritten.writeOut(1_099);
  assert.equal(disk.tries, 1);
  unwritten.writeOut(1_100);
  assert.deepEqual(written, [0, 1, 2, 3, 4]);
  assert.deepEqual([unwritten.bytes, refuses()], [0, '0']);
});

test('a chunk that is alone in its wait is tried each time', () => {
  const { unwritten, disk } = open();
  disk.isFull = true;
  unwritten.push(entry(1));
  unwritten.writeOut(1);
  unwritten.writeOut(2);
  assert.equal(disk.tries, 2);
});

test('above the bound the oldest go; what was sent meanwhile is neither dropped nor written', () => {
  const { unwritten, written, disk } = open();
  disk.isFull = true;
  const entries = Array.from({ length: 5 }, (_, i) => entry(i));
  for (const one of entries) unwritten.push(one);
  const sent = entries[0]!;
  unwritten.release(sent);
  sent.isGone = true;
  const dropped: number[] = [];
  const drop = (one: Entry): void => {
    dropped.push(one.oldestMs);
    unwritten.release(one);
    one.isGone = true;
  };
  unwritten.bound(25, drop);
  assert.deepEqual(dropped, [1, 2]);
  assert.equal(unwritten.bytes, 20);
  disk.isFull = false;
  unwritten.writeOut(Infinity);
  assert.deepEqual(written, [3, 4]);
});
