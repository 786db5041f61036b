/**
 * Targets in parts: every target belongs to one of a fixed number of parts, by a hash of its
 * labels. Collectors divide the parts among themselves, so a target is hashed once and not again
 * when collectors come or go.
 */
import { setImmediate } from 'node:timers/promises';
import type { TargetGroup } from '../model/target.ts';

/** Enough to divide ten thousand targets evenly; a table with a byte for each takes 8 KiB. */
export const PARTS = 8_192;

/** How many targets are hashed in one turn of the event loop, which takes some milliseconds. */
const TARGETS_A_TURN = 500;

/**
 * The same groups with the part of each target. The part depends on the labels without meta labels,
 * so a change of these does not move a target. Only targets that are alike without them are hashed
 * with them. Long lists are done in several turns of the event loop.
 */
export async function withParts(groups: readonly TargetGroup[]): Promise<readonly TargetGroup[]> {
  const alike = new Map<string, number>();
  const keys: string[][] = [];
  let hashed = 0;
  const giveWay = async (): Promise<void> => {
    hashed += 1;
    if (hashed % TARGETS_A_TURN === 0) await setImmediate();
  };
  for (const group of groups) {
    const own: string[] = [];
    for (const target of group.targets) {
      const key = formatTargetKey({ ...group.labels, ...target }, false);
      alike.set(key, (alike.get(key) ?? 0) + 1);
      own.push(key);
      await giveWay();
    }
    keys.push(own);
  }
  const parted: TargetGroup[] = [];
  for (const [index, group] of groups.entries()) {
    const parts: number[] = [];
    for (const [at, target] of group.targets.entries()) {
      const key = keys[index]?.[at] ?? '';
      const isAlone = alike.get(key) === 1;
      parts.push(choosePart(isAlone ? key : formatTargetKey({ ...group.labels, ...target }, true)));
      await giveWay();
    }
    parted.push({ ...group, parts });
  }
  return parted;
}

/** The groups with only those targets whose part is held; groups without any are left out. */
export function selectHeld(
  groups: readonly TargetGroup[],
  holds: (part: number) => boolean,
): readonly TargetGroup[] {
  const held: TargetGroup[] = [];
  for (const group of groups) {
    const { parts = [] } = group;
    const isHeld = (_: unknown, at: number): boolean => holds(parts[at] ?? 0);
    const targets = group.targets.filter(isHeld);
    if (targets.length === group.targets.length) held.push(group);
    else if (targets.length > 0) held.push({ ...group, targets, parts: parts.filter(isHeld) });
  }
  return held;
}

/** Adds each target to the load of its part. */
export function addLoads(groups: readonly TargetGroup[], loads: Uint32Array): void {
  for (const { parts = [] } of groups)
    for (const part of parts) loads[part] = (loads[part] ?? 0) + 1;
}

function formatTargetKey(labels: Readonly<Record<string, string>>, withMeta: boolean): string {
  const names = Object.keys(labels).filter((name) => withMeta || !name.startsWith('__meta_'));
  let key = '';
  for (const name of names.sort()) key += `${name}\u0000${labels[name] ?? ''}\u0001`;
  return key;
}

function choosePart(key: string): number {
  return mix(hashLabels(key)) % PARTS;
}

/** FNV-1a over UTF-16 units. Source: http://www.isthe.com/chongo/tech/comp/fnv/ */
export function hashLabels(text: string): number {
  let hash = 0x81_1c_9d_c5;
  for (let at = 0; at < text.length; at++)
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01_00_01_93);
  return hash >>> 0;
}

/**
 * Mixes a hash so that each bit of it changes about half of the result's bits.
 * Source: MurmurHash3's finalizer, https://github.com/aappleby/smhasher
 */
export function mix(hash: number): number {
  let mixed = hash ^ (hash >>> 16);
  mixed = Math.imul(mixed, 0x85_eb_ca_6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2_b2_ae_35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
