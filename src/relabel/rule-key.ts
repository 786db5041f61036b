/**
 * When two relabelling rules are the same. FIELDS has an entry for every field of a rule, so that a
 * new field does not compile until somebody has decided whether it counts. Pure.
 */
import type { RelabelRule } from './relabel.ts';

/**
 * How each field enters the key. Undefined for a field that follows from the others, and for
 * `isNameValid`, which follows from the name scheme of the configuration.
 */
const FIELDS: {
  readonly [Key in keyof RelabelRule]-?: ((value: RelabelRule[Key]) => RuleField) | undefined;
} = {
  action: keepAsIs,
  sourceLabels: keepAsIs,
  separator: keepAsIs,
  regex: ({ source }) => source,
  targetLabel: keepAsIs,
  replacement: keepAsIs,
  modulus: keepAsIs,
  targetTemplate: undefined,
  replacementTemplate: undefined,
  isNameValid: undefined,
};

type RuleField = string | number | readonly string[];

/** Pairs of field and value, equal for two rules that do the same to every label set. */
export function ruleKey(rule: RelabelRule): readonly (readonly [string, RuleField])[] {
  const names = Object.keys(FIELDS) as (keyof RelabelRule)[];
  return names.flatMap((name): [string, RuleField][] => {
    const field = FIELDS[name] as ((value: unknown) => RuleField) | undefined;
    return field === undefined ? [] : [[name, field(rule[name])]];
  });
}

function keepAsIs<Value extends RuleField>(value: Value): Value {
  return value;
}
