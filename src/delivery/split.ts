/**
 * Delivery that takes apart what is refused as a whole: halves of what is too large, and, where one
 * item's fault may have cost the others, a search for it. What can't be halved any more is lost and
 * counted.
 */
import type { Chunk } from '../model/queue.ts';
import type { Deliver, Outcome } from './attempt.ts';
import type { Losses } from './losses.ts';
import type { Protocol } from './protocol.ts';

export interface SplitOptions {
  readonly protocol: Pick<Protocol<unknown>, 'halve'>;
  readonly losses: Losses;
}

/**
 * Refusals that looking for bad items within chunks may cost; then what is left of a chunk is
 * dropped together. Between chunks the search goes on as long as any are taken: what is refused is
 * often all of some chunks, such as the scrapes of a target that another collector scrapes too, and
 * costs none of the others.
 */
const SEARCH_MAX = 64;
/**
 * Refusals between chunks before the first chunk that is taken: a receiver that refuses everything
 * gets no flood.
 */
const SEARCH_BETWEEN_MAX = 256;

/** Its outcome is always `done`, for a `deliver` whose outcome is never `again`. */
export function withSplitting(deliver: Deliver, { protocol, losses }: SplitOptions): Deliver {
  return async (chunks, attempt, signals) => {
    // A stack, its next piece at the end: halves leave in order.
    const pieces: (readonly Chunk[])[] = [chunks];
    let within = 0;
    let between = 0;
    let isAnyTaken = false;
    for (let piece = pieces.pop(); piece !== undefined; piece = pieces.pop()) {
      const outcome = await deliver(piece, attempt, signals);
      if (outcome.kind === 'done' || outcome.kind === 'again') {
        isAnyTaken = true;
        continue;
      }
      const isOne = outcome.chunks.length === 1;
      const hasBudget = isOne ? within < SEARCH_MAX : isAnyTaken || between < SEARCH_BETWEEN_MAX;
      const isWorthIt = outcome.kind === 'split' || (outcome.isSeparable && hasBudget);
      const halves = isWorthIt ? protocol.halve?.(outcome.chunks) : undefined;
      if (halves === undefined) {
        losses.refusedChunks(outcome.chunks, nameReason(outcome), outcome.text);
        continue;
      }
      if (outcome.kind === 'refused' && isOne) within += 1;
      else if (outcome.kind === 'refused') between += 1;
      pieces.push(halves[1], halves[0]);
    }
    return { kind: 'done' };
  };
}

function nameReason(outcome: Exclude<Outcome, { kind: 'done' | 'again' }>): string {
  return outcome.kind === 'split' ? 'too_large' : outcome.reason;
}
