/**
 * The processor `metricstransform` as rules, where it gives new names to metrics and labels. Copies
 * and sums of series are no relabelling. Pure.
 */
import { escapeReplacement, matchNames, withSuffixGroup } from './names.ts';
import type { EquivalentRules, WrittenRule } from './written-rule.ts';

interface Operation {
  readonly action?: string;
  readonly label?: string;
  readonly new_label?: string;
  readonly new_value?: string;
}

interface Rename {
  readonly include?: string;
  readonly match_type?: string;
  readonly action?: string;
  readonly new_name?: string;
  readonly operations?: readonly Operation[];
}

export interface RenamesInput {
  readonly transforms?: readonly Rename[];
}

export function renameRules({ transforms = [] }: RenamesInput): EquivalentRules {
  const rules: WrittenRule[] = [];
  for (const one of transforms) {
    const made = rulesOf(one);
    if (made === undefined)
      return { reason: 'metricstransform does more there than give new names' };
    rules.push(...made);
  }
  return rules;
}

function rulesOf({
  include = '',
  match_type: match = 'strict',
  action,
  new_name: newName,
  operations = [],
  ...rest
}: Rename): WrittenRule[] | undefined {
  if (action !== 'update' || Object.keys(rest).length > 0) return undefined;
  if (match !== 'strict' && match !== 'regexp') return undefined;
  // A name with groups of a pattern would need that pattern to match the whole name.
  if (newName !== undefined && match === 'regexp') return undefined;
  const names = matchNames([include], match);
  if (names === undefined) return undefined;
  const operationRules: WrittenRule[] = [];
  for (const operation of operations) {
    const made = rulesOfOperation(operation, names);
    if (made === undefined) return undefined;
    operationRules.push(...made);
  }
  const renamed =
    newName === undefined
      ? []
      : [
          {
            source_labels: ['__name__'],
            regex: withSuffixGroup(names),
            target_label: '__name__',
            replacement: `${escapeReplacement(newName)}$\{1}`,
          },
        ];
  return [...operationRules, ...renamed];
}

function rulesOfOperation(operation: Operation, names: string): WrittenRule[] | undefined {
  const { action, label = '', new_label: newLabel, new_value: newValue, ...rest } = operation;
  if (Object.keys(rest).length > 0) return undefined;
  if (action === 'toggle_scalar_data_type') return [];
  if (newLabel === undefined) return undefined;
  if (action === 'add_label')
    return [
      {
        source_labels: ['__name__'],
        regex: names,
        target_label: newLabel,
        replacement: escapeReplacement(newValue ?? ''),
      },
    ];
  if (action !== 'update_label' || newValue !== undefined) return undefined;
  return [
    {
      source_labels: ['__name__', label],
      regex: `${names};(.+)`,
      target_label: newLabel,
      replacement: '$1',
    },
    {
      source_labels: ['__name__', label],
      regex: `${names};.+`,
      target_label: label,
      replacement: '',
    },
  ];
}
