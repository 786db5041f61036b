/** Which slots of ended series linger, for how long, and what it costs to let many go. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NumberList } from '../kernel/number-list.ts';
import { EndedSlots } from './ended-slots.ts';

/** Slots as a table has them: with the attempt since which each lingers. */
class Slots extends EndedSlots {
  readonly #since: Map<number, number>;

  constructor() {
    const since = new Map<number, number>();
    super((slot) => since.get(slot) ?? 0);
    this.#since = since;
  }

  /** Ends slots in one scrape. */
  endAll(slots: readonly number[], attempt: number): void {
    this.end(listOf(slots));
    for (let slot; (slot = this.takeGone(attempt)) !== undefined;) this.#since.set(slot, attempt);
  }

  revive(slot: number): void {
    this.remove();
    this.#since.delete(slot);
  }

  takeAllDue(attempt: number, slots: number): number[] {
    const due: number[] = [];
    for (let slot; (slot = this.takeDue(attempt, slots)) !== undefined;) {
      this.#since.delete(slot);
      due.push(slot);
    }
    return due;
  }
}

function listOf(slots: readonly number[]): NumberList {
  const list = new NumberList();
  for (const slot of slots) list.push(slot);
  return list;
}

test('a slot lingers for 32 scrapes, anew each time that its series ends', () => {
  const ended = new Slots();
  ended.endAll([5], 1);
  assert.ok(!ended.isWaiting(32, 100));
  ended.revive(5);
  assert.ok(!ended.isWaiting(100, 100), 'its series is back');
  ended.endAll([5], 40);
  assert.deepEqual(ended.takeAllDue(71, 100), []);
  assert.deepEqual(ended.takeAllDue(72, 100), [5]);
  assert.equal(ended.count, 0);
});

test('at most an eighth of the slots linger, and the oldest go first', () => {
  const ended = new Slots();
  ended.endAll([1, 2], 1);
  ended.endAll(
    Array.from({ length: 100 }, (_, i) => 10 + i),
    2,
  );
  const due = ended.takeAllDue(2, 800);
  assert.deepEqual(new Set(due.slice(0, 2)), new Set([1, 2]));
  assert.equal(ended.count, 100);
});

test('what has no complete ref does not linger, nor what was never committed', () => {
  const ended = new Slots();
  ended.endAll([1], 3);
  ended.undo(listOf([2]));
  ended.renew(3);
  assert.deepEqual(new Set(ended.takeAllDue(3, 100)), new Set([1, 2]));
});

test('series that are back again and again are due when they have ended for good', () => {
  const ended = new Slots();
  const slots = Array.from({ length: 50 }, (_, i) => i);
  for (let attempt = 1; attempt < 2_000; attempt++) {
    ended.endAll(slots, attempt);
    assert.ok(!ended.isWaiting(attempt, 1_000));
    for (const slot of slots) ended.revive(slot);
  }
  assert.equal(ended.count, 0);
  ended.endAll(slots, 2_000);
  assert.equal(ended.takeAllDue(2_032, 1_000).length, 50);
});

test('letting go of very many takes time in proportion to them', () => {
  const ended = new Slots();
  const slots = Array.from({ length: 400_000 }, (_, i) => i);
  ended.endAll(slots, 1);
  const before = process.cpuUsage();
  assert.equal(ended.takeAllDue(1, slots.length).length, 350_000);
  // Some 0.2 s; where the first of those left is looked for among those that went, 26 s.
  const { user } = process.cpuUsage(before);
  assert.ok(user < 4_000_000, `${user} µs`);
});
