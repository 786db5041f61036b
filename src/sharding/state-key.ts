/**
 * The key of a collector's state: while it stays equal, the others need not be told. Every field is
 * named here, so that a new one does not compile before somebody has decided how it counts. Pure.
 */
import type { Member, MemberList, PeerState, Proposal } from './peer-state.ts';

/** What keys are made of: no function and no object, of which a field might be left out unseen. */
type Plain = string | number | boolean | undefined | readonly Plain[];

type Fields<Type> = { readonly [Key in keyof Type]-?: (value: Type[Key]) => Plain };

const same = (value: Plain): Plain => value;

const MEMBER: Fields<Member> = { id: same, address: same, isStarting: same };

const LIST: Fields<MemberList> = {
  readAtMs: same,
  members: (members) => members.map((member) => formatFields(MEMBER, member)),
};

const PROPOSAL: Fields<Proposal> = { epoch: same, by: same, members: same, moves: same };

const RELEASED: Fields<NonNullable<PeerState['released']>> = {
  epoch: same,
  by: same,
  atMs: same,
  unfinished: same,
};

const STATE: Fields<PeerState> = {
  id: same,
  boot: same,
  version: same,
  phase: same,
  isReady: same,
  list: (list) => list && formatFields(LIST, list),
  lost: same,
  folder: same,
  sentEpoch: same,
  isHeldUp: same,
  proposal: (proposal) => proposal && formatFields(PROPOSAL, proposal),
  released: (released) => released && formatFields(RELEASED, released),
};

/** Equal for two states that tell the others the same. */
export function stateKey(state: PeerState): string {
  return JSON.stringify(formatFields(STATE, state));
}

function formatFields<Type extends object>(fields: Fields<Type>, value: Type): Plain {
  const names = Object.keys(fields) as (keyof Type)[];
  return names.map((name) => fields[name](value[name]));
}
