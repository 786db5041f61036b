/**
 * Long work gives way: between two items, once it has held the turn for some milliseconds, it lets
 * other calls go on.
 */

const TURN_MS = 10;

/** Runs `act` on each item in order. */
export async function forEachInTurns<T>(items: Iterable<T>, act: (item: T) => void): Promise<void> {
  let startedMs = performance.now();
  for (const item of items) {
    act(item);
    if (performance.now() - startedMs < TURN_MS) continue;
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
    startedMs = performance.now();
  }
}
