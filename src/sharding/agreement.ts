/**
 * How collectors come to divide the targets alike, without two ever holding one, from what one
 * of them knows. Pure.
 *
 *     leader: proposes the members ─► each: gives up what is not its own under the newest proposal,
 *                                 and says so ─► each: when all others have said so, takes what is
 *                                 its own
 *
 * So a part has no holder for a moment, and never two: whoever takes it has the word of all who may
 * have held it. The leader is the one with the lowest id that is to be reached; it needs no office,
 * as a newer proposal goes before an older one. Who can't be asked is waited for: gone when its
 * address refuses, when ECS knows it no more, or when it has been silent to all; else the time
 * within which it must have seen the change by itself.
 */
import { isNewer, isSame, type MemberList, type PeerState, type Proposal } from './peer-state.ts';

/** What asking a collector has come to. */
export interface PeerView {
  /** `asking`: no answer yet, and not long enough to say anything. */
  readonly reach: 'asking' | 'answers' | 'refuses' | 'silent';
  /** As it told last. */
  readonly state: PeerState | undefined;
  /** When it answered last; undefined for never. */
  readonly answeredAtMs: number | undefined;
}

/** What a collector knows and is. */
export interface Knowledge {
  readonly own: PeerState;
  /** Of all others that are listed or proposed, by id. */
  readonly peers: ReadonlyMap<string, PeerView>;
  /** Since when the newest proposal is known here. */
  readonly proposedAtMs: number;
  readonly nowMs: number;
}

/**
 * So long after a change, one that can't be asked has read the list itself: a poll of it, and a
 * margin.
 */
export const HOLD_MS = 15_000;
/** Clocks of two collectors are not further apart. */
const CLOCKS_APART_MS = 5_000;
/**
 * When most are silent at once it is more likely oneself who is cut off: so long nothing is taken
 * from them.
 */
export const CUT_OFF_MS = 60_000;

/**
 * The newest list of members, whoever has read it; one from the future is that of a clock that is
 * wrong.
 */
export function newestList({
  own,
  peers,
  nowMs,
}: Pick<Knowledge, 'own' | 'peers' | 'nowMs'>): MemberList | undefined {
  const lists = [own.list, ...[...peers.values()].map(({ state }) => state?.list)];
  let newest: MemberList | undefined;
  for (const list of lists)
    if (list !== undefined && list.readAtMs <= nowMs + CLOCKS_APART_MS)
      if (newest === undefined || list.readAtMs > newest.readAtMs) newest = list;
  return newest;
}

/** The newest proposal, whoever has seen it. */
export function newestProposal({
  own,
  peers,
}: Pick<Knowledge, 'own' | 'peers'>): Proposal | undefined {
  let newest = own.proposal;
  for (const { state } of peers.values())
    if (state?.proposal !== undefined && isNewer(state.proposal, newest)) newest = state.proposal;
  return newest;
}

/** Whether it falls to this collector to propose. */
export function isLeader({ own, peers }: Knowledge): boolean {
  for (const [id, { reach, state }] of peers)
    if (reach === 'answers' && state?.phase !== 'left' && id < own.id) return false;
  return true;
}

/**
 * Who should divide the targets, in order; undefined as long as somebody is still being asked for
 * the first time.
 */
export function wantedMembers(known: Knowledge): readonly string[] | undefined {
  const { own, peers } = known;
  const proposed = newestProposal(known)?.members;
  // One that has just come may not answer yet, and must hold up nobody else.
  for (const [id, { reach }] of peers)
    if (reach === 'asking' && proposed?.includes(id) !== false) return undefined;
  const wanted = [...peers.keys()].filter((id) => isWanted(id, known));
  if (own.phase === 'running') wanted.push(own.id);
  const isReady = (id: string): boolean =>
    id === own.id ? own.isReady : (peers.get(id)?.state?.isReady ?? true);
  // Who knows no targets yet waits, unless all do.
  const settled = wanted.filter((id) => isReady(id) || proposed?.includes(id) === true);
  return (settled.length > 0 ? settled : wanted).sort();
}

/** Those whose word is still missing before what is one's own may be taken. */
export function missingWords(known: Knowledge): readonly string[] {
  const missing = [...known.peers.keys()].filter((id) => !hasGivenUp(id, known));
  // One that others know by an address that is not known here has its time.
  const isHeldUp = known.nowMs - known.proposedAtMs < HOLD_MS;
  for (const id of newestProposal(known)?.members ?? [])
    if (isHeldUp && id !== known.own.id && !known.peers.has(id)) missing.push(id);
  return missing;
}

function isWanted(id: string, known: Knowledge): boolean {
  const view = known.peers.get(id);
  const phase = view?.state?.phase;
  if (view === undefined || phase === 'leaving' || phase === 'left') return false;
  if (view.reach === 'answers') return true;
  if (view.reach !== 'silent' || !isListed(id, known)) return false;
  const isProposed = newestProposal(known)?.members.includes(id) ?? false;
  // Nobody is ever reached where a firewall stands between: then ECS alone says who there is.
  if (view.answeredAtMs === undefined)
    return isProposed || (!isStarting(id, known) && !isAnyReached(known));
  return isProposed && !isLost(id, known);
}

/** Silent to everyone, and not because it is oneself who is cut off. */
function isLost(id: string, known: Knowledge): boolean {
  const { peers, nowMs } = known;
  for (const [other, { reach, state }] of peers)
    if (
      other !== id &&
      reach === 'answers' &&
      state?.phase === 'running' &&
      !state.lost.includes(id)
    )
      return false;
  const proposed = newestProposal(known)?.members ?? [];
  const silent = proposed.filter((one) => peers.get(one)?.reach === 'silent');
  if (silent.length * 2 <= proposed.length) return true;
  return nowMs - (peers.get(id)?.answeredAtMs ?? 0) >= CUT_OFF_MS;
}

function hasGivenUp(id: string, known: Knowledge): boolean {
  const view = known.peers.get(id);
  if (view === undefined || view.reach === 'refuses' || view.state?.phase === 'left') return true;
  const proposal = newestProposal(known);
  if (view.reach === 'asking') return proposal?.members.includes(id) === false;
  if (view.reach === 'answers') return isSame(view.state?.released, proposal);
  const isProposed = proposal?.members.includes(id) === true;
  // One that was never a member holds nothing, unless nobody hears anybody and ECS alone has made
  // it one.
  const hasBeenAsked = view.answeredAtMs !== undefined || isAnyReached(known);
  if (!isProposed && (hasBeenAsked || isStarting(id, known) || !isListed(id, known))) return true;
  return known.nowMs - known.proposedAtMs >= HOLD_MS;
}

function isListed(id: string, known: Knowledge): boolean {
  return newestList(known)?.members.some((member) => member.id === id) ?? false;
}

function isStarting(id: string, known: Knowledge): boolean {
  const member = newestList(known)?.members.find((one) => one.id === id);
  return member?.isStarting === true;
}

function isAnyReached({ peers }: Knowledge): boolean {
  return [...peers.values()].some(({ answeredAtMs }) => answeredAtMs !== undefined);
}
