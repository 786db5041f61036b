/**
 * The tree of a PromQL expression: types only. Every node has its span in the query. Two spellings
 * of one meaning give the same tree, except for what the printer prints as it was written:
 * parentheses, durations, and a metric name within braces.
 * Source: https://prometheus.io/docs/prometheus/latest/querying/basics/
 */
import type { Matcher } from './queryable.ts';

interface NodeSpan {
  /** Offsets in the query, UTF-16 units, end exclusive. */
  readonly start: number;
  readonly end: number;
}

/** A fixed time to evaluate at: `@ 1609746000`, `@ start()`, `@ end()`. */
export type At =
  | { readonly kind: 'time'; readonly ms: number }
  | { readonly kind: 'start' | 'end' };

export interface NumberLiteral extends NodeSpan {
  readonly type: 'number';
  readonly value: number;
  /** Whether it was written as a duration; its value is in seconds: `5m` is 300. */
  readonly isDuration: boolean;
}
export interface StringLiteral extends NodeSpan {
  readonly type: 'string';
  readonly value: string;
}
export interface VectorSelector extends NodeSpan {
  readonly type: 'vector';
  /** The metric name before the braces; '' where there is none. */
  readonly metric: string;
  /** All matchers; a metric name before the braces is the first of them, on `__name__`. */
  readonly matchers: readonly Matcher[];
  readonly offsetMs: number;
  readonly at: At | undefined;
}
export interface MatrixSelector extends NodeSpan {
  readonly type: 'matrix';
  readonly vector: VectorSelector;
  readonly rangeMs: number;
}
export interface Subquery extends NodeSpan {
  readonly type: 'subquery';
  readonly body: Expression;
  readonly rangeMs: number;
  /** Undefined for the default step. */
  readonly stepMs: number | undefined;
  readonly offsetMs: number;
  readonly at: At | undefined;
}
export interface Paren extends NodeSpan {
  readonly type: 'paren';
  readonly body: Expression;
}
export interface Unary extends NodeSpan {
  readonly type: 'unary';
  readonly op: '+' | '-';
  readonly body: Expression;
}
export type BinaryOperator =
  | '+' | '-' | '*' | '/' | '%' | '^' | 'atan2'
  | '==' | '!=' | '<' | '>' | '<=' | '>='
  | 'and' | 'or' | 'unless'; // prettier-ignore
export interface Matching {
  /** True for `on (labels)`, false for `ignoring (labels)` and where neither is written. */
  readonly isOn: boolean;
  readonly labels: readonly string[];
  readonly card: 'one-to-one' | 'many-to-one' | 'one-to-many' | 'many-to-many';
  /** The labels that group_left or group_right copy from the "one" side. */
  readonly include: readonly string[];
}
export interface Binary extends NodeSpan {
  readonly type: 'binary';
  readonly op: BinaryOperator;
  readonly left: Expression;
  readonly right: Expression;
  readonly isBool: boolean;
  readonly matching: Matching;
  readonly opStart: number;
}
export interface Aggregation extends NodeSpan {
  readonly type: 'aggregation';
  readonly op: string;
  readonly body: Expression;
  readonly parameter: Expression | undefined;
  readonly isWithout: boolean;
  readonly grouping: readonly string[];
}
export interface FunctionCall extends NodeSpan {
  readonly type: 'call';
  readonly name: string;
  readonly arguments: readonly Expression[];
}

export type Expression =
  | NumberLiteral
  | StringLiteral
  | VectorSelector
  | MatrixSelector
  | Subquery
  | Paren
  | Unary
  | Binary
  | Aggregation
  | FunctionCall;
