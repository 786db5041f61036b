/**
 * Aggregations over series: series are grouped once per evaluation, then each column is added to
 * the column of its group. limitk and limit_ratio are not evaluated.
 * Source: https://prometheus.io/docs/prometheus/latest/querying/operators/#aggregation-operators
 */
import { type LabelSet, labelSetKey, METRIC_NAME } from '../../model/labels.ts';
import type { Aggregation } from './ast.ts';
import { ExecutionError } from './errors.ts';
import { setLabel } from './label-functions.ts';
import { formatPlain } from './literals.ts';
import { computeQuantile } from './quantile.ts';
import { type Column, createColumn } from './value.ts';

interface Group {
  readonly labels: LabelSet;
  readonly members: Column[];
}

/** The aggregations that the engine evaluates. */
export const EVALUATED_AGGREGATIONS = new Set([
  'sum',
  'avg',
  'min',
  'max',
  'count',
  'group',
  'stddev',
  'stdvar',
  'quantile',
  'topk',
  'bottomk',
  'count_values',
]);

/** The parameter before the vector, `topk(3, …)` or `count_values("name", …)`, and the steps. */
export interface AggregationInput {
  /** A numeric parameter: one number per step. */
  readonly numbers: Float64Array | undefined;
  readonly text: string;
  readonly steps: number;
}

export function aggregate(
  node: Aggregation,
  columns: readonly Column[],
  { numbers, text, steps }: AggregationInput,
): Column[] {
  if (node.op === 'count_values') return countValues(node, columns, text, steps);
  const groups = groupColumns(node, columns);
  if (node.op === 'topk' || node.op === 'bottomk') {
    return groups.flatMap(({ members }) =>
      pickExtremes(members, node.op === 'topk', numbers, steps),
    );
  }
  return groups.map((group) => {
    const result = createColumn(group.labels, steps);
    switch (node.op) {
      case 'sum':
      case 'avg':
        fillSum(result, group.members, node.op === 'avg');
        break;
      case 'min':
      case 'max':
        fillExtreme(result, group.members, node.op === 'min');
        break;
      case 'count':
      case 'group':
        fillCount(result, group.members, node.op === 'group');
        break;
      case 'stddev':
      case 'stdvar':
        fillVariance(result, group.members, node.op === 'stddev');
        break;
      default:
        fillQuantile(result, group.members, numbers);
    }
    return result;
  });
}

/** Returns a predicate: is a label name kept in a group? With `by`, `added` is kept as well. */
function makeLabelFilter(
  { isWithout, grouping }: Aggregation,
  added = '',
): (name: string) => boolean {
  const names = new Set(grouping);
  if (isWithout) return (name) => !names.has(name) && name !== METRIC_NAME;
  return (name) => names.has(name) || name === added;
}

function groupColumns(node: Aggregation, columns: readonly Column[]): Group[] {
  const keeps = makeLabelFilter(node);
  const groups = new Map<string, Group>();
  for (const column of columns) {
    const labels = column.labels.filter(({ name }) => keeps(name));
    const key = labelSetKey(labels);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { labels, members: [column] });
    else group.members.push(column);
  }
  return [...groups.values()];
}

/** Neumaier's sum; a mean is computed incrementally only where the sum overflows. */
function fillSum(result: Column, members: readonly Column[], isMean: boolean): void {
  const { values, present } = result;
  const lost = new Float64Array(values.length);
  const counts = new Float64Array(values.length);
  for (const member of members) {
    for (let i = 0; i < values.length; i++) {
      if (member.present[i] === 0) continue;
      const value = member.values[i] ?? 0;
      const sum = values[i] ?? 0;
      const next = sum + value;
      if (!Number.isFinite(next)) lost[i] = 0;
      else
        lost[i] =
          (lost[i] ?? 0) +
          (Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum);
      values[i] = next;
      counts[i] = (counts[i] ?? 0) + 1;
      present[i] = 1;
    }
  }
  for (let i = 0; i < values.length; i++) {
    const sum = (values[i] ?? 0) + (lost[i] ?? 0);
    values[i] = isMean ? computeMean(sum, counts[i] ?? 0, members, i) : sum;
  }
}

function computeMean(sum: number, count: number, members: readonly Column[], step: number): number {
  if (count === 0 || Number.isFinite(sum)) return count === 0 ? 0 : sum / count;
  const values = members
    .filter(({ present }) => present[step] === 1)
    .map((member) => member.values[step] ?? 0);
  if (!values.every(Number.isFinite)) return sum / count;
  return values.reduce(
    (mean, value, index) => mean + (value / (index + 1) - mean / (index + 1)),
    0,
  );
}

function fillExtreme(
  { values, present }: Column,
  members: readonly Column[],
  isMin: boolean,
): void {
  for (const member of members) {
    for (let i = 0; i < values.length; i++) {
      if (member.present[i] === 0) continue;
      const value = member.values[i] ?? 0;
      const best = values[i] ?? 0;
      if (present[i] === 0 || Number.isNaN(best) || (isMin ? value < best : value > best))
        values[i] = value;
      present[i] = 1;
    }
  }
}

function fillCount(
  { values, present }: Column,
  members: readonly Column[],
  isGroup: boolean,
): void {
  for (const member of members) {
    for (let i = 0; i < values.length; i++) {
      if (member.present[i] === 0) continue;
      values[i] = isGroup ? 1 : (values[i] ?? 0) + 1;
      present[i] = 1;
    }
  }
}

/** The variance (or its root, the deviation) of each step, by Welford's method. */
function fillVariance(
  { values, present }: Column,
  members: readonly Column[],
  isRoot: boolean,
): void {
  for (let i = 0; i < values.length; i++) {
    let count = 0;
    let mean = 0;
    let sum = 0;
    for (const member of members) {
      if (member.present[i] === 0) continue;
      const value = member.values[i] ?? 0;
      count += 1;
      const distance = value - mean;
      mean += distance / count;
      sum += distance * (value - mean);
    }
    if (count === 0) continue;
    present[i] = 1;
    values[i] = isRoot ? Math.sqrt(sum / count) : sum / count;
  }
}

function fillQuantile(
  { values, present }: Column,
  members: readonly Column[],
  q: Float64Array | undefined,
): void {
  const here = new Float64Array(members.length);
  for (let i = 0; i < values.length; i++) {
    let count = 0;
    for (const member of members) {
      if (member.present[i] === 0) continue;
      here[count] = member.values[i] ?? 0;
      count += 1;
    }
    if (count === 0) continue;
    present[i] = 1;
    values[i] = computeQuantile(q?.[i] ?? NaN, here.subarray(0, count));
  }
}

/**
 * The k largest or smallest members at each step, with all their labels. NaN ranks last; of equal
 * values the first member is kept.
 */
function pickExtremes(
  members: readonly Column[],
  isTop: boolean,
  k: Float64Array | undefined,
  steps: number,
): Column[] {
  const kept = members.map(({ labels }) => createColumn(labels, steps));
  for (let i = 0; i < steps; i++) {
    const wanted = k?.[i] ?? 0;
    if (wanted < 1) continue;
    const best = selectBest(members, i, isTop, wanted);
    if (best.length > 0 && !(Math.abs(wanted) < 2 ** 63))
      throw new ExecutionError(`Scalar value ${formatNumber(wanted)} overflows int64`);
    for (const index of best) {
      const column = kept[index];
      if (column === undefined) continue;
      column.values[i] = members[index]?.values[i] ?? 0;
      column.present[i] = 1;
    }
  }
  const used = kept.filter(({ present }) => present.includes(1));
  if (steps !== 1) return used;
  return used.toSorted((a, b) => compareRanks(a.values[0] ?? 0, b.values[0] ?? 0, isTop));
}

/** The indices of the best `wanted` members at a step, best first; one where `wanted` is NaN. */
function selectBest(
  members: readonly Column[],
  step: number,
  isTop: boolean,
  wanted: number,
): number[] {
  const best: number[] = [];
  const most = Number.isNaN(wanted) ? 1 : wanted;
  members.forEach(({ values, present }, index) => {
    if (present[step] === 0) return;
    const value = values[step] ?? 0;
    const ranksAfter = (rank: number): boolean =>
      compareRanks(members[best[rank] ?? 0]?.values[step] ?? 0, value, isTop) > 0;
    const isFull = best.length + 1 > most;
    if (isFull && !ranksAfter(best.length - 1)) return;
    let low = 0;
    let high = best.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (ranksAfter(middle)) high = middle;
      else low = middle + 1;
    }
    best.splice(low, 0, index);
    if (isFull) best.pop();
  });
  return best;
}

/** A number as Go's %v prints it, for a message of Prometheus. */
function formatNumber(value: number): string {
  return Math.abs(value) === Infinity ? (value > 0 ? '+Inf' : '-Inf') : String(value);
}

/** Counts how many series of a group have each value; the value becomes a label. */
function countValues(
  node: Aggregation,
  columns: readonly Column[],
  label: string,
  steps: number,
): Column[] {
  if (label === '') throw new ExecutionError('invalid label name ""');
  const keeps = makeLabelFilter(node, label);
  const counts = new Map<string, Column>();
  // Group key → value → column: labels are made once for each value of a group.
  const groups = new Map<string, Map<number, Column>>();
  for (const { labels, values, present } of columns) {
    const rest = labels.filter(({ name }) => keeps(name) && name !== label);
    const groupKey = labelSetKey(rest);
    const byValue = groups.get(groupKey) ?? new Map<number, Column>();
    groups.set(groupKey, byValue);
    for (let i = 0; i < steps; i++) {
      if (present[i] === 0) continue;
      const value = values[i] ?? 0;
      // A Map has one key for 0 and -0, which are two values here: -0 is not put into it.
      let column = Object.is(value, -0) ? undefined : byValue.get(value);
      if (column === undefined) {
        const own = keeps(label) ? setLabel(rest, label, formatPlain(value)) : rest;
        const key = labelSetKey(own);
        column = counts.get(key) ?? createColumn(own, steps);
        counts.set(key, column);
        if (!Object.is(value, -0)) byValue.set(value, column);
      }
      column.present[i] = 1;
      column.values[i] = (column.values[i] ?? 0) + 1;
    }
  }
  return [...counts.values()];
}

function compareRanks(a: number, b: number, isTop: boolean): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  if (a === b) return 0;
  return a > b === isTop ? -1 : 1;
}
