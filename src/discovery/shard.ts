/**
 * Dividing targets among several that scrape: by rendezvous hash, so that one that comes or goes moves only its own share.
 * Source: https://en.wikipedia.org/wiki/Rendezvous_hashing
 */
import { createHash } from 'node:crypto';
import type { TargetGroup } from '../model/target.ts';

/** The targets that fall to one of the members; `members` are their names, in any order. All for a single one. */
export function shareOf(
  groups: readonly TargetGroup[],
  members: readonly string[],
  own: string,
): TargetGroup[] {
  if (members.length === 1) return [...groups];
  return groups.flatMap((group) => {
    const targets = group.targets.filter((target) => {
      const labels = { ...group.labels, ...target };
      const {
        __address__: address = '',
        __metrics_path__: path = '',
        __scheme__: scheme = '',
      } = labels;
      return ownerOf(`${scheme} ${address} ${path}`, members) === own;
    });
    return targets.length === 0 ? [] : [{ ...group, targets }];
  });
}

/** The member with the highest hash of itself and the key. */
function ownerOf(key: string, members: readonly string[]): string | undefined {
  let owner: string | undefined;
  let highest = -1;
  for (const member of members) {
    const score = createHash('sha256').update(`${member}\n${key}`).digest().readUIntBE(0, 6);
    if (score > highest || (score === highest && member < (owner ?? ''))) {
      highest = score;
      owner = member;
    }
  }
  return owner;
}

/** `2/8` as member 2 of 0 to 7; undefined when it is none. */
export function parseShard(
  text: string,
): { readonly members: readonly string[]; readonly own: string } | undefined {
  const match = /^(\d{1,4})\/(\d{1,4})$/.exec(text);
  const [index, count] = [Number(match?.[1]), Number(match?.[2])];
  if (match === null || count === 0 || index >= count) return undefined;
  return { members: Array.from({ length: count }, (_, i) => String(i)), own: String(index) };
}
