import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Borrowed, LENT_BYTES_MAX, ownCopy, takeOver, peek } from './borrowed.ts';

test('borrowed bytes are read as they are, and kept only as a copy', () => {
  const owned = Buffer.from('abc');
  const lent: Borrowed<Uint8Array> = owned;
  assert.equal(lent[1], 98);
  assert.equal(lent.length, 3);
  assert.equal(lent.indexOf(99), 2);
  // @ts-expect-error borrowed bytes are no one's to keep
  let kept: Uint8Array = lent;
  // @ts-expect-error nor to change
  lent[0] = 0;
  // @ts-expect-error nor is there a way to their memory
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

test('who is lent an answer cannot give it on as its own', () => {
  const lend = (): { readonly body: Borrowed<Buffer> } => ({ body: Buffer.from('a') });
  const read = (answer: { readonly body: Borrowed<Uint8Array> }): number => answer.body.length;
  const keep = (answer: { readonly body: Uint8Array }): number => answer.body.length;
  assert.equal(read(lend()), 1);
  // @ts-expect-error it asks for bytes of its own
  assert.equal(keep(lend()), 1);
});

test('a body too large to be lent is its receiver’s own, unless it lies in much more memory', () => {
  const large = new Uint8Array(LENT_BYTES_MAX + 1);
  assert.equal(takeOver(large), large);
  const small = new Uint8Array(LENT_BYTES_MAX);
  assert.notEqual(takeOver(small), small);
  const loose = new Uint8Array(LENT_BYTES_MAX * 2).subarray(0, LENT_BYTES_MAX + 1);
  assert.equal(takeOver(loose).buffer.byteLength, LENT_BYTES_MAX + 1);
});
