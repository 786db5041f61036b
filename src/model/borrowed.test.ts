import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Borrowed, LENT_BYTES_MAX, ownCopy, takeOver, peek } from './borrowed.ts';

test('borrowed bytes are read as they are, and kept only as a copy', () => {
  const owned = Buffer.from('abc');
  const lent: Borrowed<Uint8Array> = owned;
  assert.equal(lent[1], 98);
  assert.equal(lent.length, 3);
  assert.equal(lent.indexOf(99), 2);
  // @ts-expect-error borrowed bytes may not be kept
  let kept: Uint8Array = lent;
  // @ts-expect-error borrowed bytes may not be changed
  lent[0] = 0;
  // @ts-expect-error their buffer is out of reach
  assert.ok(lent.buffer);
  const view: Borrowed<DataView> = new DataView(new ArrayBuffer(4));
  // @ts-expect-error a view of them is borrowed too
  const keptView: DataView = view;
  assert.equal(keptView.getInt32(0), 0);
  owned[0] = 97;
  kept = ownCopy(lent);
  owned.fill(0);
  assert.equal(Buffer.from(kept).toString(), 'abc');
  assert.equal(peek(lent), owned);
});

test('a lent answer cannot be passed on as an owned one', () => {
  const lend = (): { readonly body: Borrowed<Buffer> } => ({ body: Buffer.from('a') });
  const read = (answer: { readonly body: Borrowed<Uint8Array> }): number => answer.body.length;
  const keep = (answer: { readonly body: Uint8Array }): number => answer.body.length;
  assert.equal(read(lend()), 1);
  // @ts-expect-error the function takes owned bytes
  assert.equal(keep(lend()), 1);
});

test('a body too large to be lent is kept without a copy, unless its buffer is much larger', () => {
  const large = new Uint8Array(LENT_BYTES_MAX + 1);
  assert.equal(takeOver(large), large);
  const small = new Uint8Array(LENT_BYTES_MAX);
  assert.notEqual(takeOver(small), small);
  const loose = new Uint8Array(LENT_BYTES_MAX * 2).subarray(0, LENT_BYTES_MAX + 1);
  assert.equal(takeOver(loose).buffer.byteLength, LENT_BYTES_MAX + 1);
});
