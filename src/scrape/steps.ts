/**
 * Work that is too much for one turn of the event loop, as a generator that yields wherever it may
 * be interrupted. turns.ts runs it and decides how much is done in a turn. Work that is always
 * short is a plain function, since a generator would cost more than the work.
 */

/** Work in short steps: between two of them any other code may run. */
export type Steps<Result = void> = Generator<undefined, Result, undefined>;

/** Calls `act` for the ranges that make up [0, count), with a yield after each. */
export function* runInRanges(
  count: number,
  size: number,
  act: (from: number, to: number) => void,
): Steps {
  for (let from = 0; from < count; from += size) {
    act(from, Math.min(count, from + size));
    yield;
  }
}
