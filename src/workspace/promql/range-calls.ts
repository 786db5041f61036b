/**
 * Range vectors, of stored samples or of the values of a subquery, and calls of functions of them.
 * Source: https://prometheus.io/docs/prometheus/latest/querying/basics/#range-vector-selectors
 */
import { compareLabelSets } from '../../model/labels.ts';
import type { FunctionCall, Expression, MatrixSelector, Subquery } from './ast.ts';
import {
  charge,
  type Evaluation,
  readSeries,
  computeReferenceTimes,
  evaluateScalar,
  evaluateVector,
  stripParens,
} from './evaluation.ts';
import { collectAbsentLabels } from './label-functions.ts';
import type { SeriesData } from './queryable.ts';
import { KEEPS_NAME, RANGE_FUNCTIONS } from './range-functions.ts';
import { applyToWindows, cutWindow } from './selection.ts';
import { makeAbsentColumn, type Column, mergeEqual, dropName } from './value.ts';

type RangeNode = MatrixSelector | Subquery;

interface RangeInput {
  readonly series: readonly SeriesData[];
  /** The end of each step's window, ms. */
  readonly endsMs: Float64Array;
}

export function evaluateRangeCall(evaluation: Evaluation, node: FunctionCall): Column[] {
  const inner = node.arguments.map(stripParens);
  const range = inner.find(isRange);
  if (range === undefined) throw new Error('BUG: a range function without a range vector');
  const scalar = inner.find((argument) => argument !== range);
  const parameter = scalar === undefined ? undefined : evaluateScalar(evaluation, scalar);
  const isAbsent = node.name === 'absent_over_time';
  const apply = isAbsent
    ? RANGE_FUNCTIONS.get('present_over_time')
    : RANGE_FUNCTIONS.get(node.name);
  if (apply === undefined) throw new Error(`BUG: no range function "${node.name}"`);
  const { series, endsMs } = readRange(evaluation, range);
  const keepsName = KEEPS_NAME.has(node.name);
  const columns = series.map((data) =>
    applyToWindows(data, {
      labels: keepsName ? data.labels : dropName(data.labels),
      endsMs,
      stepsMs: evaluation.times,
      rangeMs: range.rangeMs,
      apply,
      parameter,
    }),
  );
  if (isAbsent)
    return [makeAbsentColumn(columns, collectAbsentLabels(range), evaluation.times.length)];
  return keepsName ? columns : mergeEqual(columns);
}

function isRange(node: Expression): node is RangeNode {
  return node.type === 'matrix' || node.type === 'subquery';
}

/** The samples of a range vector, which is the result of an instant query (it has one step). */
export function readRangeVector(evaluation: Evaluation, node: RangeNode): SeriesData[] {
  const { series, endsMs } = readRange(evaluation, node);
  return series
    .map((data) => {
      const { times, values } = cutWindow(data, endsMs[0] ?? 0, node.rangeMs);
      return { labels: data.labels, timestampsMs: times, values };
    })
    .filter(({ values }) => values.length > 0)
    .toSorted((a, b) => compareLabelSets(a.labels, b.labels));
}

function readRange(evaluation: Evaluation, node: RangeNode): RangeInput {
  if (node.type === 'subquery') return readSubquery(evaluation, node);
  const endsMs = computeReferenceTimes(evaluation, node.vector.at, node.vector.offsetMs);
  return { series: readSeries(evaluation, node.vector, endsMs, node.rangeMs), endsMs };
}

/**
 * Evaluates the body of a subquery at the multiples of its step from the start of the first window
 * to the end of the last, and returns the values as samples.
 */
function readSubquery(evaluation: Evaluation, node: Subquery): RangeInput {
  const endsMs = computeReferenceTimes(evaluation, node.at, node.offsetMs);
  const stepMs = Math.max(1, node.stepMs ?? evaluation.options.subqueryStepMs);
  const fromMs = (endsMs[0] ?? 0) - node.rangeMs;
  // The first multiple after the window's start. The division truncates toward zero, as in
  // Prometheus.
  let firstMs = Math.trunc(fromMs / stepMs) * stepMs;
  if (firstMs <= fromMs) firstMs += stepMs;
  const steps = Math.floor(((endsMs.at(-1) ?? 0) - firstMs) / stepMs) + 1;
  if (steps <= 0 || endsMs.length === 0) return { series: [], endsMs };
  charge(evaluation, steps);
  const times = Float64Array.from({ length: steps }, (_, i) => firstMs + i * stepMs);
  const columns = evaluateVector({ ...evaluation, times }, node.body);
  charge(evaluation, columns.length * steps);
  return { series: columns.map((column) => toSeriesData(column, times)), endsMs };
}

function toSeriesData({ labels, values, present }: Column, times: Float64Array): SeriesData {
  if (!present.includes(0)) return { labels, timestampsMs: times, values };
  const isHere = (_: number, i: number): boolean => present[i] === 1;
  return { labels, timestampsMs: times.filter(isHere), values: values.filter(isHere) };
}
