/** Folders of processes in a shared storage: whose each is, and what is seen of the others. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { temporaryFolder } from '../../../test/kit/folder.ts';
import { folderName, leaveNumbers } from '../../../test/kit/left-queues.ts';
import { createWorld, type TestWorld } from '../../../test/kit/world.ts';
import { takeLock } from '../../queue/lock.ts';
import type { MemberStatus, Sharing } from '../../sharding/sharing.ts';
import { listLivingFolders, SharedFolder } from './shared-folder.ts';

async function share(
  t: TestContext,
  storagePath: string,
  world: TestWorld = createWorld(),
): Promise<SharedFolder> {
  const folder = new SharedFolder(storagePath, world);
  await folder.start();
  t.after(() => folder.stop());
  return folder;
}

test('each process has a folder of its own, for its user alone, and holds its lock', async (t) => {
  const storage = temporaryFolder(t);
  const [one, other] = [await share(t, storage), await share(t, storage)];
  assert.notEqual(one.path, other.path);
  assert.equal(statSync(one.path).mode & 0o077, 0);
  await assert.rejects(takeLock(one.path, createWorld().clock), /in use by process/);
  assert.deepEqual(
    (await one.listOthers()).map(({ name }) => name),
    [other.ownName],
  );
});

test('a folder in which nothing waits goes with its process; else its lock is free', async (t) => {
  const storage = temporaryFolder(t);
  const [empty, full] = [await share(t, storage), await share(t, storage)];
  await leaveNumbers(full.root, full.ownName, { numbers: [1] });
  await Promise.all([empty.stop(), full.stop()]);
  assert.deepEqual(readdirSync(full.root), [full.ownName]);
  assert.equal(existsSync(path.join(full.path, 'lock')), false);
  (await takeLock(full.path, createWorld().clock)).release();
});

test('of the others it is seen what may wait, first the one that was appended to first', async (t) => {
  const folder = await share(t, temporaryFolder(t));
  const { root } = folder;
  await leaveNumbers(root, folderName(1), { numbers: [1], atS: 3_000 });
  await leaveNumbers(root, folderName(2), { queue: 'b', numbers: [1], atS: 1_000 });
  await leaveNumbers(root, folderName(2), { queue: 'a', numbers: [1], atS: 2_000 });
  mkdirSync(path.join(root, folderName(3), 'empty'), { recursive: true });
  mkdirSync(path.join(root, 'lost+found', 'a'), { recursive: true });
  writeFileSync(path.join(root, folderName(4)), 'no folder');
  assert.deepEqual(
    (await folder.listOthers()).map(({ name, queues }) => ({ name, queues })),
    [
      { name: folderName(3), queues: [] },
      { name: folderName(2), queues: ['a', 'b'] },
      { name: folderName(1), queues: ['a'] },
    ],
  );
  assert.deepEqual(await folder.listLeft(), [folderName(2), folderName(1)]);
  assert.equal(await folder.hasLeft(folderName(1)), true);
  assert.equal(await folder.hasLeft(folderName(3)), false);
  assert.equal(await folder.hasLeft(`../collectors/${folderName(1)}`), false, 'no name of ours');
});

test('what waits for a sink that the plan lacks is waited for by nobody, and stays', async (t) => {
  const folder = await share(t, temporaryFolder(t));
  await leaveNumbers(folder.root, folderName(1), { queue: 'gone', numbers: [1] });
  await leaveNumbers(folder.root, folder.ownName, { queue: 'gone', numbers: [1] });
  assert.deepEqual(await folder.listLeft(), [folderName(1)], 'no plan is known');
  folder.claim(['a']);
  assert.deepEqual(await folder.listLeft(), []);
  assert.equal(await folder.hasLeft(folderName(1)), false);
  folder.claim(['a', 'gone']);
  assert.deepEqual(await folder.listLeft(), [folderName(1)]);
  folder.claim(['a']);
  await folder.stop();
  assert.deepEqual(readdirSync(folder.root).sort(), [folderName(1), folder.ownName].sort());
});

test('a process that lost its folder while it was suspended says so, once', async (t) => {
  const world = createWorld();
  const folder = await share(t, temporaryFolder(t), world);
  await world.clock.advance(3_000);
  assert.deepEqual(world.lines, []);
  writeFileSync(path.join(folder.path, 'lock'), '{"pid":1,"startTicks":"1","namespace":"x"}');
  await world.clock.advance(3_600_000);
  const [line = '', ...more] = world.lines;
  assert.match(line, /suspended for so long that another collector took it/);
  assert.ok(line.includes(folder.path));
  assert.deepEqual(more, []);
});

test('folders of collectors that answer are those of the living', () => {
  const member = (state: string, folder?: string): MemberStatus => ({
    id: state,
    isOwn: false,
    state,
    targets: 0,
    folder,
  });
  const members = [
    member('running', 'a'),
    member('leaving', 'b'),
    member('silent', 'c'),
    member('running'),
    member('refuses', 'd'),
  ];
  const describe: Sharing['describe'] = () => ({ members, isHolding: false });
  assert.deepEqual([...listLivingFolders({ describe } as Sharing)], ['a', 'b']);
  assert.equal(listLivingFolders(undefined).size, 0);
});
