/** Which collectors are asked, and where: whoever may hold parts, listed or not. */
import type { MemberList, Proposal } from './peer-state.ts';
import type { Peers } from './peers.ts';

/** @returns  addresses by id, without this collector's own */
export function listWatched(
  ownId: string,
  known: {
    readonly list: MemberList | undefined;
    readonly proposal: Proposal | undefined;
    readonly peers: Pick<Peers, 'views' | 'addressOf'>;
  },
): ReadonlyMap<string, string | undefined> {
  const { list, proposal, peers } = known;
  const wanted = new Map<string, string | undefined>();
  // Collectors that only another one lists may hold parts, too.
  for (const { state } of peers.views.values())
    for (const { id, address } of state?.list?.members ?? []) wanted.set(id, address);
  for (const { id, address } of list?.members ?? []) wanted.set(id, address);
  for (const [id, view] of peers.views) {
    // A collector that still answers may still scrape, listed or not.
    const isRunning = view.reach === 'answers' && view.state?.phase !== 'left';
    const isProposed = proposal?.members.includes(id) ?? false;
    if ((isRunning || isProposed) && !wanted.has(id)) wanted.set(id, peers.addressOf(id));
  }
  wanted.delete(ownId);
  return wanted;
}
