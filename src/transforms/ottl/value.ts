/**
 * The values of OTTL and how they are compared and converted. Pure. Times, durations and bytes are
 * not among them: nothing that is supported yields any.
 * Source: contrib's pkg/ottl/compare.go, pkg/ottl/expression.go
 */
import { compareUtf8 } from '../../model/labels.ts';
import { OttlEvaluationError, OttlTypeError } from './fault.ts';
import type { ComparisonOperator, MathOperator } from './syntax.ts';

export type ValueMap = Map<string, OttlValue>;

/** `bigint` is OTTL's int, 64 bits with a sign; `number` is its double; null is nil. */
export type OttlValue = null | string | bigint | number | boolean | readonly OttlValue[] | ValueMap;

export function describeType(value: OttlValue): string {
  if (value === null) return 'nil';
  if (typeof value === 'bigint') return 'int';
  if (typeof value === 'number') return 'double';
  if (typeof value === 'object') return value instanceof Map ? 'map' : 'list';
  return typeof value;
}

/** Values of different types are unequal, and neither is less; ints and doubles do compare. */
export function compareValues(
  left: OttlValue,
  right: OttlValue,
  operator: ComparisonOperator,
): boolean {
  const order = orderValues(left, right);
  switch (operator) {
    case '==':
      return order === 0;
    case '!=':
      return order !== 0;
    case '<':
      return order === -1;
    case '<=':
      return order === 0 || order === -1;
    case '>':
      return order === 1;
    case '>=':
      return order === 0 || order === 1;
  }
}

/** -1, 0 or 1; undefined where neither is less and they are not equal. */
function orderValues(left: OttlValue, right: OttlValue): -1 | 0 | 1 | undefined {
  if (left === null || right === null) return left === right ? 0 : undefined;
  if (typeof left === 'string' && typeof right === 'string')
    return Math.sign(compareUtf8(left, right)) as -1 | 0 | 1;
  if (isNumeric(left) && isNumeric(right)) {
    // Two ints are compared exactly; an int beside a double is made a double first.
    const isMixed = typeof left !== typeof right;
    const [a, b] = isMixed ? [Number(left), Number(right)] : [left, right];
    return a < b ? -1 : a > b ? 1 : a === b ? 0 : undefined;
  }
  if (typeof left === 'boolean' && typeof right === 'boolean')
    return left === right ? 0 : left ? 1 : -1;
  if (typeof left === 'object' && typeof right === 'object')
    return isSameWhole(left, right) ? 0 : undefined;
  return undefined;
}

type Whole = readonly OttlValue[] | ValueMap;

function isSameWhole(left: Whole, right: Whole): boolean {
  if (left instanceof Map || right instanceof Map) {
    if (!(left instanceof Map && right instanceof Map) || left.size !== right.size) return false;
    return [...left].every(([key, value]) => {
      const other = right.get(key);
      return other !== undefined && isSameInside(value, other);
    });
  }
  return (
    left.length === right.length && left.every((one, i) => isSameInside(one, right[i] as OttlValue))
  );
}

/** Inside of a whole an int is no double. */
function isSameInside(left: OttlValue, right: OttlValue): boolean {
  return typeof left === typeof right && orderValues(left, right) === 0;
}

function isNumeric(value: OttlValue): value is bigint | number {
  return typeof value === 'bigint' || typeof value === 'number';
}

/** @throws OttlEvaluationError for operands that are no numbers, and at a division by zero */
export function calculate(left: OttlValue, right: OttlValue, operator: MathOperator): OttlValue {
  if (!isNumeric(left) || !isNumeric(right))
    throw new OttlEvaluationError(
      `${describeType(left)} ${operator} ${describeType(right)}: not both are numbers`,
    );
  if (operator === '/' && Number(right) === 0) throw new OttlEvaluationError('divided by 0');
  if (typeof left === 'bigint' && typeof right === 'bigint')
    return BigInt.asIntN(64, calculateInts(left, right, operator));
  const [a, b] = [Number(left), Number(right)];
  return operator === '+' ? a + b : operator === '-' ? a - b : operator === '*' ? a * b : a / b;
}

function calculateInts(a: bigint, b: bigint, operator: MathOperator): bigint {
  return operator === '+' ? a + b : operator === '-' ? a - b : operator === '*' ? a * b : a / b;
}

/** @throws OttlEvaluationError for what is no number */
export function negate(value: OttlValue): OttlValue {
  if (!isNumeric(value))
    throw new OttlEvaluationError(`a minus before ${describeType(value)}, which is no number`);
  return typeof value === 'bigint' ? BigInt.asIntN(64, -value) : -value;
}

/** The text of any value, as `String()` and `Concat()` make it; undefined for nil. */
export function textOfValue(value: OttlValue): string | undefined {
  if (value === null) return undefined;
  return typeof value === 'string' ? value : formatJson(value);
}

/** JSON as Go writes it: keys in order, and characters of HTML escaped. */
function formatJson(value: OttlValue): string {
  if (value === null) return 'null';
  if (typeof value === 'string')
    return JSON.stringify(value).replaceAll(
      /[<>&\u2028\u2029]/g,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );
  if (typeof value !== 'object') return String(value);
  if (!(value instanceof Map)) return `[${value.map(formatJson).join(',')}]`;
  const entries = [...value].sort(([a], [b]) => compareUtf8(a, b));
  return `{${entries.map(([key, one]) => `${formatJson(key)}:${formatJson(one)}`).join(',')}}`;
}

const INT = /^[+-]?\d+$/;
const DOUBLE = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

/** What `Int()` makes of a value; nil for nil and for a text that is no int. */
export function toInt(value: OttlValue): bigint | null {
  if (value === null || typeof value === 'bigint') return value;
  if (typeof value === 'boolean') return value ? 1n : 0n;
  if (typeof value === 'string') {
    const parsed = INT.test(value) ? BigInt(value.replace('+', '')) : undefined;
    return parsed !== undefined && parsed === BigInt.asIntN(64, parsed) ? parsed : null;
  }
  if (typeof value === 'number' && Number.isFinite(value))
    return BigInt.asIntN(64, BigInt(Math.trunc(value)));
  throw new OttlTypeError(`no int is made of ${describeType(value)}`);
}

/** What `Double()` makes of a value; nil for nil. */
export function toDouble(value: OttlValue): number | null {
  if (value === null || typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value !== 'string')
    throw new OttlTypeError(`no double is made of ${describeType(value)}`);
  if (DOUBLE.test(value)) return Number(value);
  throw new OttlEvaluationError(`${JSON.stringify(value)} is no number`);
}
