/**
 * The PromQL engine: evaluates a checked tree to columns, each with the values of one series at all
 * steps. Functions and aggregations that are not evaluated yet (among them those of native
 * histograms) are refused with their position.
 * Limits: EngineOptions.
 * Source: https://prometheus.io/docs/prometheus/latest/querying/basics/
 */
import { compareLabelSets } from '../../model/labels.ts';
import { aggregate, EVALUATED_AGGREGATIONS } from './aggregations.ts';
import type { Aggregation, Binary, Expression, Unary } from './ast.ts';
import { evaluateCall } from './calls.ts';
import { ExecutionError, notSupported, QueryError } from './errors.ts';
import {
  ENGINE_DEFAULTS,
  type EngineOptions,
  type Evaluation,
  evaluateScalar,
  requireString,
  evaluateVector,
  stripParens,
} from './evaluation.ts';
import type { ValueType } from './functions-table.ts';
import { pairScalars, pairVectorScalar } from './operators.ts';
import { parseQuery } from './parser.ts';
import type { Queryable, SeriesData } from './queryable.ts';
import { readRangeVector } from './range-calls.ts';
import { selectInstant } from './selection.ts';
import { applySetOperator } from './set-operators.ts';
import { checkTypes, typeNameOf } from './types.ts';
import { type Column, mapColumns, type Value } from './value.ts';
import { pairVectors } from './vector-matching.ts';

export { ENGINE_DEFAULTS, type EngineOptions } from './evaluation.ts';

export interface RangeTimes {
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
}

/** A value at each step; or samples, for an instant query whose result is a range vector. */
export type QueryResult =
  | Value
  | { readonly type: 'matrix'; readonly series: readonly SeriesData[] };

/**
 * Evaluates a query at one time. A vector is sorted by labels unless the query itself sorts.
 *
 * @throws QueryError for a query that is not valid or not supported
 * @throws ExecutionError for one that fails while it runs
 */
export function evaluateInstant(
  query: string,
  atMs: number,
  queryable: Queryable,
  options: Partial<EngineOptions> = {},
): QueryResult {
  const tree = parseQuery(query);
  checkTypes(query, tree);
  const evaluation = createEvaluation(query, Float64Array.of(atMs), queryable, options);
  const inner = stripParens(tree);
  if (inner.type === 'matrix' || inner.type === 'subquery')
    return { type: 'matrix', series: readRangeVector(evaluation, inner) };
  const value = evaluate(evaluation, tree);
  if (value.type !== 'vector') return value;
  const columns = value.columns.filter(({ present }) => present[0] === 1);
  return { type: 'vector', columns: sortsItself(inner) ? columns : sortByLabels(columns) };
}

/**
 * Evaluates a query at every step from start to end, both included. Series without a value at any
 * step are left out.
 *
 * @throws QueryError for a query that is not valid or not supported
 * @throws ExecutionError for one that fails while it runs
 */
export function evaluateRange(
  query: string,
  range: RangeTimes,
  queryable: Queryable,
  options: Partial<EngineOptions> = {},
): Value {
  const tree = parseQuery(query);
  checkRangeType(query, checkTypes(query, tree));
  const { startMs, endMs, stepMs } = range;
  if (!(stepMs > 0)) throw new ExecutionError('the step of a range query must be greater than 0');
  const steps = Math.floor((endMs - startMs) / stepMs) + 1;
  const stepsMax = options.stepsMax ?? ENGINE_DEFAULTS.stepsMax;
  if (steps > stepsMax) {
    throw new ExecutionError(
      `exceeded maximum resolution of ${stepsMax.toLocaleString('en')} points per ` +
        'timeseries. Try decreasing the query resolution (?step=XX)',
    );
  }
  const times = Float64Array.from({ length: Math.max(0, steps) }, (_, i) => startMs + i * stepMs);
  const value = evaluate(createEvaluation(query, times, queryable, options), tree);
  if (value.type !== 'vector') return value;
  const columns = value.columns.filter(({ present }) => present.includes(1));
  return { type: 'vector', columns: sortByLabels(columns) };
}

function checkRangeType(query: string, type: ValueType): void {
  if (type === 'vector' || type === 'scalar') return;
  throw new QueryError(
    query,
    0,
    `invalid expression type "${typeNameOf(type)}" for range query, must be Scalar or instant ` +
      'Vector',
    '',
  );
}

function sortsItself(node: Expression): boolean {
  if (node.type === 'call') return node.name === 'sort' || node.name === 'sort_desc';
  return node.type === 'aggregation' && (node.op === 'topk' || node.op === 'bottomk');
}

function sortByLabels(columns: readonly Column[]): Column[] {
  return columns.toSorted((a, b) => compareLabelSets(a.labels, b.labels));
}

function createEvaluation(
  query: string,
  times: Float64Array,
  queryable: Queryable,
  options: Partial<EngineOptions>,
): Evaluation {
  return {
    query,
    times,
    queryStartMs: times[0] ?? 0,
    queryEndMs: times.at(-1) ?? 0,
    queryable,
    options: { ...ENGINE_DEFAULTS, ...options },
    budget: { samples: 0 },
    evaluate,
  };
}

function evaluate(evaluation: Evaluation, node: Expression): Value {
  evaluation.options.check();
  switch (node.type) {
    case 'number': {
      const values = new Float64Array(evaluation.times.length).fill(node.value);
      return { type: 'scalar', values };
    }
    case 'string':
      return { type: 'string', value: node.value };
    case 'paren':
      return evaluate(evaluation, node.body);
    case 'vector':
      return { type: 'vector', columns: selectInstant(evaluation, node, false) };
    case 'unary':
      return evaluateUnary(evaluation, node);
    case 'binary':
      return evaluateBinary(evaluation, node);
    case 'aggregation':
      return evaluateAggregation(evaluation, node);
    case 'call':
      return evaluateCall(evaluation, node);
    case 'matrix':
    case 'subquery':
      throw new Error('BUG: a range vector stands where the type check allows none');
  }
}

function evaluateUnary(evaluation: Evaluation, { op, body }: Unary): Value {
  const value = evaluate(evaluation, body);
  if (op === '+' || value.type === 'string') return value;
  if (value.type === 'scalar')
    return { type: 'scalar', values: value.values.map((number) => -number) };
  return { type: 'vector', columns: mapColumns(value.columns, (number) => -number) };
}

function evaluateBinary(evaluation: Evaluation, node: Binary): Value {
  const left = evaluate(evaluation, node.left);
  const right = evaluate(evaluation, node.right);
  const steps = evaluation.times.length;
  const vector = (columns: readonly Column[]): Value => ({ type: 'vector', columns });
  if (left.type === 'scalar' && right.type === 'scalar')
    return { type: 'scalar', values: pairScalars(node, left.values, right.values) };
  if (left.type === 'vector' && right.type === 'scalar')
    return vector(pairVectorScalar(node, left.columns, right.values, false));
  if (left.type === 'scalar' && right.type === 'vector')
    return vector(pairVectorScalar(node, right.columns, left.values, true));
  if (left.type !== 'vector' || right.type !== 'vector')
    throw new Error('BUG: an operand that the type check does not allow');
  if (node.matching.card === 'many-to-many')
    return vector(applySetOperator(node, left.columns, right.columns, steps));
  return vector(pairVectors(node, left.columns, right.columns, steps));
}

function evaluateAggregation(evaluation: Evaluation, node: Aggregation): Value {
  if (!EVALUATED_AGGREGATIONS.has(node.op))
    throw notSupported(evaluation.query, node.start, `aggregation "${node.op}"`);
  const isText = node.op === 'count_values';
  const numbers =
    node.parameter === undefined || isText ? undefined : evaluateScalar(evaluation, node.parameter);
  const columns = aggregate(node, evaluateVector(evaluation, node.body), {
    numbers,
    text: isText ? requireString(node.parameter) : '',
    steps: evaluation.times.length,
  });
  return { type: 'vector', columns };
}
