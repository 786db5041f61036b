/**
 * The state of one evaluation: its steps, its limits, and how it reads from the store. The
 * recursion over the tree is engine.ts and is passed in as `evaluate`, so that the files of the
 * functions need not import the engine.
 */
import type { At, Expression, VectorSelector } from './ast.ts';
import { ExecutionError } from './errors.ts';
import type { Queryable, SeriesData } from './queryable.ts';
import type { Column, Value } from './value.ts';

export interface EngineOptions {
  /** How far back an instant selector looks for a sample, ms. */
  readonly lookbackMs: number;
  /** The step of a subquery without one, ms. */
  readonly subqueryStepMs: number;
  /** The most steps of a range query. */
  readonly stepsMax: number;
  /** The most samples that a query reads plus cells of columns that it fills. */
  readonly samplesMax: number;
  /** Called at each node of the tree and each read; throws to end a query that runs too long. */
  readonly check: () => void;
}

export const ENGINE_DEFAULTS: EngineOptions = {
  lookbackMs: 300_000,
  subqueryStepMs: 60_000,
  stepsMax: 11_000,
  samplesMax: 50_000_000,
  check: () => undefined,
};

export interface Evaluation {
  readonly query: string;
  /** The times to evaluate at, ms, rising. */
  readonly times: Float64Array;
  readonly queryStartMs: number;
  readonly queryEndMs: number;
  readonly queryable: Queryable;
  readonly options: EngineOptions;
  /** The samples and cells counted so far, shared by all nodes of one query. */
  readonly budget: { samples: number };
  readonly evaluate: (evaluation: Evaluation, node: Expression) => Value;
}

/**
 * Counts samples or cells against `samplesMax`.
 *
 * @throws ExecutionError above the limit
 */
export function charge({ budget, options }: Evaluation, samples: number): void {
  options.check();
  budget.samples += samples;
  if (budget.samples > options.samplesMax)
    throw new ExecutionError(
      'query processing would load too many samples into memory in query execution',
    );
}

export function evaluateVector(
  evaluation: Evaluation,
  node: Expression | undefined,
): readonly Column[] {
  const value = node === undefined ? undefined : evaluation.evaluate(evaluation, node);
  return value?.type === 'vector' ? value.columns : [];
}

/** The values of a scalar expression, one per step; NaN for any other type. */
export function evaluateScalar(evaluation: Evaluation, node: Expression | undefined): Float64Array {
  const value = node === undefined ? undefined : evaluation.evaluate(evaluation, node);
  return value?.type === 'scalar'
    ? value.values
    : new Float64Array(evaluation.times.length).fill(NaN);
}

/** The text of a string literal; '' for any other expression. */
export function requireString(node: Expression | undefined): string {
  const inner = node === undefined ? undefined : stripParens(node);
  return inner?.type === 'string' ? inner.value : '';
}

export function stripParens(node: Expression): Expression {
  return node.type === 'paren' ? stripParens(node.body) : node;
}

/** The times at which a selector is read: those of the steps, moved by `@` and `offset`. */
export function computeReferenceTimes(
  evaluation: Evaluation,
  at: At | undefined,
  offsetMs: number,
): Float64Array {
  const { times, queryStartMs, queryEndMs } = evaluation;
  if (at === undefined) return offsetMs === 0 ? times : times.map((time) => time - offsetMs);
  const fixedMs = at.kind === 'time' ? at.ms : at.kind === 'start' ? queryStartMs : queryEndMs;
  return new Float64Array(times.length).fill(fixedMs - offsetMs);
}

/** Reads the series of a selector from `backMs` before the first of the times to the last. */
export function readSeries(
  evaluation: Evaluation,
  node: VectorSelector,
  times: Float64Array,
  backMs: number,
): readonly SeriesData[] {
  evaluation.options.check();
  const fromMs = (times[0] ?? 0) - backMs;
  const series = evaluation.queryable.select(node.matchers, fromMs, times.at(-1) ?? 0);
  let samples = 0;
  for (const { values } of series) samples += values.length;
  charge(evaluation, samples + series.length * times.length);
  return series;
}
