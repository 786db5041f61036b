/**
 * The functions and aggregations of PromQL with the types of their parameters, including those that
 * the engine does not evaluate yet. A table only.
 * Source: https://prometheus.io/docs/prometheus/latest/querying/functions/
 */

export type ValueType = 'scalar' | 'vector' | 'matrix' | 'string';

export interface Signature {
  readonly parameters: readonly ValueType[];
  /**
   * As in Prometheus. 0: as many arguments as parameters. n > 0: the last parameter is optional and
   * may be given up to n times. -1: it is optional and may be given any number of times.
   */
  readonly variadic: number;
  readonly returns: ValueType;
}

const signature = (
  parameters: readonly ValueType[],
  variadic = 0,
  returns: ValueType = 'vector',
): Signature => ({ parameters, variadic, returns });

const OF_VECTOR = [
  'abs', 'absent', 'acos', 'acosh', 'asin', 'asinh', 'atan', 'atanh', 'ceil', 'cos', 'cosh', 'deg', 'exp', 'floor',
  'histogram_avg', 'histogram_count', 'histogram_stddev', 'histogram_stdvar', 'histogram_sum', 'ln', 'log10', 'log2', 'rad',
  'sgn', 'sin', 'sinh', 'sort', 'sort_desc', 'sqrt', 'tan', 'tanh', 'timestamp',
]; // prettier-ignore
const OF_MATRIX = [
  'absent_over_time', 'avg_over_time', 'changes', 'count_over_time', 'delta', 'deriv', 'first_over_time', 'idelta',
  'increase', 'irate', 'last_over_time', 'mad_over_time', 'max_over_time', 'min_over_time', 'present_over_time', 'rate',
  'resets', 'stddev_over_time', 'stdvar_over_time', 'sum_over_time', 'ts_of_first_over_time', 'ts_of_last_over_time',
  'ts_of_max_over_time', 'ts_of_min_over_time',
]; // prettier-ignore
const OF_TIME = [
  'day_of_month', 'day_of_week', 'day_of_year', 'days_in_month', 'hour', 'minute', 'month', 'year',
]; // prettier-ignore

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

/** Aggregation → the type of its parameter; undefined where it has none. */
export const AGGREGATIONS: ReadonlyMap<string, ValueType | undefined> = new Map<
  string,
  ValueType | undefined
>([
  ...['sum', 'avg', 'min', 'max', 'count', 'group', 'stddev', 'stdvar'].map(
    (name) => [name, undefined] as const,
  ),
  ...['topk', 'bottomk', 'quantile', 'limitk', 'limit_ratio'].map(
    (name) => [name, 'scalar'] as const,
  ),
  ['count_values', 'string'],
]);
