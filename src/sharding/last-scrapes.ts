/**
 * When parts that a collector takes were scraped last by their former holders, as far as those have
 * told: so a gap or an overlap at a hand-over can be judged. Pure.
 */
import type { PeerView } from './agreement.ts';
import { isSame, type Proposal } from './peer-state.ts';
import type { Share } from './sharing.ts';

/**
 * A function that tells when a part was scraped last by its former holder, ms since 1970. Where
 * that is unknown, it is the earliest time that any of the others may have stopped; undefined when
 * no other has ever answered, and 0 for a part of which a scrape was cut off.
 *
 * @param views   of the other collectors, by id
 * @param given   the proposal under which they give up parts
 * @param owners  the holder of each part before
 */
export function findLastScrapes(
  views: ReadonlyMap<string, PeerView>,
  given: Pick<Proposal, 'epoch' | 'by'> | undefined,
  owners: readonly string[],
): Share['sinceMs'] {
  const lastMs = new Map<string, number>();
  const unfinished = new Set<number>();
  for (const [id, { reach, state, answeredAtMs }] of views) {
    if (reach === 'answers' && state !== undefined && isSame(state.released, given)) {
      lastMs.set(id, state.released?.atMs ?? 0);
      for (const part of state.released?.unfinished ?? []) unfinished.add(part);
    } else if (answeredAtMs !== undefined) lastMs.set(id, answeredAtMs);
  }
  if (lastMs.size === 0) return () => undefined;
  const earliestMs = Math.min(...lastMs.values());
  return (part) => (unfinished.has(part) ? 0 : (lastMs.get(owners[part] ?? '') ?? earliestMs));
}
