import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeRandom } from '../../test/kit/random.ts';
import { type Alarm, makeAlarm } from './alarms.ts';

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The machine may pause between two looks at the clock. */
const SAME_MS = 20;

function countTimers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
}

test('alarms ring once each, in order of their times, whatever was set and cleared', async () => {
  const random = makeRandom(7);
  const rung: number[] = [];
  const due = new Map<number, number>();
  const alarms: Alarm[] = [];
  for (let index = 0; index < 200; index++)
    alarms.push(
      makeAlarm(() => {
        rung.push(due.get(index) ?? Infinity);
        due.delete(index);
      }),
    );
  for (let change = 0; change < 2_000; change++) {
    const index = Math.floor(random() * alarms.length);
    const ms = 50 + 200 * random();
    if (random() < 1 / 3) {
      alarms[index]?.clear();
      due.delete(index);
    } else {
      alarms[index]?.set(ms);
      due.set(index, performance.now() + ms);
    }
  }
  const expected = due.size;
  assert.ok(expected > 50);
  for (let waits = 0; due.size > 0 && waits < 500; waits++) await sleep(10);
  await sleep(50);
  assert.equal(rung.length, expected);
  for (const [place, atMs] of rung.entries())
    assert.ok(atMs >= (rung[place - 1] ?? 0) - SAME_MS, `${place}: ${rung.join(' ')}`);
});

test('an alarm is set anew where it rings, and what is cleared there does not ring', async () => {
  const rung: string[] = [];
  const other = makeAlarm(() => rung.push('other'));
  const again = makeAlarm(() => {
    rung.push('again');
    other.clear();
    if (rung.length < 3) again.set(1);
  });
  again.set(1);
  other.set(1);
  for (let waits = 0; rung.length < 3 && waits < 500; waits++) await sleep(5);
  assert.deepEqual(rung, ['again', 'again', 'again']);
});

test('alarms that all come at once leave room for others', async () => {
  let turns = 0;
  const seen: number[] = [];
  let isOver = false;
  const count = (): void => {
    turns += 1;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  for (let index = 0; index < 10; index++)
    makeAlarm(() => {
      seen.push(turns);
      const untilMs = performance.now() + 3;
      while (performance.now() < untilMs);
    }).set(1);
  for (let waits = 0; seen.length < 10 && waits < 500; waits++) await sleep(5);
  isOver = true;
  assert.ok(new Set(seen).size >= 3, `10 alarms of 3 ms in ${new Set(seen).size} turns`);
});

test('a process is not held by an alarm that was cleared', async () => {
  const before = countTimers();
  const [one, two] = [makeAlarm(() => undefined), makeAlarm(() => undefined)];
  one.set(60_000);
  two.set(30_000);
  assert.equal(countTimers(), before + 1);
  two.clear();
  one.clear();
  assert.equal(countTimers(), before);
  await sleep(1);
});
