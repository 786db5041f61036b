import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { runGivingWay } from './giving-way.ts';

const RUNS = 300;
const STEPS = 30;

test('hundreds of works share one turn, and each gets on', async () => {
  let nowMs = 0;
  const clock = mock.method(performance, 'now', () => nowMs);
  const done = new Array<number>(RUNS).fill(0);
  let inTurn = 0;
  let most = 0;
  let furthest = 0;
  function* work(run: number): Generator<undefined, number, undefined> {
    for (let step = 0; step < STEPS; step++) {
      nowMs += 1;
      inTurn += 1;
      most = Math.max(most, inTurn);
      done[run] = step + 1;
      furthest = Math.max(furthest, step + 1 - Math.min(...done));
      yield;
    }
    return run;
  }
  let isOver = false;
  const tick = (): void => {
    inTurn = 0;
    if (!isOver) setImmediate(tick);
  };
  setImmediate(tick);
  const results = await Promise.all(done.map((_, run) => runGivingWay(work(run))));
  isOver = true;
  clock.mock.restore();
  assert.deepEqual(results, [...done.keys()]);
  assert.ok(most <= 21, `${most} ms in one turn`);
  assert.ok(furthest <= 21, `one was ${furthest} steps ahead`);
});

test('an error of a step is the error of the run, also in a later turn', async () => {
  function* fail(after: number): Generator<undefined, void, undefined> {
    for (let i = 0; i < after; i++) {
      const endMs = performance.now() + 2;
      while (performance.now() < endMs);
      yield;
    }
    throw new Error('bad');
  }
  await assert.rejects(runGivingWay(fail(0)), /bad/);
  await assert.rejects(runGivingWay(fail(20)), /bad/);
});
