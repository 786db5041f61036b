/**
 * Arithmetic and comparison between two vectors. Series are matched and the labels of results made
 * once per evaluation of a node; the steps are inner loops over typed arrays.
 *
 *   many ─┐ key ┌─ one        one-to-one: the left side counts as "many";
 *   many ─┴─────┘             one-to-many: the sides are swapped, and the operands swapped back
 *
 * Source: https://prometheus.io/docs/prometheus/latest/querying/operators/#vector-matching
 */
import { type LabelSet, labelSetKey, makeLabelSet, labelValue } from '../../model/labels.ts';
import type { Binary } from './ast.ts';
import { ExecutionError } from './errors.ts';
import { compileMatchKey, pickMatchLabels } from './match-groups.ts';
import { dropsName, compilePairing, type Pairing } from './operators.ts';
import { type Column, createColumn, dropName } from './value.ts';

interface Match {
  readonly key: string;
  readonly many: Column[];
  readonly ones: Column[];
}

interface Result {
  readonly column: Column;
  /** The match that made the column: it decides which error a second value at a step is. */
  readonly match: Match;
}

export function pairVectors(
  node: Binary,
  left: readonly Column[],
  right: readonly Column[],
  steps: number,
): Column[] {
  const isSwapped = node.matching.card === 'one-to-many';
  const [many, ones] = isSwapped ? [right, left] : [left, right];
  const operation = compilePairing(node.op, node.isBool);
  const pair: Pairing = isSwapped ? (a, b) => operation(b, a) : operation;
  const results = new Map<string, Result>();
  const manyPresent = unitePresence(many, steps);
  for (const match of matchSeries(node, many, ones)) {
    refuseDuplicates(node, match, manyPresent);
    if (match.many.length === 0) continue;
    const isTaken = match.many.length > 1 ? new Uint8Array(steps) : undefined;
    for (const column of match.many) {
      for (const one of match.ones) {
        const result = computeResult(results, node, match, column, one);
        combine({ node, column, one, result, isTaken, isSameMatch: result.match === match }, pair);
      }
    }
  }
  return [...results.values()].map(({ column }) => column);
}

/** The match groups: one for each key of the "one" side. Other "many" series are left out. */
function matchSeries(
  { matching }: Binary,
  many: readonly Column[],
  ones: readonly Column[],
): Iterable<Match> {
  const keyOf = compileMatchKey(matching);
  const matches = new Map<string, Match>();
  for (const one of ones) {
    const key = keyOf(one.labels);
    const match = matches.get(key);
    if (match === undefined) matches.set(key, { key, many: [], ones: [one] });
    else match.ones.push(one);
  }
  for (const column of many) matches.get(keyOf(column.labels))?.many.push(column);
  return matches.values();
}

function unitePresence(columns: readonly Column[], steps: number): Uint8Array {
  const any = new Uint8Array(steps);
  for (const { present } of columns) {
    for (let i = 0; i < steps; i++) if (present[i] === 1) any[i] = 1;
  }
  return any;
}

/**
 * Refuses two series of a match group on the "one" side at a step where the "many" side has any
 * series at all, even if none of those belongs to the group, as Prometheus does.
 */
function refuseDuplicates(node: Binary, { ones }: Match, manyPresent: Uint8Array): void {
  if (ones.length < 2) return;
  const owners = new Int32Array(manyPresent.length).fill(-1);
  ones.forEach(({ labels, present }, index) => {
    for (let i = 0; i < present.length; i++) {
      if (present[i] === 0 || manyPresent[i] === 0) continue;
      const owner = ones[owners[i] ?? -1];
      owners[i] = index;
      if (owner === undefined) continue;
      const side = node.matching.card === 'one-to-many' ? 'left' : 'right';
      const group = formatMatchLabels(pickMatchLabels(labels, node.matching));
      const twins = `[${formatMatchLabels(labels)}, ${formatMatchLabels(owner.labels)}]`;
      throw new ExecutionError(
        `found duplicate series for the match group ${group} on the ${side} hand-side of the ` +
          `operation: ${twins};many-to-many matching not allowed: matching labels must be ` +
          'unique on one side',
      );
    }
  });
}

/** Labels as Prometheus prints them in this message, `__name__` included. */
function formatMatchLabels(labels: LabelSet): string {
  return `{${labels.map(({ name, value }) => `${name}=${JSON.stringify(value)}`).join(', ')}}`;
}

function computeResult(
  results: Map<string, Result>,
  node: Binary,
  match: Match,
  column: Column,
  one: Column,
): Result {
  const labels = computeResultLabels(column.labels, one.labels, node);
  const key = labelSetKey(labels);
  const known = results.get(key);
  if (known !== undefined) return known;
  const result = { column: createColumn(labels, column.values.length), match };
  results.set(key, result);
  return result;
}

interface Combination {
  readonly node: Binary;
  readonly column: Column;
  readonly one: Column;
  readonly result: Result;
  /**
   * 1 at the steps where this match has given a value; undefined where the match has one series on
   * the "many" side, so that it can't give two. Read for one-to-one only.
   */
  readonly isTaken: Uint8Array | undefined;
  readonly isSameMatch: boolean;
}

function combine(combination: Combination, pair: Pairing): void {
  const { node, column, one, result, isTaken, isSameMatch } = combination;
  const { values, present } = result.column;
  const isOneToOne = node.matching.card === 'one-to-one';
  for (let i = 0; i < values.length; i++) {
    if (column.present[i] === 0 || one.present[i] === 0) continue;
    const value = pair(column.values[i] ?? 0, one.values[i] ?? 0);
    if (value === undefined) continue;
    if (isOneToOne && isTaken?.[i] === 1)
      throw new ExecutionError(
        'multiple matches for labels: many-to-one matching must be explicit ' +
          '(group_left/group_right)',
      );
    if (present[i] === 1)
      throw new ExecutionError(
        isSameMatch
          ? 'multiple matches for labels: grouping labels must ensure unique matches'
          : 'vector cannot contain metrics with the same labelset',
      );
    if (isTaken !== undefined) isTaken[i] = 1;
    present[i] = 1;
    values[i] = value;
  }
}

function computeResultLabels(many: LabelSet, one: LabelSet, node: Binary): LabelSet {
  const { card, isOn, labels: names, include } = node.matching;
  let labels = dropsName(node) ? dropName(many) : many;
  if (card === 'one-to-one') labels = labels.filter(({ name }) => names.includes(name) === isOn);
  if (include.length === 0) return labels;
  const kept = labels.filter(({ name }) => !include.includes(name));
  const taken = include.map((name) => [name, labelValue(one, name)] as const);
  return makeLabelSet([...kept.map(({ name, value }) => [name, value] as const), ...taken]);
}
