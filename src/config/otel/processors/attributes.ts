/**
 * The processor `attributes`: actions on the attributes of spans, and of series, of all metrics or
 * of those whose names are included and not excluded.
 * Source: contrib's processor/attributesprocessor/factory.go,
 * internal/filter/filterconfig/config.go
 */
import * as z from 'zod';
import type { ConfigPath, Reporter } from '../../../settings/finding.ts';
import { ignored, unsupported } from '../../../settings/refused-keys.ts';
import { listOf, textSchema } from '../../../settings/text.ts';
import { attributeActions, type MetricSelection } from '../../../transforms/attribute-actions.ts';
import { spanActions } from '../../../transforms/spans/attributes.ts';
import { actionsSchema, compileActionPattern, resolveActions } from './attribute-actions.ts';
import { besideFor } from '../components.ts';
import { defineProcessor } from './processor.ts';

const NOT_OF_METRICS = 'is not for metrics, and the Collector refuses it there; use metric_names';
const NO_RESOURCES = 'Has no effect on metrics, in the Collector as here; use metric_names.';

const attributeSchema = z.strictObject({
  key: textSchema,
  value: textSchema.optional(),
});

const matchSchema = z.strictObject({
  match_type: z
    .enum(['strict', 'regexp'], { error: 'expected strict or regexp' })
    .optional()
    .describe('How metric_names are read; needed beside them. regexp: found anywhere in a name.'),
  regexp: ignored('Has no effect: each series is matched once.'),
  metric_names: listOf(textSchema).optional().describe('The names of metrics.'),
  resources: listOf(attributeSchema).optional().meta({ description: NO_RESOURCES, fate: 'idle' }),
  services: unsupported(NOT_OF_METRICS),
  attributes: unsupported(NOT_OF_METRICS),
  libraries: unsupported(NOT_OF_METRICS),
  span_names: unsupported(NOT_OF_METRICS),
  span_kinds: unsupported(NOT_OF_METRICS),
  log_bodies: unsupported(NOT_OF_METRICS),
  log_severity_texts: unsupported(NOT_OF_METRICS),
  log_severity_number: unsupported(NOT_OF_METRICS),
});
type MatchInput = z.output<typeof matchSchema>;

const schema = z.strictObject({
  include: matchSchema.optional().describe('The metrics to which the actions apply.'),
  exclude: matchSchema.optional().describe('The metrics among them to which they do not.'),
  actions: actionsSchema.describe('What is done to attributes, in order.'),
});

export const attributesKind = defineProcessor({
  names: ['attributes'],
  schema,
  minimal: { actions: [{ key: 'a', action: 'delete' }] },
  signals: ['metrics', 'traces'],
  resolveSpans: (input, { name, at, report }) => {
    const actions = resolveActions(input.actions, [...at, 'actions'], report);
    for (const key of ['include', 'exclude'] as const)
      if (input[key] !== undefined)
        report.lacks(
          [...at, key],
          `"${key}" of processor "${name}" in a pipeline of traces: its actions apply to all ` +
            `spans; remove it, or ${besideFor('traces')}`,
        );
    return actions && [spanActions(name, actions)];
  },
  resolve: (input, { at, report }) => {
    const actions = resolveActions(input.actions, [...at, 'actions'], report);
    const include = resolveMatch(input.include, [...at, 'include'], report);
    const exclude = resolveMatch(input.exclude, [...at, 'exclude'], report);
    if (actions === undefined || include === undefined || exclude === undefined) return undefined;
    const selection: MetricSelection = {
      includes: (metric) => include(metric) !== false && exclude(metric) !== true,
      identity: JSON.stringify([input.include, input.exclude]),
    };
    return [attributeActions(actions, selection)];
  },
});

/** Whether a name matches; undefined where no names are asked for. */
type Match = (metric: string) => boolean | undefined;

function resolveMatch(
  input: MatchInput | undefined,
  at: ConfigPath,
  report: Reporter,
): Match | undefined {
  const { metric_names: names = [], resources = [], match_type: type } = input ?? {};
  if (resources.length > 0) report.warn([...at, 'resources'], NO_RESOURCES, 'key');
  if (input !== undefined && names.length === 0 && resources.length === 0) {
    report.error(at, 'CONFIG_VALUE', 'expected "metric_names"');
    return undefined;
  }
  if (names.length === 0) return () => undefined;
  if (type === undefined) {
    report.error(at, 'CONFIG_VALUE', 'metric_names need "match_type": strict or regexp');
    return undefined;
  }
  if (type === 'strict') {
    const known = new Set(names);
    return (metric) => known.has(metric);
  }
  const patterns = names.map((name, index) =>
    compileActionPattern(name, [...at, 'metric_names', index], report),
  );
  return patterns.every((one) => one !== undefined)
    ? (metric) => patterns.some((one) => one.test(metric))
    : undefined;
}
