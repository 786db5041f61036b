/**
 * The tree of a query → the JSON of parse_query, with Prometheus' field names. There a metric
 * name before the braces is the last of the matchers.
 * Source: https://github.com/prometheus/prometheus/blob/main/web/api/v1/translate_ast.go
 */
import { METRIC_NAME } from '../../model/labels.ts';
import type { At, Binary, FunctionCall, Expression, VectorSelector } from '../promql/ast.ts';
import { FUNCTIONS } from '../promql/functions-table.ts';
import { parseQuery } from '../promql/parser.ts';
import { checkTypes } from '../promql/types.ts';
import { formatFloat } from './result-json.ts';

/**
 * Parses a query to the JSON text of its tree.
 *
 * @throws QueryError for a text that is not a query
 */
export function formatTree(query: string): string {
  const tree = parseQuery(query);
  checkTypes(query, tree);
  return JSON.stringify(translate(query, tree));
}

function translate(query: string, node: Expression): object {
  switch (node.type) {
    case 'number':
      return { type: 'numberLiteral', val: formatFloat(node.value) };
    case 'string':
      return { type: 'stringLiteral', val: node.value };
    case 'paren':
      return { type: 'parenExpr', expr: translate(query, node.body) };
    case 'unary':
      return { type: 'unaryExpr', op: node.op, expr: translate(query, node.body) };
    case 'vector':
      return { type: 'vectorSelector', ...translateSelector(node) };
    case 'matrix':
      return { type: 'matrixSelector', ...translateSelector(node.vector), range: node.rangeMs };
    case 'subquery':
      return {
        type: 'subquery',
        expr: translate(query, node.body),
        range: node.rangeMs,
        offset: node.offsetMs,
        step: node.stepMs ?? 0,
        ...translateAt(node.at),
      };
    case 'aggregation':
      return {
        type: 'aggregation',
        op: node.op,
        expr: translate(query, node.body),
        param: node.parameter === undefined ? null : translate(query, node.parameter),
        grouping: node.grouping,
        without: node.isWithout,
      };
    case 'binary':
      return translateBinary(query, node);
    case 'call':
      return translateCall(query, node);
  }
}

function translateSelector({ metric, matchers, offsetMs, at }: VectorSelector): object {
  const isName = ({ name }: { name: string }): boolean => name === METRIC_NAME;
  const ordered =
    metric === ''
      ? matchers
      : [...matchers.filter((matcher) => !isName(matcher)), ...matchers.filter(isName)];
  return {
    name: metric,
    matchers: ordered.map(({ name, op, value }) => ({ name, type: op, value })),
    offset: offsetMs,
    ...translateAt(at),
  };
}

function translateAt(at: At | undefined): object {
  return {
    timestamp: at?.kind === 'time' ? at.ms : null,
    startOrEnd: at === undefined || at.kind === 'time' ? null : at.kind,
  };
}

function translateBinary(query: string, node: Binary): object {
  const { isOn, labels, card, include } = node.matching;
  const isMatched =
    checkTypes(query, node.left) === 'vector' && checkTypes(query, node.right) === 'vector';
  return {
    type: 'binaryExpr',
    op: node.op,
    lhs: translate(query, node.left),
    rhs: translate(query, node.right),
    matching: isMatched ? { card, labels, on: isOn, include } : null,
    bool: node.isBool,
  };
}

function translateCall(query: string, node: FunctionCall): object {
  const signature = FUNCTIONS.get(node.name);
  return {
    type: 'call',
    func: {
      name: node.name,
      argTypes: signature?.parameters ?? [],
      variadic: signature?.variadic ?? 0,
      returnType: signature?.returns ?? 'vector',
    },
    args: node.arguments.map((argument) => translate(query, argument)),
  };
}
