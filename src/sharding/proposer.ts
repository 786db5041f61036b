/** What a leader proposes: other members at once, other weights now and then. */
import { isLeader, type Knowledge, wantedMembers } from './agreement.ts';
import { balance, imbalance, type Moves } from './division.ts';
import { mapMoves, type Proposal } from './peer-state.ts';

/** How often shares are weighed. */
const WEIGH_MS = 30_000;
const IMBALANCE_MAX = 1.1;

export class Proposer {
  #weighedAt = 0;

  /**
   * A proposal that is newer than all, where it falls to this collector to make one and there is a
   * reason.
   *
   * @param loads      how many targets each part has
   * @param isSettled  the newest proposal has been carried out here
   */
  propose(
    known: Knowledge,
    { loads, isSettled }: { readonly loads: () => Uint32Array; readonly isSettled: boolean },
  ): Proposal | undefined {
    if (!isLeader(known)) return undefined;
    const members = wantedMembers(known);
    if (members === undefined) return undefined;
    const { own } = known;
    const newest = own.proposal;
    const isSame = newest !== undefined && members.join(' ') === newest.members.join(' ');
    const isDue = isSettled && performance.now() - this.#weighedAt >= WEIGH_MS;
    if (isSame && !isDue) return undefined;
    this.#weighedAt = performance.now();
    const before: Moves = newest === undefined ? new Map() : mapMoves(newest);
    const counted = loads();
    if (isSame && (members.length < 2 || imbalance(members, counted, before) <= IMBALANCE_MAX))
      return undefined;
    const moves: Moves = members.length < 2 ? new Map() : balance(members, counted, before);
    return {
      epoch: (newest?.epoch ?? 0) + 1,
      by: own.id,
      members: [...members],
      moves: [...moves].map(([part, to]) => [part, members.indexOf(to)]),
    };
  }
}
