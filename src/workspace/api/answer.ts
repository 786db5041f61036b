/**
 * The envelope of answers of the Prometheus API: success with data, errors with type and status;
 * gzip and CORS headers.
 * Source: https://prometheus.io/docs/prometheus/latest/querying/api/#format-overview
 */
import { gzipSync } from 'node:zlib';
import { describeError } from '../../kernel/errors.ts';
import { HttpError } from '../../kernel/http-error.ts';
import { type HttpRequest, type HttpResponse } from '../../kernel/http-server.ts';
import { ExecutionError, QueryError } from '../promql/errors.ts';

export type ErrorType =
  | 'bad_data'
  | 'execution'
  | 'timeout'
  | 'internal'
  | 'forbidden'
  | 'not_found'
  | 'unavailable';

const STATUS: Readonly<Record<ErrorType, number>> = {
  bad_data: 400,
  execution: 422,
  timeout: 503,
  internal: 500,
  forbidden: 403,
  not_found: 404,
  unavailable: 503,
};

/** An error that a handler throws to answer with a certain type and status. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly type: ErrorType;
  constructor(type: ErrorType, message: string, options?: ErrorOptions) {
    super(message, options);
    this.type = type;
  }
}

/** The result of a call. */
export interface Data {
  /** JSON text, which becomes the `data` of the answer unchanged. */
  readonly json: string;
  readonly warnings?: readonly string[];
}

/**
 * Runs a handler and makes the answer from what it returns or throws.
 *
 * @param cors  headers by which web pages of other origins may read the answer
 */
export async function answer(
  request: HttpRequest,
  cors: Readonly<Record<string, string>>,
  handle: () => Promise<Data> | Data,
): Promise<HttpResponse> {
  try {
    const { json, warnings = [] } = await handle();
    const more = warnings.length === 0 ? '' : `,"warnings":${JSON.stringify(warnings)}`;
    return makeEnvelope(request, cors, 200, `{"status":"success","data":${json}${more}}`);
  } catch (error) {
    const type = classifyError(error);
    const text = error instanceof QueryError ? describeQueryError(error) : describeError(error);
    // HttpError is from the HTTP server (a body that is too large), which answers it by itself.
    if (error instanceof HttpError) throw error;
    return makeEnvelope(
      request,
      cors,
      STATUS[type],
      JSON.stringify({ status: 'error', errorType: type, error: text }),
    );
  }
}

function classifyError(error: unknown): ErrorType {
  if (error instanceof ApiError) return error.type;
  if (error instanceof QueryError) return 'bad_data';
  return error instanceof ExecutionError ? 'execution' : 'internal';
}

function describeQueryError(error: QueryError): string {
  return error.message.startsWith('invalid parameter')
    ? error.message
    : `invalid parameter "query": ${error.message}`;
}

const GZIP_FROM_BYTES = 1_024;

function makeEnvelope(
  request: HttpRequest,
  cors: Readonly<Record<string, string>>,
  status: number,
  json: string,
): HttpResponse {
  const headers: Record<string, string> = { 'content-type': 'application/json', ...cors };
  const wantsGzip = /\bgzip\b/.test(request.headers['accept-encoding'] ?? '');
  if (!wantsGzip || json.length < GZIP_FROM_BYTES) return { status, headers, body: json };
  return {
    status,
    headers: { ...headers, 'content-encoding': 'gzip', vary: 'accept-encoding' },
    body: gzipSync(json, { level: 1 }),
  };
}

/** CORS headers for a request of a web page, which has an Origin; none for other requests. */
export function makeCorsHeaders(request: HttpRequest): Record<string, string> {
  if (request.headers.origin === undefined) return {};
  return {
    'access-control-allow-origin': '*',
    'access-control-allow-methods': 'GET, POST, OPTIONS',
    'access-control-allow-headers': 'Accept, Authorization, Content-Type, Origin',
    'access-control-expose-headers': 'Date',
  };
}
