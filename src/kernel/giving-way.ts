/**
 * Runs long work on one thing, such as a large request, in short turns of the event loop, so that
 * timers and sockets are served between them. Work on all targets of a job divides its turns
 * otherwise (scrape/turns.ts).
 */

/** The share of each turn; a step that has begun is finished. */
const SHARE_MS = 10;

/** Runs all steps of a generator that yields where it may be interrupted. */
export async function runGivingWay<Result>(
  steps: Generator<undefined, Result, undefined>,
): Promise<Result> {
  let endMs = performance.now() + SHARE_MS;
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    if (performance.now() < endMs) continue;
    await new Promise<void>((resolve) => setImmediate(resolve));
    endMs = performance.now() + SHARE_MS;
  }
}

/** Runs all steps in this turn, for what is short. */
export function runAtOnce<Result>(steps: Generator<undefined, Result, undefined>): Result {
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  return step.value;
}
