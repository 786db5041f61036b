/**
 * Which web pages may send to a receiver, told to browsers by headers. Pure.
 * Source: https://fetch.spec.whatwg.org/#http-cors-protocol, and what the Collector answers:
 * github.com/rs/cors with credentials allowed
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { CorsSettings } from './settings.ts';

/** What browsers ask for where no headers are configured; others are allowed in any case. */
const DEFAULT_HEADERS = ['accept', 'content-type', 'x-requested-with'];
/** What a request of OTLP has; the Collector says that they are allowed in any case. */
const ALWAYS_ALLOWED = ['accept', 'accept-language', 'content-language', 'content-type', 'origin'];
/** A browser sends few names; more are not looked at. */
const NAMES_MAX = 64;

export type Headers = Readonly<Record<string, string>>;

/** Whether a request asks what a page may send, rather than sending it. */
export function isPreflight(method: string, headers: IncomingHttpHeaders): boolean {
  return method === 'OPTIONS' && headers['access-control-request-method'] !== undefined;
}

/** The headers of an answer to what a page sent; only Vary for an origin that may not. */
export function allowOrigin(cors: CorsSettings, headers: IncomingHttpHeaders): Headers {
  const origin = findOrigin(cors, headers);
  if (origin === undefined) return { vary: 'Origin' };
  const exposed = cors.exposedHeaders.join(', ');
  return {
    vary: 'Origin',
    ...origin,
    ...(exposed === '' ? {} : { 'access-control-expose-headers': exposed }),
  };
}

/**
 * The headers of the answer to a preflight, which allow nothing where origin or headers may not.
 */
export function answerPreflight(cors: CorsSettings, headers: IncomingHttpHeaders): Headers {
  const vary = {
    vary: 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers',
  };
  const origin = findOrigin(cors, headers);
  const method = headers['access-control-request-method'];
  const asked = splitNames(headers['access-control-request-headers']);
  if (origin === undefined || method !== 'POST' || !asked.every((name) => isAllowed(cors, name)))
    return vary;
  return {
    ...vary,
    ...origin,
    'access-control-allow-methods': 'POST',
    ...(asked.length === 0 ? {} : { 'access-control-allow-headers': asked.join(', ') }),
    ...(cors.maxAgeSeconds > 0 ? { 'access-control-max-age': String(cors.maxAgeSeconds) } : {}),
  };
}

function findOrigin(cors: CorsSettings, { origin }: IncomingHttpHeaders): Headers | undefined {
  if (origin === undefined) return undefined;
  if (!cors.origins.some((pattern) => matchesOrigin(pattern, origin))) return undefined;
  const isAny = cors.origins.includes('*');
  return {
    'access-control-allow-origin': isAny ? '*' : origin,
    'access-control-allow-credentials': 'true',
  };
}

/** One `*` stands for any characters; case does not count. */
export function matchesOrigin(pattern: string, origin: string): boolean {
  const [wanted, given] = [pattern.toLowerCase(), origin.toLowerCase()];
  const star = wanted.indexOf('*');
  if (star < 0) return wanted === given;
  const [start, end] = [wanted.slice(0, star), wanted.slice(star + 1)];
  return (
    given.length >= start.length + end.length && given.startsWith(start) && given.endsWith(end)
  );
}

function isAllowed({ headers }: CorsSettings, name: string): boolean {
  if (headers.includes('*')) return true;
  const known = headers.length === 0 ? DEFAULT_HEADERS : [...ALWAYS_ALLOWED, ...headers];
  return known.some((one) => one.toLowerCase() === name);
}

function splitNames(value: string | undefined): readonly string[] {
  return (value ?? '')
    .split(',', NAMES_MAX)
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '');
}
