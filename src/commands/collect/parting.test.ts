/** What the log of a collector that ends says of what waits, by what becomes of its disk. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { test, type TestContext } from 'node:test';
import { temporaryFolder } from '../../../test/kit/folder.ts';
import { createWorld } from '../../../test/kit/world.ts';
import { findFate, Parting, type PartingFate } from './parting.ts';

function makeParting(fate: PartingFate) {
  const world = createWorld();
  const waiting = { items: 0 };
  const parting = new Parting({ world, fate, pendingItems: () => waiting.items });
  const told = (): string[] => world.lines.map((line) => line.replace(/^time=\S+ /, ''));
  return { world, waiting, parting, told };
}

/** Lets every disk be one of this type, for the whole process. */
function mountAll(t: TestContext, type: number): void {
  const { mock } = t.mock.method(fs, 'statfsSync', () => ({ type }));
  syncBuiltinESMExports();
  t.after(() => {
    mock.restore();
    syncBuiltinESMExports();
  });
}

test('what waits is told at the beginning, each five seconds, and in the end', async () => {
  const { world, waiting, parting, told } = makeParting('stays');
  waiting.items = 100;
  parting.begin(12_000);
  await world.clock.advance(5_000);
  waiting.items = 60;
  await world.clock.advance(5_000);
  waiting.items = 40;
  await world.clock.advance(2_000);
  await parting.end();
  assert.deepEqual(told(), [
    'level=info msg="what waits is sent before the end; of what is left then: the next run with ' +
      'this storage folder sends it" items=100 within_ms=12000',
    'level=info msg="still sending what waits" items=100 for_ms=5000 left_ms=7000',
    'level=info msg="still sending what waits" items=60 for_ms=10000 left_ms=2000',
    'level=warn msg="not all could be sent before the end: the next run with this storage folder ' +
      'sends it" items=40',
  ]);
  assert.equal(world.clock.sleeping, 0, 'it tells nothing more');
});

test('an end at which nothing waits says nothing', async () => {
  const { parting, told } = makeParting('task');
  parting.begin(1_000);
  await parting.end();
  assert.deepEqual(told(), []);
});

test('what is lost with its task is an error, and is known by a metric all the time', async () => {
  for (const [fate, level, isLost] of [
    ['task', 'error', 1],
    ['shared', 'warn', 0],
    ['stays', 'warn', 0],
  ] as const) {
    const { world, waiting, parting, told } = makeParting(fate);
    assert.equal(world.metric('amperage_storage_lost_with_task'), isLost);
    parting.begin(1_000);
    waiting.items = 7;
    await parting.end();
    assert.match(told()[0] ?? '', new RegExp(`^level=${level} msg="not all .*items=7$`));
  }
});

test('a disk of a task on Fargate goes with it, unless it is NFS or the folder is shared', (t) => {
  const folder = temporaryFolder(t);
  const env = { AWS_EXECUTION_ENV: 'AWS_ECS_FARGATE' };
  mountAll(t, 0xef_53);
  assert.equal(findFate(folder, { isShared: false, env }), 'task');
  assert.equal(findFate(folder, { isShared: true, env }), 'shared');
  const onEc2 = { AWS_EXECUTION_ENV: 'AWS_ECS_EC2' };
  assert.equal(findFate(folder, { isShared: false, env: onEc2 }), 'stays');
  mountAll(t, 0x69_69);
  assert.equal(findFate(folder, { isShared: false, env }), 'stays');
});
