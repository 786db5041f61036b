import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { zstdDecompressSync } from 'node:zlib';
import { VirtualClock } from '../../kernel/clock.ts';
import { temporaryFolder } from '../../../test/kit/folder.ts';
import { datedFile, type DatedFileOptions } from './dated-file.ts';
import { frameMessage } from './messages.ts';

const never = new AbortController().signal;
const DAY_MS = 86_400_000;
const NOW_MS = Date.UTC(2026, 10, 26, 9, 30);

function open(folder: string, options: Partial<DatedFileOptions> = {}) {
  const clock = new VirtualClock(NOW_MS);
  const path = join(folder, 'metrics.json');
  const base = { path, isTruncated: false, rotation: undefined, folderMode: undefined, clock };
  const file = datedFile({ ...base, ...options });
  const write = async (text: string): Promise<void> => {
    await file.send(Buffer.from(text), 1, never);
  };
  return { write, path };
}

test('a file that is full is named after the time, and the oldest goes', async (t) => {
  const folder = temporaryFolder(t);
  for (const name of ['metrics-2026-11-26T08-00-00.000.json', 'metrics-mine.json', 'other.json'])
    writeFileSync(join(folder, name), '');
  const rotation = { maxBytes: 5, maxAgeMs: 0, backupsMax: 2, isLocalTime: false };
  const { write, path } = open(folder, { rotation });
  for (const line of ['one\n', 'two\n', 'three\n']) await write(line);
  assert.equal(readFileSync(path, 'utf8'), 'three\n');
  assert.deepEqual(readdirSync(folder).sort(), [
    'metrics-2026-11-26T09-30-00.000.json',
    'metrics-2026-11-26T09-30-00.001.json',
    'metrics-mine.json',
    'metrics.json',
    'other.json',
  ]);
});

test('old files go by the age in their names, not by their own', async (t) => {
  const folder = temporaryFolder(t);
  const old = join(folder, 'metrics-2026-11-22T09-30-00.000.json');
  const young = join(folder, 'metrics-2026-11-24T09-30-00.000.json');
  for (const path of [old, young]) writeFileSync(path, '');
  utimesSync(young, 0, 0);
  const rotation = { maxBytes: 1, maxAgeMs: 3 * DAY_MS, backupsMax: 0, isLocalTime: false };
  const { write } = open(folder, { rotation });
  await write('one');
  await write('two');
  assert.deepEqual([existsSync(old), existsSync(young)], [false, true]);
});

test('the first write replaces what the file held, where it is not appended to', async (t) => {
  const folder = temporaryFolder(t);
  const { write, path } = open(folder, { isTruncated: true });
  writeFileSync(path, 'of the run before\n');
  await write('a\n');
  await write('b\n');
  assert.equal(readFileSync(path, 'utf8'), 'a\nb\n');
  await open(folder).write('c\n');
  assert.equal(readFileSync(path, 'utf8'), 'a\nb\nc\n');
});

test('the folder is made only where it is asked for', async (t) => {
  const folder = join(temporaryFolder(t), 'deep', 'down');
  await assert.rejects(open(folder).write('a'), /ENOENT.*free some space, or correct the path/);
  await open(folder, { folderMode: 0o755 }).write('a');
  assert.ok(existsSync(join(folder, 'metrics.json')));
});

test('a compressed message follows its length', () => {
  const message = frameMessage('{"a":1}', { zstdLevel: 3 });
  assert.equal(message.readUInt32BE(0), message.length - 4);
  assert.equal(zstdDecompressSync(message.subarray(4)).toString(), '{"a":1}');
  assert.equal(frameMessage('{"a":1}', { zstdLevel: undefined }).toString(), '{"a":1}\n');
});
