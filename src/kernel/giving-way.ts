/**
 * Runs long work on one thing, such as a large request, in short turns of the event loop, so that
 * timers and sockets are served between them. All such work divides one share of each turn, in the
 * order of waiting: Node runs whatever waits for the next turn in that turn, so that a hundred
 * shares of their own would be one turn of a second. Work on all targets of a job divides its turns
 * otherwise (scrape/turns.ts).
 */

/** The share of each turn for all work; a step that has begun is finished. */
const SHARE_MS = 10;

/** When the share of this turn of the thread's event loop ends; undefined before work in it. */
let shareEndsMs: number | undefined;
/** What goes on in later turns: at most one entry for each run that is under way. */
const waiting: (() => void)[] = [];

/** Runs all steps of a generator that yields where it may be interrupted. */
export function runGivingWay<Result>(
  steps: Generator<undefined, Result, undefined>,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const goOn = (): void => {
      try {
        do {
          const step = steps.next();
          if (step.done === true) {
            resolve(step.value);
            return;
          }
        } while (hasTime());
        waiting.push(goOn);
      } catch (error) {
        reject(error);
      }
    };
    if (hasTime()) goOn();
    else waiting.push(goOn);
  });
}

/** Whether work may go on in this turn. The first work of a turn always may. */
function hasTime(): boolean {
  if (shareEndsMs !== undefined) return performance.now() < shareEndsMs;
  shareEndsMs = performance.now() + SHARE_MS;
  setImmediate(beginTurn);
  return true;
}

function beginTurn(): void {
  shareEndsMs = undefined;
  while (waiting.length > 0 && hasTime()) waiting.shift()?.();
}

/** Runs all steps in this turn, for what is short. */
export function runAtOnce<Result>(steps: Generator<undefined, Result, undefined>): Result {
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  return step.value;
}
