/** Queues of the other kind of storage, shared or not, are told of, with what to do. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../../test/kit/folder.ts';
import { folderName, leaveNumbers } from '../../../test/kit/left-queues.ts';
import { createWorld } from '../../../test/kit/world.ts';
import { takeLock } from '../../queue/lock.ts';
import { warnOfShared, warnOfUnshared } from './leftovers.ts';

test('a collector without --storage.shared tells what those with it have left', async (t) => {
  const storage = temporaryFolder(t);
  const root = path.join(storage, 'collectors');
  const world = createWorld();
  await warnOfShared(storage, world);
  mkdirSync(path.join(root, folderName(1), 'empty'), { recursive: true });
  await leaveNumbers(root, folderName(2), { numbers: [1] });
  const lock = await takeLock(path.join(root, folderName(2)), world.clock);
  await warnOfShared(storage, world);
  assert.deepEqual(world.lines, [], 'nothing waits, or its process lives');
  lock.release();
  await leaveNumbers(root, folderName(3), { numbers: [1] });
  await warnOfShared(storage, world);
  assert.equal(world.lines.length, 1);
  const [line = ''] = world.lines;
  assert.match(line, /level=warn .*run it with --storage\.shared and --shard ecs, or delete them"/);
  assert.match(line, / queues=2 bytes=\d+ look="amperage check queue /);
  assert.ok(line.includes(path.join(root, folderName(2), 'a')));
});

test('a collector with --storage.shared tells what one without it has left beside', async (t) => {
  const storage = temporaryFolder(t);
  const world = createWorld();
  await leaveNumbers(path.join(storage, 'collectors'), folderName(1), { numbers: [1] });
  await warnOfUnshared(storage, new Set(['a']), world.log);
  assert.deepEqual(world.lines, []);
  await leaveNumbers(storage, '.', { queue: 'a', numbers: [1] });
  await leaveNumbers(storage, '.', { queue: 'gone', numbers: [1] });
  await warnOfUnshared(storage, new Set(['a']), world.log);
  const [own = '', gone = '', ...more] = world.lines;
  assert.match(own, /level=warn .*run one without it there until nothing waits, or delete them"/);
  assert.match(own, / queues=1 .*\/a"/);
  assert.match(gone, /belongs to no configured sink.*\/gone"/);
  assert.deepEqual(more, []);
});
