/** Shares that nobody agrees on: the i-th of n, as a flag or a request says. */
import { divideByHash } from './division.ts';
import type { Sharing } from './sharing.ts';

/** Each part is compared with every share. */
const SHARES_MAX = 1_000;

/** Which parts `2/8` holds: those of share 2 of 0 to 7; undefined when the text is no share. */
export function parseShard(text: string): ((part: number) => boolean) | undefined {
  const match = /^(\d{1,4})\/(\d{1,4})$/.exec(text);
  const [index, count] = [Number(match?.[1]), Number(match?.[2])];
  if (match === null || count === 0 || count > SHARES_MAX || index >= count) return undefined;
  const owner = divideByHash(Array.from({ length: count }, (_, at) => String(at)));
  const own = String(index);
  return (part) => owner(part) === own;
}

/** Always the same share, whoever else there is. */
export function fixedSharing(holds: (part: number) => boolean): Sharing {
  return {
    start: async (holder) =>
      void (await holder.take({ holds, sinceMs: () => undefined, isAlone: false })),
    leave: () => Promise.resolve(),
    stop: () => Promise.resolve(),
  };
}
