/**
 * The types of PromQL expressions: what each node yields and which operands it takes. Checks a tree before it is run.
 * Source: https://prometheus.io/docs/prometheus/latest/querying/functions/
 */
import type { Aggregation, Binary, Call, Expression } from './ast.ts';
import { QueryError } from './lexer.ts';

export type ValueType = 'scalar' | 'vector' | 'matrix' | 'string';

const TYPE_NAMES: Readonly<Record<ValueType, string>> = {
  scalar: 'scalar',
  vector: 'instant vector',
  matrix: 'range vector',
  string: 'string',
};

interface Signature {
  readonly parameters: readonly ValueType[];
  /** How many of the last parameters may be left out; -1: the last one may be repeated or left out. */
  readonly optional: number;
  readonly returns: ValueType;
}

const signature = (
  parameters: readonly ValueType[],
  optional = 0,
  returns: ValueType = 'vector',
): Signature => ({ parameters, optional, returns });

const OF_VECTOR = ['abs', 'absent', 'acos', 'acosh', 'asin', 'asinh', 'atan', 'atanh', 'ceil', 'cos', 'cosh', 'deg', 'exp', 'floor', 'histogram_avg', 'histogram_count', 'histogram_stddev', 'histogram_stdvar', 'histogram_sum', 'ln', 'log10', 'log2', 'rad', 'sgn', 'sin', 'sinh', 'sort', 'sort_desc', 'sqrt', 'tan', 'tanh', 'timestamp']; // prettier-ignore
const OF_MATRIX = ['absent_over_time', 'avg_over_time', 'changes', 'count_over_time', 'delta', 'deriv', 'first_over_time', 'idelta', 'increase', 'irate', 'last_over_time', 'mad_over_time', 'max_over_time', 'min_over_time', 'present_over_time', 'rate', 'resets', 'stddev_over_time', 'stdvar_over_time', 'sum_over_time', 'ts_of_first_over_time', 'ts_of_last_over_time', 'ts_of_max_over_time', 'ts_of_min_over_time']; // prettier-ignore
const OF_TIME = [
  'day_of_month',
  'day_of_week',
  'day_of_year',
  'days_in_month',
  'hour',
  'minute',
  'month',
  'year',
];

/** All functions of the stable language, whether the engine evaluates them yet or not. */
export const FUNCTIONS: ReadonlyMap<string, Signature> = new Map<string, Signature>([
  ...OF_VECTOR.map((name) => [name, signature(['vector'])] as const),
  ...OF_MATRIX.map((name) => [name, signature(['matrix'])] as const),
  ...OF_TIME.map((name) => [name, signature(['vector'], 1)] as const),
  ['clamp', signature(['vector', 'scalar', 'scalar'])],
  ['clamp_max', signature(['vector', 'scalar'])],
  ['clamp_min', signature(['vector', 'scalar'])],
  ['double_exponential_smoothing', signature(['matrix', 'scalar', 'scalar'])],
  ['histogram_fraction', signature(['scalar', 'scalar', 'vector'])],
  ['histogram_quantile', signature(['scalar', 'vector'])],
  ['holt_winters', signature(['matrix', 'scalar', 'scalar'])],
  ['info', signature(['vector', 'vector'], 1)],
  ['label_join', signature(['vector', 'string', 'string', 'string'], -1)],
  ['label_replace', signature(['vector', 'string', 'string', 'string', 'string'])],
  ['pi', signature([], 0, 'scalar')],
  ['predict_linear', signature(['matrix', 'scalar'])],
  ['quantile_over_time', signature(['scalar', 'matrix'])],
  ['round', signature(['vector', 'scalar'], 1)],
  ['scalar', signature(['vector'], 0, 'scalar')],
  ['sort_by_label', signature(['vector', 'string'], -1)],
  ['sort_by_label_desc', signature(['vector', 'string'], -1)],
  ['time', signature([], 0, 'scalar')],
  ['vector', signature(['scalar'])],
]);

/** Aggregation → the type of its parameter, undefined for none. */
export const AGGREGATIONS: ReadonlyMap<string, ValueType | undefined> = new Map<
  string,
  ValueType | undefined
>([
  ...['sum', 'avg', 'min', 'max', 'count', 'group', 'stddev', 'stdvar'].map(
    (name) => [name, undefined] as const,
  ),
  ['topk', 'scalar'],
  ['bottomk', 'scalar'],
  ['quantile', 'scalar'],
  ['limitk', 'scalar'],
  ['limit_ratio', 'scalar'],
  ['count_values', 'string'],
]);

/** The type of a checked tree; throws QueryError at the first operand of a wrong type. */
export function checkTypes(query: string, node: Expression): ValueType {
  switch (node.type) {
    case 'number':
      return 'scalar';
    case 'string':
      return 'string';
    case 'vector':
      return 'vector';
    case 'matrix':
      return 'matrix';
    case 'paren':
      return checkTypes(query, node.body);
    case 'subquery': {
      const type = checkTypes(query, node.body);
      if (type !== 'vector')
        throw fault(
          query,
          node,
          `subquery is only allowed on instant vector, got ${TYPE_NAMES[type]} instead`,
        );
      return 'matrix';
    }
    case 'unary': {
      const type = checkTypes(query, node.body);
      if (type !== 'scalar' && type !== 'vector')
        throw fault(
          query,
          node,
          `unary expression only allowed on expressions of type scalar or instant vector, got "${TYPE_NAMES[type]}"`,
        );
      return type;
    }
    case 'binary':
      return checkBinary(query, node);
    case 'aggregation':
      return checkAggregation(query, node);
    case 'call':
      return checkCall(query, node);
  }
}

function checkBinary(query: string, node: Binary): ValueType {
  const left = checkTypes(query, node.left);
  const right = checkTypes(query, node.right);
  for (const [side, type] of [
    [node.left, left],
    [node.right, right],
  ] as const) {
    if (type !== 'scalar' && type !== 'vector')
      throw fault(
        query,
        side,
        'binary expression must contain only scalar and instant vector types',
      );
  }
  const isSet = node.matching.card === 'many-to-many';
  if (isSet && (left === 'scalar' || right === 'scalar'))
    throw fault(query, node, `set operator "${node.op}" not allowed in binary scalar expression`);
  const isVectorPair = left === 'vector' && right === 'vector';
  if (!isVectorPair && (node.matching.labels.length > 0 || node.matching.isOn))
    throw fault(query, node, 'vector matching only allowed between instant vectors');
  const compares = ['==', '!=', '<', '<=', '>', '>='].includes(node.op);
  if (left === 'scalar' && right === 'scalar') {
    if (compares && !node.isBool)
      throw fault(query, node, 'comparisons between scalars must use BOOL modifier');
    return 'scalar';
  }
  return 'vector';
}

function checkAggregation(query: string, node: Aggregation): ValueType {
  const wanted = AGGREGATIONS.get(node.op);
  if (wanted === undefined && node.parameter !== undefined)
    throw fault(
      query,
      node,
      `wrong number of arguments for aggregate expression provided, expected 1, got 2`,
    );
  if (wanted !== undefined && node.parameter === undefined)
    throw fault(
      query,
      node,
      `wrong number of arguments for aggregate expression provided, expected 2, got 1`,
    );
  const type = checkTypes(query, node.body);
  if (type !== 'vector')
    throw fault(
      query,
      node.body,
      `expected type instant vector in aggregation expression, got ${TYPE_NAMES[type]}`,
    );
  if (node.parameter !== undefined && wanted !== undefined) {
    const given = checkTypes(query, node.parameter);
    if (given !== wanted)
      throw fault(
        query,
        node.parameter,
        `expected type ${TYPE_NAMES[wanted]} in aggregation parameter, got ${TYPE_NAMES[given]}`,
      );
  }
  return 'vector';
}

function checkCall(query: string, node: Call): ValueType {
  const known = FUNCTIONS.get(node.name);
  if (known === undefined) throw fault(query, node, `unknown function with name "${node.name}"`);
  const count = node.arguments.length;
  const least = known.parameters.length - Math.abs(known.optional);
  const most = known.optional < 0 ? Infinity : known.parameters.length;
  if (count < least || count > most) {
    const amount =
      least === most
        ? `expected ${least}`
        : count < least
          ? `expected at least ${least}`
          : `expected at most ${most}`;
    throw fault(query, node, `${amount} argument(s) in call to "${node.name}", got ${count}`);
  }
  node.arguments.forEach((argument, index) => {
    const wanted = known.parameters[Math.min(index, known.parameters.length - 1)];
    const given = checkTypes(query, argument);
    if (wanted !== undefined && given !== wanted)
      throw fault(
        query,
        argument,
        `expected type ${TYPE_NAMES[wanted]} in call to function "${node.name}", got ${TYPE_NAMES[given]}`,
      );
  });
  return known.returns;
}

function fault(query: string, node: Expression, why: string): QueryError {
  return new QueryError(query, node.start, why);
}
