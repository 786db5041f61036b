/**
 * Waits for a condition: on real time, for real sockets and processes, or for turns of the event
 * loop, for what needs no time. A test on virtual time moves its clock instead.
 */
import assert from 'node:assert/strict';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';

const TURNS_MAX = 10_000;

/** Checks the condition every `everyMs`, and fails with `what` in the message after `withinMs`. */
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
 * Lets turns of the event loop pass until the condition holds, and fails after ten thousand turns.
 */
export async function untilTurn(holds: () => boolean): Promise<void> {
  for (let turns = 0; !holds(); turns++) {
    assert.ok(turns < TURNS_MAX, `does not hold after ${TURNS_MAX} turns of the event loop`);
    await nextTurn();
  }
}
