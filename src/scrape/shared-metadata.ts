/**
 * Words about families, shared by targets: the tasks of a service all say the same, and what they
 * say is more than their samples.
 */
import type { SeriesMetadata } from '../model/sample.ts';

/** Beyond it nothing more is shared until what is known has been forgotten. */
const SHARED_MAX = 10_000;
/** Longer words are each target's own: they are kept here when the target has gone. */
const LENGTH_MAX = 512;
const texts = new Map<string, string>();
const entries = new Map<string, SeriesMetadata>();

/** The same text, as the first one that came. */
export function sharedText(text: string): string {
  return shared(texts, text, text);
}

/** The same words, in the object of the first who said them. */
export function sharedMetadata(metadata: SeriesMetadata): SeriesMetadata {
  const { type, unit, help } = metadata;
  return shared(entries, `${type}\n${unit}\n${help}`, metadata);
}

function shared<T>(known: Map<string, T>, key: string, value: T): T {
  const found = known.get(key);
  if (found !== undefined) return found;
  if (key.length > LENGTH_MAX) return value;
  if (known.size >= SHARED_MAX) known.clear();
  known.set(key, value);
  return value;
}
