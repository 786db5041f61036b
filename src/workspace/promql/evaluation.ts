/**
 * One query while it is evaluated: its steps, its limits, and reading from the store. The recursion
 * over the tree is in engine.ts and comes in as `evaluate`.
 */
import type { At, Expression, VectorSelector } from './ast.ts';
import { ExecutionError } from './errors.ts';
import type { Queryable, SeriesData } from './queryable.ts';
import type { Column, Value } from './value.ts';

export interface EngineOptions {
  /** How far back an instant selector looks, ms. */
  readonly lookbackMs: number;
  /** The step of a subquery without one, ms. */
  readonly subqueryStepMs: number;
  /** Steps of a range query. */
  readonly stepsMax: number;
  /** Samples that one query may read and columns' cells it may fill. */
  readonly samplesMax: number;
  /** Called now and then; throws to end a query that has run too long or that nobody waits for. */
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
  /** Shared by all nodes of one query. */
  readonly budget: { samples: number };
  readonly evaluate: (evaluation: Evaluation, node: Expression) => Value;
}

/** Counts samples or cells against the limit, before they take memory. */
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

/** One value per step. */
export function evaluateScalar(evaluation: Evaluation, node: Expression | undefined): Float64Array {
  const value = node === undefined ? undefined : evaluation.evaluate(evaluation, node);
  return value?.type === 'scalar'
    ? value.values
    : new Float64Array(evaluation.times.length).fill(NaN);
}

export function requireString(node: Expression | undefined): string {
  const inner = node === undefined ? undefined : stripParens(node);
  return inner?.type === 'string' ? inner.value : '';
}

export function stripParens(node: Expression): Expression {
  return node.type === 'paren' ? stripParens(node.body) : node;
}

/** The times that a selector is read at: moved by `@` and offset. */
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

/** Reads what the selector needs at these times, each looking back `backMs`. */
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
