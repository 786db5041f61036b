/**
 * The value of a node: a vector as columns, one per series, over all steps of the query; a scalar;
 * a string. A column marks the steps at which it has a value, because NaN is a value too.
 */
import { ExecutionError } from './errors.ts';
import { type LabelSet, labelSetKey, METRIC_NAME } from '../../model/labels.ts';

export interface Column {
  readonly labels: LabelSet;
  readonly values: Float64Array;
  /** 1 where the series has a value at that step. */
  readonly present: Uint8Array;
}

export interface VectorValue {
  readonly type: 'vector';
  readonly columns: readonly Column[];
}
export interface ScalarValue {
  readonly type: 'scalar';
  readonly values: Float64Array;
}
export interface StringValue {
  readonly type: 'string';
  readonly value: string;
}
export type Value = VectorValue | ScalarValue | StringValue;

export function createColumn(labels: LabelSet, steps: number): Column {
  return { labels, values: new Float64Array(steps), present: new Uint8Array(steps) };
}

/** The labels that describe the metric: they are dropped where a new value is computed from it. */
const OF_THE_METRIC = new Set([METRIC_NAME, '__type__', '__unit__']);

export function dropName(labels: LabelSet): LabelSet {
  return labels.filter(({ name }) => !OF_THE_METRIC.has(name));
}

/**
 * Joins columns whose label sets became equal, into the first of them.
 *
 * @throws ExecutionError where two have a value at the same step, as in Prometheus
 */
export function mergeEqual(columns: readonly Column[]): Column[] {
  const byKey = new Map<string, Column>();
  for (const column of columns) {
    const key = labelSetKey(column.labels);
    const other = byKey.get(key);
    if (other === undefined) {
      byKey.set(key, column);
      continue;
    }
    for (let i = 0; i < column.present.length; i++) {
      if (column.present[i] === 0) continue;
      if (other.present[i] === 1)
        throw new ExecutionError('vector cannot contain metrics with the same labelset');
      other.present[i] = 1;
      other.values[i] = column.values[i] ?? 0;
    }
  }
  return [...byKey.values()];
}

/** Applies a function to every value, into new columns. Drops the names unless `keepName`. */
export function mapColumns(
  columns: readonly Column[],
  map: (value: number, step: number) => number,
  keepName = false,
): Column[] {
  const mapped = columns.map(({ labels, values, present }): Column => {
    const next = new Float64Array(values.length);
    for (let i = 0; i < values.length; i++) if (present[i] === 1) next[i] = map(values[i] ?? 0, i);
    return {
      labels: keepName ? labels : dropName(labels),
      values: next,
      present: present.slice(),
    };
  });
  return keepName ? mapped : mergeEqual(mapped);
}

/** Copies a column with other labels; the copy may be modified. */
export function copyColumn({ values, present }: Column, labels: LabelSet): Column {
  return { labels, values: values.slice(), present: present.slice() };
}

/** A column with 1 at the steps where none of the columns has a value, else absent. */
export function makeAbsentColumn(
  columns: readonly Column[],
  labels: LabelSet,
  steps: number,
): Column {
  const result = createColumn(labels, steps);
  result.present.fill(1);
  for (const { present } of columns) {
    for (let i = 0; i < steps; i++) if (present[i] === 1) result.present[i] = 0;
  }
  result.values.set(result.present);
  return result;
}
