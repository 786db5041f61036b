/**
 * Which collector a part belongs to: the one with the highest hash of both, so that one that comes
 * or goes moves only its own share; and moves from those that have too much. Pure.
 * Sources: https://en.wikipedia.org/wiki/Rendezvous_hashing, https://arxiv.org/abs/1608.01350
 * (bounded loads)
 */
import { hashLabels, mix, PARTS } from './parts.ts';

/** Parts that belong to another than by hash: part → member. */
export type Moves = ReadonlyMap<number, string>;

/** No member has more than this times the mean, as far as whole targets go. */
const OVERLOAD = 1.1;
/** A list of moves travels between collectors. */
export const MOVES_MAX = 2_048;

/** Who owns a part by hash alone. */
export function divideByHash(members: readonly string[]): (part: number) => string {
  const sorted = [...members].sort();
  const hashes = Uint32Array.from(sorted, hashLabels);
  return (part) => sorted[highest(hashes, part)] ?? '';
}

/** The owner of each part, by its number. */
export function divideParts(members: readonly string[], moves: Moves): readonly string[] {
  const byHash = divideByHash(members);
  return Array.from({ length: PARTS }, (_, part) => moves.get(part) ?? byHash(part));
}

/**
 * The moves that leave no member with too many targets: those of before, as far as they still
 * serve, and new ones only where they are needed.
 *
 * @param loads  how many targets each part has
 */
export function balance(members: readonly string[], loads: Uint32Array, before: Moves): Moves {
  const base = divideParts(members, new Map());
  const known = new Set(members);
  const moves = new Map(
    [...before].filter(
      ([part, to]) => known.has(to) && base[part] !== to && (loads[part] ?? 0) > 0,
    ),
  );
  const load = new Map(members.map((member) => [member, 0]));
  const add = (member: string, count: number): void =>
    void load.set(member, (load.get(member) ?? 0) + count);
  for (let part = 0; part < PARTS; part++)
    add(moves.get(part) ?? base[part] ?? '', loads[part] ?? 0);
  const total = loads.reduce((sum, count) => sum + count, 0);
  const mean = total / members.length;
  const most = Math.max(Math.ceil(mean), Math.floor(mean * OVERLOAD));
  for (let part = 0; part < PARTS && moves.size < MOVES_MAX; part++) {
    const count = loads[part] ?? 0;
    const owner = moves.get(part) ?? base[part] ?? '';
    if (count === 0 || (load.get(owner) ?? 0) <= most) continue;
    const to = members.reduce((least, one) =>
      (load.get(one) ?? 0) < (load.get(least) ?? 0) ? one : least,
    );
    if ((load.get(to) ?? 0) + count > most) continue;
    add(owner, -count);
    add(to, count);
    if (base[part] === to) moves.delete(part);
    else moves.set(part, to);
  }
  return moves;
}

/** The largest share over the mean; 1 where all are equal or there is nothing. */
export function imbalance(members: readonly string[], loads: Uint32Array, moves: Moves): number {
  const owners = divideParts(members, moves);
  const load = new Map<string, number>();
  let total = 0;
  for (const [part, owner] of owners.entries()) {
    const count = loads[part] ?? 0;
    total += count;
    load.set(owner, (load.get(owner) ?? 0) + count);
  }
  const mean = total / members.length;
  const largest = Math.max(0, ...load.values());
  // A single target too many is no imbalance.
  return mean === 0 || largest <= Math.ceil(mean) ? 1 : largest / mean;
}

function highest(hashes: Uint32Array, part: number): number {
  const salt = Math.imul(part + 1, 0x9e_37_79_b1);
  let best = 0;
  let bestScore = -1;
  for (let at = 0; at < hashes.length; at++) {
    const score = mix((hashes[at] ?? 0) ^ salt);
    if (score > bestScore) {
      bestScore = score;
      best = at;
    }
  }
  return best;
}
