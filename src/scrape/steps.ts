/**
 * Work that is too much for one turn of the event loop, as a generator that yields wherever it may
 * be interrupted. Who runs it, and how long a turn of it takes: turns.ts. What is always short does
 * not go this way: a generator would cost more than what it does.
 */

/** Work in steps, each short: between two of them anything else may happen. */
export type Steps<Result = void> = Generator<undefined, Result, undefined>;

/** Ranges of a number of things, with a yield behind each. */
export function* inRanges(
  count: number,
  size: number,
  act: (from: number, to: number) => void,
): Steps {
  for (let from = 0; from < count; from += size) {
    act(from, Math.min(count, from + size));
    yield;
  }
}
