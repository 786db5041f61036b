/**
 * The operations of REST-JSON services, from the lines of rest-paths.ts: which one a request calls
 * and with which input, and the request that an input makes. Pure.
 * Source: https://smithy.io/2.0/spec/http-bindings.html
 */
import type { AwsInput } from './service.ts';

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface RestOperation {
  readonly action: string;
  readonly method: Method;
  /** With members in braces. */
  readonly path: string;
  readonly status: number;
  readonly pattern: RegExp;
  /** Kinds of members of the query. */
  readonly kinds: ReadonlyMap<string, string>;
}

const LINE =
  /^(?<method>GET|POST|PUT|PATCH|DELETE) (?<path>\/[^? ]*)(?:\?(?<query>\S+))?(?: (?<status>\d{3}))?$/;

export function parseOperation(action: string, line: string): RestOperation {
  const { method, path = '', query, status } = LINE.exec(line)?.groups ?? {};
  if (method === undefined) throw new Error(`BUG: ${action} is written as ${line}`);
  const source = path.replaceAll(/\{(\w+)\}/g, '(?<$1>[^/]+)');
  return {
    action,
    method: method as Method,
    path,
    status: Number(status ?? 200),
    pattern: new RegExp(`^${source}$`),
    kinds: new Map(new URLSearchParams(query)),
  };
}

/** The members that the path and the query of a request give. */
export function readAddress(
  { pattern, kinds }: RestOperation,
  { path, query }: { readonly path: string; readonly query: string },
): AwsInput {
  const groups = Object.entries(pattern.exec(path)?.groups ?? {});
  const input: Record<string, unknown> = {};
  const others = [...kinds].find(([, kind]) => kind === 'others')?.[0];
  const parameters = new URLSearchParams(query);
  for (const name of new Set(parameters.keys())) {
    const values = parameters.getAll(name);
    const kind = kinds.get(name);
    if (kind === 'list') input[name] = values;
    else if (kind === 'number') input[name] = Number(values[0]);
    else if (others === undefined || kind === 'text') input[name] = values[0];
    else input[others] = { ...(input[others] as object | undefined), [name]: values };
  }
  for (const [name, value] of groups) input[name] = decodePart(value);
  return input;
}

/** A part that is not encoded correctly stays as it is, and names nothing. */
function decodePart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The request that calls an operation: its members in the path, and the others in the body. */
export function addressCall(
  { method, path, kinds }: RestOperation,
  input: AwsInput,
): { readonly method: Method; readonly path: string; readonly body: AwsInput } {
  const rest = { ...input };
  const take = (name: string): unknown => {
    const value = rest[name];
    delete rest[name];
    return value;
  };
  const filled = path.replaceAll(/\{(\w+)\}/g, (_whole, name: string) =>
    encodeURIComponent(String(take(name) ?? '')),
  );
  if (method !== 'GET' && method !== 'DELETE' && kinds.size === 0)
    return { method, path: filled, body: rest };
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(rest))
    for (const one of Array.isArray(value) ? value : [value]) query.append(name, String(one));
  return { method, path: query.size === 0 ? filled : `${filled}?${query}`, body: {} };
}
