/**
 * Parameters of API requests, from the query and, on POST, a form body: times, durations, repeated selectors.
 * Source: https://prometheus.io/docs/prometheus/latest/querying/api/
 */
import type { HttpRequest } from '../../kernel/http-server.ts';
import { parseDurationMs } from '../../model/duration.ts';
import { QueryError } from '../promql/errors.ts';
import { parseQuery } from '../promql/parser.ts';
import type { Matcher } from '../promql/queryable.ts';
import { ApiError } from './answer.ts';

export async function readParameters(request: HttpRequest): Promise<URLSearchParams> {
  const parameters = new URLSearchParams(request.query);
  const type = request.headers['content-type'] ?? '';
  if (request.method === 'POST' && type.startsWith('application/x-www-form-urlencoded')) {
    const body = new URLSearchParams((await request.body()).toString());
    for (const [name, value] of body) parameters.append(name, value);
  }
  return parameters;
}

export function required(parameters: URLSearchParams, name: string): string {
  const value = parameters.get(name);
  if (value === null || value === '')
    throw new ApiError('bad_data', `invalid parameter "${name}": it is missing`);
  return value;
}

/** Float seconds or RFC 3339 → ms. */
export function parseTime(parameters: URLSearchParams, name: string, fallbackMs: number): number {
  const text = parameters.get(name);
  if (text === null || text === '') return fallbackMs;
  const seconds = Number(text);
  if (Number.isFinite(seconds)) return Math.round(seconds * 1_000);
  const ms = /^\d{4}-\d\d-\d\d[Tt]/.test(text) ? Date.parse(text) : NaN;
  if (Number.isNaN(ms))
    throw new ApiError(
      'bad_data',
      `invalid parameter "${name}": cannot parse "${text}" to a valid timestamp`,
    );
  return ms;
}

/** Float seconds or a Prometheus duration → ms above 0. */
export function parseSpan(parameters: URLSearchParams, name: string): number {
  const text = required(parameters, name);
  const seconds = Number(text);
  const ms = Number.isFinite(seconds) ? Math.round(seconds * 1_000) : parseDurationMs(text);
  if (ms === undefined)
    throw new ApiError(
      'bad_data',
      `invalid parameter "${name}": cannot parse "${text}" to a valid duration`,
    );
  if (ms <= 0)
    throw new ApiError(
      'bad_data',
      `zero or negative query resolution step widths are not accepted. Try a positive integer`,
    );
  return ms;
}

/** 0: no limit. */
export function parseLimit(parameters: URLSearchParams): number {
  const text = parameters.get('limit');
  if (text === null || text === '') return 0;
  if (!/^\d+$/.test(text))
    throw new ApiError(
      'bad_data',
      `invalid parameter "limit": "${text}" is not a number from 0 up`,
    );
  return Number(text);
}

/** The selectors of `match[]`. */
export function parseSelectors(parameters: URLSearchParams): (readonly Matcher[])[] {
  return parameters.getAll('match[]').map((text) => {
    try {
      const tree = parseQuery(text);
      if (tree.type === 'vector' && tree.offsetMs === 0 && tree.at === undefined)
        return tree.matchers;
    } catch (error) {
      if (error instanceof QueryError)
        throw new ApiError('bad_data', `invalid parameter "match[]": ${error.message}`);
      throw error;
    }
    throw new ApiError('bad_data', `invalid parameter "match[]": "${text}" is not a selector`);
  });
}
