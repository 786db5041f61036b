import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bench, chunkOf, itemsIn } from '../../test/kit/delivery.ts';
import { RecoverableError } from '../kernel/errors.ts';
import type { Chunk } from '../model/queue.ts';
import type { Outcome } from './attempt.ts';
import { withSetAside } from './set-aside.ts';

const error = new RecoverableError('SINK_PARTIAL', 'not now');

function open(outcome: Outcome, isUnordered = true) {
  const { metrics, world, signals } = bench();
  const appended: Chunk[] = [];
  const queue = { append: (chunk: Chunk) => void appended.push(chunk) };
  const options = { protocol: { isUnordered }, queue, metrics, log: world.log };
  const deliver = withSetAside(() => Promise.resolve(outcome), options);
  const run = (attempt: number): Promise<Outcome> =>
    deliver([chunkOf([1, 2, 3])], attempt, signals);
  return { run, appended, retried: () => metrics.retried.value };
}

test('what was not taken beside others goes behind the rest at once', async () => {
  const { run, appended, retried } = open({
    kind: 'again',
    chunks: [chunkOf([2])],
    error,
    settled: 2,
  });
  assert.deepEqual(await run(1), { kind: 'done' });
  assert.deepEqual([itemsIn(appended), retried()], [[2], 1]);
});

test('where nothing was taken it waits first, and makes room after some attempts', async () => {
  const nothing: Outcome = { kind: 'again', chunks: [chunkOf([1, 2, 3])], error, settled: 0 };
  const { run, appended } = open(nothing);
  for (let attempt = 1; attempt < 5; attempt++) assert.deepEqual(await run(attempt), nothing);
  assert.deepEqual(appended, []);
  assert.deepEqual(await run(5), { kind: 'done' });
  assert.deepEqual(itemsIn(appended), [1, 2, 3]);
});

test('a failure of the whole request, and a receiver that needs order, hold their place', async () => {
  const whole: Outcome = { kind: 'again', chunks: [chunkOf([1, 2, 3])], error };
  const failed = open(whole);
  assert.deepEqual(await failed.run(9), whole);
  const part: Outcome = { kind: 'again', chunks: [chunkOf([2])], error, settled: 2 };
  const ordered = open(part, false);
  assert.deepEqual(await ordered.run(9), part);
  assert.deepEqual([failed.appended, ordered.appended], [[], []]);
});
