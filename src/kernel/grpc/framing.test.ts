import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UnaryFrame, writeGrpcFrame } from './framing.ts';
import { decodeGrpcMessage, encodeGrpcMessage } from './status.ts';

/** Adds a body in parts of some bytes. */
function collect(body: Buffer, partBytes: number, maxBytes = 100) {
  const frame = new UnaryFrame(maxBytes);
  for (let at = 0; at < body.length; at += partBytes) {
    const fault = frame.add(body.subarray(at, at + partBytes));
    if (fault !== undefined) return fault;
  }
  return frame.finish();
}

test('a message comes back, however its bytes are divided', () => {
  const message = Buffer.from('a message');
  for (const isCompressed of [false, true])
    for (let partBytes = 1; partBytes < 20; partBytes++)
      assert.deepEqual(collect(writeGrpcFrame(message, isCompressed), partBytes), {
        isCompressed,
        message,
      });
  const empty = { isCompressed: false, message: Buffer.alloc(0) };
  assert.deepEqual(collect(writeGrpcFrame(Buffer.alloc(0)), 5), empty);
});

test('what is cut off, announced too large, or more than one message, is none', () => {
  const frame = writeGrpcFrame(Buffer.from('a message'));
  for (let end = 0; end < frame.length; end++)
    assert.equal(collect(frame.subarray(0, end), 3), undefined);
  assert.equal(collect(frame, 3, 8), 'too_large');
  assert.equal(collect(Buffer.from([0, 0xff, 0xff, 0xff, 0xff]), 5), 'too_large');
  assert.equal(collect(Buffer.concat([frame, frame]), 100), 'malformed');
  assert.equal(collect(Buffer.from([2, 0, 0, 0, 0]), 5), 'malformed');
});

test('a message of a status is ASCII on the wire and comes back', () => {
  for (const text of ['', 'all well', '100 % of ä 世界', 'a\nb']) {
    assert.match(encodeGrpcMessage(text), /^[\x20-\x7e]*$/);
    assert.equal(decodeGrpcMessage(encodeGrpcMessage(text)), text);
  }
  assert.equal(decodeGrpcMessage('50% off %zz'), '50% off %zz');
});
