/**
 * The detector `env`: OTEL_RESOURCE_ATTRIBUTES, and the older OTEL_RESOURCE where that is empty.
 * A list of `key=value`, separated by commas; values are escaped as in a query. Pure.
 * Source: contrib's processor/resourcedetectionprocessor/internal/env/env.go
 */
import type { DetectedAttributes } from './transform.ts';

// oxlint-disable-next-line no-control-regex -- the Collector takes ASCII, control characters too
const PAIR = /\s*([\x00-\x7f]{1,256}?)\s*=\s*([\x00-\x7f]{0,256}?)\s*(?:,|$)/y;

/** @throws  for a text that is not such a list; it has then no attribute at all */
export function detectEnv(env: Readonly<Record<string, string | undefined>>): DetectedAttributes {
  const own = env['OTEL_RESOURCE_ATTRIBUTES']?.trim();
  const text = own === undefined || own === '' ? (env['OTEL_RESOURCE']?.trim() ?? '') : own;
  const found = new Map<string, string>();
  let at = 0;
  while (at < text.length) {
    PAIR.lastIndex = at;
    const match = PAIR.exec(text);
    if (match === null)
      throw new Error(
        'OTEL_RESOURCE_ATTRIBUTES is no list of key=value, separated by commas, at ' +
          `"${text.slice(at, at + 40)}"`,
      );
    found.set(match[1] ?? '', unescape(match[2] ?? ''));
    at = PAIR.lastIndex;
  }
  return found;
}

function unescape(value: string): string {
  try {
    return decodeURIComponent(value.replaceAll('+', ' '));
  } catch {
    throw new Error(`OTEL_RESOURCE_ATTRIBUTES has a value with a broken %-escape: "${value}"`);
  }
}
