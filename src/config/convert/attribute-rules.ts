/**
 * The processor `attributes` as rules that set and empty labels. A rule whose regex does not match
 * changes nothing, which is how an absent source leaves a series as it is. Pure.
 */
import { escapeReplacement } from './names.ts';
import type { EquivalentRules, WrittenRule } from './written-rule.ts';

interface Action {
  readonly key?: string;
  readonly action?: string;
  readonly value?: unknown;
  readonly from_attribute?: string;
}

export interface AttributesInput {
  readonly actions?: readonly Action[];
}

export function attributeRules({ actions = [], ...rest }: AttributesInput): EquivalentRules {
  const [restricted] = Object.keys(rest);
  if (restricted !== undefined)
    return { reason: `"${restricted}" of attributes is no relabelling` };
  const rules: WrittenRule[] = [];
  for (const one of actions) {
    const rule = makeRule(one);
    if (rule === undefined)
      return { reason: `the action ${one.action ?? ''} of attributes is no relabelling` };
    rules.push(rule);
  }
  return rules;
}

function makeRule(action: Action): WrittenRule | undefined {
  const { key = '', value, from_attribute: from, ...rest } = action;
  if (Object.keys(rest).some((name) => name !== 'action')) return undefined;
  const replacement = from === undefined ? escapeReplacement(String(value)) : '$1';
  const sources = from === undefined ? [] : [from];
  const given = from === undefined ? '' : '(.+)';
  const conditions: Readonly<Record<string, WrittenRule>> = {
    delete: { replacement: '' },
    upsert: from === undefined ? { replacement } : { source_labels: sources, regex: given },
    insert: { source_labels: [...sources, key], regex: from === undefined ? '' : `${given};` },
    update: { source_labels: [...sources, key], regex: from === undefined ? '.+' : `${given};.+` },
  };
  const condition = conditions[action.action ?? ''];
  return condition && { target_label: key, replacement, ...condition };
}
