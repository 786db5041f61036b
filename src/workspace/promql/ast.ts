/**
 * The tree of a PromQL expression. Values only; every node knows where it stands in the query. What
 * is written in different ways and means the same looks the same here, but for what the printer
 * needs to write it back.
 * Source: https://prometheus.io/docs/prometheus/latest/querying/basics/
 */
import type { Matcher } from './queryable.ts';

interface NodeSpan {
  /** Offsets in the query, UTF-16 units, end exclusive. */
  readonly start: number;
  readonly end: number;
}

/** A fixed point in time to evaluate at: `@ 1609746000`, `@ start()`, `@ end()`. */
export type At =
  | { readonly kind: 'time'; readonly ms: number }
  | { readonly kind: 'start' | 'end' };

export interface NumberLiteral extends NodeSpan {
  readonly type: 'number';
  readonly value: number;
  /** Written as a duration: `5m` is 300. */
  readonly isDuration: boolean;
}
export interface StringLiteral extends NodeSpan {
  readonly type: 'string';
  readonly value: string;
}
export interface VectorSelector extends NodeSpan {
  readonly type: 'vector';
  /** The metric name where it stands before the braces, else ''. */
  readonly metric: string;
  /** With the metric name, if any, as the first matcher, of `__name__`. */
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
  /** Undefined: the default step. */
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
  /** `on` with these labels, or else `ignoring` them. */
  readonly isOn: boolean;
  readonly labels: readonly string[];
  readonly card: 'one-to-one' | 'many-to-one' | 'one-to-many' | 'many-to-many';
  /** Labels that group_left or group_right take from the one side. */
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
