import assert from 'node:assert/strict';
import { statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../test/kit/folder.ts';
import { ConfigError } from './errors.ts';
import { makeNamedFolder, openPrivate } from './private-files.ts';

test('bug: a named folder that cannot be one is an error with what, where and how to go on', (t) => {
  const folder = temporaryFolder(t);
  const file = join(folder, 'file');
  writeFileSync(file, '');
  const expected =
    /--\w[\w.]* ".*file.*" can't be used as a folder \(.*\); name a folder that this/;
  const isExpected = (error: unknown): boolean =>
    error instanceof ConfigError &&
    error.code === 'FOLDER_UNUSABLE' &&
    expected.test(error.message);
  assert.throws(() => makeNamedFolder(file, '--storage.path'), isExpected);
  assert.throws(() => makeNamedFolder(join(file, 'below'), '--storage.path'), isExpected);
});

test('folders are made for this user alone, and links are not opened', (t) => {
  const folder = temporaryFolder(t);
  makeNamedFolder(join(folder, 'one', 'two'), '--storage.path');
  assert.equal(statSync(join(folder, 'one')).mode & 0o777, 0o700);
  symlinkSync(join(folder, 'one'), join(folder, 'link'));
  assert.throws(() => openPrivate(join(folder, 'link'), 'r'), /link" is a symbolic link, which/);
});
