/**
 * The query API of a workspace: the calls that evaluate and parse queries, and the status calls
 * that Grafana makes. Lists of what is stored are lists.ts. format_query gives one line, however
 * long, where Prometheus breaks it.
 * Source: https://prometheus.io/docs/prometheus/latest/querying/api/
 */
import type { Route } from '../../kernel/http-server.ts';
import { type ENGINE_DEFAULTS, evaluateInstant, evaluateRange } from '../promql/engine.ts';
import { parseQuery } from '../promql/parser.ts';
import { printExpression } from '../promql/printer.ts';
import { checkTypes, typeNameOf } from '../promql/types.ts';
import { ApiError, type Data } from './answer.ts';
import { makeListCalls } from './lists.ts';
import {
  invalid,
  parseLimit,
  parseSpan,
  parseTime,
  readQuery,
  parseRequiredSpan,
  parseRequiredTime,
} from './parameters.ts';
import { formatInstant, formatRange } from './result-json.ts';
import { type ApiCall, type QueryApiOptions, makeWorkspaceRoutes } from './routes.ts';
import { formatTree } from './tree-json.ts';

export type { QueryApiOptions } from './routes.ts';

const BOTH = ['GET', 'POST'] as const;
const TRUNCATED = ['results truncated due to limit'];
/** The default of Prometheus' --query.timeout. */
const QUERY_TIMEOUT_MS = 120_000;

/** The routes of the query API below a prefix such as `/workspaces/ws-local`. */
export function queryRoutes(prefix: string, options: QueryApiOptions): Route[] {
  const { store, world } = options;
  const evaluation: ApiCall[] = [
    {
      path: 'query',
      methods: BOTH,
      handle: (parameters) => {
        const limit = parseLimit(parameters);
        const atMs = parseTime(parameters, 'time', world.clock.nowMs());
        const engine = readEngineOptions(parameters);
        const result = evaluateInstant(readQuery(parameters), atMs, store, engine);
        return warnOfLimit(formatInstant(result, atMs, limit), countSeries(result), limit);
      },
    },
    {
      path: 'query_range',
      methods: BOTH,
      handle: (parameters) => {
        const limit = parseLimit(parameters);
        const range = parseRange(parameters);
        const engine = readEngineOptions(parameters);
        const query = readQuery(parameters);
        const type = checkTypes(query, parseQuery(query));
        if (type !== 'vector' && type !== 'scalar')
          throw invalid(
            'query',
            `invalid expression type "${typeNameOf(type)}" for range query, must be Scalar or ` +
              'instant Vector',
          );
        const result = evaluateRange(query, range, store, engine);
        const length = result.type === 'vector' ? result.columns.length : 1;
        return warnOfLimit(formatRange(result, range.startMs, range.stepMs, limit), length, limit);
      },
    },
    {
      path: 'format_query',
      methods: BOTH,
      handle: (parameters) => {
        const query = readQuery(parameters);
        const tree = parseQuery(query);
        checkTypes(query, tree);
        return { json: JSON.stringify(printExpression(tree)) };
      },
    },
    {
      path: 'parse_query',
      methods: BOTH,
      handle: (parameters) => ({ json: formatTree(readQuery(parameters)) }),
    },
  ];
  return makeWorkspaceRoutes(
    prefix,
    [
      ...evaluation,
      ...makeListCalls(store),
      ...makeStatusCalls(options.version),
      ...(options.moreCalls ?? []),
    ],
    options,
  );
}

function countSeries(result: ReturnType<typeof evaluateInstant>): number {
  if (result.type === 'vector') return result.columns.length;
  return result.type === 'matrix' ? result.series.length : 1;
}

function warnOfLimit(json: string, length: number, limit: number): Data {
  return length > limit ? { json, warnings: TRUNCATED } : { json };
}

function parseRange(parameters: URLSearchParams): {
  startMs: number;
  endMs: number;
  stepMs: number;
} {
  const startMs = parseRequiredTime(parameters, 'start');
  const endMs = parseRequiredTime(parameters, 'end');
  if (endMs < startMs) throw invalid('end', 'end timestamp must not be before start time');
  const stepMs = parseRequiredSpan(parameters, 'step');
  if (stepMs <= 0)
    throw invalid(
      'step',
      'zero or negative query resolution step widths are not accepted. Try a positive integer',
    );
  // Prometheus counts steps between points here, so a result can have 11,001 points.
  if ((endMs - startMs) / stepMs > 11_000)
    throw new ApiError(
      'bad_data',
      'exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query ' +
        'resolution (?step=XX)',
    );
  return { startMs, endMs, stepMs };
}

function readEngineOptions(parameters: URLSearchParams): Partial<typeof ENGINE_DEFAULTS> {
  const timeoutMs = Math.min(QUERY_TIMEOUT_MS, parseSpan(parameters, 'timeout') ?? Infinity);
  const lookbackMs = parseSpan(parameters, 'lookback_delta');
  const endMs = performance.now() + timeoutMs;
  return {
    stepsMax: 11_001,
    ...(lookbackMs !== undefined && lookbackMs > 0 ? { lookbackMs } : {}),
    check: () => {
      if (performance.now() > endMs)
        throw new ApiError('timeout', 'query timed out in expression evaluation');
    },
  };
}

function makeStatusCalls(version: string): ApiCall[] {
  const constant = (
    path: string,
    json: string,
    methods: ApiCall['methods'] = ['GET'],
  ): ApiCall => ({
    path,
    methods,
    handle: () => ({ json }),
  });
  const build = { revision: '', branch: '', buildUser: '', buildDate: '', goVersion: '' };
  return [
    // Without the field `features`: Grafana takes a workspace that has it for Mimir.
    constant('status/buildinfo', JSON.stringify({ version: `amperage-${version}`, ...build })),
    {
      path: 'query_exemplars',
      methods: BOTH,
      handle: (parameters) => {
        parseTime(parameters, 'start', 0);
        parseTime(parameters, 'end', 0);
        parseQuery(readQuery(parameters));
        return { json: '[]' };
      },
    },
  ];
}
