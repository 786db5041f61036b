/**
 * The processor `transform`: changes series by statements of OTTL, in either form.
 * Source: contrib's processor/transformprocessor/config.go, internal/common/config.go
 */
import * as z from 'zod';
import type { ConfigPath, Reporter } from '../../../settings/finding.ts';
import { refusedWhereUsed } from '../../../settings/refused-keys.ts';
import { switchSchema } from '../../../settings/switch.ts';
import type { ErrorMode } from '../../../transforms/ottl/program.ts';
import {
  runStatements,
  type StatementsGroup,
  type TextReporter,
} from '../../../transforms/statements.ts';
import { besideFor } from '../components.ts';
import {
  checkGrammar,
  contextSchema,
  DEFAULT_ERROR_MODE,
  errorModeSchema,
  reportFault,
  resolveContext,
  resolveErrorMode,
  textsOrGroups,
  textsSchema,
} from './ottl-settings.ts';
import { defineProcessor, NO_OTTL } from './processor.ts';

const groupSchema = z.strictObject({
  context: contextSchema.optional(),
  conditions: textsSchema.optional().describe('The statements run only where one of them is true.'),
  statements: textsSchema.optional().describe('What to change, one after another.'),
  error_mode: errorModeSchema.optional().describe('That of the group; by default the one above.'),
  shared_cache: switchSchema.optional().meta({
    description: 'Whether all groups that say so have one cache.',
    default: false,
  }),
  flatten: refusedWhereUsed('It is for log records; remove it.'),
});

const otherSignal = textsOrGroups(groupSchema).optional().meta({
  description: 'Checked; has no effect, as in the Collector: a pipeline of metrics has none.',
  fate: 'idle',
});

const schema = z.strictObject({
  error_mode: errorModeSchema.optional().meta({ default: DEFAULT_ERROR_MODE }),
  metric_statements: textsOrGroups(groupSchema)
    .optional()
    .describe('Statements for metrics: a list of them, or of groups of them with a context.'),
  trace_statements: otherSignal,
  log_statements: otherSignal,
  profile_statements: otherSignal,
  flatten_data: switchSchema
    .optional()
    .meta({ description: 'Refused as true: it is for log records.', default: false }),
});

type GroupInput = z.output<typeof groupSchema>;
type ListInput = readonly (string | GroupInput)[];

export const transformKind = defineProcessor({
  names: ['transform'],
  schema,
  as: 'a function of a series: values and times of samples can be neither asked nor changed',
  inTraces: ({ trace_statements: statements = [] }) =>
    statements.length === 0
      ? { idle: 'it has no statements for spans' }
      : { refused: `${NO_OTTL}, or ${besideFor('traces')}`, key: 'trace_statements' },
  resolve: (input, { name, at, report }) => {
    for (const key of ['trace_statements', 'log_statements', 'profile_statements'] as const) {
      const list = input[key];
      if (list === undefined) continue;
      for (const { group, groupAt } of readGroups(list, [...at, key])) {
        checkGrammar('conditions', group.conditions, { at: [...groupAt, 'conditions'], report });
        checkGrammar('statements', group.statements, { at: textsAt(list, groupAt), report });
      }
      report.warn([...at, key], `${key} has no effect in a pipeline of metrics`, 'key');
    }
    if (input.flatten_data === true)
      report.lacks([...at, 'flatten_data'], '"flatten_data" is for log records; remove it');
    const list = input.metric_statements ?? [];
    const mode = resolveErrorMode(input.error_mode);
    const found = readGroups(list, [...at, 'metric_statements']).map((one) => ({
      ...one,
      resolved: resolveGroup(one, mode, report),
    }));
    const groups = found.map(({ resolved }) => resolved).filter((one) => one !== undefined);
    if (groups.length < found.length) return undefined;
    if (groups.every(({ statements }) => statements.length === 0)) {
      report.warn(at, `processor "${name}" has no effect: it has no metric_statements`, 'key');
      return [];
    }
    const transform = runStatements(groups, (index): TextReporter => {
      const groupAt = found[index]?.groupAt ?? at;
      const group = groups[index];
      const pathOf = (kind: 'conditions' | 'statements', text: number): ConfigPath =>
        kind === 'conditions' ? [...groupAt, kind, text] : [...textsAt(list, groupAt), text];
      return {
        fault: (kind, text, error) =>
          reportFault(error, group?.[kind][text] ?? '', { at: pathOf(kind, text), report }),
        idle: (text, reason) =>
          report.warn(pathOf('statements', text), `the statement has no effect: ${reason}`),
      };
    });
    return transform === undefined ? undefined : [transform];
  },
});

interface LocatedGroup {
  readonly group: GroupInput;
  /** That of the list itself for the flat form, whose texts are one group. */
  readonly groupAt: ConfigPath;
}

function readGroups(list: ListInput, at: ConfigPath): LocatedGroup[] {
  const texts = list.filter((item) => typeof item === 'string');
  if (texts.length > 0) return [{ group: { statements: texts }, groupAt: at }];
  return list.flatMap((group, index) =>
    typeof group === 'string' ? [] : [{ group, groupAt: [...at, index] }],
  );
}

function textsAt(list: ListInput, groupAt: ConfigPath): ConfigPath {
  return typeof list[0] === 'string' ? groupAt : [...groupAt, 'statements'];
}

function resolveGroup(
  { group, groupAt }: LocatedGroup,
  mode: ErrorMode,
  report: Reporter,
): StatementsGroup | undefined {
  if (group.flatten !== undefined && group.flatten !== false) {
    report.lacks([...groupAt, 'flatten'], '"flatten" is for log records; remove it');
    return undefined;
  }
  const found = resolveContext(group.context, groupAt, report);
  if (found === undefined) return undefined;
  return {
    context: found.context,
    conditions: group.conditions ?? [],
    statements: group.statements ?? [],
    errorMode: resolveErrorMode(group.error_mode, mode),
    sharesCache: group.shared_cache ?? false,
  };
}
