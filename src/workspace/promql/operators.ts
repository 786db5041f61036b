/**
 * Binary operators: between scalars, a vector and a scalar, and vectors matched by labels.
 * Source: https://prometheus.io/docs/prometheus/latest/querying/operators/#vector-matching
 */
import {
  formatLabelSet,
  type LabelSet,
  labelSetKey,
  labelSetOf,
  labelValue,
} from '../../model/labels.ts';
import type { Binary, BinaryOperator, Matching } from './ast.ts';
import { type Column, ExecutionError, mergeEqual, newColumn, withoutName } from './value.ts';

const COMPARES: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '<': (a, b) => a < b,
  '>': (a, b) => a > b,
  '<=': (a, b) => a <= b,
  '>=': (a, b) => a >= b,
};

const COMPUTES: Readonly<Record<string, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '%': (a, b) => a % b,
  '^': power,
  atan2: Math.atan2,
};

/** IEEE 754's pow, which says 1 where JavaScript says NaN. */
function power(base: number, exponent: number): number {
  if (base === 1 || (base === -1 && Math.abs(exponent) === Infinity)) return 1;
  return base ** exponent;
}

/** The result of one pair; undefined where a comparison filters it out. */
type Pairing = (left: number, right: number) => number | undefined;

function pairing(op: BinaryOperator, isBool: boolean): Pairing {
  const compares = COMPARES[op];
  if (compares === undefined) return COMPUTES[op] ?? (() => undefined);
  if (isBool) return (left, right) => (compares(left, right) ? 1 : 0);
  return (left, right) => (compares(left, right) ? left : undefined);
}

function dropsName({ op, isBool }: Binary): boolean {
  return isBool || op in COMPUTES;
}

export function scalarPair(node: Binary, left: Float64Array, right: Float64Array): Float64Array {
  const pair = pairing(node.op, node.isBool);
  return left.map((value, step) => pair(value, right[step] ?? 0) ?? 0);
}

/** A vector with a scalar; `isSwapped`: the scalar stands on the left. */
export function vectorScalar(
  node: Binary,
  columns: readonly Column[],
  scalar: Float64Array,
  isSwapped: boolean,
): Column[] {
  const pair = pairing(node.op, node.isBool);
  const isFilter = node.op in COMPARES && !node.isBool;
  const results = columns.map(({ labels, values, present }) => {
    const result = newColumn(dropsName(node) ? withoutName(labels) : labels, values.length);
    for (let i = 0; i < values.length; i++) {
      if (present[i] === 0) continue;
      const value = values[i] ?? 0;
      const other = scalar[i] ?? 0;
      const paired = isSwapped ? pair(other, value) : pair(value, other);
      if (paired === undefined) continue;
      // A filter keeps the vector's value, on whichever side it stands.
      result.values[i] = isFilter ? value : paired;
      result.present[i] = 1;
    }
    return result;
  });
  return dropsName(node) ? mergeEqual(results) : results;
}

function signatureOf(labels: LabelSet, { isOn, labels: names }: Matching): LabelSet {
  if (isOn) return labels.filter(({ name }) => names.includes(name));
  return withoutName(labels).filter(({ name }) => !names.includes(name));
}

function bySignature(columns: readonly Column[], matching: Matching): Map<string, Column[]> {
  const groups = new Map<string, Column[]>();
  for (const column of columns) {
    const key = labelSetKey(signatureOf(column.labels, matching));
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [column]);
    else group.push(column);
  }
  return groups;
}

/** and, or, unless: by presence of a match at each step. */
export function setOperation(
  node: Binary,
  left: readonly Column[],
  right: readonly Column[],
  steps: number,
): Column[] {
  const own = bySignature(node.op === 'or' ? left : right, node.matching);
  const filter = (columns: readonly Column[], keeps: (hasMatch: boolean) => boolean): Column[] =>
    columns.map(({ labels, values, present }) => {
      const others = own.get(labelSetKey(signatureOf(labels, node.matching))) ?? [];
      const kept = new Uint8Array(steps);
      for (let i = 0; i < steps; i++) {
        if (present[i] === 1 && keeps(others.some((other) => other.present[i] === 1))) kept[i] = 1;
      }
      return { labels, values: values.slice(), present: kept };
    });
  if (node.op === 'and') return filter(left, (hasMatch) => hasMatch);
  if (node.op === 'unless') return filter(left, (hasMatch) => !hasMatch);
  const copies = left.map(({ labels, values, present }) => ({
    labels,
    values: values.slice(),
    present: present.slice(),
  }));
  return mergeEqual([...copies, ...filter(right, (hasMatch) => !hasMatch)]);
}

/** Arithmetic and comparison between vectors. The "many" side gives the labels; one-to-one counts left as many. */
export function vectorPair(
  node: Binary,
  left: readonly Column[],
  right: readonly Column[],
  steps: number,
): Column[] {
  const { matching } = node;
  const isSwapped = matching.card === 'one-to-many';
  const many = isSwapped ? right : left;
  const ones = bySignature(isSwapped ? left : right, matching);
  const pair = pairing(node.op, node.isBool);
  const results = new Map<string, Column>();
  const matched = new Map<string, Uint8Array>();
  for (const column of many) {
    const signature = signatureOf(column.labels, matching);
    const signatureKey = labelSetKey(signature);
    const candidates = ones.get(signatureKey);
    if (candidates === undefined) continue;
    for (let i = 0; i < steps; i++) {
      if (column.present[i] === 0) continue;
      const one = onlyPresent(candidates, i, signature, isSwapped ? 'left' : 'right');
      if (one === undefined) continue;
      const a = column.values[i] ?? 0;
      const b = one.values[i] ?? 0;
      const value = isSwapped ? pair(b, a) : pair(a, b);
      if (value === undefined) continue;
      const labels = resultLabels(column.labels, one.labels, node);
      const key = labelSetKey(labels);
      refuseSecondMatch(matched, matching.card === 'one-to-one' ? signatureKey : key, i, node);
      const result = results.get(key) ?? newColumn(labels, steps);
      results.set(key, result);
      result.present[i] = 1;
      result.values[i] = value;
    }
  }
  return [...results.values()];

  function refuseSecondMatch(
    marks: Map<string, Uint8Array>,
    key: string,
    step: number,
    { matching: { card } }: Binary,
  ): void {
    const mark = marks.get(key) ?? new Uint8Array(steps);
    marks.set(key, mark);
    if (mark[step] === 1) {
      throw new ExecutionError(
        card === 'one-to-one'
          ? 'multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)'
          : 'multiple matches for labels: grouping labels must ensure unique matches',
      );
    }
    mark[step] = 1;
  }
}

function onlyPresent(
  candidates: readonly Column[],
  step: number,
  signature: LabelSet,
  side: string,
): Column | undefined {
  let found: Column | undefined;
  for (const candidate of candidates) {
    if (candidate.present[step] === 0) continue;
    if (found !== undefined) {
      throw new ExecutionError(
        `found duplicate series for the match group ${formatLabelSet(signature)} on the ${side} hand-side of the operation: [${formatLabelSet(candidate.labels)}, ${formatLabelSet(found.labels)}];many-to-many matching not allowed: matching labels must be unique on one side`,
      );
    }
    found = candidate;
  }
  return found;
}

function resultLabels(many: LabelSet, one: LabelSet, node: Binary): LabelSet {
  const { matching } = node;
  let labels = dropsName(node) ? withoutName(many) : many;
  if (matching.card === 'one-to-one') {
    labels = labels.filter(({ name }) => matching.labels.includes(name) === matching.isOn);
  }
  if (matching.include.length === 0) return labels;
  const kept = labels.filter(({ name }) => !matching.include.includes(name));
  const taken = matching.include.map((name) => [name, labelValue(one, name)] as const);
  return labelSetOf([...kept.map(({ name, value }) => [name, value] as const), ...taken]);
}
