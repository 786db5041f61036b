/** Fixed shares, without an agreement: share i of n, as a flag or a request gives it. */
import { divideByHash } from './division.ts';
import type { Sharing } from './sharing.ts';

/** Bounds the time to find a part's owner, which compares all shares. */
const SHARES_MAX = 1_000;

/**
 * Parses `2/8`, which is share 2 of shares 0 to 7, to a function that tells which parts it has.
 * Undefined when the text is no share.
 */
export function parseShard(text: string): ((part: number) => boolean) | undefined {
  const match = /^(\d{1,4})\/(\d{1,4})$/.exec(text);
  const [index, count] = [Number(match?.[1]), Number(match?.[2])];
  if (match === null || count === 0 || count > SHARES_MAX || index >= count) return undefined;
  const owner = divideByHash(Array.from({ length: count }, (_, at) => String(at)));
  const own = String(index);
  return (part) => owner(part) === own;
}

/** A sharing with one share that never changes. */
export function fixedSharing(holds: (part: number) => boolean): Sharing {
  return {
    start: async (holder) =>
      void (await holder.take({ holds, sinceMs: () => undefined, isAlone: false })),
    leave: () => Promise.resolve(),
    stop: () => Promise.resolve(),
    describe: () => ({ members: [], isHolding: false }),
    mayTakeOver: () => true,
  };
}
