/**
 * Parameters of API requests, from the URL and, for POST, from a form body: times, durations,
 * limits, selectors. Errors have the messages of Prometheus.
 * Source: https://prometheus.io/docs/prometheus/latest/querying/api/
 */
import type { HttpRequest } from '../../kernel/http-server.ts';
import { parseDurationMs } from '../../model/duration.ts';
import { QueryError } from '../promql/errors.ts';
import { compileMatcher } from '../promql/matcher.ts';
import type { Matcher } from '../promql/queryable.ts';
import { parseSelectorText } from '../promql/selector-parser.ts';
import { ApiError } from './answer.ts';

/**
 * The parameters of a request. Those of the form come first, so they win over the URL's where one
 * value is read.
 */
export async function readParameters(request: HttpRequest): Promise<URLSearchParams> {
  const type = request.headers['content-type'] ?? '';
  const isForm = request.method === 'POST' && type.startsWith('application/x-www-form-urlencoded');
  const parameters = new URLSearchParams(isForm ? (await request.body()).toString() : '');
  for (const [name, value] of new URLSearchParams(request.query)) parameters.append(name, value);
  return parameters;
}

/** The PromQL text; '' where the parameter is missing, which the parser refuses. */
export function readQuery(parameters: URLSearchParams): string {
  return parameters.get('query') ?? '';
}

/** Float seconds or RFC 3339 → ms; the fallback where the parameter is absent. */
export function parseTime(parameters: URLSearchParams, name: string, fallbackMs: number): number {
  const text = parameters.get(name);
  if (text === null || text === '') return fallbackMs;
  const ms = toTimeMs(text);
  if (ms !== undefined) return ms;
  throw invalid(
    name,
    `invalid time value for '${name}': cannot parse ${quote(text)} to a valid timestamp`,
  );
}

export function parseRequiredTime(parameters: URLSearchParams, name: string): number {
  const text = parameters.get(name) ?? '';
  const ms = toTimeMs(text);
  if (ms === undefined) throw invalid(name, `cannot parse ${quote(text)} to a valid timestamp`);
  return ms;
}

/** RFC 3339. A blank is taken for the `+` of a zone, because an unescaped `+` in a URL is one. */
const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[-+ ]\d\d:\d\d)$/;

function toTimeMs(text: string): number | undefined {
  const seconds = parseNumber(text);
  if (seconds !== undefined) return Math.round(seconds * 1_000);
  const ms = RFC3339.test(text) ? Date.parse(text.replace(' ', '+')) : NaN;
  return Number.isNaN(ms) ? undefined : ms;
}

function parseNumber(text: string): number | undefined {
  return /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/.test(text) ? Number(text) : undefined;
}

/** Float seconds or a Prometheus duration → ms, undefined where the parameter is absent. */
export function parseSpan(parameters: URLSearchParams, name: string): number | undefined {
  const text = parameters.get(name);
  return text === null || text === '' ? undefined : parseRequiredSpan(parameters, name);
}

export function parseRequiredSpan(parameters: URLSearchParams, name: string): number {
  const text = parameters.get(name) ?? '';
  const seconds = parseNumber(text);
  const ms = seconds === undefined ? parseDurationMs(text) : Math.round(seconds * 1_000);
  if (ms === undefined || !Number.isSafeInteger(ms))
    throw invalid(name, `cannot parse ${quote(text)} to a valid duration`);
  return ms;
}

/** The limit of a result; Infinity where there is none, or 0. */
export function parseLimit(parameters: URLSearchParams): number {
  const text = parameters.get('limit');
  if (text === null || text === '') return Infinity;
  if (!/^[-+]?\d+$/.test(text))
    throw invalid('limit', `strconv.Atoi: parsing ${quote(text)}: invalid syntax`);
  const limit = Number(text);
  if (limit < 0) throw invalid('limit', 'limit must be non-negative');
  return limit === 0 ? Infinity : limit;
}

/** The matchers of each `match[]` selector. */
export function parseSelectors(parameters: URLSearchParams): (readonly Matcher[])[] {
  return parameters.getAll('match[]').map((text) => {
    const matchers = parseSelectorParameter(text);
    if (matchers.every((matcher) => compileMatcher(matcher)('')))
      throw invalid('match[]', 'match[] must contain at least one non-empty matcher');
    return matchers;
  });
}

function parseSelectorParameter(text: string): readonly Matcher[] {
  try {
    return parseSelectorText(text);
  } catch (error) {
    if (error instanceof QueryError) throw invalid('match[]', error.message);
    throw error;
  }
}

/** The error for a parameter that is not valid. */
export function invalid(name: string, why: string): ApiError {
  return new ApiError('bad_data', `invalid parameter "${name}": ${why}`);
}

function quote(text: string): string {
  return JSON.stringify(text);
}
