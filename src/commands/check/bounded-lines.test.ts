import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TinyPiecesError } from '../../kernel/growing-buffer.ts';
import { readBoundedLines } from './bounded-lines.ts';

async function* inPieces(
  pieces: readonly (string | Uint8Array)[],
): AsyncGenerator<string | Uint8Array> {
  for (const piece of pieces) yield piece;
}

async function readAll(pieces: readonly (string | Uint8Array)[], bytesMax: number) {
  const texts: (string | undefined)[] = [];
  for await (const { text } of readBoundedLines(inPieces(pieces), bytesMax)) texts.push(text);
  return texts;
}

test('lines are the same, in whatever pieces they come', async () => {
  const text = '\ufeffone\ntwo\n\nfour is too long\nfive';
  const wanted = ['one', 'two', '', undefined, 'five'];
  assert.deepEqual(await readAll([text], 6), wanted);
  assert.deepEqual(
    await readAll(
      [...Buffer.from(text)].map((byte) => Uint8Array.of(byte)),
      6,
    ),
    wanted,
  );
});

test('bug: a line of which each byte comes alone is not held as an object for each', async () => {
  const pieces = Array.from({ length: 40_000 }, () => Uint8Array.of(0x61));
  await assert.rejects(readAll(pieces, 1_000_000), TinyPiecesError);
});
