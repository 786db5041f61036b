/**
 * The leader's proposals: at once when the members change, and every 30 s when the shares have
 * become unequal.
 */
import { isLeader, type Knowledge, wantedMembers } from './agreement.ts';
import { balance, measureImbalance, type Moves } from './division.ts';
import { mapMoves, type Proposal } from './peer-state.ts';

/** How often the shares are compared. */
const WEIGH_MS = 30_000;
/** Above this, the largest share divided by the mean, parts are moved. */
const IMBALANCE_MAX = 1.1;

export class Proposer {
  #weighedAt = 0;

  /**
   * A new proposal; undefined when this collector is not the leader, or there is no reason for one.
   *
   * @param loads      gives how many targets each part has
   * @param isSettled  whether the newest proposal has been carried out here
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
    const isEven = (): boolean => measureImbalance(members, counted, before) <= IMBALANCE_MAX;
    if (isSame && (members.length < 2 || isEven())) return undefined;
    const moves: Moves = members.length < 2 ? new Map() : balance(members, counted, before);
    return {
      epoch: (newest?.epoch ?? 0) + 1,
      by: own.id,
      members: [...members],
      moves: [...moves].map(([part, to]) => [part, members.indexOf(to)]),
    };
  }
}
