/** Runs work in the order of a graph, at the same time where nothing waits. */

/**
 * @param waits  the ids of all nodes, each with those that must be done before
 * @param work   false, or an error, keeps all from starting that has not begun
 * @returns      once all that began has ended
 */
export async function walkGraph(
  waits: ReadonlyMap<string, readonly string[]>,
  work: (id: string) => Promise<boolean>,
): Promise<boolean> {
  const left = new Map(
    [...waits].map(([id, before]) => [id, new Set(before.filter((one) => waits.has(one)))]),
  );
  let isGoing = true;
  const run = async (id: string): Promise<void> => {
    const isDone = await work(id);
    if (!isDone) isGoing = false;
    for (const before of left.values()) before.delete(id);
    if (isGoing) await start();
  };
  const start = async (): Promise<void> => {
    const ready = [...left].filter(([, before]) => before.size === 0).map(([id]) => id);
    for (const id of ready) left.delete(id);
    await Promise.all(ready.map(run));
  };
  await start();
  return isGoing;
}

/** The same graph the other way round: who waits is waited for. */
export function reverseGraph(
  waits: ReadonlyMap<string, readonly string[]>,
): Map<string, readonly string[]> {
  const reversed = new Map<string, string[]>([...waits.keys()].map((id) => [id, []]));
  for (const [id, before] of waits) for (const one of before) reversed.get(one)?.push(id);
  return reversed;
}
