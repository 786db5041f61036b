/**
 * The processor `filter` with lists of names as rules that keep and drop. Conditions and attributes
 * are no relabelling. Pure.
 */
import { matchNames } from './names.ts';
import type { EquivalentRules, WrittenRule } from './written-rule.ts';

interface NameList {
  readonly match_type?: string;
  readonly metric_names?: readonly string[];
}

export interface FilterInput {
  readonly metrics?: Readonly<Record<string, unknown>>;
}

const LISTS = ['include', 'exclude'];

export function filterRules(input: FilterInput): EquivalentRules {
  const other = Object.keys(input).find((key) => key !== 'metrics' && key !== 'error_mode');
  const inner = Object.keys(input.metrics ?? {}).find((key) => !LISTS.includes(key));
  if (other !== undefined || inner !== undefined)
    return { reason: `"${other ?? inner}" of the filter is no relabelling` };
  const rules: WrittenRule[] = [];
  for (const [key, action] of [['include', 'keep'], ['exclude', 'drop']] as const) {
    const list = input.metrics?.[key] as NameList | undefined;
    if (list === undefined) continue;
    const { match_type: match = 'strict', metric_names: names = [], ...rest } = list;
    const [unknown] = Object.keys(rest);
    if (unknown !== undefined || (match !== 'strict' && match !== 'regexp'))
      return { reason: `"${unknown ?? match}" of the filter is no relabelling` };
    if (names.length === 0) continue;
    const regex = matchNames(names, match);
    if (regex === undefined) return { reason: 'a pattern of the filter has an anchor within it' };
    rules.push({ source_labels: ['__name__'], regex, action });
  }
  return rules;
} // prettier-ignore
