/** The line that says that targets are up. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createWorld } from '../../test/kit/world.ts';
import { FirstUp } from './first-up.ts';
import type { TargetStatus } from './pool.ts';

const status = (job: string, health: string) => ({ job, health }) as TargetStatus;

test('one line counts the targets that came up together', async () => {
  const world = createWorld();
  const targets: TargetStatus[] = [];
  const first = new FirstUp(world, () => targets, new AbortController().signal);
  first.worked();
  targets.push(status('a', 'up'), status('a', 'up'), status('b', 'up'), status('c', 'down'));
  await world.clock.advance(1_000);
  first.worked();
  assert.equal(world.lines.length, 0);
  await world.clock.advance(60_000);
  first.worked();
  await world.clock.advance(60_000);
  assert.deepEqual(
    world.lines.map((line) => line.replace(/^time=\S+ /, '')),
    ['level=info msg="targets are up" up=3 targets=4 jobs=2'],
  );
});

test('nothing is said behind the end of scraping', async () => {
  const world = createWorld();
  const ending = new AbortController();
  const first = new FirstUp(world, () => [status('a', 'up')], ending.signal);
  first.worked();
  ending.abort();
  await world.clock.advance(60_000);
  assert.equal(world.lines.length, 0);
});
