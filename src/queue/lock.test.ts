/** The lock on a disk that is full: it is taken all the same, and keeps others out. */
import assert from 'node:assert/strict';
import fs, { readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { temporaryFolder } from '../../test/kit/folder.ts';
import { VirtualClock } from '../kernel/clock.ts';
import { takeLock } from './lock.ts';

/** Lets each write fail as on a full disk, until the returned function is called. */
function fillDisk(t: TestContext): () => void {
  const { mock } = t.mock.method(fs, 'writeSync', () => {
    throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
  });
  syncBuiltinESMExports();
  const free = (): void => {
    mock.restore();
    syncBuiltinESMExports();
  };
  t.after(free);
  return free;
}

test('a lock on a full disk is empty, is kept by its time, and gets its name later', async (t) => {
  const directory = temporaryFolder(t);
  const path = join(directory, 'lock');
  const clock = new VirtualClock();
  const free = fillDisk(t);
  const lock = await takeLock(directory, clock);
  assert.equal(readFileSync(path, 'utf8'), '');
  const other = takeLock(directory, clock);
  await clock.advance(1_000);
  utimesSync(path, 1, 1);
  lock.touch();
  const refused = assert.rejects(other, /in use by another process; stop it/);
  await clock.advance(4_000);
  await refused;
  free();
  lock.touch();
  await assert.rejects(takeLock(directory, clock), new RegExp(`in use by process ${process.pid};`));
  lock.release();
  assert.ok(!fs.existsSync(path));
});

test('an empty lock that nobody touches is taken, and is removed while it is empty', async (t) => {
  const directory = temporaryFolder(t);
  const path = join(directory, 'lock');
  writeFileSync(path, '');
  fillDisk(t);
  const clock = new VirtualClock();
  const taking = takeLock(directory, clock);
  await clock.advance(4_000);
  (await taking).release();
  assert.ok(!fs.existsSync(path));
});

test('the lock of a dead process is overwritten in its own space', async (t) => {
  const directory = temporaryFolder(t);
  const path = join(directory, 'lock');
  const first = await takeLock(directory, new VirtualClock());
  const text = readFileSync(path, 'utf8');
  writeFileSync(path, text.replace(/"startTicks":"[^"]*"/, '"startTicks":"1 and more"'));
  const { ino } = statSync(path);
  const second = await takeLock(directory, new VirtualClock());
  assert.equal(readFileSync(path, 'utf8'), text);
  assert.equal(statSync(path).ino, ino);
  first.release();
  second.release();
});
