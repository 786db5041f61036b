import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { renderInput, renderWord } from './words.ts';

const HOSTILE = [
  '$(touch /tmp/x)', '`id`', '${HOME}', '"; exit 1; "', "it's", '\\', '\\n', 'two\nlines', '*', '~',
  '!!', '-n', '', ' ', 'a\tb', '@{Cluster}', '%s', '#', 'é😀',
]; // prettier-ignore

test('a shell prints each word as it is, and runs nothing of it', () => {
  const script = HOSTILE.map((text) => `printf '%s\\0' ${renderWord(text)}`).join('\n');
  const said = execFileSync('sh', ['-c', script], { encoding: 'utf8' });
  assert.deepEqual(said.split('\0').slice(0, -1), HOSTILE);
});

test('an input is JSON with each value as it is, and no value is taken for a token', () => {
  const text = renderInput({ Tags: HOSTILE.map((Value) => ({ Key: Value, Value })) });
  assert.deepEqual(
    (JSON.parse(text) as { Tags: { Value: string }[] }).Tags.map(({ Value }) => Value),
    HOSTILE,
  );
  assert.doesNotMatch(text, /@\{/);
});
