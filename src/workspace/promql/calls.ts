/**
 * Function calls: evaluates the arguments and applies the function. What a function computes is in
 * functions.ts, date-functions.ts, histograms.ts, label-functions.ts and range-functions.ts; which
 * functions exist is in functions-table.ts.
 * Source: https://prometheus.io/docs/prometheus/latest/querying/functions/
 */
import type { FunctionCall, Expression } from './ast.ts';
import { DATE_FUNCTIONS } from './date-functions.ts';
import { notSupported } from './errors.ts';
import {
  type Evaluation,
  evaluateScalar,
  requireString,
  evaluateVector,
  stripParens,
} from './evaluation.ts';
import { clamp, MATH_FUNCTIONS, round } from './functions.ts';
import { computeHistogramFraction, computeHistogramQuantile } from './histograms.ts';
import { collectAbsentLabels, joinLabels, replaceLabel } from './label-functions.ts';
import { evaluateRangeCall } from './range-calls.ts';
import { RANGE_FUNCTIONS } from './range-functions.ts';
import { selectInstant } from './selection.ts';
import { makeAbsentColumn, type Column, mapColumns, type Value } from './value.ts';

export function evaluateCall(evaluation: Evaluation, node: FunctionCall): Value {
  if (node.name === 'absent_over_time' || RANGE_FUNCTIONS.has(node.name))
    return { type: 'vector', columns: evaluateRangeCall(evaluation, node) };
  const scalar = evaluateScalarCall(evaluation, node);
  if (scalar !== undefined) return { type: 'scalar', values: scalar };
  const columns = evaluateVectorCall(evaluation, node);
  if (columns === undefined)
    throw notSupported(evaluation.query, node.start, `function "${node.name}"`);
  return { type: 'vector', columns };
}

function evaluateScalarCall(evaluation: Evaluation, node: FunctionCall): Float64Array | undefined {
  const { times } = evaluation;
  switch (node.name) {
    case 'time':
      return times.map((ms) => ms / 1_000);
    case 'pi':
      return new Float64Array(times.length).fill(Math.PI);
    case 'scalar':
      return toScalar(evaluateVector(evaluation, node.arguments[0]), times.length);
    default:
      return undefined;
  }
}

function evaluateVectorCall(evaluation: Evaluation, node: FunctionCall): Column[] | undefined {
  const [first, second, third, fourth, fifth] = node.arguments;
  const steps = evaluation.times.length;
  const mathFunction = MATH_FUNCTIONS.get(node.name);
  if (mathFunction !== undefined)
    return mapColumns(evaluateVector(evaluation, first), mathFunction);
  const dateFunction = DATE_FUNCTIONS.get(node.name);
  if (dateFunction !== undefined) return evaluateDates(evaluation, first, dateFunction);
  switch (node.name) {
    case 'vector':
      return [makeFullColumn(evaluateScalar(evaluation, first))];
    case 'timestamp':
      return evaluateTimestamps(evaluation, first);
    case 'round': {
      const to = second === undefined ? undefined : evaluateScalar(evaluation, second);
      return mapColumns(evaluateVector(evaluation, first), (value, step) =>
        round(value, to?.[step] ?? 1),
      );
    }
    case 'clamp':
    case 'clamp_min':
    case 'clamp_max':
      return evaluateClamp(evaluation, node);
    case 'histogram_quantile': {
      const q = evaluateScalar(evaluation, first);
      return computeHistogramQuantile(q, evaluateVector(evaluation, second), steps);
    }
    case 'histogram_fraction': {
      const bounds = {
        lower: evaluateScalar(evaluation, first),
        upper: evaluateScalar(evaluation, second),
      };
      return computeHistogramFraction(bounds, evaluateVector(evaluation, third), steps);
    }
    case 'absent':
      return [
        makeAbsentColumn(evaluateVector(evaluation, first), collectAbsentLabels(first), steps),
      ];
    case 'sort':
    case 'sort_desc':
      return sortByValue(evaluateVector(evaluation, first), node.name === 'sort');
    case 'label_replace':
      return replaceLabel(evaluateVector(evaluation, first), {
        destination: requireString(second),
        replacement: requireString(third),
        source: requireString(fourth),
        pattern: requireString(fifth),
      });
    case 'label_join': {
      const sources = node.arguments.slice(3).map(requireString);
      const to = { destination: requireString(second), separator: requireString(third), sources };
      return joinLabels(evaluateVector(evaluation, first), to);
    }
    default:
      return undefined;
  }
}

function makeFullColumn(values: Float64Array): Column {
  return { labels: [], values, present: new Uint8Array(values.length).fill(1) };
}

/** The value of the only series at each step; NaN where there is none or more than one. */
function toScalar(columns: readonly Column[], steps: number): Float64Array {
  const values = new Float64Array(steps).fill(NaN);
  const counts = new Uint32Array(steps);
  for (const column of columns) {
    for (let i = 0; i < steps; i++) {
      if (column.present[i] === 0) continue;
      counts[i] = (counts[i] ?? 0) + 1;
      values[i] = counts[i] === 1 ? (column.values[i] ?? NaN) : NaN;
    }
  }
  return values;
}

/** For a plain selector the times of the samples, for any other expression those of the steps. */
function evaluateTimestamps(evaluation: Evaluation, node: Expression | undefined): Column[] {
  const inner = node === undefined ? undefined : stripParens(node);
  if (inner?.type === 'vector')
    return mapColumns(selectInstant(evaluation, inner, true), (value) => value);
  return mapColumns(
    evaluateVector(evaluation, node),
    (_, step) => (evaluation.times[step] ?? 0) / 1_000,
  );
}

/** Applies a date function to each value, or without an argument to the time of each step. */
function evaluateDates(
  evaluation: Evaluation,
  node: Expression | undefined,
  compute: (seconds: number) => number,
): Column[] {
  if (node === undefined)
    return [makeFullColumn(evaluation.times.map((ms) => compute(ms / 1_000)))];
  return mapColumns(evaluateVector(evaluation, node), compute);
}

function evaluateClamp(evaluation: Evaluation, { name, arguments: given }: FunctionCall): Column[] {
  const [first, second, third] = given;
  const least = name === 'clamp_max' ? undefined : evaluateScalar(evaluation, second);
  const upper = name === 'clamp' ? third : second;
  const most = name === 'clamp_min' ? undefined : evaluateScalar(evaluation, upper);
  const columns = mapColumns(evaluateVector(evaluation, first), (value, step) =>
    clamp(value, least?.[step] ?? -Infinity, most?.[step] ?? Infinity),
  );
  if (least === undefined || most === undefined) return columns;
  // Where the lower bound is above the upper one, Prometheus returns no series.
  for (const { present } of columns) {
    for (let i = 0; i < present.length; i++) if ((most[i] ?? 0) < (least[i] ?? 0)) present[i] = 0;
  }
  return columns;
}

/** Sorts by the value at the first step, the only one of an instant query; NaN comes last. */
function sortByValue(columns: readonly Column[], isAscending: boolean): Column[] {
  return columns.toSorted((a, b) => {
    const x = a.values[0] ?? NaN;
    const y = b.values[0] ?? NaN;
    if (Number.isNaN(x) || Number.isNaN(y))
      return Number(Number.isNaN(x)) - Number(Number.isNaN(y));
    if (x === y) return 0;
    return x < y === isAscending ? -1 : 1;
  });
}
