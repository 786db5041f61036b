/**
 * Sets of Unicode code points as sorted, areDisjoint ranges: what one step of a regular expression
 * matches. Pure. It has only the operations that regex-subset.ts needs to prove a pattern safe and
 * to write it for the regular expression engine of the runtime.
 */

/** Inclusive [first, last] pairs, sorted, with a gap between any two. */
export type CharSet = readonly (readonly [number, number])[];

const CODE_POINT_MAX = 0x10ffff;

export const ANY: CharSet = [[0, CODE_POINT_MAX]];
export const NONE: CharSet = [];
export const DIGITS: CharSet = [[0x30, 0x39]];
/** RE2's \w: ASCII only. */
export const WORD: CharSet = makeCharSet([
  [0x30, 0x39],
  [0x41, 0x5a],
  [0x5f, 0x5f],
  [0x61, 0x7a],
]);
/** RE2's \s: not \v, and no Unicode spaces. */
export const SPACE: CharSet = makeCharSet([
  [0x09, 0x0a],
  [0x0c, 0x0d],
  [0x20, 0x20],
]);

export function makeCharSet(ranges: Iterable<readonly [number, number]>): CharSet {
  const sorted = [...ranges].sort((a, b) => a[0] - b[0]);
  const out: [number, number][] = [];
  for (const [first, last] of sorted) {
    const previous = out.at(-1);
    if (previous !== undefined && first <= previous[1] + 1) {
      previous[1] = Math.max(previous[1], last);
    } else {
      out.push([first, last]);
    }
  }
  return out;
}

export function union(a: CharSet, b: CharSet): CharSet {
  return makeCharSet([...a, ...b]);
}

export function complement(set: CharSet): CharSet {
  const out: [number, number][] = [];
  let next = 0;
  for (const [first, last] of set) {
    if (first > next) out.push([next, first - 1]);
    next = last + 1;
  }
  if (next <= CODE_POINT_MAX) out.push([next, CODE_POINT_MAX]);
  return out;
}

export function areDisjoint(a: CharSet, b: CharSet): boolean {
  return a.every(([first, last]) => b.every(([from, to]) => last < from || to < first));
}

/** Writes the set as a step of an ECMAScript pattern under the flags `su`. */
export function formatEcmaSet(set: CharSet): string {
  const [only] = set;
  if (set.length === 1 && only !== undefined && only[0] === only[1]) return escape(only[0]);
  if (set.length === 1 && only !== undefined && only[0] === 0 && only[1] === CODE_POINT_MAX)
    return '.';
  return `[${set.map(([first, last]) => `${escape(first)}-${escape(last)}`).join('')}]`;
}

function escape(codePoint: number): string {
  return `\\u{${codePoint.toString(16)}}`;
}
