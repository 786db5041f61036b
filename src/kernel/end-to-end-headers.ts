/**
 * The headers of a message that pass a proxy: end-to-end headers, unchanged. Headers about one
 * connection do not. Pure.
 * Source: https://www.rfc-editor.org/rfc/rfc9110#name-connection
 */

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

type Pair = readonly [name: string, value: string];

/** End-to-end headers of Node's `rawHeaders`, in their order; names in lower case. */
export function selectEndToEnd(raw: readonly string[]): Pair[] {
  const pairs = [...pairRawHeaders(raw)];
  const named = readConnectionNames(pairs);
  return pairs.filter(([name]) => !HOP_BY_HOP.has(name) && !named.has(name));
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

/** Pairs of Node's `rawHeaders`, in which names and values alternate; names in lower case. */
function* pairRawHeaders(raw: readonly string[]): Generator<Pair> {
  for (let i = 0; i + 1 < raw.length; i += 2)
    yield [(raw[i] ?? '').toLowerCase(), raw[i + 1] ?? ''];
}

/** Headers that `Connection` names; they are hop-by-hop too. */
function readConnectionNames(pairs: Iterable<Pair>): Set<string> {
  const named = new Set<string>();
  for (const [name, value] of pairs)
    if (name === 'connection')
      for (const option of value.split(',')) named.add(option.trim().toLowerCase());
  return named;
}
