/**
 * Chooses the client's headers that pass the proxy: end-to-end headers, unchanged but for what the
 * configuration adds, copies and strips. Pure.
 * Source: https://www.rfc-editor.org/rfc/rfc9110#name-connection
 */
import { isReplacedHeader } from '../aws/replaced-signature.ts';
import type { HeaderPair } from '../aws/wire-signing.ts';
import { selectEndToEnd } from '../kernel/end-to-end-headers.ts';
import type { ProxyConfig } from './config.ts';

/** The client's headers that are sent to the upstream, without host and signature. */
export function selectForwardedHeaders(
  raw: readonly string[],
  config: Pick<ProxyConfig, 'strip' | 'duplicate' | 'customHeaders'>,
): HeaderPair[] {
  const kept: HeaderPair[] = [];
  for (const pair of selectEndToEnd(raw)) {
    const [name] = pair;
    if (config.strip.some((pattern) => matches(name, pattern))) continue;
    const isCopied = config.duplicate.includes(name) && pair[1] !== '';
    if (isCopied && !kept.some(([other]) => other === `x-original-${name}`))
      kept.push([`x-original-${name}`, pair[1]]);
    if (!isReplacedHeader(name)) kept.push(pair);
  }
  for (const [name, value] of config.customHeaders)
    if (!kept.some(([other]) => other === name)) kept.push([name, value]);
  return kept;
}

/** A star at the end stands for the rest of the name. */
function matches(name: string, pattern: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
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
