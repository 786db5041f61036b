/**
 * The processor `filter`: drops series by OTTL conditions, or by names and resource attributes.
 * Source: contrib's processor/filterprocessor/config.go, internal/filter/filterconfig/config.go
 */
import * as z from 'zod';
import { countSchema } from '../../../settings/count.ts';
import type { ConfigPath } from '../../../settings/finding.ts';
import { ignoredValue } from '../../../settings/refused-keys.ts';
import { switchSchema } from '../../../settings/switch.ts';
import { listOf, textSchema } from '../../../settings/text.ts';
import type { Transform } from '../../../model/transform.ts';
import { type ConditionGroup, dropWhere, matchMetrics } from '../../../transforms/filter.ts';
import { type ErrorMode, makeCondition } from '../../../transforms/ottl/program.ts';
import type { ComponentContext } from '../component.ts';
import { besideFor } from '../components.ts';
import { resolveMatch } from './filter-match.ts';
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
import { defineProcessor } from './processor.ts';

const regexpSchema = z.strictObject({
  cacheenabled: ignoredValue(switchSchema, 'Has no effect: a series is matched once.'),
  cachemaxnumentries: ignoredValue(countSchema, 'Has no effect: a series is matched once.'),
});

const attributeSchema = z.strictObject({
  key: textSchema.pipe(z.string().min(1, 'a key is empty')).describe('Its name.'),
  value: z.unknown().describe('The text or pattern that it has; absent: any.'),
});

export const matchSchema = z.strictObject({
  match_type: textSchema
    .pipe(z.enum(['strict', 'regexp', 'expr'], { error: 'expected strict or regexp' }))
    .optional()
    .describe('strict: the same text; regexp: RE2, found anywhere in the text. expr is refused.'),
  regexp: regexpSchema.optional().describe('Has no effect: a series is matched once.'),
  metric_names: textsSchema.optional().describe('One of them must match the name of the metric.'),
  expressions: textsSchema.optional().describe('Refused: write OTTL conditions instead.'),
  resource_attributes: listOf(attributeSchema)
    .optional()
    .describe('All of them must match attributes of the resource.'),
});

const metricsSchema = z.strictObject({
  include: matchSchema.optional().describe('What is kept; all else is dropped.'),
  exclude: matchSchema.optional().describe('What is dropped, of what is kept.'),
  regexp: regexpSchema.optional().describe('Has no effect, as in the Collector.'),
  resource: textsSchema.optional().describe('Conditions on the resource; any drops.'),
  metric: textsSchema.optional().describe('Conditions on the metric; any drops.'),
  datapoint: textsSchema.optional().describe('Conditions on the series; any drops.'),
});

const groupSchema = z.strictObject({
  context: contextSchema.optional(),
  conditions: textsSchema.optional().describe('Any of them drops.'),
  error_mode: errorModeSchema.optional().describe('That of the group; by default the one above.'),
});

const NO_OTHER_SIGNAL =
  'Checked; has no effect, as in the Collector: a pipeline of metrics has no other signal.';

const anyList = listOf(z.unknown());

const otherMatchSchema = z.strictObject({
  match_type: textSchema.optional(),
  regexp: regexpSchema.optional(),
  services: anyList.optional(),
  span_names: anyList.optional(),
  span_kinds: anyList.optional(),
  metric_names: anyList.optional(),
  log_bodies: anyList.optional(),
  log_severity_texts: anyList.optional(),
  log_severity_number: z.unknown().optional(),
  bodies: anyList.optional(),
  severity_texts: anyList.optional(),
  severity_number: z.unknown().optional(),
  attributes: anyList.optional(),
  resources: anyList.optional(),
  libraries: anyList.optional(),
  resource_attributes: anyList.optional(),
  record_attributes: anyList.optional(),
});

function otherSignal<Schema extends z.ZodType>(one: Schema) {
  return one.optional().meta({ description: NO_OTHER_SIGNAL, fate: 'idle' });
}

const otherGroups = otherSignal(textsOrGroups(groupSchema));

const schema = z.strictObject({
  error_mode: errorModeSchema.optional().meta({ default: DEFAULT_ERROR_MODE }),
  metrics: metricsSchema.optional().describe('What is dropped; the older form.'),
  metric_conditions: textsOrGroups(groupSchema)
    .optional()
    .describe('What is dropped: a list of conditions, or of groups of them with a context.'),
  spans: otherSignal(
    z.strictObject({
      include: otherMatchSchema.optional(),
      exclude: otherMatchSchema.optional(),
    }),
  ),
  traces: otherSignal(
    z.strictObject({
      resource: textsSchema.optional(),
      span: textsSchema.optional(),
      spanevent: textsSchema.optional(),
    }),
  ),
  logs: otherSignal(
    z.strictObject({
      include: otherMatchSchema.optional(),
      exclude: otherMatchSchema.optional(),
      resource: textsSchema.optional(),
      log_record: textsSchema.optional(),
    }),
  ),
  profiles: otherSignal(
    z.strictObject({ resource: textsSchema.optional(), profile: textsSchema.optional() }),
  ),
  trace_conditions: otherGroups,
  log_conditions: otherGroups,
  profile_conditions: otherGroups,
});

type FilterInput = z.output<typeof schema>;

export const filterKind = defineProcessor({
  names: ['filter'],
  schema,
  as: "a function of a series: values and times of samples can't be asked",
  inTraces: (input) => {
    const key = (['spans', 'traces', 'trace_conditions'] as const).find((one) => one in input);
    return key === undefined
      ? { idle: 'it says nothing of spans' }
      : {
          refused:
            'spans pass, whatever they hold: write a sampling rule of X-Ray, by which senders ' +
            `decide before they send, use probabilistic_sampler, or ${besideFor('traces')}`,
          key,
        };
  },
  resolve: (input, context) => {
    checkOtherSignals(input, context);
    if (!checkForms(input, context)) return undefined;
    const { name, at, report } = context;
    const mode = resolveErrorMode(input.error_mode);
    const groups = readGroups(input, at);
    const { include, exclude } = input.metrics ?? {};
    if (groups.length === 0 && include === undefined && exclude === undefined)
      report.warn(at, `processor "${name}" has no effect: it says nothing of metrics`, 'key');
    for (const [key, match] of Object.entries({ include, exclude }))
      if (match !== undefined && isEmptyMatch(match))
        report.warn([...at, 'metrics', key], `${key} has no effect: it names no metric`, 'key');
    if (groups.length > 0) return resolveConditions(groups, mode, context);
    return resolveMatches(input, context);
  },
});

/** Whether there is nothing in it by which it could choose. */
function isEmptyMatch(match: object): boolean {
  return !Object.values(match).some((list) => Array.isArray(list) && list.length > 0);
}

const CONDITION_KEYS = ['resource', 'metric', 'datapoint'] as const;

/** The forms exclude one another. */
function checkForms(
  { metrics, metric_conditions }: FilterInput,
  context: ComponentContext,
): boolean {
  const { at, report } = context;
  const old = CONDITION_KEYS.find((key) => metrics?.[key] !== undefined);
  const match = (['include', 'exclude'] as const).find((key) => metrics?.[key] !== undefined);
  const refuse = (path: ConfigPath, one: string, other: string): false => {
    report.error(path, 'CONFIG_VALUE', `"${one}" and "${other}" exclude each other; keep one`);
    return false;
  };
  if (old !== undefined && match !== undefined)
    return refuse([...at, 'metrics', old], `metrics.${old}`, `metrics.${match}`);
  const any = old ?? match;
  if (metric_conditions !== undefined && any !== undefined)
    return refuse([...at, 'metric_conditions'], 'metric_conditions', `metrics.${any}`);
  return true;
}

interface GroupToResolve {
  readonly context: string | undefined;
  readonly conditions: readonly string[];
  readonly errorMode: string | undefined;
  /** Of the group, and of its conditions. */
  readonly at: ConfigPath;
  readonly textsAt: ConfigPath;
}

function readGroups({ metrics, metric_conditions }: FilterInput, at: ConfigPath): GroupToResolve[] {
  const older = CONDITION_KEYS.map((context): GroupToResolve => {
    const textsAt = [...at, 'metrics', context];
    const conditions = metrics?.[context] ?? [];
    return { context, conditions, errorMode: undefined, at: textsAt, textsAt };
  });
  const listAt = [...at, 'metric_conditions'];
  const list = metric_conditions ?? [];
  const texts = list.filter((item) => typeof item === 'string');
  const flat = { context: undefined, errorMode: undefined, at: listAt, textsAt: listAt };
  const groups = list.flatMap((group, index): GroupToResolve[] => {
    if (typeof group === 'string') return [];
    const groupAt = [...listAt, index];
    const { context, conditions = [], error_mode: errorMode } = group;
    return [{ context, conditions, errorMode, at: groupAt, textsAt: [...groupAt, 'conditions'] }];
  });
  const lists = [...older, { ...flat, conditions: texts }];
  return [...lists.filter(({ conditions }) => conditions.length > 0), ...groups];
}

/** What has a fault is reported and left out. */
function resolveConditions(
  written: readonly GroupToResolve[],
  mode: ErrorMode,
  { report }: ComponentContext,
): readonly Transform[] {
  const groups: ConditionGroup[] = [];
  for (const { context: given, conditions, errorMode, at, textsAt } of written) {
    const found = resolveContext(given, at, report);
    if (found === undefined) continue;
    const isGood = (text: string, index: number): boolean => {
      try {
        makeCondition(text, found.context);
        return true;
      } catch (error) {
        reportFault(error, text, { at: [...textsAt, index], report });
        return false;
      }
    };
    const good = conditions.filter(isGood);
    if (good.length > 0)
      groups.push({ ...found, conditions: good, errorMode: resolveErrorMode(errorMode, mode) });
  }
  return groups.length === 0 ? [] : [dropWhere(groups)];
}

function resolveMatches(
  { metrics }: FilterInput,
  { at, report }: ComponentContext,
): readonly Transform[] {
  const [include, exclude] = (['include', 'exclude'] as const).map((key) => {
    const written = metrics?.[key];
    return written && resolveMatch(written, { at: [...at, 'metrics', key], report });
  });
  return include === undefined && exclude === undefined ? [] : [matchMetrics(include, exclude)];
}

function checkOtherSignals(input: FilterInput, { at, report }: ComponentContext): void {
  for (const key of ['traces', 'logs', 'profiles'] as const)
    for (const [one, texts] of Object.entries(input[key] ?? {}))
      if (one !== 'include' && one !== 'exclude')
        checkGrammar('conditions', texts as readonly string[], { at: [...at, key, one], report });
  for (const key of ['trace_conditions', 'log_conditions', 'profile_conditions'] as const)
    for (const [index, item] of (input[key] ?? []).entries()) {
      const itemAt = [...at, key, index];
      if (typeof item === 'string') checkGrammar('conditions', [item], { at: itemAt, report });
      else checkGrammar('conditions', item.conditions, { at: [...itemAt, 'conditions'], report });
    }
  for (const key of OTHER_KEYS)
    if (input[key] !== undefined)
      report.warn([...at, key], `${key} has no effect in a pipeline of metrics`, 'key');
}

const OTHER_KEYS = [
  'spans',
  'traces',
  'logs',
  'profiles',
  'trace_conditions',
  'log_conditions',
  'profile_conditions',
] as const;
