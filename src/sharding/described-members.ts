/** Who holds what, for people: the collectors, each with its targets. Pure. */
import type { PeerView } from './agreement.ts';
import { divideParts } from './division.ts';
import { mapMoves, type PeerState } from './peer-state.ts';
import type { SharingStatus } from './sharing.ts';

export interface KnownMembers {
  readonly own: PeerState | undefined;
  readonly views: ReadonlyMap<string, PeerView>;
  /** How many targets each part has. */
  readonly loads: Uint32Array;
  readonly isHolding: boolean;
}

export function describeMembers({ own, views, loads, isHolding }: KnownMembers): SharingStatus {
  const targets = countTargets(own, loads);
  const members = [...views].map(([id, { reach, state }]) => ({
    id,
    isOwn: false,
    state: reach === 'answers' && state !== undefined ? state.phase : reach,
    targets: targets.get(id) ?? 0,
    folder: state?.folder,
  }));
  if (own !== undefined) {
    const { id, phase, folder } = own;
    members.push({ id, isOwn: true, state: phase, targets: targets.get(id) ?? 0, folder });
  }
  return { members: members.sort((a, b) => (a.id < b.id ? -1 : 1)), isHolding };
}

function countTargets(own: PeerState | undefined, loads: Uint32Array): ReadonlyMap<string, number> {
  const targets = new Map<string, number>();
  const proposal = own?.proposal;
  if (proposal === undefined) return targets;
  for (const [part, owner] of divideParts(proposal.members, mapMoves(proposal)).entries())
    targets.set(owner, (targets.get(owner) ?? 0) + (loads[part] ?? 0));
  return targets;
}
