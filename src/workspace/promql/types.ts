/**
 * Checks the types of a PromQL tree before it is evaluated: what each node yields and which
 * operands it takes. Order and messages are those of Prometheus: children first, left to right.
 * Source:
 * https://prometheus.io/docs/prometheus/latest/querying/basics/#expression-language-data-types
 */
import { METRIC_NAME } from '../../model/labels.ts';
import type { Aggregation, Binary, FunctionCall, Expression, VectorSelector } from './ast.ts';
import { QueryError } from './errors.ts';
import { AGGREGATIONS, FUNCTIONS, type ValueType } from './functions-table.ts';
import { compileMatcher } from './matcher.ts';

const TYPE_NAMES: Readonly<Record<ValueType, string>> = {
  scalar: 'scalar',
  vector: 'instant vector',
  matrix: 'range vector',
  string: 'string',
};

const COMPARISONS: ReadonlySet<string> = new Set(['==', '!=', '<', '<=', '>', '>=']);
const SET_OPERATORS: ReadonlySet<string> = new Set(['and', 'or', 'unless']);

/** A type as messages name it. */
export function typeNameOf(type: ValueType): string {
  return TYPE_NAMES[type];
}

/**
 * Checks a tree and returns its type.
 *
 * @throws QueryError at the first node with a wrong operand
 */
export function checkTypes(query: string, node: Expression): ValueType {
  switch (node.type) {
    case 'number':
      return 'scalar';
    case 'string':
      return 'string';
    case 'vector':
      checkSelector(query, node);
      return 'vector';
    case 'matrix':
      checkSelector(query, node.vector);
      return 'matrix';
    case 'paren':
      return checkTypes(query, node.body);
    case 'subquery': {
      const type = checkTypes(query, node.body);
      if (type === 'vector') return 'matrix';
      // Prometheus prints its short type names here: "matrix" and not "range vector".
      throw fault(query, node, `subquery is only allowed on instant vector, got ${type} instead`);
    }
    case 'unary': {
      const type = checkTypes(query, node.body);
      if (isNumeric(type)) return type;
      throw fault(
        query,
        node,
        'unary expression only allowed on expressions of type scalar or instant vector, got ' +
          `"${TYPE_NAMES[type]}"`,
      );
    }
    case 'binary':
      return checkBinary(query, node);
    case 'aggregation':
      return checkAggregation(query, node);
    case 'call':
      return checkCall(query, node);
  }
}

/** Refuses a selector that could match every series and so read the whole store. */
function checkSelector(query: string, node: VectorSelector, mayBeEmpty = false): void {
  const { metric, matchers } = node;
  if (metric !== '') {
    const other = matchers.slice(1).find(({ name }) => name === METRIC_NAME);
    if (other !== undefined)
      throw fault(
        query,
        node,
        `metric name must not be set twice: "${metric}" or "${other.value}"`,
      );
    return;
  }
  if (mayBeEmpty || matchers.some((matcher) => !compileMatcher(matcher)(''))) return;
  throw fault(query, node, 'vector selector must contain at least one non-empty matcher');
}

function isNumeric(type: ValueType): boolean {
  return type === 'scalar' || type === 'vector';
}

function checkBinary(query: string, node: Binary): ValueType {
  const { op, matching } = node;
  const left = checkTypes(query, node.left);
  const right = checkTypes(query, node.right);
  const atOperator = (why: string): QueryError => new QueryError(query, node.opStart, why);
  if (node.isBool && !COMPARISONS.has(op))
    throw atOperator('bool modifier can only be used on comparison operators');
  if (COMPARISONS.has(op) && !node.isBool && left === 'scalar' && right === 'scalar')
    throw atOperator('comparisons between scalars must use BOOL modifier');
  const twice = matching.isOn
    ? matching.labels.find((label) => matching.include.includes(label))
    : undefined;
  if (twice !== undefined)
    throw atOperator(`label "${twice}" must not occur in ON and GROUP clause at once`);
  for (const [side, type] of [
    [node.left, left],
    [node.right, right],
  ] as const) {
    if (!isNumeric(type))
      throw fault(
        query,
        side,
        'binary expression must contain only scalar and instant vector types',
      );
  }
  const areVectors = left === 'vector' && right === 'vector';
  if (!areVectors && matching.labels.length > 0)
    throw fault(query, node, 'vector matching only allowed between instant vectors');
  if (SET_OPERATORS.has(op)) {
    if (areVectors && matching.card !== 'many-to-many')
      throw fault(query, node, `no grouping allowed for "${op}" operation`);
    if (!areVectors)
      throw fault(query, node, `set operator "${op}" not allowed in binary scalar expression`);
  }
  return left === 'scalar' && right === 'scalar' ? 'scalar' : 'vector';
}

function checkAggregation(query: string, node: Aggregation): ValueType {
  expectType(query, node.body, 'vector', 'aggregation expression');
  const wanted = AGGREGATIONS.get(node.op);
  if (wanted !== undefined && node.parameter !== undefined)
    expectType(query, node.parameter, wanted, 'aggregation parameter');
  return 'vector';
}

function checkCall(query: string, node: FunctionCall): ValueType {
  const known = FUNCTIONS.get(node.name);
  if (known === undefined) throw fault(query, node, `unknown function with name "${node.name}"`);
  const { parameters, variadic } = known;
  const count = node.arguments.length;
  const least = variadic === 0 ? parameters.length : parameters.length - 1;
  const most = variadic === 0 ? least : variadic < 0 ? Infinity : least + variadic;
  if (count < least || count > most) {
    const bound = variadic === 0 ? least : count < least ? `at least ${least}` : `at most ${most}`;
    throw fault(
      query,
      node,
      `expected ${bound} argument(s) in call to "${node.name}", got ${count}`,
    );
  }
  node.arguments.forEach((argument, index) => {
    const wanted = parameters[Math.min(index, parameters.length - 1)] ?? 'vector';
    if (node.name === 'info' && index === 1 && argument.type === 'vector') {
      if (argument.metric !== '')
        throw fault(query, argument, 'expected label selectors only, got vector selector instead');
      checkSelector(query, argument, true);
      return;
    }
    expectType(query, argument, wanted, `call to function "${node.name}"`);
  });
  return known.returns;
}

function expectType(query: string, node: Expression, wanted: ValueType, where: string): void {
  const given = checkTypes(query, node);
  if (given !== wanted)
    throw fault(
      query,
      node,
      `expected type ${TYPE_NAMES[wanted]} in ${where}, got ${TYPE_NAMES[given]}`,
    );
}

function fault(query: string, node: Expression, why: string): QueryError {
  return new QueryError(query, node.start, why);
}
