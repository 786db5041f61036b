/**
 * Work that is too much for one turn of the event loop, as a generator that yields wherever it may be interrupted. Only
 * large pages go this way: for the others a generator would cost more than what it does.
 */

/** Yields where another turn may begin, returns what comes of it. */
export type Slices<T> = Generator<undefined, T, undefined>;

/** How long a turn may take before it ends at the next yield. */
const TURN_MS = 5;

/** Does the work over as many turns as it takes; undefined when it was given up by `slices.return`. */
export async function runInSlices<T>(slices: Slices<T>): Promise<T | undefined> {
  let endMs = performance.now() + TURN_MS;
  for (;;) {
    const step = slices.next();
    if (step.done === true) return step.value;
    if (performance.now() < endMs) continue;
    await new Promise<void>((resolve) => setImmediate(resolve));
    endMs = performance.now() + TURN_MS;
  }
}

/** Ranges of a number of things, with a yield behind each. */
export function* inRanges(
  count: number,
  size: number,
  act: (from: number, to: number) => void,
): Slices<void> {
  for (let from = 0; from < count; from += size) {
    act(from, Math.min(count, from + size));
    yield;
  }
}
