import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GrowingBuffer } from './growing-buffer.ts';
import { findLargeBody, giveLargeBody, SPARE_BYTES, takeLargeBody } from './large-bodies.ts';

const MB = 1024 * 1024;

/** Takes out all that other tests have left. */
function empty(): void {
  for (let length = 2 * MB + 1; length <= SPARE_BYTES; length += length >> 4)
    while (findLargeBody(length) !== undefined);
}

test('memory that was given back is used again for what fills most of it, once', () => {
  empty();
  const body = takeLargeBody(10 * MB);
  giveLargeBody(body);
  assert.equal(findLargeBody(5 * MB), undefined, 'a short body would hold it');
  assert.equal(findLargeBody(11 * MB), undefined);
  const again = findLargeBody(10 * MB + 1);
  assert.equal(again?.buffer, body.buffer);
  assert.equal(again?.length, 10 * MB + 1);
  assert.equal(findLargeBody(10 * MB), undefined);
});

test('small memory is let go, and no more waits than the limit', () => {
  empty();
  giveLargeBody(Buffer.alloc(2 * MB));
  assert.equal(findLargeBody(2 * MB), undefined);
  giveLargeBody(Buffer.alloc(SPARE_BYTES + 1));
  assert.equal(findLargeBody(SPARE_BYTES), undefined);
  for (let i = 0; i < 5; i++) giveLargeBody(Buffer.alloc(10 * MB));
  let waiting = 0;
  while (findLargeBody(10 * MB) !== undefined) waiting += 1;
  assert.equal(waiting, 3);
});

test('a body whose length is announced lies in memory that waits, and may come longer', () => {
  for (const come of [5 * MB - 9, 5 * MB, 5 * MB + 9]) {
    empty();
    const spare = takeLargeBody(5 * MB);
    giveLargeBody(spare);
    const gathered = new GrowingBuffer({ announced: 5 * MB });
    const all = Buffer.alloc(come, 'abcdefg');
    for (let at = 0; at < come; at += 100_000) gathered.copy(all, at, Math.min(come, at + 100_000));
    const body = gathered.finish();
    if (come > 5 * MB) assert.ok(body instanceof Promise, 'it is joined');
    else {
      assert.ok(Buffer.isBuffer(body));
      assert.equal(body.buffer, spare.buffer);
      assert.ok(body.equals(all));
    }
  }
});
