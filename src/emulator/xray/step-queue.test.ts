import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StepQueue } from './step-queue.ts';

/** Holds the turn for some milliseconds. */
function work(ms: number): void {
  const endMs = performance.now() + ms;
  while (performance.now() < endMs);
}

/** The items that were done in each turn of the event loop, while `run` goes on. */
async function watchTurns(run: (done: (item: string) => void) => Promise<void>): Promise<string[]> {
  const turns: string[] = [];
  let current = '';
  let isOver = false;
  const watch = (): void => {
    if (current !== '') turns.push(current);
    current = '';
    if (!isOver) setImmediate(watch);
  };
  setImmediate(watch);
  await run((item) => void (current += item));
  isOver = true;
  await new Promise((resolve) => setTimeout(resolve, 20));
  return turns;
}

test('work goes on in steps, and only one step is done in a turn', async () => {
  const steps = new StepQueue();
  const turns = await watchTurns(async (done) => {
    const run = (item: string): Promise<void> =>
      steps.forEach([1, 2, 3, 4], () => {
        work(6);
        done(item);
        return true;
      });
    await Promise.all([run('a'), run('b'), run('c')]);
  });
  // Two items of 6 ms make a step of 10 ms.
  for (const turn of turns) assert.match(turn, /^(?:a{1,2}|b{1,2}|c{1,2})$/);
  assert.equal(turns.join('').length, 12);
  assert.match(turns.join(''), /^a+b+c+a/, 'who waits longest goes on');
});

test('it ends early when told so, and others go on', async () => {
  const steps = new StepQueue();
  const seen: number[] = [];
  await steps.forEach([1, 2, 3], (item) => seen.push(item) < 2);
  await steps.forEach([4], (item) => seen.push(item) > 0);
  assert.deepEqual(seen, [1, 2, 4]);
});
