/**
 * Delivery that takes apart what is refused as a whole: halves of what is too large, and, where one item's fault may have
 * cost the others, a search for it. What can't be halved any more is lost and counted.
 */
import type { Chunk } from '../model/queue.ts';
import type { Deliver, Outcome } from './attempt.ts';
import type { Losses } from './losses.ts';
import type { Protocol } from './protocol.ts';

export interface SplitOptions {
  readonly protocol: Pick<Protocol<unknown>, 'halve'>;
  readonly losses: Losses;
}

/** Requests that looking for a bad item may cost beyond the first; then what is left is dropped together. */
const SEARCH_MAX = 64;

/** Its outcome is always `done`, for a `deliver` whose outcome is never `again`. */
export function withSplitting(deliver: Deliver, { protocol, losses }: SplitOptions): Deliver {
  return async (chunks, attempt, signals) => {
    // A stack, its next piece at the end: halves leave in order.
    const pieces: (readonly Chunk[])[] = [chunks];
    let searches = 0;
    for (let piece = pieces.pop(); piece !== undefined; piece = pieces.pop()) {
      const outcome = await deliver(piece, attempt, signals);
      if (outcome.kind === 'done' || outcome.kind === 'again') continue;
      const isWorthIt = outcome.kind === 'split' || (outcome.isSeparable && searches < SEARCH_MAX);
      const halves = isWorthIt ? protocol.halve?.(outcome.chunks) : undefined;
      if (halves === undefined) {
        losses.refusedChunks(outcome.chunks, reasonOf(outcome), outcome.text);
        continue;
      }
      if (outcome.kind === 'refused') searches += 1;
      pieces.push(halves[1], halves[0]);
    }
    return { kind: 'done' };
  };
}

function reasonOf(outcome: Exclude<Outcome, { kind: 'done' | 'again' }>): string {
  return outcome.kind === 'split' ? 'too_large' : outcome.reason;
}
