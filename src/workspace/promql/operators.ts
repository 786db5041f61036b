/**
 * Binary operators on numbers, between scalars, and between a vector and a scalar.
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

/** IEEE 754's pow, which says 1 where JavaScript says NaN. */
function raiseToPower(base: number, exponent: number): number {
  if (base === 1 || (base === -1 && Math.abs(exponent) === Infinity)) return 1;
  return base ** exponent;
}

/** The result of one pair; undefined where a comparison filters it out. */
export type Pairing = (left: number, right: number) => number | undefined;

export function compilePairing(op: BinaryOperator, isBool: boolean): Pairing {
  const compares = COMPARES.get(op);
  if (compares === undefined) return COMPUTES.get(op) ?? (() => undefined);
  if (isBool) return (left, right) => (compares(left, right) ? 1 : 0);
  return (left, right) => (compares(left, right) ? left : undefined);
}

/** Whether the result is no longer the metric that it was. */
export function dropsName({ op, isBool }: Binary): boolean {
  return isBool || COMPUTES.has(op);
}

export function pairScalars(node: Binary, left: Float64Array, right: Float64Array): Float64Array {
  const pair = compilePairing(node.op, node.isBool);
  return left.map((value, step) => pair(value, right[step] ?? 0) ?? 0);
}

/** A vector with a scalar; `isSwapped`: the scalar stands on the left. */
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
      // A filter keeps the vector's value, on whichever side it stands.
      result.values[i] = isFilter ? value : paired;
      result.present[i] = 1;
    }
    return result;
  });
  return dropsName(node) ? mergeEqual(results) : results;
}
