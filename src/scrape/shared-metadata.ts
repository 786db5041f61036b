/**
 * Shares equal metadata between targets: the tasks of a service all send the same texts, which
 * would take more memory than their samples.
 */
import type { SeriesMetadata } from '../model/sample.ts';

/**
 * Entries of each map; a full map is emptied, and what comes later is not shared with what was
 * there.
 */
const SHARED_MAX = 10_000;
/** Longer texts are not shared, since the maps keep them after the target is gone. */
const LENGTH_MAX = 512;
const texts = new Map<string, string>();
const entries = new Map<string, SeriesMetadata>();

/** The equal string that came first. */
export function shareText(text: string): string {
  return share(texts, text, text);
}

/** The equal object that came first. */
export function shareMetadata(metadata: SeriesMetadata): SeriesMetadata {
  const { type, unit, help } = metadata;
  return share(entries, `${type}\n${unit}\n${help}`, metadata);
}

function share<T>(known: Map<string, T>, key: string, value: T): T {
  const found = known.get(key);
  if (found !== undefined) return found;
  if (key.length > LENGTH_MAX) return value;
  if (known.size >= SHARED_MAX) known.clear();
  known.set(key, value);
  return value;
}
