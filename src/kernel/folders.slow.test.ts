import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../test/kit/folder.ts';
import { makeFolders } from './folders.ts';

test('a folder and those above it are made, for whom the mode says; what is there stays', (t) => {
  const folder = temporaryFolder(t);
  const deep = path.join(folder, 'a', 'b', 'c');
  makeFolders(deep, 0o700);
  makeFolders(deep, 0o755);
  for (const made of [deep, path.dirname(deep)]) assert.equal(statSync(made).mode & 0o777, 0o700);
  symlinkSync(deep, path.join(folder, 'link'));
  makeFolders(path.join(folder, 'link', 'd'));
  assert.ok(existsSync(path.join(deep, 'd')));
});

test('what is no folder, or is to be one of a file, is an error', (t) => {
  const folder = temporaryFolder(t);
  const file = path.join(folder, 'file');
  writeFileSync(file, '');
  symlinkSync('/nonexistent/x', path.join(folder, 'nowhere'));
  assert.throws(() => makeFolders(file), { code: 'EEXIST' });
  assert.throws(() => makeFolders(path.join(file, 'below')), { code: 'ENOTDIR' });
  assert.throws(() => makeFolders(path.join(folder, 'nowhere')), { code: 'EEXIST' });
});

test(
  'bug: a folder in /proc is an error, and no loop without end',
  { skip: !existsSync('/proc/self') },
  () => {
    // In a process of its own: such a loop could not be interrupted.
    const { status, stderr } = spawnSync(
      process.execPath,
      [
        '--input-type=module',
        '--eval',
        `import { makeFolders } from ${JSON.stringify(path.resolve(import.meta.dirname, 'folders.ts'))};
         for (const path of ['/proc/x', '/proc/x/y'])
           try { makeFolders(path); } catch (error) { process.stderr.write(error.code + ' '); }`,
      ],
      { encoding: 'utf8', timeout: 20_000 },
    );
    assert.equal(status, 0);
    assert.equal(stderr, 'ENOENT ENOENT ');
  },
);
