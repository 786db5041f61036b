import assert from 'node:assert/strict';
import { test } from 'node:test';
import { boundedLines, WAITING_BYTES_MAX } from './output-lines.ts';

test('lines that nobody reads are left out above the bound, and counted when there is room', () => {
  const written: string[] = [];
  const output = {
    writableLength: 0,
    write(text: string): boolean {
      written.push(text);
      return true;
    },
  };
  const write = boundedLines(output);
  write('a');
  output.writableLength = WAITING_BYTES_MAX + 1;
  write('b');
  write('c');
  output.writableLength = 0;
  write('d');
  write('e');
  const said = '2 lines were left out: nothing read this output\n';
  assert.deepEqual(written, ['a\n', said, 'd\n', 'e\n']);
});
