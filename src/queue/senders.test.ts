/** When a sender gets a batch, and when it is told that none will come. */
import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { readMoment, VirtualClock } from '../kernel/clock.ts';
import { newEntry } from './entry.ts';
import type { Lane } from './lane.ts';
import { Lanes } from './lanes.ts';
import { Senders } from './senders.ts';

const LIMITS = { maxItems: 3, maxBytes: 1e9, maxRawBytes: 1e9 };

class Case {
  readonly clock = new VirtualClock();
  readonly lanes = new Lanes(2);
  readonly ending = new AbortController();
  readonly own = new AbortController();
  readonly senders = new Senders(this.lanes, this.clock, this.ending.signal);

  append(lane: number): void {
    const chunk = { bytes: Buffer.alloc(1), items: 1, rawBytes: 1, oldestMs: 0, newestMs: 0, lane };
    this.lanes.push(newEntry(chunk, this.lanes.count, readMoment(this.clock)));
  }

  /** What a sender of these lanes has got: the lanes' items, nothing, or no answer yet. */
  ask(lanes: readonly number[]): () => number[] | 'nothing' | 'waits' {
    let answer: Lane[] | 'nothing' | 'waits' = 'waits';
    const demand = { lanes, limits: LIMITS, deadlineMs: 5_000, signal: this.own.signal };
    void this.senders.whenDue(demand).then((due) => (answer = due ?? 'nothing'));
    return () => (typeof answer === 'string' ? answer : answer.map((lane) => lane.items));
  }
}

test('a batch is due by the deadline of its oldest chunk', async () => {
  const one = new Case();
  const got = one.ask([0, 1]);
  await one.clock.advance(60_000);
  one.append(1);
  await one.clock.advance(3_000);
  one.append(0);
  await one.clock.advance(1_999);
  assert.equal(got(), 'waits');
  await one.clock.advance(1);
  assert.deepEqual(got(), [1, 1]);
});

test('a batch is due when its lanes together are enough, whatever others hold', async () => {
  const one = new Case();
  const both = one.ask([0, 1]);
  one.append(0);
  one.append(1);
  await one.clock.advance(0);
  assert.equal(both(), 'waits');
  one.append(1);
  await one.clock.advance(0);
  assert.deepEqual(both(), [1, 2]);
  const first = one.ask([0]);
  await one.clock.advance(0);
  assert.equal(first(), 'waits');
});

test('hurry ends the wait of what was there, and not of what comes', async () => {
  const one = new Case();
  one.append(0);
  const got = one.ask([0]);
  const other = one.ask([1]);
  await one.clock.advance(10);
  one.senders.hurry(one.clock.elapsedMs());
  await one.clock.advance(1);
  assert.deepEqual(got(), [1]);
  one.append(1);
  await one.clock.advance(1);
  assert.equal(other(), 'waits');
});

test('draining gives what is left at once, and tells a sender of empty lanes', async () => {
  const one = new Case();
  one.append(0);
  const [got, other] = [one.ask([0]), one.ask([1])];
  one.senders.drain();
  await one.clock.advance(0);
  assert.deepEqual([got(), other()], [[1], 'nothing']);
});

test('a sender whose lane waits for others is not told that nothing comes', async () => {
  const one = new Case();
  one.append(1);
  one.lanes.changeCount(2);
  one.append(1);
  const got = one.ask([1]);
  one.senders.drain();
  await one.clock.advance(0);
  assert.equal(got(), 'waits');
  one.lanes.remove(one.lanes.at(0).oldest()!);
  await one.clock.advance(0);
  assert.deepEqual(got(), [1]);
});

test('its own signal or the end of the queue ends a wait, and leaves no listener', async () => {
  for (const which of ['own', 'ending'] as const) {
    const one = new Case();
    one.append(0);
    const [deadline, first] = [one.ask([0]), one.ask([1])];
    await one.clock.advance(1);
    one[which].abort();
    await one.clock.advance(0);
    assert.deepEqual([deadline(), first()], ['nothing', 'nothing']);
  }
  const one = new Case();
  for (let i = 0; i < 20; i++) {
    const got = one.ask([0]);
    for (let k = 0; k < 3; k++) one.append(0);
    await one.clock.advance(0);
    assert.notEqual(got(), 'waits');
  }
  assert.ok(getEventListeners(one.own.signal, 'abort').length <= 1);
});
