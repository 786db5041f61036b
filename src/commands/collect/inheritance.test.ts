/** Queues that others have left in the shared storage: who sends them, in which order, and when. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { temporaryFolder } from '../../../test/kit/folder.ts';
import { folderName, leaveNumbers, NotingSink } from '../../../test/kit/left-queues.ts';
import { until } from '../../../test/kit/waiting.ts';
import { createWorld, type TestWorld } from '../../../test/kit/world.ts';
import { takeLock } from '../../queue/lock.ts';
import { Inheritance, type InheritanceOptions } from './inheritance.ts';
import { SharedFolder } from './shared-folder.ts';

interface Heir {
  readonly world: TestWorld;
  readonly folder: SharedFolder;
  readonly inheritance: Inheritance;
}

/** A collector that is left, with these sinks. */
async function makeHeir(
  t: TestContext,
  storagePath: string,
  sinks: readonly NotingSink[],
  more: Partial<InheritanceOptions> = {},
): Promise<Heir> {
  const world = createWorld();
  const folder = new SharedFolder(storagePath, world);
  await folder.start();
  const inheritance = new Inheritance({
    world,
    userAgent: 'test',
    folder,
    sinks: () => sinks.map(({ plan }) => plan),
    living: () => new Set(),
    mayTakeOver: () => true,
    ...more,
  });
  t.after(async () => {
    await inheritance.stop();
    await folder.stop();
  });
  return { world, folder, inheritance };
}

const left = (root: string, heirs: readonly Heir[]): string[] =>
  readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .filter((name) => heirs.every(({ folder }) => folder.ownName !== name))
    .sort();

const soon = (holds: () => boolean): Promise<void> => until('it sends', 20_000, holds, 5);

/** Lets files and virtual time go on until it holds. */
async function passing(world: TestWorld, holds: () => boolean): Promise<void> {
  for (let i = 0; !holds(); i++) {
    assert.ok(i < 3_000, 'does not hold after 3000 steps of 100 ms');
    await world.clock.advance(100);
  }
}

test('what others left is sent in the order in which they ended, and their folders go', async (t) => {
  const sink = new NotingSink();
  const heir = await makeHeir(t, temporaryFolder(t), [sink]);
  const { root } = heir.folder;
  await leaveNumbers(root, folderName(1), { numbers: [5, 6], atS: 3_000 });
  await leaveNumbers(root, folderName(2), { numbers: [1, 2], atS: 1_000 });
  await leaveNumbers(root, folderName(3), { numbers: [3, 4], atS: 2_000 });
  await heir.inheritance.look();
  assert.deepEqual(sink.sent, [1, 2, 3, 4, 5, 6]);
  assert.deepEqual(left(root, [heir]), []);
  assert.equal(heir.world.metric('amperage_storage_taken_over_items_total'), 6);
  assert.equal(heir.world.metric('amperage_storage_left_folders'), 0);
});

test('of two that look at once one sends, and nothing is sent twice', async (t) => {
  const storage = temporaryFolder(t);
  const sink = new NotingSink();
  const heirs = [await makeHeir(t, storage, [sink]), await makeHeir(t, storage, [sink])] as const;
  const { root } = heirs[0].folder;
  for (const number of [1, 2, 3])
    await leaveNumbers(root, folderName(number), { numbers: [number], atS: number });
  await Promise.all(heirs.map(({ inheritance }) => inheritance.look()));
  assert.deepEqual(sink.sent, [1, 2, 3]);
  assert.deepEqual(left(root, heirs), []);
});

test('while one sends, no other begins with a later folder', async (t) => {
  const storage = temporaryFolder(t);
  const sink = new NotingSink();
  sink.stopsBefore = 5;
  const [one, other] = [await makeHeir(t, storage, [sink]), await makeHeir(t, storage, [sink])];
  const { root } = one.folder;
  await leaveNumbers(root, folderName(1), { numbers: [1, 5], atS: 1_000 });
  const looked = one.inheritance.look();
  await soon(() => sink.sent.length === 1);
  await leaveNumbers(root, folderName(2), { numbers: [2], atS: 2_000 });
  await other.inheritance.look();
  assert.deepEqual(sink.sent, [1]);
  await one.inheritance.stop();
  await looked;
  sink.stopsBefore = Infinity;
  await other.inheritance.look();
  assert.deepEqual(sink.sent, [1, 5, 2]);
});

test('the folder of a process that was killed is taken once, after its lock stood still', async (t) => {
  const storage = temporaryFolder(t);
  const sink = new NotingSink();
  const heirs = [await makeHeir(t, storage, [sink]), await makeHeir(t, storage, [sink])] as const;
  const { root } = heirs[0].folder;
  await leaveNumbers(root, folderName(1), { numbers: [1, 2] });
  const dead = { pid: 1, startTicks: '1', namespace: 'of another container' };
  writeFileSync(path.join(root, folderName(1), 'lock'), JSON.stringify(dead));
  const done: Heir[] = [];
  for (const heir of heirs) void heir.inheritance.look().then(() => void done.push(heir));
  await soon(() => heirs.some(({ world }) => world.clock.sleeping > 1));
  assert.deepEqual(sink.sent, [], 'it may live');
  for (let i = 0; done.length < 2; i++) {
    assert.ok(i < 3_000, 'looks on and on');
    await Promise.all(heirs.map(({ world }) => world.clock.advance(100)));
  }
  assert.deepEqual(sink.sent, [1, 2]);
  assert.deepEqual(left(root, heirs), []);
});

test('the folder of a process that lives is never taken, whether it answers or not', async (t) => {
  const sink = new NotingSink();
  const living = new Set([folderName(1)]);
  const heir = await makeHeir(t, temporaryFolder(t), [sink], { living: () => living });
  const { root } = heir.folder;
  await leaveNumbers(root, folderName(1), { numbers: [1] });
  await leaveNumbers(root, folderName(2), { numbers: [2] });
  const lock = await takeLock(path.join(root, folderName(2)), heir.world.clock);
  await heir.inheritance.look();
  assert.deepEqual(sink.sent, []);
  assert.deepEqual(left(root, [heir]), [folderName(1), folderName(2)]);
  lock.release();
  await heir.inheritance.look();
  assert.deepEqual(sink.sent, [2]);
  assert.deepEqual(left(root, [heir]), [folderName(1)]);
});

test('a folder that cannot be taken over holds up no other, and is told of', async (t) => {
  const sink = new NotingSink();
  const heir = await makeHeir(t, temporaryFolder(t), [sink]);
  const { root } = heir.folder;
  await leaveNumbers(root, folderName(1), { numbers: [1], atS: 1_000 });
  const [file = ''] = readdirSync(path.join(root, folderName(1), 'a'));
  mkdirSync(path.join(root, folderName(1), 'a', file.replace('0', '9')));
  await leaveNumbers(root, folderName(2), { numbers: [2], atS: 2_000 });
  await heir.inheritance.look();
  await heir.world.clock.advance(3_600_000);
  await heir.inheritance.look();
  assert.deepEqual(sink.sent, [2]);
  assert.deepEqual(left(root, [heir]), [folderName(1)]);
  const told = heir.world.lines.filter((line) => line.includes('cannot be sent'));
  assert.equal(told.length, 1, told.join('\n'));
  assert.match(told[0] ?? '', new RegExp(folderName(1)));
});

test('a receiver that takes nothing holds up what is for others in no folder', async (t) => {
  const [slow, quick] = [new NotingSink('a'), new NotingSink('b')];
  slow.stopsBefore = 0;
  const heir = await makeHeir(t, temporaryFolder(t), [slow, quick]);
  const { root } = heir.folder;
  for (const number of [1, 2])
    for (const queue of ['a', 'b'])
      await leaveNumbers(root, folderName(number), { queue, numbers: [number], atS: number });
  const looked = heir.inheritance.look();
  await soon(() => quick.sent.length === 2);
  assert.deepEqual(quick.sent, [1, 2]);
  await heir.inheritance.stop();
  await looked;
  assert.deepEqual(left(root, [heir]), [folderName(1), folderName(2)]);
});

test('where a folder is not sent within its turn, later ones wait behind it', async (t) => {
  const sink = new NotingSink();
  sink.stopsBefore = 2;
  const heir = await makeHeir(t, temporaryFolder(t), [sink]);
  const { root } = heir.folder;
  await leaveNumbers(root, folderName(1), { numbers: [1, 2], atS: 1_000 });
  await leaveNumbers(root, folderName(2), { numbers: [0], atS: 2_000 });
  let isDone = false;
  void heir.inheritance.look().then(() => (isDone = true));
  await soon(() => sink.sent.length === 1);
  await heir.world.clock.advance(600_000);
  await passing(heir.world, () => isDone);
  assert.deepEqual(sink.sent, [1]);
  sink.stopsBefore = Infinity;
  await heir.inheritance.look();
  assert.deepEqual(sink.sent, [1, 2, 0]);
});

test('a folder that appears later is found', async (t) => {
  const sink = new NotingSink();
  const heir = await makeHeir(t, temporaryFolder(t), [sink]);
  await heir.inheritance.start();
  await heir.world.clock.advance(20_000);
  await leaveNumbers(heir.folder.root, folderName(1), { numbers: [1] });
  await passing(heir.world, () => sink.sent.length === 1);
  await passing(heir.world, () => left(heir.folder.root, [heir]).length === 0);
});

test('an end in the middle loses nothing: another sends the rest', async (t) => {
  const storage = temporaryFolder(t);
  const sink = new NotingSink();
  sink.stopsBefore = 3;
  const first = await makeHeir(t, storage, [sink]);
  const { root } = first.folder;
  await leaveNumbers(root, folderName(1), { numbers: [1, 2, 3, 4] });
  const looked = first.inheritance.look();
  await soon(() => sink.sent.length === 2);
  await first.inheritance.stop();
  await looked;
  assert.deepEqual(left(root, [first]), [folderName(1)]);
  sink.stopsBefore = Infinity;
  const second = await makeHeir(t, storage, [sink]);
  await second.inheritance.look();
  assert.deepEqual(sink.sent, [1, 2, 3, 4]);
  assert.deepEqual(left(root, [first, second]), []);
});

test('a queue of no known sink stays, is told of once, and goes when a plan has its sink', async (t) => {
  const [known, late] = [new NotingSink('a'), new NotingSink('b')];
  const sinks = [known];
  const heir = await makeHeir(t, temporaryFolder(t), sinks);
  const { root } = heir.folder;
  await leaveNumbers(root, folderName(1), { queue: 'a', numbers: [1] });
  await leaveNumbers(root, folderName(1), { queue: 'b', numbers: [2] });
  await heir.inheritance.look();
  // The logger itself keeps repeats back for a time.
  await heir.world.clock.advance(3_600_000);
  await heir.inheritance.look();
  assert.deepEqual([known.sent, left(root, [heir])], [[1], [folderName(1)]]);
  assert.equal(heir.world.lines.filter((line) => line.includes('no configured sink')).length, 1);
  sinks.push(late);
  await heir.inheritance.look();
  assert.deepEqual([late.sent, left(root, [heir])], [[2], []]);
});

test('what must wait for others waits, for five minutes at most', async (t) => {
  const sink = new NotingSink();
  const heir = await makeHeir(t, temporaryFolder(t), [sink], { mayTakeOver: () => false });
  await leaveNumbers(heir.folder.root, folderName(1), { numbers: [1] });
  await heir.inheritance.look();
  await heir.world.clock.advance(299_999);
  await heir.inheritance.look();
  assert.deepEqual(sink.sent, []);
  await heir.world.clock.advance(1);
  await heir.inheritance.look();
  assert.deepEqual(sink.sent, [1]);
});
