/**
 * The actions that the processors `attributes` and `resource` have in common: their keys, and the
 * checks of an action.
 * Source: contrib's internal/coreinternal/attraction/attraction.go
 */
import * as z from 'zod';
import { compileSearch, type SearchRegex } from '../../../relabel/search.ts';
import type { ConfigPath, Reporter } from '../../../settings/finding.ts';
import { unsupported } from '../../../settings/refused-keys.ts';
import { listOf, presentSchema, textSchema } from '../../../settings/text.ts';
import type { AttributeAction } from '../../../transforms/attribute-actions.ts';

const ACTIONS = ['insert', 'update', 'upsert', 'delete', 'hash', 'extract', 'convert'] as const;
const EXPECTED = `expected one of ${ACTIONS.join(', ')}`;

const actionSchema = z.strictObject({
  key: presentSchema.describe('Name of the attribute; delete and hash may have a pattern.'),
  action: textSchema
    .transform((text) => text.toLowerCase())
    .pipe(z.enum(ACTIONS, { error: EXPECTED }))
    .describe(
      'insert where the attribute is not there, update where it is, upsert in both cases; ' +
        'delete; hash (SHA-256, in hex); extract named groups of the pattern; convert a number.',
    ),
  value: textSchema.optional().describe('The value; numbers and booleans become texts.'),
  from_attribute: presentSchema.describe('The attribute whose value is taken.'),
  from_context: unsupported('there are no clients; write the value, or take it from an attribute'),
  default_value: textSchema
    .optional()
    .describe('The value where the attribute of from_attribute is not there.'),
  pattern: presentSchema.describe(
    'A regular expression. extract: each of its groups is named and sets that attribute; delete ' +
      'and hash: the names of the attributes, anywhere in them.',
  ),
  converted_type: z
    .enum(['string', 'int', 'double'])
    .optional()
    .describe('convert: what a value becomes where it can; others stay.'),
});
type ActionInput = z.output<typeof actionSchema>;

export const actionsSchema = listOf(actionSchema).min(1, 'expected at least one action');

/** Checks the actions; undefined when one has faults, which are then reported. */
export function resolveActions(
  inputs: readonly ActionInput[],
  at: ConfigPath,
  report: Reporter,
): readonly AttributeAction[] | undefined {
  const actions = inputs.map((input, index) => resolveAction(input, [...at, index], report));
  return actions.every((one) => one !== undefined) ? actions : undefined;
}

/** What each action may have besides `key`. */
const USED: Readonly<Record<ActionInput['action'], readonly (keyof ActionInput)[]>> = {
  insert: ['value', 'from_attribute', 'default_value'],
  update: ['value', 'from_attribute', 'default_value'],
  upsert: ['value', 'from_attribute', 'default_value'],
  delete: ['pattern'],
  hash: ['pattern'],
  extract: ['pattern'],
  convert: ['converted_type'],
};

function resolveAction(
  input: ActionInput,
  at: ConfigPath,
  report: Reporter,
): AttributeAction | undefined {
  const { key = '', action } = input;
  const unused = Object.keys(input).filter(
    (name) =>
      !['key', 'action', ...USED[action]].includes(name) &&
      input[name as keyof ActionInput] !== undefined,
  );
  for (const name of unused)
    report.error(
      [...at, name],
      'CONFIG_VALUE',
      `action ${action} does not use "${name}"; remove it`,
    );
  const fail = (message: string): undefined =>
    report.error(at, 'CONFIG_VALUE', message) as undefined;
  const usesPattern = action === 'delete' || action === 'hash';
  if (key === '' && !(usesPattern && input.pattern !== undefined))
    return fail(usesPattern ? `${action} needs "key" or "pattern"` : `${action} needs "key"`);
  if (unused.length > 0) return undefined;
  const patternAt = [...at, 'pattern'];
  switch (action) {
    case 'insert':
    case 'update':
    case 'upsert': {
      const { value, from_attribute: fromAttribute, default_value: defaultValue } = input;
      if (value !== undefined && fromAttribute !== undefined)
        return fail('only one of "value" and "from_attribute" may be set');
      if (value === undefined && fromAttribute === undefined && defaultValue === undefined)
        return fail(`${action} needs "value", "from_attribute" or "default_value"`);
      return { action, key, value, fromAttribute, defaultValue };
    }
    case 'delete':
    case 'hash': {
      if (input.pattern === undefined) return { action, key };
      const pattern = compileActionPattern(input.pattern, patternAt, report);
      return pattern && { action, key, pattern };
    }
    case 'extract': {
      if (input.pattern === undefined) return fail('extract needs "pattern"');
      const pattern = compileActionPattern(input.pattern, patternAt, report);
      if (pattern === undefined) return undefined;
      if (pattern.groups > 0 && pattern.groups === pattern.groupNumbers.size)
        return { action, key, pattern };
      const message = 'name each group of the pattern, as in (?P<name>…): it sets that attribute';
      report.error(patternAt, 'CONFIG_VALUE', message);
      return undefined;
    }
    case 'convert': {
      const { converted_type: to } = input;
      return to === undefined ? fail('convert needs "converted_type"') : { action, key, to };
    }
  }
}

/** Compiles a pattern; undefined when it is not valid, which is then reported. */
export function compileActionPattern(
  pattern: string,
  at: ConfigPath,
  report: Reporter,
): SearchRegex | undefined {
  try {
    return compileSearch(pattern);
  } catch (error) {
    report.error(at, 'CONFIG_VALUE', (error as Error).message);
    return undefined;
  }
}
