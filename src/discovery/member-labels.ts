/**
 * Labels of what AWS's answers hold, in the form that Prometheus gives to values: numbers in
 * digits, times without fractions of a second. Pure.
 */
import type { Labels } from './labels.ts';

/** The members of an object as labels; one that is absent or empty, or is no value, has none. */
export function makeMemberLabels<Name extends string>(
  table: Readonly<Record<string, Name>>,
  object: Readonly<Partial<Record<Name, unknown>>> | undefined,
): Labels {
  const values = Object.entries(table).map(([label, name]) => [label, writeValue(object?.[name])]);
  return Object.fromEntries(values.filter(([, value]) => value !== ''));
}

function writeValue(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return isTime(value) ? value.toISOString().replace(/\.\d+Z$/, 'Z') : '';
}

function isTime(value: unknown): value is { readonly toISOString: () => string } {
  return typeof value === 'object' && value !== null && 'toISOString' in value;
}
