import assert from 'node:assert/strict';
import fs, {
  chmodSync,
  mkdirSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';
import { createWorld } from '../../../test/kit/world.ts';
import { temporaryFolder } from '../../../test/kit/folder.ts';
import {
  chooseStorage,
  listCandidates,
  sayLeftovers,
  sayStorage,
  type StorageWish,
} from './storage.ts';

const GB = 2 ** 30;
const WISH: StorageWish = { path: undefined, address: '127.0.0.1:2000', capBytes: GB, env: {} };

test('the first folder that can be written is taken, with one of its own for each address', (context) => {
  const folder = temporaryFolder(context);
  const file = join(folder, 'file');
  mkdirSync(file);
  const chosen = chooseStorage(WISH, ['/proc/none', join(folder, 'a'), join(folder, 'b')]);
  assert.equal(chosen.folder, join(folder, 'a', 'udp-2000'));
  assert.equal(chosen.isFleeting, false);
  assert.equal(chosen.capBytes, GB);
  assert.deepEqual(readdirSync(chosen.folder ?? ''), []);
  assert.equal(statSync(chosen.folder ?? '').mode & 0o777, 0o700);
  const other = chooseStorage({ ...WISH, address: '[::]:3000' }, [join(folder, 'a')]);
  assert.equal(other.folder, join(folder, 'a', 'udp-3000'));
});

test('a full disk is passed over, unless segments of an earlier run wait on it', (context) => {
  const base = temporaryFolder(context);
  const [full, other] = ['full', 'other'].map((name) => join(base, name)) as [string, string];
  const folder = join(full, 'udp-2000');
  mkdirSync(join(folder, 'queue'), { recursive: true });
  const { writeFileSync: write } = fs;
  context.mock.method(fs, 'writeFileSync', (path: string, data: Uint8Array, how: object) => {
    write(path, '', how);
    if (!path.startsWith(full) || data.length === 0) return;
    throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
  });
  syncBuiltinESMExports();
  // In this order, or whoever imports the function would have the planted one from here on.
  context.after(() => {
    context.mock.restoreAll();
    syncBuiltinESMExports();
  });
  assert.equal(chooseStorage(WISH, [full, other]).folder, join(other, 'udp-2000'));
  assert.deepEqual(readdirSync(full), ['udp-2000']);
  assert.equal(chooseStorage(WISH, [full]).folder, undefined);
  write(join(folder, 'queue', '0000000001.seg'), 'x');
  assert.equal(chooseStorage(WISH, [full, other]).folder, folder);
  assert.equal(chooseStorage(WISH, [other, full]).folder, folder);
});

test('a link or a folder of another user is not used', (context) => {
  const folder = temporaryFolder(context);
  mkdirSync(join(folder, 'real'));
  symlinkSync(join(folder, 'real'), join(folder, 'link'));
  assert.equal(chooseStorage(WISH, [join(folder, 'link')]).folder, undefined);
  if (process.getuid?.() === 0) {
    const { chownSync } = process.getBuiltinModule('node:fs');
    mkdirSync(join(folder, 'other'));
    chownSync(join(folder, 'other'), 12_345, 12_345);
    chmodSync(join(folder, 'other'), 0o777);
    assert.equal(chooseStorage(WISH, [join(folder, 'other')]).folder, undefined);
  }
});

test('where no folder can be written, segments wait in memory, within 64 MiB', () => {
  const { log, lines } = createWorld();
  const chosen = chooseStorage(WISH, ['/proc/none', '/sys/none']);
  assert.deepEqual(chosen, { folder: undefined, capBytes: 64 * 2 ** 20, isFleeting: true });
  sayStorage(chosen, log);
  assert.match(lines.join('\n'), /level=warn .*the end of the process loses them.*--storage\.path/);
});

test('a folder in memory is bounded by half of its size, and said to be fleeting', (context) => {
  if (process.platform !== 'linux') return context.skip('no /dev/shm');
  const base = join('/dev/shm', `xray-test-${process.pid}`);
  context.after(() => process.getBuiltinModule('node:fs').rmSync(base, { recursive: true }));
  const chosen = chooseStorage({ ...WISH, capBytes: 2 ** 50 }, [base]);
  const { bsize, blocks } = process.getBuiltinModule('node:fs').statfsSync('/dev/shm');
  assert.equal(chosen.capBytes, Math.floor((bsize * blocks) / 2));
  const { log, lines } = createWorld();
  sayStorage(chosen, log);
  assert.match(lines.join('\n'), /level=warn .*the end of the container or host loses them/);
});

test('a folder that a flag names is taken as it is', () => {
  const chosen = chooseStorage({ ...WISH, path: '/data' }, []);
  assert.deepEqual(chosen, { folder: '/data', capBytes: GB, isFleeting: false });
});

test("systemd's state folder comes first", () => {
  const [first] = listCandidates({ STATE_DIRECTORY: '/var/lib/x:/var/lib/y' });
  assert.equal(first, '/var/lib/x');
});

test('segments that wait under another port are named at the start, unless a process has them', (context) => {
  const base = temporaryFolder(context);
  const { log, lines } = createWorld({});
  for (const [name, files] of [
    ['udp-2001', ['0000000001.seg']],
    ['udp-2002', ['0000000001.seg', 'lock']],
    ['udp-2003', ['cursor']],
    ['other', ['0000000001.seg']],
  ] as const) {
    mkdirSync(join(base, name, 'queue'), { recursive: true });
    for (const file of files) writeFileSync(join(base, name, 'queue', file), 'x');
  }
  // No folder: this ends nothing.
  mkdirSync(join(base, 'udp-2004'));
  writeFileSync(join(base, 'udp-2004', 'queue'), 'x');
  const storage = chooseStorage(WISH, [base]);
  sayLeftovers(storage, log);
  assert.equal(lines.length, 1);
  assert.match(lines[0] ?? '', /wait here.*udp-2001\/queue/);
  sayLeftovers({ ...storage, folder: join(base, 'other') }, log);
  assert.equal(lines.length, 1);
});
