/**
 * Dividing targets among several that scrape: by rendezvous hash, so that one that comes or goes moves only its own share.
 * Source: https://en.wikipedia.org/wiki/Rendezvous_hashing
 */
import { hash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import type { TargetGroup } from '../model/target.ts';

/** Hashes in one turn of the event loop: some ten milliseconds. */
const HASHES_A_TURN = 8_000;

/**
 * The targets that fall to one of the members; `members` are their names, in any order. All for a single one. Long lists
 * give way to others between their targets.
 */
export async function shareOf(
  groups: readonly TargetGroup[],
  members: readonly string[],
  own: string,
): Promise<readonly TargetGroup[]> {
  if (members.length === 1) return groups;
  const share: TargetGroup[] = [];
  let hashes = 0;
  for (const group of groups) {
    const targets = [];
    for (const target of group.targets) {
      hashes += members.length;
      if (hashes > HASHES_A_TURN) {
        hashes = 0;
        await setImmediate();
      }
      if (ownerOf(keyOf({ ...group.labels, ...target }), members) === own) targets.push(target);
    }
    if (targets.length > 0) share.push({ ...group, targets });
  }
  return share;
}

function keyOf(labels: Readonly<Record<string, string>>): string {
  const {
    __address__: address = '',
    __metrics_path__: path = '',
    __scheme__: scheme = '',
  } = labels;
  return `${scheme} ${address} ${path}`;
}

/** The member with the highest hash of itself and the key. */
function ownerOf(key: string, members: readonly string[]): string | undefined {
  let owner: string | undefined;
  let highest = -1;
  for (const member of members) {
    const score = hash('sha256', `${member}\n${key}`, 'buffer').readUIntBE(0, 6);
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
