/**
 * Goes through all values of a document, at any depth, a slice at a time: a configuration may be
 * long, and nothing else would run meanwhile. Pure.
 */
import type { ConfigPath } from '../settings/finding.ts';

/** Values between two yields. */
const SLICE_VALUES = 1_000;

/** Calls `visit` with each value, and with its path; each mapping and list before what is in it. */
export function* visitValues(
  whole: unknown,
  visit: (value: unknown, path: ConfigPath) => void,
): Generator<undefined, void, undefined> {
  let left = SLICE_VALUES;
  const open: { readonly value: unknown; readonly path: ConfigPath }[] = [
    { value: whole, path: [] },
  ];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    left -= 1;
    if (left === 0) {
      left = SLICE_VALUES;
      yield;
    }
    const { value, path } = next;
    visit(value, path);
    if (Array.isArray(value))
      for (const [index, item] of value.entries())
        open.push({ value: item, path: [...path, index] });
    else if (typeof value === 'object' && value !== null)
      for (const [key, inner] of Object.entries(value))
        open.push({ value: inner, path: [...path, key] });
  }
}
