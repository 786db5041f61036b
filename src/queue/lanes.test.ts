/** Lanes whose number changes: what is carried over goes first, in the order of append. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Entry, newEntry } from './entry.ts';
import { takeBatch } from './lane.ts';
import { Lanes } from './lanes.ts';

const EVERYTHING = { maxItems: 1e9, maxBytes: 1e9, maxRawBytes: 1e9 };

function entry(number: number, lane: number, lanes: Lanes): Entry {
  const bytes = Buffer.alloc(10);
  const times = { oldestMs: number, newestMs: number };
  return newEntry({ bytes, items: 1, rawBytes: 20, lane, ...times }, lanes.count, {
    wallMs: number,
    elapsedMs: number,
  });
}

function numbersOf(lanes: Lanes, asked: readonly number[]): number[] {
  const open = lanes.findOpen(asked.map((lane) => lanes.at(lane)));
  return takeBatch(open, EVERYTHING).map((one) => one.oldestMs);
}

test('any whole number is a lane: it is folded into as many as there are', () => {
  const lanes = new Lanes(3);
  assert.equal(entry(0, 4_294_967_295, lanes).lane, 4_294_967_295 % 3);
  assert.throws(() => lanes.at(3), /lane 3 of 3/);
  assert.throws(() => new Lanes(0), /a queue of 0 lanes/);
});

test('after the number changed, nothing leaves before what was there, and then all lanes do', () => {
  const lanes = new Lanes(3);
  const before = [5, 3, 4].map((number) => entry(number, number, lanes));
  for (const one of before) lanes.push(one);
  lanes.changeCount(2);
  lanes.push(entry(6, 0, lanes));
  lanes.push(entry(7, 1, lanes));
  let woken = 0;
  const waiter = { wantsFirst: true, isEnough: () => true, wake: () => void (woken += 1) };
  lanes.at(1).wait(waiter);
  assert.deepEqual([lanes.items, lanes.chunks], [5, 5]);
  assert.deepEqual(numbersOf(lanes, [0, 1]), [3, 4, 5, 6]);
  assert.deepEqual(numbersOf(lanes, [1]), []);
  for (const [index, one] of before.entries()) {
    assert.equal(woken, 0, `${index} of those before are done`);
    lanes.remove(one);
  }
  assert.equal(woken, 1);
  assert.deepEqual(numbersOf(lanes, [1]), [7]);
});

test('what is dropped is the oldest of each lane, up to the first that is not due', () => {
  const lanes = new Lanes(2);
  for (const number of [1, 4, 2, 5, 7, 3]) lanes.push(entry(number, number, lanes));
  const dropped: number[] = [];
  lanes.dropOldest(
    (one) => one.newestMs < 5,
    (one) => {
      dropped.push(one.newestMs);
      lanes.remove(one);
    },
  );
  // 3 stands behind 5 and 7.
  assert.deepEqual(dropped, [4, 2, 1]);
  assert.equal(lanes.items, 3);
  assert.ok(lanes.hasUntil(5) && !lanes.hasUntil(4));
});
