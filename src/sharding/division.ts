/**
 * Which collector a part belongs to: the one with the highest hash of collector and part together
 * (rendezvous hashing), so that a collector that comes or goes moves only its own share. Moves give
 * parts of overloaded collectors to others. Pure.
 * Sources: https://en.wikipedia.org/wiki/Rendezvous_hashing, https://arxiv.org/abs/1608.01350
 * (bounded loads)
 */
import { hashLabels, mix, PARTS } from './parts.ts';

/** The parts that belong to another member than by hash, with that member. */
export type Moves = ReadonlyMap<number, string>;

/** A member may have this many times the mean of targets before parts are moved away. */
const OVERLOAD = 1.1;
/** Bounds the list of moves, which collectors send each other. */
export const MOVES_MAX = 2_048;

/** A function that gives the owner of a part by hash alone. */
export function divideByHash(members: readonly string[]): (part: number) => string {
  const sorted = [...members].sort();
  const hashes = Uint32Array.from(sorted, hashLabels);
  return (part) => sorted[findHighest(hashes, part)] ?? '';
}

/** The owner of each part, by its number. */
export function divideParts(members: readonly string[], moves: Moves): readonly string[] {
  const byHash = divideByHash(members);
  return Array.from({ length: PARTS }, (_, part) => moves.get(part) ?? byHash(part));
}

/**
 * Finds the moves after which no member has too many targets. Earlier moves are kept while their
 * members and targets are there, and new ones are added only where they are needed.
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
    const to = members.reduce((least, member) =>
      (load.get(member) ?? 0) < (load.get(least) ?? 0) ? member : least,
    );
    if ((load.get(to) ?? 0) + count > most) continue;
    add(owner, -count);
    add(to, count);
    if (base[part] === to) moves.delete(part);
    else moves.set(part, to);
  }
  return moves;
}

/** The largest share divided by the mean; 1 when shares are equal or there are no targets. */
export function measureImbalance(
  members: readonly string[],
  loads: Uint32Array,
  moves: Moves,
): number {
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
  // Shares that differ by one target are as equal as whole targets can be.
  return mean === 0 || largest <= Math.ceil(mean) ? 1 : largest / mean;
}

/** The index of the member with the highest hash for a part. */
function findHighest(hashes: Uint32Array, part: number): number {
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
