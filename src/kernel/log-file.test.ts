import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { openLogFile } from './log-file.ts';

function makeFolder(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'xray-log-'));
  context.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

test('a full file becomes file.1; one such file is kept', (context) => {
  const folder = makeFolder(context);
  const path = join(folder, 'xray.log');
  const instead: string[] = [];
  const write = openLogFile({
    path,
    rotates: true,
    rotationBytes: 8,
    instead: (line) => instead.push(line),
  });
  for (const line of ['one', 'two', 'three', 'four', 'five']) write(line);
  assert.deepEqual(readdirSync(folder), ['xray.log', 'xray.log.1']);
  assert.equal(readFileSync(path, 'utf8'), 'five\n');
  assert.equal(readFileSync(`${path}.1`, 'utf8'), 'four\n');
  assert.deepEqual(instead, []);
});

test('without rotation a file grows, and one that is there is continued', (context) => {
  const path = join(makeFolder(context), 'xray.log');
  const options = { path, rotates: false, rotationBytes: 4, instead: () => assert.fail() };
  openLogFile(options)('one');
  const write = openLogFile(options);
  write('two');
  write('three');
  assert.equal(readFileSync(path, 'utf8'), 'one\ntwo\nthree\n');
});

test('lines of a file that cannot be written go elsewhere, which is said once', (context) => {
  const path = join(makeFolder(context), 'absent', 'xray.log');
  const instead: string[] = [];
  const write = openLogFile({ path, rotates: true, instead: (line) => instead.push(line) });
  write('one');
  write('two');
  const [first, ...rest] = instead;
  assert.match(first ?? '', /^log file .*xray\.log cannot be written: ENOENT/);
  assert.deepEqual(rest, ['one', 'two']);
});

test('bug: a file that was deleted or renamed is opened anew, and lines are not lost', (context) => {
  const folder = makeFolder(context);
  const path = join(folder, 'xray.log');
  const write = openLogFile({ path, rotates: false, instead: () => assert.fail() });
  write('one');
  renameSync(path, `${path}.away`);
  write('two');
  rmSync(path);
  write('three');
  assert.equal(readFileSync(`${path}.away`, 'utf8'), 'one\n');
  assert.match(readFileSync(path, 'utf8'), /^The log file was deleted.*\nthree\n$/);
});
