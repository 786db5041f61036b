/**
 * Binary operators on two numbers, two scalars, and a vector with a scalar. Two vectors are
 * vector-matching.ts and set-operators.ts.
 * Source: https://prometheus.io/docs/prometheus/latest/querying/operators/#binary-operators
 */
import type { Binary, BinaryOperator } from './ast.ts';
import { type Column, mergeEqual, createColumn, dropName } from './value.ts';

const COMPARES = new Map<string, (a: number, b: number) => boolean>(
  Object.entries({
    '==': (a: number, b: number) => a === b,
    '!=': (a: number, b: number) => a !== b,
    '<': (a: number, b: number) => a < b,
    '>': (a: number, b: number) => a > b,
    '<=': (a: number, b: number) => a <= b,
    '>=': (a: number, b: number) => a >= b,
  }),
);

const COMPUTES = new Map<string, (a: number, b: number) => number>(
  Object.entries({
    '+': (a: number, b: number) => a + b,
    '-': (a: number, b: number) => a - b,
    '*': (a: number, b: number) => a * b,
    '/': (a: number, b: number) => a / b,
    '%': (a: number, b: number) => a % b,
    '^': raiseToPower,
    atan2: Math.atan2,
  }),
);

/** IEEE 754's pow, which gives 1 in these cases where JavaScript's `**` gives NaN. */
function raiseToPower(base: number, exponent: number): number {
  if (base === 1 || (base === -1 && Math.abs(exponent) === Infinity)) return 1;
  return base ** exponent;
}

/** Computes the result of two values; undefined where a comparison filters them out. */
export type Pairing = (left: number, right: number) => number | undefined;

export function compilePairing(op: BinaryOperator, isBool: boolean): Pairing {
  const compares = COMPARES.get(op);
  if (compares === undefined) return COMPUTES.get(op) ?? (() => undefined);
  if (isBool) return (left, right) => (compares(left, right) ? 1 : 0);
  return (left, right) => (compares(left, right) ? left : undefined);
}

/** Whether the metric name is dropped: the result is a new quantity and not the metric's value. */
export function dropsName({ op, isBool }: Binary): boolean {
  return isBool || COMPUTES.has(op);
}

export function pairScalars(node: Binary, left: Float64Array, right: Float64Array): Float64Array {
  const pair = compilePairing(node.op, node.isBool);
  return left.map((value, step) => pair(value, right[step] ?? 0) ?? 0);
}

/** Applies an operator to a vector and a scalar; `isSwapped` where the scalar is on the left. */
export function pairVectorScalar(
  node: Binary,
  columns: readonly Column[],
  scalar: Float64Array,
  isSwapped: boolean,
): Column[] {
  const pair = compilePairing(node.op, node.isBool);
  const isFilter = COMPARES.has(node.op) && !node.isBool;
  const results = columns.map(({ labels, values, present }) => {
    const result = createColumn(dropsName(node) ? dropName(labels) : labels, values.length);
    for (let i = 0; i < values.length; i++) {
      if (present[i] === 0) continue;
      const value = values[i] ?? 0;
      const other = scalar[i] ?? 0;
      const paired = isSwapped ? pair(other, value) : pair(value, other);
      if (paired === undefined) continue;
      // A filter keeps the vector's value, also where the vector is on the right.
      result.values[i] = isFilter ? value : paired;
      result.present[i] = 1;
    }
    return result;
  });
  return dropsName(node) ? mergeEqual(results) : results;
}
