/**
 * Chooses the headers that pass the proxy in both directions: end-to-end headers, unchanged. Pure.
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

/** Headers that the proxy writes itself; those of the client belong to its own signature. */
const REPLACED = new Set([
  'authorization',
  'content-length',
  'host',
  'x-amz-content-sha256',
  'x-amz-date',
  'x-amz-security-token',
]);

/** Pairs of Node's `rawHeaders`, in which names and values alternate; names in lower case. */
function* pairRawHeaders(raw: readonly string[]): Generator<HeaderPair> {
  for (let i = 0; i + 1 < raw.length; i += 2)
    yield [(raw[i] ?? '').toLowerCase(), raw[i + 1] ?? ''];
}

/** Headers that `Connection` names; they are hop-by-hop too. */
function readConnectionNames(pairs: Iterable<HeaderPair>): Set<string> {
  const named = new Set<string>();
  for (const [name, value] of pairs)
    if (name === 'connection')
      for (const option of value.split(',')) named.add(option.trim().toLowerCase());
  return named;
}

/** The client's headers that are sent to the upstream, without host and signature. */
export function selectForwardedHeaders(
  raw: readonly string[],
  config: Pick<ProxyConfig, 'strip' | 'duplicate' | 'customHeaders'>,
): HeaderPair[] {
  const named = readConnectionNames(pairRawHeaders(raw));
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

/** Counts this proxy in `Max-Forwards`, which limits how many proxies an OPTIONS may pass. */
export function decrementMaxForwards(
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

/** The upstream's headers that are sent back to the client. */
export function selectReturnedHeaders(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Record<string, string | string[]> {
  const connection = headers['connection'];
  const named = readConnectionNames(
    connection === undefined ? [] : [['connection', [connection].flat().join(',')]],
  );
  const kept: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined && !HOP_BY_HOP.has(name) && !named.has(name)) kept[name] = value;
  return kept;
}

const PRESIGNED =
  /^X-Amz-(?:Algorithm|Credential|Date|Expires|Security-Token|Signature|SignedHeaders)=/i;

/** Removes an older signature from a query; every other byte stays. */
export function removePresignature(query: string): string {
  if (!/X-Amz-/i.test(query)) return query;
  return query
    .split('&')
    .filter((pair) => !PRESIGNED.test(pair))
    .join('&');
}
