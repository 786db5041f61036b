/**
 * What makes two discoveries of a job the same: the mechanism and every field of its configuration,
 * in a canonical form. One function for all mechanisms, because all that a mechanism's schema lets
 * through decides what it finds: no field is read anew at each use. A value that this cannot tell
 * from another, such as a function, is refused, not left out.
 */
import { assert } from '../kernel/errors.ts';
import type { DiscoveryEntry } from './mechanisms.ts';

/** Equal for equal lists of configurations that start from the same folder, and for no others. */
export function entriesKey(
  entries: readonly DiscoveryEntry[],
  baseDirectory: string | undefined,
): string {
  const rendered = entries.map(({ key, config }) => `${key} ${render(config, key)}`);
  return [JSON.stringify(baseDirectory ?? ''), ...rendered].join('\n');
}

/** JSON with sorted keys; a field that is undefined is one that is absent. */
function render(value: unknown, path: string): string {
  if (Array.isArray(value))
    return `[${value.map((one, index) => render(one, `${path}[${index}]`)).join()}]`;
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
    .filter(([, one]) => one !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, one]) => `${JSON.stringify(name)}:${render(one, `${path}.${name}`)}`);
  return `{${fields.join()}}`;
}
