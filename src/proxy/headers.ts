/**
 * Which headers pass a proxy, in both directions: end-to-end ones, as they came. Pure.
 * Source: https://www.rfc-editor.org/rfc/rfc9110#name-connection
 */
import type { HeaderPair } from '../aws/wire-signing.ts';
import type { ProxyConfig } from './config.ts';

const HOP_BY_HOP = new Set([
  'connection',
  'expect',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** What we write ourselves, so that no client's old signature or length gets in the way. */
const REPLACED = new Set([
  'authorization',
  'content-length',
  'host',
  'x-amz-content-sha256',
  'x-amz-date',
  'x-amz-security-token',
]);

/** Name and value of the arrival's alternating list, names in lower case. */
function* pairRawHeaders(raw: readonly string[]): Generator<HeaderPair> {
  for (let i = 0; i + 1 < raw.length; i += 2)
    yield [(raw[i] ?? '').toLowerCase(), raw[i + 1] ?? ''];
}

/** Those that Connection names belong to the connection too. */
function namedByConnection(pairs: Iterable<HeaderPair>): Set<string> {
  const named = new Set<string>();
  for (const [name, value] of pairs)
    if (name === 'connection')
      for (const one of value.split(',')) named.add(one.trim().toLowerCase());
  return named;
}

/** A client's headers as they go on, without host and signature. */
export function forwardedHeaders(
  raw: readonly string[],
  config: Pick<ProxyConfig, 'strip' | 'duplicate' | 'customHeaders'>,
): HeaderPair[] {
  const named = namedByConnection(pairRawHeaders(raw));
  const kept: HeaderPair[] = [];
  for (const pair of pairRawHeaders(raw)) {
    const [name] = pair;
    if (HOP_BY_HOP.has(name) || named.has(name) || config.strip.includes(name)) continue;
    const isCopied = config.duplicate.includes(name) && pair[1] !== '';
    if (isCopied && !kept.some(([other]) => other === `x-original-${name}`))
      kept.push([`x-original-${name}`, pair[1]]);
    if (!REPLACED.has(name)) kept.push(pair);
  }
  for (const [name, value] of config.customHeaders)
    if (!kept.some(([other]) => other === name)) kept.push([name, value]);
  return kept;
}

/** OPTIONS says how many proxies it may pass, of which we are one. */
export function oneHopLess(
  headers: readonly HeaderPair[],
  method: string | undefined,
): readonly HeaderPair[] {
  if (method !== 'OPTIONS') return headers;
  return headers.map(([name, value]) =>
    name === 'max-forwards' && /^\d+$/.test(value)
      ? [name, String(Math.max(0, Number(value) - 1))]
      : [name, value],
  );
}

/** An answer's headers as they go back. */
export function returnedHeaders(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Record<string, string | string[]> {
  const connection = headers['connection'];
  const named = namedByConnection(
    connection === undefined ? [] : [['connection', [connection].flat().join(',')]],
  );
  const kept: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined && !HOP_BY_HOP.has(name) && !named.has(name)) kept[name] = value;
  return kept;
}

const PRESIGNED =
  /^X-Amz-(?:Algorithm|Credential|Date|Expires|Security-Token|Signature|SignedHeaders)=/i;

/** The query without an older signature; every other byte stays. */
export function withoutPresignature(query: string): string {
  if (!/X-Amz-/i.test(query)) return query;
  return query
    .split('&')
    .filter((pair) => !PRESIGNED.test(pair))
    .join('&');
}
