/** An index of slots is there while labels are looked up, and for some bodies longer. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runAtOnce } from '../kernel/giving-way.ts';
import { SlotIndex } from './slot-index.ts';

function filled(): SlotIndex {
  const index = new SlotIndex();
  runAtOnce(index.begin(4));
  for (let slot = 0; slot < 4; slot++) index.add(slot * 7, slot);
  index.end();
  return index;
}

test('it finds what was added, until a slot was freed', () => {
  const index = filled();
  assert.ok(index.hasRoomFor(1));
  assert.equal(
    index.find(14, () => true),
    2,
  );
  assert.equal(
    index.find(14, () => false),
    -1,
  );
  index.spoil();
  assert.ok(!index.hasRoomFor(0));
});

test('it is let go of after 32 bodies without a look, and a look begins the count anew', () => {
  const index = filled();
  for (let body = 0; body < 31; body++) index.accept();
  index.find(0, () => true);
  for (let body = 0; body < 31; body++) index.accept();
  assert.ok(index.hasRoomFor(0));
  index.accept();
  assert.ok(!index.hasRoomFor(0));
});

test('one that is made anew without a look is let go of too', () => {
  const index = filled();
  for (let body = 0; body < 40; body++) index.accept();
  runAtOnce(index.begin(4));
  index.end();
  for (let body = 0; body < 32; body++) index.accept();
  assert.ok(!index.hasRoomFor(0));
});
