/**
 * What a collector configuration is told by: its sections. Apart from what reads such a one, which
 * is loaded only where there is one, since its schemas hold 10 MB.
 */
import { isMapping } from '../mapping.ts';

/** Those that have components. */
export const SECTIONS = [
  'receivers',
  'processors',
  'exporters',
  'connectors',
  'extensions',
] as const;

export type Section = (typeof SECTIONS)[number];

export function isSection(key: string): key is Section {
  return (SECTIONS as readonly string[]).includes(key);
}

/** Whether a configuration is in this dialect: whether it has a key that only this one has. */
export function isCollectorConfig(value: unknown): boolean {
  return isMapping(value) && hasCollectorKey(Object.keys(value));
}

/** The same by the keys of its document. */
export function hasCollectorKey(keys: readonly string[]): boolean {
  return keys.some((key) => key === 'service' || isSection(key));
}
