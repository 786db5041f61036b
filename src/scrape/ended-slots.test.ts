/** Which slots of ended series linger, for how long, and what it costs to let many go. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EndedSlots } from './ended-slots.ts';

/** Ends slots in one scrape. */
function endAll(ended: EndedSlots, slots: readonly number[], attempt: number): void {
  ended.end(slots);
  while (ended.takeGone(attempt) !== undefined);
}

function takeAllDue(ended: EndedSlots, attempt: number, slots: number): number[] {
  const due: number[] = [];
  for (let slot; (slot = ended.takeDue(attempt, slots)) !== undefined;) due.push(slot);
  return due;
}

test('a slot lingers for 32 scrapes, anew each time that its series ends', () => {
  const ended = new EndedSlots();
  endAll(ended, [5], 1);
  assert.ok(!ended.isWaiting(32, 100));
  ended.remove(5);
  assert.ok(!ended.isWaiting(100, 100), 'its series is back');
  endAll(ended, [5], 40);
  assert.deepEqual(takeAllDue(ended, 71, 100), []);
  assert.deepEqual(takeAllDue(ended, 72, 100), [5]);
  assert.equal(ended.count, 0);
});

test('at most an eighth of the slots linger, and the oldest go first', () => {
  const ended = new EndedSlots();
  endAll(ended, [1, 2], 1);
  endAll(
    ended,
    Array.from({ length: 100 }, (_, i) => 10 + i),
    2,
  );
  const due = takeAllDue(ended, 2, 800);
  assert.deepEqual(new Set(due.slice(0, 2)), new Set([1, 2]));
  assert.equal(ended.count, 100);
});

test('what has no complete ref does not linger, nor what was never committed', () => {
  const ended = new EndedSlots();
  endAll(ended, [1], 3);
  ended.undo([2]);
  ended.renew(3);
  assert.deepEqual(new Set(takeAllDue(ended, 3, 100)), new Set([1, 2]));
});

test('series that are back again and again are due when they have ended for good', () => {
  const ended = new EndedSlots();
  const slots = Array.from({ length: 50 }, (_, i) => i);
  for (let attempt = 1; attempt < 2_000; attempt++) {
    endAll(ended, slots, attempt);
    assert.ok(!ended.isWaiting(attempt, 1_000));
    for (const slot of slots) ended.remove(slot);
  }
  assert.equal(ended.count, 0);
  endAll(ended, slots, 2_000);
  assert.equal(takeAllDue(ended, 2_032, 1_000).length, 50);
});

test('letting go of very many takes time in proportion to them', () => {
  const ended = new EndedSlots();
  const slots = Array.from({ length: 400_000 }, (_, i) => i);
  endAll(ended, slots, 1);
  const before = process.cpuUsage();
  assert.equal(takeAllDue(ended, 1, slots.length).length, 350_000);
  // Some 0.2 s; where the first of those left is looked for among those that went, 26 s.
  const { user } = process.cpuUsage(before);
  assert.ok(user < 4_000_000, `${user} µs`);
});
