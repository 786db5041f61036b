/** What a fixture needs of its user: a way to be told when it is over. */

/** A test's own context, or `{ after }` of node:test for what a whole file shares. */
export interface Ending {
  after(end: () => void | Promise<void>): void;
}

type End = () => void | Promise<void>;

const endsOf = new WeakMap<Ending, End[]>();

/**
 * Ends what a fixture began. What was begun last ends first, as it may need what was there before
 * it: a sink its queue, a queue its folder. `after` alone calls in the order of the calls.
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
