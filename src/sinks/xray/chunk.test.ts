import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Chunk } from '../../model/queue.ts';
import { halveDocuments, makeChunks, unpackDocuments, withoutOlderDocuments } from './chunk.ts';

const T0 = 1_700_000_000_000;

function chunksOf(documents: readonly string[]): readonly Chunk[] {
  return makeChunks(
    documents.map((one, i) => ({ bytes: Buffer.from(one), receivedMs: T0 + i, tries: i })),
    0,
  );
}

function textsOf(chunks: readonly Chunk[]): string[] {
  return chunks.flatMap((chunk) => unpackDocuments(chunk)!.map(({ bytes }) => bytes.toString()));
}

test('documents come out as they went in, with time and tries', () => {
  const [chunk] = chunksOf(['a', '', 'ü']);
  assert.deepEqual(
    unpackDocuments(chunk!)?.map(({ bytes, ...rest }) => [bytes.toString(), rest]),
    ['a', '', 'ü'].map((text, i) => [text, { receivedMs: T0 + i, tries: i }]),
  );
});

test('chunks are halved down to a document, and divided by age', () => {
  const chunks = chunksOf(['a', 'b', 'c']);
  const { first, second } = halveDocuments(chunks)!;
  assert.deepEqual([textsOf(first), textsOf(second)], [['a', 'b'], ['c']]);
  assert.equal(halveDocuments(second), undefined);
  const { first: one, second: other } = halveDocuments([...first, ...second])!;
  assert.deepEqual([textsOf(one), textsOf(other)], [['a', 'b'], ['c']]);
  const { kept, dropped } = withoutOlderDocuments(chunks, T0 + 1);
  assert.deepEqual([textsOf(kept), textsOf(dropped)], [['b', 'c'], ['a']]);
});
