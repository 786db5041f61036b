/** `check queue`: the queues of one collector, of those that share a folder, and of one of them. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../../test/kit/folder.ts';
import { folderName, leaveNumbers } from '../../../test/kit/left-queues.ts';
import { createCheckQueueCommand } from './queue.ts';

function check(directory: string): string[] {
  const texts: string[] = [];
  createCheckQueueCommand((text) => void texts.push(text)).parse(['node', 'queue', directory]);
  return texts.map((text) => text.replace(/\n  times[^]*$/, ''));
}

test('queues of a shared folder are shown, each with its own waiting', async (t) => {
  const storage = temporaryFolder(t);
  const root = path.join(storage, 'collectors');
  await leaveNumbers(storage, '.', { queue: 'a', numbers: [1] });
  await leaveNumbers(root, folderName(1), { queue: 'a', numbers: [1, 2] });
  await leaveNumbers(root, folderName(2), { queue: 'b', numbers: [3] });
  for (const name of [folderName(1), folderName(2)])
    writeFileSync(path.join(root, name, 'lock'), '');
  const waits = (...names: string[]): string => path.join(storage, ...names);
  assert.deepEqual(check(storage), [
    `${waits('a')}\n  waiting   1 items in 1 chunks`,
    `${waits('collectors', folderName(1), 'a')}\n  waiting   2 items in 2 chunks`,
    `${waits('collectors', folderName(2), 'b')}\n  waiting   1 items in 1 chunks`,
  ]);
  assert.deepEqual(check(path.join(root, folderName(1))), [
    `${waits('collectors', folderName(1), 'a')}\n  waiting   2 items in 2 chunks`,
  ]);
  mkdirSync(path.join(storage, 'none'));
  assert.throws(() => check(path.join(storage, 'none')), { code: 'QUEUE_ABSENT' });
});
