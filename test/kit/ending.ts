/** How a fixture learns that its test is over. */

/** A test's own context, or `{ after }` of node:test for what the tests of a file share. */
export interface Ending {
  after(end: () => void | Promise<void>): void;
}

type End = () => void | Promise<void>;

const endsOf = new WeakMap<Ending, End[]>();

/**
 * Registers what ends a fixture. What was begun last ends first, because it may need what was begun
 * before it: a sink needs its queue, a queue its folder. node:test's own `after` calls in the order
 * of registration.
 */
export function onEnd(ending: Ending, end: End): void {
  const known = endsOf.get(ending);
  if (known !== undefined) {
    known.push(end);
    return;
  }
  const ends = [end];
  endsOf.set(ending, ends);
  ending.after(async () => {
    for (let next = ends.pop(); next !== undefined; next = ends.pop()) await next();
  });
}
