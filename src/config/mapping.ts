/** Mappings of documents of which nothing is known yet. Pure. */

export type Mapping = Readonly<Record<string, unknown>>;

export function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Without the keys that have no value. */
export function withoutUndefined(keys: Mapping): Mapping {
  return Object.fromEntries(Object.entries(keys).filter(([, value]) => value !== undefined));
}
