/**
 * The rules by which collectors agree on the division of the targets, so that no part ever has two
 * holders. Each function decides from what one collector knows. Pure.
 *
 *     1  the leader        proposes the members
 *     2  every collector   gives up the parts that are not its own under the newest proposal, and
 *                          tells the others so
 *     3  every collector   takes the parts that are its own, once all others have told so
 *
 * So a part has no holder for a moment, and never two: a collector takes it only after all who may
 * have held it have given it up. The leader is the reachable collector with the lowest id. Two at
 * once do no harm, since the newer proposal counts. A collector that can't be asked has given up
 * when its address refuses connections; else it is given `HOLD_MS`, in which it must have seen the
 * change by itself. It is no member any more when ECS lists it no longer, or when it is silent to
 * all.
 */
import { isNewer, isSame, type MemberList, type PeerState, type Proposal } from './peer-state.ts';

/** What one collector sees of another. */
export interface PeerView {
  /** `asking`: there is no answer yet, but it has not been asked for long. */
  readonly reach: 'asking' | 'answers' | 'refuses' | 'silent';
  /** Its last answer. */
  readonly state: PeerState | undefined;
  /** When it answered last, by elapsed time; undefined for never. */
  readonly answeredAtMs: number | undefined;
}

/** What a collector knows: its own state, and its views of the others. */
export interface Knowledge {
  readonly own: PeerState;
  /** The others that are listed or proposed, by id. */
  readonly peers: ReadonlyMap<string, PeerView>;
  /** Since when the newest proposal is known here, by elapsed time. */
  readonly proposedAtMs: number;
  readonly elapsedMs: number;
  /** By the wall clock, to which lists of other collectors are compared. */
  readonly nowMs: number;
}

/**
 * After this time, a collector that can't be asked has read the list and seen the change: the
 * interval of reading (10 s) and a margin.
 */
export const HOLD_MS = 15_000;
/** How far the clocks of two collectors may differ. */
const CLOCKS_APART_MS = 5_000;
/**
 * When most others are silent at once, this collector itself is probably cut off. For this long
 * after the last answer of a silent one, its parts are not taken.
 */
export const CUT_OFF_MS = 60_000;

/**
 * The newest list of collectors that this one or another has read. A list from the future is
 * ignored: it comes from a wrong clock.
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

/** The newest proposal that this collector or another has seen. */
export function newestProposal({
  own,
  peers,
}: Pick<Knowledge, 'own' | 'peers'>): Proposal | undefined {
  let newest = own.proposal;
  for (const { state } of peers.values())
    if (state?.proposal !== undefined && isNewer(state.proposal, newest)) newest = state.proposal;
  return newest;
}

/** Whether this collector is the leader, which makes proposals. */
export function isLeader({ own, peers }: Knowledge): boolean {
  for (const [id, { reach, state }] of peers)
    if (reach === 'answers' && state?.phase !== 'left' && id < own.id) return false;
  return true;
}

/**
 * The ids of the collectors that should divide the targets, sorted. Undefined while one of them is
 * still being asked for the first time.
 */
export function wantedMembers(known: Knowledge): readonly string[] | undefined {
  const { own, peers } = known;
  const proposed = newestProposal(known)?.members;
  // A new collector may not answer yet; it must not delay the others.
  for (const [id, { reach }] of peers)
    if (reach === 'asking' && proposed?.includes(id) !== false) return undefined;
  const wanted = [...peers.keys()].filter((id) => isWanted(id, known));
  if (own.phase === 'running') wanted.push(own.id);
  const isReady = (id: string): boolean =>
    id === own.id ? own.isReady : (peers.get(id)?.state?.isReady ?? true);
  // A new collector that knows no targets yet is left out, unless nobody knows any.
  const settled = wanted.filter((id) => isReady(id) || proposed?.includes(id) === true);
  return (settled.length > 0 ? settled : wanted).sort();
}

/** The ids of those that may still hold parts of this collector; it takes nothing until then. */
export function missingWords(known: Knowledge): readonly string[] {
  const missing = [...known.peers.keys()].filter((id) => !hasGivenUp(id, known));
  // A proposed member that is not known here can't be asked, so it is given the time.
  const isHeldUp = known.elapsedMs - known.proposedAtMs < HOLD_MS;
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
  // If a firewall blocks all requests between collectors, ECS alone tells who there is.
  if (view.answeredAtMs === undefined)
    return isProposed || (!isStarting(id, known) && !isAnyReached(known));
  return isProposed && !isLost(id, known);
}

/** Whether a collector is silent to all others, and this one is not itself cut off. */
function isLost(id: string, known: Knowledge): boolean {
  const { peers, elapsedMs } = known;
  for (const [other, { reach, state }] of peers)
    if (
      other !== id &&
      reach === 'answers' &&
      state?.phase === 'running' &&
      !state.lost.includes(id)
    )
      return false;
  const proposed = newestProposal(known)?.members ?? [];
  const silent = proposed.filter((member) => peers.get(member)?.reach === 'silent');
  if (silent.length * 2 <= proposed.length) return true;
  return elapsedMs - (peers.get(id)?.answeredAtMs ?? -Infinity) >= CUT_OFF_MS;
}

function hasGivenUp(id: string, known: Knowledge): boolean {
  const view = known.peers.get(id);
  if (view === undefined || view.reach === 'refuses' || view.state?.phase === 'left') return true;
  const proposal = newestProposal(known);
  if (view.reach === 'asking') return proposal?.members.includes(id) === false;
  if (view.reach === 'answers') return isSame(view.state?.released, proposal);
  const isProposed = proposal?.members.includes(id) === true;
  // A collector that is no member holds nothing, unless no request between collectors succeeds:
  // then it may count itself as a member by the list of ECS alone.
  const hasBeenAsked = view.answeredAtMs !== undefined || isAnyReached(known);
  if (!isProposed && (hasBeenAsked || isStarting(id, known) || !isListed(id, known))) return true;
  return known.elapsedMs - known.proposedAtMs >= HOLD_MS;
}

function isListed(id: string, known: Knowledge): boolean {
  return newestList(known)?.members.some((member) => member.id === id) ?? false;
}

function isStarting(id: string, known: Knowledge): boolean {
  const member = newestList(known)?.members.find((listed) => listed.id === id);
  return member?.isStarting === true;
}

function isAnyReached({ peers }: Knowledge): boolean {
  return [...peers.values()].some(({ answeredAtMs }) => answeredAtMs !== undefined);
}
