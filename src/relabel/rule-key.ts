/**
 * What makes two relabelling rules the same: every field is named here, and one that is new does
 * not compile before somebody has decided. Pure.
 */
import type { RelabelRule } from './relabel.ts';

/**
 * Undefined where a field follows from the others, or from the name scheme of whoever compiled the
 * rule.
 */
const FIELDS: {
  readonly [Key in keyof RelabelRule]-?: ((value: RelabelRule[Key]) => RuleField) | undefined;
} = {
  action: same,
  sourceLabels: same,
  separator: same,
  regex: ({ source }) => source,
  targetLabel: same,
  replacement: same,
  modulus: same,
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

function same<Value extends RuleField>(value: Value): Value {
  return value;
}
