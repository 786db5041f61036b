import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Rows } from '../../delivery/rows.ts';
import { makeLabelSet } from '../../model/labels.ts';
import { LineAppender } from './lines.ts';
import { rotatedFile } from './rotated-file.ts';
import { temporaryFolder } from '../../../test/kit/folder.ts';
import { HISTOGRAM } from '../../../test/kit/native-histogram.ts';

const never = new AbortController().signal;

test('a file that is full becomes path.1, that path.2, and the oldest goes', async (t) => {
  const path = join(temporaryFolder(t), 'samples.json');
  const file = rotatedFile({ path, maxBytes: 10, filesMax: 3 });
  for (const line of ['one 56789\n', 'two\n', 'three\n', 'four 6789\n', 'five 6789\n'])
    await file.send(Buffer.from(line), 1, never);
  const texts = [path, `${path}.1`, `${path}.2`].map((one) => readFileSync(one, 'utf8'));
  assert.deepEqual(texts, ['five 6789\n', 'four 6789\n', 'two\nthree\n']);
  assert.ok(!existsSync(`${path}.3`));
});

test('one file alone begins anew when it is full', async (t) => {
  const path = join(temporaryFolder(t), 'samples.json');
  const file = rotatedFile({ path, maxBytes: 5, filesMax: 1 });
  for (const line of ['old\n', 'new\n']) await file.send(Buffer.from(line), 1, never);
  assert.equal(readFileSync(path, 'utf8'), 'new\n');
});

test('a folder in the place of the file is never renamed', async (t) => {
  const path = temporaryFolder(t);
  const file = rotatedFile({ path, maxBytes: 5, filesMax: 3 });
  await assert.rejects(file.send(Buffer.from('old and new\n'), 1, never), /EISDIR/);
  assert.ok(existsSync(path) && !existsSync(`${path}.1`));
});

test('a path that cannot be written is tried again, with words that say what to do', async (t) => {
  const path = join(temporaryFolder(t), 'none', 'samples.json');
  const file = rotatedFile({ path, maxBytes: 5, filesMax: 1 });
  await assert.rejects(file.send(Buffer.from('x'), 1, never), {
    name: 'RecoverableError',
    message: /none.*can't be written: ENOENT.*free some space, or correct the path/,
  });
});

test('each kind of sample has a line that is JSON', () => {
  const lines: unknown[] = [];
  const rows = { add: (_: number, row: string) => void lines.push(JSON.parse(row)) };
  const appender = new LineAppender(rows as unknown as Rows);
  const ref = appender.refOf(makeLabelSet({ __name__: 'a', text: '"\n' }));
  const histogram = { ...HISTOGRAM, sum: Number.NaN };
  appender.append(ref, 1, -Infinity);
  appender.appendStale(ref, 2);
  appender.appendHistogram(ref, 3, histogram);
  appender.appendExemplar(ref, { labels: makeLabelSet({ trace_id: 't' }), value: 0.5, tMs: 4 });
  const labels = { __name__: 'a', text: '"\n' };
  assert.deepEqual(lines, [
    { labels, timestamp_ms: 1, value: '-Inf' },
    { labels, timestamp_ms: 2, stale: true },
    { labels, timestamp_ms: 3, histogram: { ...histogram, sum: 'NaN' } },
    { labels, timestamp_ms: 4, exemplar: { trace_id: 't' }, value: 0.5 },
  ]);
});
