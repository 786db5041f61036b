/**
 * Decides whether two discoveries of a job are the same: by the mechanism and every field of its
 * configuration, in a canonical form. One function serves all mechanisms, because every field that
 * a schema lets through influences what the mechanism finds. A value that has no canonical form
 * here, such as a function, throws instead of being left out.
 */
import { assert } from '../kernel/errors.ts';
import type { DiscoveryEntry } from './mechanisms.ts';

/**
 * Makes a key that is equal exactly for equal lists of configurations with the same base folder.
 */
export function entriesKey(
  entries: readonly DiscoveryEntry[],
  baseDirectory: string | undefined,
): string {
  const rendered = entries.map(({ key, config }) => `${key} ${render(config, key)}`);
  return [JSON.stringify(baseDirectory ?? ''), ...rendered].join('\n');
}

/** Renders JSON with sorted keys. An undefined field is the same as an absent one. */
function render(value: unknown, path: string): string {
  if (Array.isArray(value))
    return `[${value.map((item, index) => render(item, `${path}[${index}]`)).join()}]`;
  if (typeof value === 'object' && value !== null) return renderFields(value, path);
  const isKnown = value === null || ['string', 'number', 'boolean'].includes(typeof value);
  assert(isKnown, `a ${typeof value} at ${path} cannot identify a discovery`);
  return typeof value === 'number' ? String(value) : JSON.stringify(value);
}

function renderFields(value: object, path: string): string {
  const prototype: unknown = Object.getPrototypeOf(value);
  assert(
    prototype === Object.prototype || prototype === null,
    `an object with a class of its own at ${path} cannot identify a discovery`,
  );
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, field]) => `${JSON.stringify(name)}:${render(field, `${path}.${name}`)}`);
  return `{${fields.join()}}`;
}
