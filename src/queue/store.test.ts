/** Segment files: when they begin, and when they are deleted. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { runAtOnce } from '../kernel/giving-way.ts';
import { SegmentStore } from './store.ts';
import { temporaryFolder } from '../../test/kit/folder.ts';

const chunk = {
  bytes: Buffer.from('chunk'),
  items: 1,
  rawBytes: 9,
  oldestMs: 1,
  newestMs: 2,
  lane: 0,
};

test('bug: a segment ended by a full disk is deleted once it is done, which frees the disk', (t) => {
  const directory = temporaryFolder(t);
  const store = new SegmentStore(directory, 1e6);
  runAtOnce(store.open(0));
  const stored = store.write(chunk, 1);
  assert.throws(() => store.write({ ...chunk, items: -1 }, 1), 'a write that is refused');
  assert.deepEqual(readdirSync(directory), ['0000000001.seg']);
  store.release(stored);
  assert.deepEqual(readdirSync(directory), []);
  assert.equal(store.diskBytes, 0);
  store.write(chunk, 1);
  assert.deepEqual(readdirSync(directory), ['0000000002.seg']);
  store.close();
});

test('a full queue is read in slices', (t) => {
  const directory = temporaryFolder(t);
  const first = new SegmentStore(directory, 1e6);
  runAtOnce(first.open(0));
  for (let i = 0; i < 4_000; i++) first.write(chunk, 1);
  const slices = new SegmentStore(directory, 1e6).open(0);
  let count = 0;
  let step = slices.next();
  for (; step.done !== true; step = slices.next()) count += 1;
  assert.equal(step.value.chunks.length, 4_000);
  assert.ok(count >= 15, `${count} slices`);
});
