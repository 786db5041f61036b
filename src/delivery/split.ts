/**
 * Delivery that sends a batch as the requests into which its protocol divides it, and halves what
 * is refused as a whole: what is too large, and what may be refused because of a single item, which
 * is so searched for. What can't be halved any more is lost and counted, and remembered where the
 * protocol does that: it then comes apart, after the rest.
 */
import type { Chunk } from '../model/queue.ts';
import type { Deliver, Outcome } from './attempt.ts';
import type { Losses } from './losses.ts';
import type { Protocol } from './protocol.ts';

export interface SplitOptions {
  readonly protocol: Pick<Protocol<unknown>, 'divide' | 'halve' | 'suspects'>;
  readonly losses: Losses;
}

/**
 * How many refusals the search for bad items within chunks may cost for a batch; after them, a
 * refused chunk is dropped as a whole. The search between chunks is not bounded by it once any
 * chunk was taken: often all items of some chunks are refused, such as the scrapes of a target that
 * another collector scrapes too, and the other chunks must not be lost with them.
 */
const SEARCH_MAX = 64;
/**
 * How many refusals the search between chunks may cost while no chunk was taken: it bounds the
 * requests to a receiver that refuses everything.
 */
const SEARCH_BETWEEN_MAX = 256;

interface Piece {
  readonly chunks: readonly Chunk[];
  /** Whether it holds items that were refused before. */
  readonly isApart: boolean;
  readonly isSearched: boolean;
}

/** Wraps a `deliver` whose outcome is never `again`; the outcome is then always `done`. */
export function withSplitting(deliver: Deliver, { protocol, losses }: SplitOptions): Deliver {
  const { suspects } = protocol;
  return async (chunks, attempt, signals) => {
    // A stack: the next piece is at the end, so that halves are sent in order.
    const pieces = listPieces(chunks, protocol).toReversed();
    let within = 0;
    let between = 0;
    let isAnyTaken = false;
    for (let piece = pieces.pop(); piece !== undefined; piece = pieces.pop()) {
      const outcome = await deliver(piece.chunks, attempt, signals);
      if (outcome.kind === 'done' || outcome.kind === 'again') {
        isAnyTaken = true;
        if (piece.isApart) suspects?.taken(piece.chunks);
        if (outcome.kind === 'done') signals.onSettled?.(piece.chunks);
        continue;
      }
      const isOne = outcome.chunks.length === 1;
      const hasBudget = isOne ? within < SEARCH_MAX : isAnyTaken || between < SEARCH_BETWEEN_MAX;
      const isSearched = outcome.kind === 'refused' && outcome.isSeparable && piece.isSearched;
      const isWorthIt = outcome.kind === 'split' || (isSearched && hasBudget);
      const halves = isWorthIt ? protocol.halve?.(outcome.chunks) : undefined;
      if (halves === undefined) {
        losses.refusedChunks(outcome.chunks, nameReason(outcome), outcome.text);
        const isAlone = isWorthIt && isOne;
        if (outcome.kind === 'refused' && (isAlone || piece.isApart))
          suspects?.refused(outcome.chunks, outcome.text);
        signals.onSettled?.(outcome.chunks);
        continue;
      }
      if (outcome.kind === 'refused' && isOne) within += 1;
      else if (outcome.kind === 'refused') between += 1;
      const [first, second] = halves;
      pieces.push({ ...piece, chunks: second }, { ...piece, chunks: first });
    }
    return { kind: 'done' };
  };
}

function listPieces(chunks: readonly Chunk[], protocol: SplitOptions['protocol']): Piece[] {
  const found = protocol.suspects?.takeApart(chunks);
  const { rest, apart, isSearchDue } = found ?? { rest: chunks, apart: [], isSearchDue: false };
  const divided = rest.length === 0 ? [] : (protocol.divide?.(rest) ?? [rest]);
  const plain = { isApart: false, isSearched: true };
  const pieces: Piece[] = divided.map((piece) => ({ ...plain, chunks: piece }));
  if (apart.length > 0) pieces.push({ chunks: apart, isApart: true, isSearched: isSearchDue });
  return pieces;
}

function nameReason(outcome: Exclude<Outcome, { kind: 'done' | 'again' }>): string {
  return outcome.kind === 'split' ? 'too_large' : outcome.reason;
}
