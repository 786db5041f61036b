/** EquivalentRules of relabelling as they are written in a configuration. Values only. */

export type WrittenRule = Readonly<Record<string, unknown>>;

/** The rules that do the same as something, or why there are none. */
export type EquivalentRules = readonly WrittenRule[] | { readonly reason: string };
