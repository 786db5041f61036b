/**
 * The errors of a query: `QueryError` before it runs (the API's bad_data), `ExecutionError` while
 * it runs (the API's execution).
 */

/**
 * A query that is not valid, with the offset (UTF-16 units) and the reason. The message is
 * `line:column: parse error: why`.
 */
export class QueryError extends Error {
  override readonly name: string = 'QueryError';
  readonly offset: number;
  readonly why: string;
  constructor(query: string, offset: number, why: string, kind = 'parse error: ') {
    super(`${formatPosition(query, offset)}: ${kind}${why}`);
    this.offset = offset;
    this.why = why;
  }
}

/** The error for a part of the language that the engine does not evaluate. */
export function notSupported(query: string, offset: number, what: string): QueryError {
  return new QueryError(query, offset, `${what} is not supported yet`, '');
}

/**
 * An evaluation that can't go on: two series where one is allowed, a parameter out of range, a
 * limit exceeded.
 */
export class ExecutionError extends Error {
  override readonly name: string = 'ExecutionError';
}

const encoder = new TextEncoder();

/** `line:column`, both from 1; columns count bytes of UTF-8, as Prometheus counts them. */
export function formatPosition(query: string, offset: number): string {
  if (query === '') return 'unknown position';
  const before = query.slice(0, offset);
  const line = before.split('\n').length;
  const inLine = before.slice(before.lastIndexOf('\n') + 1);
  return `${line}:${encoder.encode(inLine).length + 1}`;
}
