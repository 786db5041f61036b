/**
 * The PromQL engine: a checked tree → columns over all steps at once, series by series. What the language has and the
 * engine does not evaluate yet is refused with its position, never answered wrongly.
 * Source: https://prometheus.io/docs/prometheus/latest/querying/basics/
 */
import { compareLabelSets, labelSetOf } from '../../model/labels.ts';
import type {
  Aggregation,
  At,
  Binary,
  Call,
  Expression,
  MatrixSelector,
  Subquery,
  VectorSelector,
} from './ast.ts';
import { aggregate, EVALUATED_AGGREGATIONS } from './aggregations.ts';
import { clamp, histogramQuantile, MATH_FUNCTIONS, round } from './functions.ts';
import { QueryError } from './lexer.ts';
import { scalarPair, setOperation, vectorPair, vectorScalar } from './operators.ts';
import { parseQuery } from './parser.ts';
import type { Queryable, SeriesData } from './queryable.ts';
import { KEEPS_NAME, RANGE_FUNCTIONS } from './range-functions.ts';
import { instantColumn, rangeColumn, rangeSamples } from './selection.ts';
import { checkTypes } from './types.ts';
import {
  type Column,
  ExecutionError,
  mapColumns,
  mergeEqual,
  newColumn,
  type ScalarValue,
  type Value,
  withoutName,
} from './value.ts';

export interface EngineOptions {
  /** How far back an instant selector looks, ms. */
  readonly lookbackMs: number;
  /** The step of a subquery without one, ms. */
  readonly subqueryStepMs: number;
  readonly stepsMax: number;
  /** Samples that one query may read. */
  readonly samplesMax: number;
}

export const ENGINE_DEFAULTS: EngineOptions = {
  lookbackMs: 300_000,
  subqueryStepMs: 60_000,
  stepsMax: 11_000,
  samplesMax: 50_000_000,
};

export interface RangeTimes {
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
}

/** A result over steps; for a range vector (instant queries only) the samples themselves. */
export type QueryResult =
  | Value
  | { readonly type: 'matrix'; readonly series: readonly SeriesData[] };

/** Evaluates at one time. A vector is sorted by labels unless the query itself sorts. */
export function evaluateInstant(
  query: string,
  atMs: number,
  queryable: Queryable,
  options: EngineOptions = ENGINE_DEFAULTS,
): QueryResult {
  const tree = parseQuery(query);
  const evaluation = newEvaluation(query, tree, Float64Array.of(atMs), queryable, options);
  const inner = withoutParens(tree);
  if (inner.type === 'matrix') return { type: 'matrix', series: matrixSamples(evaluation, inner) };
  if (inner.type === 'subquery')
    return { type: 'matrix', series: subquerySamples(evaluation, inner) };
  const value = evaluate(evaluation, tree);
  if (value.type !== 'vector') return value;
  const columns = value.columns.filter(({ present }) => present[0] === 1);
  const isOrdered =
    (inner.type === 'call' && inner.name.startsWith('sort')) ||
    (inner.type === 'aggregation' && /^(?:topk|bottomk)$/.test(inner.op));
  return {
    type: 'vector',
    columns: isOrdered ? columns : columns.toSorted((a, b) => compareLabelSets(a.labels, b.labels)),
  };
}

/** Evaluates at every step from start to end, both included; series without any value are left out. */
export function evaluateRange(
  query: string,
  range: RangeTimes,
  queryable: Queryable,
  options: EngineOptions = ENGINE_DEFAULTS,
): Value {
  const tree = parseQuery(query);
  const steps = Math.floor((range.endMs - range.startMs) / range.stepMs) + 1;
  if (steps > options.stepsMax) {
    throw new ExecutionError(
      `exceeded maximum resolution of ${options.stepsMax.toLocaleString('en')} points per timeseries. Try decreasing the query resolution (?step=XX)`,
    );
  }
  const times = Float64Array.from({ length: steps }, (_, i) => range.startMs + i * range.stepMs);
  const evaluation = newEvaluation(query, tree, times, queryable, options);
  if (evaluation.type !== 'vector' && evaluation.type !== 'scalar') {
    throw new QueryError(
      query,
      0,
      `invalid expression type "${evaluation.type === 'matrix' ? 'range vector' : evaluation.type}" for range query, must be Scalar or instant Vector`,
      'invalid parameter "query"',
    );
  }
  const value = evaluate(evaluation, tree);
  if (value.type !== 'vector') return value;
  const columns = value.columns.filter(({ present }) => present.includes(1));
  return {
    type: 'vector',
    columns: columns.toSorted((a, b) => compareLabelSets(a.labels, b.labels)),
  };
}

interface Evaluation {
  readonly query: string;
  readonly type: string;
  readonly times: Float64Array;
  readonly queryStartMs: number;
  readonly queryEndMs: number;
  readonly queryable: Queryable;
  readonly options: EngineOptions;
  /** Shared by all nodes of one query. */
  readonly budget: { samples: number };
}

function newEvaluation(
  query: string,
  tree: Expression,
  times: Float64Array,
  queryable: Queryable,
  options: EngineOptions,
): Evaluation {
  return {
    query,
    type: checkTypes(query, tree),
    times,
    queryStartMs: times[0] ?? 0,
    queryEndMs: times.at(-1) ?? 0,
    queryable,
    options,
    budget: { samples: 0 },
  };
}

function evaluate(evaluation: Evaluation, node: Expression): Value {
  const steps = evaluation.times.length;
  switch (node.type) {
    case 'number':
      return { type: 'scalar', values: new Float64Array(steps).fill(node.value) };
    case 'string':
      return { type: 'string', value: node.value };
    case 'paren':
      return evaluate(evaluation, node.body);
    case 'vector':
      return { type: 'vector', columns: selectInstant(evaluation, node, false) };
    case 'unary': {
      const value = evaluate(evaluation, node.body);
      if (node.op === '+' || value.type === 'string') return value;
      if (value.type === 'scalar')
        return { type: 'scalar', values: value.values.map((number) => -number) };
      return { type: 'vector', columns: mapColumns(value.columns, (number) => -number) };
    }
    case 'binary':
      return evaluateBinary(evaluation, node);
    case 'aggregation':
      return evaluateAggregation(evaluation, node);
    case 'call':
      return evaluateCall(evaluation, node);
    case 'matrix':
    case 'subquery':
      throw new QueryError(evaluation.query, node.start, 'a range vector stands where none can be');
  }
}

function vectorOf(evaluation: Evaluation, node: Expression | undefined): readonly Column[] {
  const value = node === undefined ? undefined : evaluate(evaluation, node);
  return value?.type === 'vector' ? value.columns : [];
}

function scalarOf(evaluation: Evaluation, node: Expression | undefined): Float64Array {
  const value = node === undefined ? undefined : evaluate(evaluation, node);
  return value?.type === 'scalar'
    ? value.values
    : new Float64Array(evaluation.times.length).fill(NaN);
}

/** The times that a selector is read at: moved by `@` and offset. */
function referenceTimes(
  evaluation: Evaluation,
  at: At | undefined,
  offsetMs: number,
): Float64Array {
  const fixed =
    at === undefined
      ? undefined
      : at.kind === 'time'
        ? at.ms
        : at.kind === 'start'
          ? evaluation.queryStartMs
          : evaluation.queryEndMs;
  return evaluation.times.map((time) => (fixed ?? time) - offsetMs);
}

function read(
  evaluation: Evaluation,
  node: VectorSelector,
  times: Float64Array,
  backMs: number,
): readonly SeriesData[] {
  const series = evaluation.queryable.select(
    node.matchers,
    (times[0] ?? 0) - backMs,
    times.at(-1) ?? 0,
  );
  for (const { values } of series) evaluation.budget.samples += values.length;
  if (evaluation.budget.samples > evaluation.options.samplesMax) {
    throw new ExecutionError(
      'query processing would load too many samples into memory in query execution',
    );
  }
  return series;
}

function selectInstant(
  evaluation: Evaluation,
  node: VectorSelector,
  wantsTimes: boolean,
): Column[] {
  const { lookbackMs } = evaluation.options;
  const times = referenceTimes(evaluation, node.at, node.offsetMs);
  return read(evaluation, node, times, lookbackMs).map((series) =>
    instantColumn(series, times, lookbackMs, wantsTimes),
  );
}

function evaluateBinary(evaluation: Evaluation, node: Binary): Value {
  const left = evaluate(evaluation, node.left);
  const right = evaluate(evaluation, node.right);
  const steps = evaluation.times.length;
  if (left.type === 'scalar' && right.type === 'scalar') {
    return { type: 'scalar', values: scalarPair(node, left.values, right.values) };
  }
  const columns = ((): Column[] => {
    if (left.type === 'vector' && right.type === 'scalar')
      return vectorScalar(node, left.columns, right.values, false);
    if (left.type === 'scalar' && right.type === 'vector')
      return vectorScalar(node, right.columns, left.values, true);
    if (left.type !== 'vector' || right.type !== 'vector') return [];
    if (node.matching.card === 'many-to-many')
      return setOperation(node, left.columns, right.columns, steps);
    return vectorPair(node, left.columns, right.columns, steps);
  })();
  return { type: 'vector', columns };
}

function evaluateAggregation(evaluation: Evaluation, node: Aggregation): Value {
  if (!EVALUATED_AGGREGATIONS.has(node.op))
    throw unsupported(evaluation, node, `aggregation "${node.op}"`);
  const parameter = node.parameter === undefined ? undefined : scalarOf(evaluation, node.parameter);
  const columns = aggregate(
    node,
    vectorOf(evaluation, node.body),
    parameter,
    evaluation.times.length,
  );
  return { type: 'vector', columns };
}

function evaluateCall(evaluation: Evaluation, node: Call): Value {
  const range = RANGE_FUNCTIONS[node.name];
  if (range !== undefined) return { type: 'vector', columns: evaluateRangeCall(evaluation, node) };
  const math = MATH_FUNCTIONS[node.name];
  const [first, second, third] = node.arguments;
  const vector = (columns: readonly Column[]): Value => ({ type: 'vector', columns });
  if (math !== undefined) return vector(mapColumns(vectorOf(evaluation, first), math));
  switch (node.name) {
    case 'time':
      return { type: 'scalar', values: evaluation.times.map((ms) => ms / 1_000) };
    case 'pi':
      return { type: 'scalar', values: new Float64Array(evaluation.times.length).fill(Math.PI) };
    case 'vector':
      return vector([
        {
          labels: [],
          values: scalarOf(evaluation, first),
          present: new Uint8Array(evaluation.times.length).fill(1),
        },
      ]);
    case 'scalar':
      return toScalar(vectorOf(evaluation, first), evaluation.times.length);
    case 'timestamp':
      return vector(timestamps(evaluation, first));
    case 'round': {
      const to = second === undefined ? undefined : scalarOf(evaluation, second);
      return vector(
        mapColumns(vectorOf(evaluation, first), (value, step) => round(value, to?.[step] ?? 1)),
      );
    }
    case 'clamp':
    case 'clamp_min':
    case 'clamp_max': {
      const least = node.name === 'clamp_max' ? undefined : scalarOf(evaluation, second);
      const most =
        node.name === 'clamp_min'
          ? undefined
          : scalarOf(evaluation, node.name === 'clamp' ? third : second);
      const clamped = mapColumns(vectorOf(evaluation, first), (value, step) =>
        clamp(value, least?.[step] ?? -Infinity, most?.[step] ?? Infinity),
      );
      for (const { present } of clamped)
        present.forEach(
          (_, step) =>
            void ((least?.[step] ?? 0) > (most?.[step] ?? Infinity) && (present[step] = 0)),
        );
      return vector(clamped);
    }
    case 'histogram_quantile':
      return vector(
        histogramQuantile(
          scalarOf(evaluation, first),
          vectorOf(evaluation, second),
          evaluation.times.length,
        ),
      );
    case 'absent':
      return vector(absent(first, vectorOf(evaluation, first), evaluation.times.length));
    case 'sort':
    case 'sort_desc':
      return vector(sortByValue(vectorOf(evaluation, first), node.name === 'sort'));
    default:
      throw unsupported(evaluation, node, `function "${node.name}"`);
  }
}

function unsupported(evaluation: Evaluation, node: Expression, what: string): QueryError {
  return new QueryError(
    evaluation.query,
    node.start,
    `${what} is not supported yet`,
    'not supported',
  );
}

function evaluateRangeCall(evaluation: Evaluation, node: Call): Column[] {
  const apply = RANGE_FUNCTIONS[node.name] ?? (() => undefined);
  const of = node.arguments
    .map(withoutParens)
    .find(({ type }) => type === 'matrix' || type === 'subquery');
  const scalar = node.arguments.find((argument) => withoutParens(argument) !== of);
  const parameter = scalar === undefined ? undefined : scalarOf(evaluation, scalar);
  if (of?.type !== 'matrix' && of?.type !== 'subquery')
    throw new QueryError(
      evaluation.query,
      node.start,
      `expected type range vector in call to function "${node.name}"`,
    );
  const { series, times } =
    of.type === 'matrix' ? readMatrix(evaluation, of) : readSubquery(evaluation, of);
  const keepsName = KEEPS_NAME.has(node.name);
  const columns = series.map((one) =>
    rangeColumn(
      one,
      keepsName ? one.labels : withoutName(one.labels),
      times,
      of.rangeMs,
      apply,
      parameter,
    ),
  );
  return keepsName ? columns : mergeEqual(columns);
}

function readMatrix(
  evaluation: Evaluation,
  node: MatrixSelector,
): { series: readonly SeriesData[]; times: Float64Array } {
  const times = referenceTimes(evaluation, node.vector.at, node.vector.offsetMs);
  return { series: read(evaluation, node.vector, times, node.rangeMs), times };
}

/** Evaluates the body at the multiples of the inner step within all windows, and gives it as if it had been stored. */
function readSubquery(
  evaluation: Evaluation,
  node: Subquery,
): { series: readonly SeriesData[]; times: Float64Array } {
  const times = referenceTimes(evaluation, node.at, node.offsetMs);
  const stepMs = node.stepMs ?? evaluation.options.subqueryStepMs;
  const fromMs = (times[0] ?? 0) - node.rangeMs;
  // Strictly after the window's start; division truncates toward zero, as in Prometheus.
  let firstMs = Math.trunc(fromMs / stepMs) * stepMs;
  if (firstMs <= fromMs) firstMs += stepMs;
  const count = Math.max(0, Math.floor(((times.at(-1) ?? 0) - firstMs) / stepMs) + 1);
  if (count > evaluation.options.samplesMax)
    throw new ExecutionError('the subquery has too many steps');
  const inner = Float64Array.from({ length: count }, (_, i) => firstMs + i * stepMs);
  if (count === 0) return { series: [], times };
  const columns = vectorOf({ ...evaluation, times: inner }, node.body);
  for (const { present } of columns) evaluation.budget.samples += present.length;
  const series = columns.map(({ labels, values, present }) => ({
    labels,
    timestampsMs: inner.filter((_, i) => present[i] === 1),
    values: values.filter((_, i) => present[i] === 1),
  }));
  return { series, times };
}

function matrixSamples(evaluation: Evaluation, node: MatrixSelector): SeriesData[] {
  const { series, times } = readMatrix(evaluation, node);
  return series
    .map((one) => {
      const kept = rangeSamples(one, times[0] ?? 0, node.rangeMs);
      return { labels: one.labels, timestampsMs: kept.times, values: kept.values };
    })
    .filter(({ values }) => values.length > 0);
}

function subquerySamples(evaluation: Evaluation, node: Subquery): SeriesData[] {
  return readSubquery(evaluation, node)
    .series.filter(({ values }) => values.length > 0)
    .toSorted((a, b) => compareLabelSets(a.labels, b.labels));
}

function toScalar(columns: readonly Column[], steps: number): ScalarValue {
  const values = new Float64Array(steps);
  for (let i = 0; i < steps; i++) {
    const here = columns.filter(({ present }) => present[i] === 1);
    values[i] = here.length === 1 ? (here[0]?.values[i] ?? NaN) : NaN;
  }
  return { type: 'scalar', values };
}

/** Of a plain selector the samples' own times, of anything else the step's. */
function timestamps(evaluation: Evaluation, node: Expression | undefined): Column[] {
  const inner = node === undefined ? undefined : withoutParens(node);
  if (inner?.type === 'vector')
    return mapColumns(selectInstant(evaluation, inner, true), (value) => value);
  return mapColumns(vectorOf(evaluation, node), (_, step) => (evaluation.times[step] ?? 0) / 1_000);
}

function absent(node: Expression | undefined, columns: readonly Column[], steps: number): Column[] {
  const inner = node === undefined ? undefined : withoutParens(node);
  const equal =
    inner?.type === 'vector' ? inner.matchers.filter(({ name }) => name !== '__name__') : [];
  const once = equal.filter(
    ({ name, op }) => op === '=' && equal.filter((other) => other.name === name).length === 1,
  );
  const column = newColumn(
    labelSetOf(once.map(({ name, value }) => [name, value] as const)),
    steps,
  );
  for (let i = 0; i < steps; i++) {
    if (columns.some(({ present }) => present[i] === 1)) continue;
    column.present[i] = 1;
    column.values[i] = 1;
  }
  return [column];
}

/** By the value at the first step, which in an instant query is the only one; NaN comes last. */
function sortByValue(columns: readonly Column[], isAscending: boolean): Column[] {
  return columns.toSorted((a, b) => {
    const x = a.values[0] ?? NaN;
    const y = b.values[0] ?? NaN;
    if (Number.isNaN(x) || Number.isNaN(y))
      return Number(Number.isNaN(x)) - Number(Number.isNaN(y));
    return isAscending ? x - y : y - x;
  });
}

function withoutParens(node: Expression): Expression {
  return node.type === 'paren' ? withoutParens(node.body) : node;
}
