/** Files that are replaced as a whole, and what is none that can be. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { temporaryFolder } from '../../test/kit/folder.ts';
import { writeAtomically, writePrivately } from './atomic-file.ts';

test('a file is replaced, and nothing else is left in its folder', async (t) => {
  const folder = temporaryFolder(t);
  const file = join(folder, 'file');
  writeFileSync(file, 'before, and longer');
  const { ino } = statSync(file);
  await writeAtomically(file, ['af', 'ter']);
  assert.equal(readFileSync(file, 'utf8'), 'after');
  assert.notEqual(statSync(file).ino, ino);
  assert.deepEqual(readdirSync(folder), ['file']);
});

test('bug: a link that the user has named is followed, with or without a target', async (t) => {
  const folder = temporaryFolder(t);
  for (const hasTarget of [true, false]) {
    const target = join(folder, `target-${hasTarget}`);
    const link = join(folder, `link-${hasTarget}`);
    if (hasTarget) writeFileSync(target, 'before');
    symlinkSync(target, link);
    await writeAtomically(link, 'after');
    assert.ok(lstatSync(link).isSymbolicLink());
    assert.equal(readFileSync(target, 'utf8'), 'after');
  }
});

test('bug: a pipe is written to; one that nobody reads is an error, not a wait', async (t) => {
  const pipe = join(temporaryFolder(t), 'pipe');
  spawnSync('mkfifo', [pipe]);
  await assert.rejects(writeAtomically(pipe, 'lost'), /ENXIO/);
  const reader = spawn('cat', [pipe], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => reader.kill());
  const long = 'a line\n'.repeat(50_000);
  const read = text(reader.stdout);
  while (
    await writeAtomically(pipe, long).then(
      () => false,
      () => true,
    )
  );
  assert.equal(await read, long);
  assert.ok(lstatSync(pipe).isFIFO());
});

test('bug: a file in a folder that is not writable is written in place', async (t) => {
  if (process.getuid?.() === 0) return t.skip('root writes into every folder');
  const folder = join(temporaryFolder(t), 'folder');
  mkdirSync(folder);
  const file = join(folder, 'file');
  writeFileSync(file, 'before');
  chmodSync(folder, 0o500);
  await writeAtomically(file, 'after');
  assert.equal(readFileSync(file, 'utf8'), 'after');
  chmodSync(folder, 0o700);
});

test('bug: a file that is mounted by itself is written in place', (t) => {
  const folder = temporaryFolder(t);
  const [file, other] = [join(folder, 'file'), join(folder, 'other')];
  writeFileSync(file, 'mounted on');
  writeFileSync(other, 'before');
  const module = new URL('atomic-file.ts', import.meta.url).href;
  const script =
    `import { writeAtomically } from ${JSON.stringify(module)};` +
    `await writeAtomically(${JSON.stringify(file)}, 'after');`;
  const inside = 'mount --bind "$1" "$2" || exit 77; exec "$3" --input-type=module -e "$4"';
  const args = ['-rm', 'sh', '-c', inside, 'sh', other, file, process.execPath, script];
  const { status, stderr } = spawnSync('unshare', args);
  if (status === 77 || status === null || /unshare/.test(String(stderr)))
    return t.skip('nothing can be mounted here');
  assert.equal(status, 0, String(stderr));
  assert.equal(readFileSync(other, 'utf8'), 'after');
  assert.equal(readFileSync(file, 'utf8'), 'mounted on');
});

test('bug: a link of the name of a private file is replaced, and its target stays', async (t) => {
  const folder = temporaryFolder(t);
  const [file, victim] = [join(folder, 'file'), join(folder, 'victim')];
  writeFileSync(victim, 'as it was');
  symlinkSync(victim, file);
  await writePrivately(file, 'ours');
  assert.equal(readFileSync(victim, 'utf8'), 'as it was');
  assert.ok(lstatSync(file).isFile());
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.ok(existsSync(file));
});

test('equal faults have equal words, without the name of a draft', async (t) => {
  const file = join(temporaryFolder(t), 'absent', 'file');
  const words = new Set<string>();
  for (let i = 0; i < 3; i++)
    await writePrivately(file, 'ours').catch((error: unknown) => words.add(String(error)));
  assert.deepEqual([...words], [`Error: ENOENT: no such file or directory, open '${file}'`]);
});
