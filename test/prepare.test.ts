/** What `npm start` says before anything runs, on machines that lack what the pinned Node loads. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { temporaryFolder } from './kit/folder.ts';

const root = path.resolve(import.meta.dirname, '..');

/** Runs scripts/prepare.mjs in a clone that has all packages, and this in place of Node. */
function prepare(context: TestContext, node: string): { status: number | null; stderr: string } {
  const clone = temporaryFolder(context);
  const lock = readFileSync(path.join(root, 'package-lock.json'));
  mkdirSync(path.join(clone, 'scripts'));
  mkdirSync(path.join(clone, 'node_modules/.bin'), { recursive: true });
  writeFileSync(path.join(clone, 'package-lock.json'), lock);
  const digest = createHash('sha256').update(lock).digest('hex');
  writeFileSync(path.join(clone, 'node_modules/.amperage-installed'), digest);
  copyFileSync(path.join(root, 'scripts/prepare.mjs'), path.join(clone, 'scripts/prepare.mjs'));
  const binary = path.join(clone, 'node_modules/.bin/node');
  writeFileSync(binary, node);
  chmodSync(binary, 0o755);
  const script = path.join(clone, 'scripts/prepare.mjs');
  return spawnSync(process.execPath, [script], { encoding: 'utf8' });
}

/** What glibc's loader says. */
const lacking = (library: string): string =>
  `#!/bin/sh\necho "node: error while loading shared libraries: ${library}: cannot open shared ` +
  'object file: No such file or directory" >&2\nexit 127\n';

test('the package that brings a missing library is named', (context) => {
  const { status, stderr } = prepare(context, lacking('libatomic.so.1'));
  assert.equal(status, 1);
  assert.equal(
    stderr,
    'amperage: the pinned Node cannot start, since libatomic.so.1 is not on this machine; ' +
      'install "libatomic1" on Debian and Ubuntu, "libatomic" on Fedora and Amazon Linux\n',
  );
  assert.match(prepare(context, lacking('libstdc++.so.6')).stderr, /install "libstdc\+\+6" on/);
  assert.match(prepare(context, lacking('libx.so.2')).stderr, /install the package that brings it/);
});

test('a machine without glibc, and any other failure, have words', (context) => {
  assert.match(prepare(context, '#!/lib/ld-none.so\n').stderr, /Alpine has another C library/);
  assert.match(
    prepare(context, '#!/bin/sh\necho "Illegal instruction" >&2; exit 3\n').stderr,
    /^amperage: the pinned Node cannot start: Illegal instruction\n$/,
  );
  assert.match(prepare(context, '#!/bin/sh\nexit 3\n').stderr, /cannot start: status 3\n$/);
});

test('a Node that starts is no word worth', (context) => {
  const { status, stderr } = prepare(context, '#!/bin/sh\nexit 0\n');
  assert.deepEqual([status, stderr], [0, '']);
});
