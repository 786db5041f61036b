/**
 * The operators and, or, unless: at each step a series is kept or not, depending on whether the
 * other side has a match at that step.
 * Source:
 * https://prometheus.io/docs/prometheus/latest/querying/operators/#logical-set-binary-operators
 */
import type { Binary } from './ast.ts';
import { compileMatchKey } from './match-groups.ts';
import { type Column, copyColumn, mergeEqual } from './value.ts';

export function applySetOperator(
  node: Binary,
  left: readonly Column[],
  right: readonly Column[],
  steps: number,
): Column[] {
  if (node.op === 'or') {
    const added = keep(node, right, collectPresence(node, left, steps), false);
    return mergeEqual([...left.map((column) => copyColumn(column, column.labels)), ...added]);
  }
  return keep(node, left, collectPresence(node, right, steps), node.op === 'and');
}

/** Match key → the steps (1 each) at which any series of the key has a value. */
function collectPresence(
  { matching }: Binary,
  columns: readonly Column[],
  steps: number,
): Map<string, Uint8Array> {
  const keyOf = compileMatchKey(matching);
  const presentByKey = new Map<string, Uint8Array>();
  for (const { labels, present } of columns) {
    const key = keyOf(labels);
    const known = presentByKey.get(key);
    if (known === undefined) presentByKey.set(key, present.slice());
    else for (let i = 0; i < steps; i++) if (present[i] === 1) known[i] = 1;
  }
  return presentByKey;
}

/** Keeps the values at the steps where the other side has a match, or where it has none. */
function keep(
  { matching }: Binary,
  columns: readonly Column[],
  others: ReadonlyMap<string, Uint8Array>,
  wantsMatch: boolean,
): Column[] {
  const keyOf = compileMatchKey(matching);
  const kept: Column[] = [];
  for (const column of columns) {
    const matched = others.get(keyOf(column.labels));
    if (matched === undefined) {
      if (!wantsMatch) kept.push(column);
      continue;
    }
    const copy = copyColumn(column, column.labels);
    const unwanted = wantsMatch ? 0 : 1;
    for (let i = 0; i < matched.length; i++) if (matched[i] === unwanted) copy.present[i] = 0;
    kept.push(copy);
  }
  return kept;
}
