import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FRAME_BYTES, readFrames, writeFrame } from './frames.ts';

function write(documents: readonly Uint8Array[]): Buffer {
  const bytes = documents.reduce((sum, { length }) => sum + FRAME_BYTES + length, 0);
  const body = Buffer.alloc(bytes);
  let at = 0;
  documents.forEach((document, i) => (at = writeFrame(body, at, document, 1_700_000_000_000 + i)));
  assert.equal(at, bytes);
  return body;
}

test('what is written is read, byte for byte, with its times', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 })), (documents) => {
      const read = readFrames(write(documents));
      assert.deepEqual(
        read?.map(({ bytes, receivedMs }) => [[...bytes], receivedMs]),
        documents.map((document, i) => [[...document], 1_700_000_000_000 + i]),
      );
    }),
  );
});

test('a body that is cut off, or has a length or a time that cannot be, is damaged', () => {
  const body = write([Buffer.from('one'), Buffer.from('two')]);
  for (let end = 1; end < body.length; end++)
    if (end !== FRAME_BYTES + 3) assert.equal(readFrames(body.subarray(0, end)), undefined);
  const long = Buffer.from(body);
  long.writeUInt32LE(0xffffffff, 0);
  assert.equal(readFrames(long), undefined);
  const timeless = Buffer.from(body);
  timeless.writeDoubleLE(Number.NaN, 4);
  assert.equal(readFrames(timeless), undefined);
});
