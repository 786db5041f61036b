import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { FileTurns } from './file-turns.ts';

test('two run at a time, the others in their order, whether one fails or not', async () => {
  const turns = new FileTurns();
  const begun: number[] = [];
  const ends: { resolve: () => void; reject: (error: Error) => void }[] = [];
  const results = Array.from({ length: 5 }, (_, index) =>
    turns.run(() => {
      begun.push(index);
      return new Promise<void>((resolve, reject) => (ends[index] = { resolve, reject }));
    }),
  );
  const outcomes = Promise.allSettled(results);
  assert.deepEqual(begun, [0, 1]);
  ends[1]?.resolve();
  await nextTurn();
  assert.deepEqual(begun, [0, 1, 2]);
  ends[0]?.reject(new Error('the disk is full'));
  await nextTurn();
  assert.deepEqual(begun, [0, 1, 2, 3]);
  for (const index of [2, 3]) ends[index]?.resolve();
  await nextTurn();
  ends[4]?.resolve();
  assert.deepEqual(
    (await outcomes).map(({ status }) => status),
    ['rejected', 'fulfilled', 'fulfilled', 'fulfilled', 'fulfilled'],
  );
  const again: string[] = [];
  for (const what of ['one', 'two']) void turns.run(async () => again.push(what));
  assert.deepEqual(again, ['one', 'two'], 'both turns are free again');
});
