import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { test } from 'node:test';
import { Slices } from './slices.ts';

test('of what comes at once so much is done in each turn, in its order', async () => {
  const done: number[] = [];
  const slices = new Slices<number>(3, (item) => done.push(item));
  for (let item = 0; item < 7; item++) slices.add(item);
  const counts: number[] = [done.length];
  for (let turn = 0; turn < 4; turn++) {
    await nextTurn();
    counts.push(done.length);
  }
  assert.deepEqual(counts, [0, 3, 6, 7, 7]);
  assert.deepEqual(done, [0, 1, 2, 3, 4, 5, 6]);
});

test('what is added while a slice is done comes after what waits', async () => {
  const done: string[] = [];
  const slices = new Slices<string>(1, (item) => {
    done.push(item);
    if (item === 'a') slices.add('c');
  });
  slices.add('a');
  slices.add('b');
  for (let turn = 0; turn < 4; turn++) await nextTurn();
  assert.deepEqual(done, ['a', 'b', 'c']);
});
