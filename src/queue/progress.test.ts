/** How far lanes have come: over restarts, over numbers of lanes, over a disk that refuses. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { Progress } from './progress.ts';
import type { StoredChunk } from './store.ts';

function directoryOf(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'amperage-progress-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

function chunkAt(id: number, offset: number, lane: number, lanes: number): StoredChunk {
  const header = { length: 1, items: 1, rawBytes: 1, oldestMs: 0, newestMs: 0, crc: 0 };
  const segment = { id, path: `${id}`, size: 1e6, live: 1 };
  return { segment, header: { ...header, offset, lane, lanes } };
}

test('what was passed is done, with all before it in its lane, also after a restart', async (t) => {
  const directory = directoryOf(t);
  const before = new Progress(directory);
  assert.ok(before.load());
  assert.equal(before.newestSegment, 0);
  before.pass(chunkAt(7, 100, 1, 4));
  await before.save();
  const after = new Progress(directory);
  assert.ok(after.load());
  assert.equal(after.newestSegment, 7);
  for (const [id, offset, lane, lanes, isDone] of [
    [7, 100, 1, 4, true],
    [7, 99, 1, 4, true],
    [6, 5_000, 1, 4, true],
    [7, 101, 1, 4, false],
    [8, 0, 1, 4, false],
    [7, 100, 2, 4, false],
    [7, 100, 1, 3, false],
  ] as const)
    assert.equal(after.isDone(chunkAt(id, offset, lane, lanes)), isDone, `${id}:${offset} ${lane}`);
});

test('other numbers of lanes are forgotten by their whole number', async (t) => {
  const directory = directoryOf(t);
  const progress = new Progress(directory);
  for (const lanes of [1, 10, 11]) progress.pass(chunkAt(1, 0, 0, lanes));
  progress.keepOnly(1);
  assert.deepEqual(
    [1, 10, 11].map((lanes) => progress.isDone(chunkAt(1, 0, 0, lanes))),
    [true, false, false],
  );
});

test('a damaged file is told, and nothing counts as done', (t) => {
  const directory = directoryOf(t);
  writeFileSync(join(directory, 'cursor'), '{"cursors": {"1/0": [1');
  const progress = new Progress(directory);
  assert.equal(progress.load(), false);
  assert.equal(progress.isDone(chunkAt(0, 0, 0, 1)), false);
});

test('what could not be saved is saved by the next call', async (t) => {
  const directory = directoryOf(t);
  const progress = new Progress(directory);
  progress.pass(chunkAt(3, 5, 0, 1));
  const inTheWay = join(directory, 'cursor');
  mkdirSync(inTheWay);
  await assert.rejects(progress.save(), /EISDIR/);
  rmSync(inTheWay, { recursive: true });
  await progress.save();
  const after = new Progress(directory);
  after.load();
  assert.ok(after.isDone(chunkAt(3, 5, 0, 1)));
});

test('bug: a cursor that was changed by a bit, is negative or is no cursor counts as damaged', async (t) => {
  const directory = directoryOf(t);
  const file = join(directory, 'cursor');
  const progress = new Progress(directory);
  progress.pass(chunkAt(7, 100, 1, 4));
  await progress.save();
  const good = readFileSync(file, 'utf8');
  assert.ok(new Progress(directory).load());
  for (const bad of [
    good.replace('[7,101]', '[8,101]'),
    good.replace(/\n#crc32.*/, ''),
    '{"version":1,"cursors":{"4/1":[-5,-1]}}',
    '{"version":1,"cursors":{"4/1":[7,1e3,1]}}',
    '{"version":1,"cursors":{"lane":[7,100]}}',
    '{"version":1,"cursors":null}',
    'null',
    '',
  ]) {
    writeFileSync(file, bad);
    assert.ok(!new Progress(directory).load(), bad);
  }
});

test('bug: a cursor of version 1 beyond all segments that there can be counts as damaged', (t) => {
  const directory = directoryOf(t);
  writeFileSync(join(directory, 'cursor'), '{"version":1,"cursors":{"4/1":[4000000000,9]}}');
  assert.ok(!new Progress(directory).load(1_700_000_000));
  assert.ok(new Progress(directory).load(4_000_000_000));
});
