/**
 * Waiting for a condition: on real time, for what real sockets and processes do, or for turns of
 * the event loop, for what needs no time at all. A test on virtual time moves its clock instead.
 */
import assert from 'node:assert/strict';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';

const TURNS_MAX = 10_000;

/** Looks every `everyMs` until the condition holds; fails with `what` after `withinMs`. */
export async function until(
  what: string,
  withinMs: number,
  holds: () => Promise<boolean> | boolean,
  everyMs = 100,
): Promise<void> {
  const endMs = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > endMs) throw new Error(`not within ${withinMs} ms: ${what}`);
    await sleep(everyMs);
  }
}

/**
 * Lets turns of the event loop pass until the condition holds; fails after ten thousand of them.
 */
export async function untilTurn(holds: () => boolean): Promise<void> {
  for (let turns = 0; !holds(); turns++) {
    assert.ok(turns < TURNS_MAX, `does not hold after ${TURNS_MAX} turns of the event loop`);
    await nextTurn();
  }
}
