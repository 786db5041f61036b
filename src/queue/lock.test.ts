/**
 * The lock of a queue's folder: one of many takes that of a dead process, and a disk that is full
 * neither keeps it from being taken nor lets others in.
 */
import assert from 'node:assert/strict';
import fs, { readFileSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
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

/** Makes the lock of a directory one of a process that has had our PID and is dead. */
async function leaveDeadLock(directory: string): Promise<void> {
  const path = join(directory, 'lock');
  await takeLock(directory, new VirtualClock());
  const text = readFileSync(path, 'utf8');
  writeFileSync(path, text.replace(/"startTicks":"[^"]*"/, '"startTicks":"1 and more"'));
}

test('the lock of a dead process is overwritten in its own space', async (t) => {
  const directory = temporaryFolder(t);
  const path = join(directory, 'lock');
  await leaveDeadLock(directory);
  const { ino } = statSync(path);
  const second = await takeLock(directory, new VirtualClock());
  assert.equal((JSON.parse(readFileSync(path, 'utf8')) as { pid: number }).pid, process.pid);
  assert.equal(statSync(path).ino, ino);
  second.release();
  assert.deepEqual(readdirSync(directory), []);
});

test('bug: of three that find the same holder dead, one takes its lock', async (t) => {
  const directory = temporaryFolder(t);
  await leaveDeadLock(directory);
  const clock = new VirtualClock();
  const all = Promise.allSettled([1, 2, 3].map(() => takeLock(directory, clock)));
  await clock.advance(20_000);
  const ends = (await all).map(({ status }) => status);
  assert.deepEqual(ends.toSorted(), ['fulfilled', 'rejected', 'rejected']);
});

test('bug: of three that watched a lock of another container, one takes it', async (t) => {
  const directory = temporaryFolder(t);
  const there = { pid: 1, startTicks: '1', namespace: 'elsewhere' };
  writeFileSync(join(directory, 'lock'), JSON.stringify(there));
  const clock = new VirtualClock();
  const all = Promise.allSettled([1, 2, 3].map(() => takeLock(directory, clock)));
  await clock.advance(20_000);
  const ends = (await all).map(({ status }) => status);
  assert.deepEqual(ends.toSorted(), ['fulfilled', 'rejected', 'rejected']);
});

test('a claim that a process has left behind holds nobody up for long', async (t) => {
  const directory = temporaryFolder(t);
  await leaveDeadLock(directory);
  writeFileSync(join(directory, 'lock.claim'), '');
  const clock = new VirtualClock();
  const taking = takeLock(directory, clock);
  await clock.advance(4_200);
  (await taking).release();
  assert.deepEqual(readdirSync(directory), []);
});

test('bug: who has met the claim of others looks once more whether the lock is its own', async (t) => {
  const directory = temporaryFolder(t);
  const path = join(directory, 'lock');
  await leaveDeadLock(directory);
  writeFileSync(join(directory, 'lock.claim'), '');
  const clock = new VirtualClock();
  const taking = takeLock(directory, clock);
  const refused = assert.rejects(taking, /in use by process/);
  await clock.advance(4_000);
  const own = readFileSync(path, 'utf8');
  // Another one has removed the same claim, has made one, and has seen the dead one's lock.
  writeFileSync(path, own.replace(/"token":"[^"]*"/, '"token":"another"'));
  await clock.advance(4_200);
  await refused;
});

test('bug: a claim that is a link to nothing holds nobody up either', async (t) => {
  const directory = temporaryFolder(t);
  await leaveDeadLock(directory);
  fs.symlinkSync(join(directory, 'nothing'), join(directory, 'lock.claim'));
  const clock = new VirtualClock();
  const taking = takeLock(directory, clock);
  await clock.advance(4_200);
  (await taking).release();
  assert.deepEqual(readdirSync(directory), []);
});

test('a holder sees that its lock names another one, and makes one that was removed anew', async (t) => {
  const directory = temporaryFolder(t);
  const path = join(directory, 'lock');
  const lock = await takeLock(directory, new VirtualClock());
  const text = readFileSync(path, 'utf8');
  fs.rmSync(path);
  assert.ok(lock.touch());
  assert.equal(readFileSync(path, 'utf8'), text);
  writeFileSync(path, text.replace(/"pid":\d+/, '"pid":1'));
  assert.ok(!lock.touch());
  lock.release();
  assert.ok(fs.existsSync(path), 'the lock of another one stays');
});

test('bug: a lock that is no lock names nobody, and is taken', async (t) => {
  for (const text of ['null', '[]', '{"pid":"x"}', '{"pid":-1,"startTicks":"","namespace":""}']) {
    const directory = temporaryFolder(t);
    writeFileSync(join(directory, 'lock'), text);
    const clock = new VirtualClock();
    const taking = takeLock(directory, clock);
    await clock.advance(4_000);
    (await taking).release();
  }
});

test('a lock that is a link is not followed', async (t) => {
  const directory = temporaryFolder(t);
  const victim = join(directory, 'victim');
  writeFileSync(victim, 'as it was');
  fs.symlinkSync(victim, join(directory, 'lock'));
  const clock = new VirtualClock();
  const refused = assert.rejects(takeLock(directory, clock), /lock" is a symbolic link/);
  await clock.advance(4_000);
  await refused;
  assert.equal(readFileSync(victim, 'utf8'), 'as it was');
});
