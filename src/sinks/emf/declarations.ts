/**
 * The keys that choose dimensions and units of metrics, as awsemf has them, and the emf_processor
 * of CloudWatch's agent, which is translated to them as the agent itself does it.
 * Limits: 30 dimensions in a set.
 * Source: contrib's exporter/awsemfexporter/{config,metric_declaration}.go;
 * amazon-cloudwatch-agent's translator/translate/otel/exporter/awsemf/prometheus.go
 */
import * as z from 'zod';
import { compileSearch, type SearchRegex } from '../../relabel/search.ts';
import type { ConfigPath, Reporter } from '../../settings/finding.ts';
import { switchSchema } from '../../settings/switch.ts';
import { listOf, presentSchema, textSchema } from '../../settings/text.ts';
import { EMF_DIMENSIONS_MAX, EMF_UNITS, isEmfUnit } from '../../wire/emf/limits.ts';
import type { LabelMatcher, MetricDeclaration, MetricDescriptor } from './config.ts';

const SEPARATOR = ';';

const dimensionsSchema = listOf(listOf(textSchema));

const matcherSchema = z.strictObject({
  label_names: listOf(textSchema)
    .min(1, 'names no label')
    .describe('Labels whose values are joined; one that is absent is an empty value.'),
  separator: presentSchema.meta({ description: 'Stands between the values.', default: SEPARATOR }),
  regex: textSchema
    .refine((text) => text !== '', 'is empty')
    .describe('Regular expression that is looked for in the joined values.'),
});

export const declarationSchema = z.strictObject({
  dimensions: dimensionsSchema.optional().meta({
    description:
      'Sets of labels that are dimensions of the metric, at most 30 labels each; a set counts ' +
      'where the metric has all of its labels.',
    default: [],
  }),
  metric_name_selectors: listOf(textSchema)
    .min(1, 'selects no metric')
    .describe('Regular expressions that are looked for in names of metrics.'),
  label_matchers: listOf(matcherSchema)
    .optional()
    .meta({ description: 'Which metrics are meant; one has to match.', default: [] }),
});

export const descriptorSchema = z.strictObject({
  metric_name: textSchema.describe('Name of the metric.'),
  unit: textSchema.meta({ description: 'Unit of CloudWatch.', examples: ['Count'] }),
  overwrite: switchSchema.optional().meta({
    description: 'Whether it stands for a unit that the metric has itself.',
    default: false,
  }),
});

const agentDeclarationSchema = z.strictObject({
  source_labels: listOf(textSchema)
    .optional()
    .describe('Labels whose values are joined for label_matcher.'),
  label_matcher: presentSchema.meta({
    description: 'Regular expression that is looked for in the joined values.',
    default: '.*',
  }),
  label_separator: presentSchema.meta({
    description: 'Stands between the values.',
    default: SEPARATOR,
  }),
  metric_selectors: listOf(textSchema)
    .min(1, 'selects no metric')
    .describe('Regular expressions that are looked for in names of metrics.'),
  dimensions: dimensionsSchema
    .optional()
    .meta({ description: 'As dimensions of metric_declarations.', default: [] }),
});

export const emfProcessorSchema = z.strictObject({
  metric_declaration_dedup: switchSchema.optional().meta({
    description: 'Has no effect: equal dimensions of a metric are written once anyway.',
    fate: 'idle',
  }),
  metric_namespace: presentSchema.describe('As namespace.'),
  metric_unit: z
    .record(z.string(), textSchema)
    .optional()
    .meta({ description: 'Units of CloudWatch by the names of metrics.', default: {} }),
  metric_declaration: listOf(agentDeclarationSchema)
    .optional()
    .meta({ description: 'As metric_declarations, in the words of the agent.', default: [] }),
});

export type DeclarationInput = z.output<typeof declarationSchema>;
export type DescriptorInput = z.output<typeof descriptorSchema>;
export type EmfProcessorInput = z.output<typeof emfProcessorSchema>;

/** What an emf_processor says in the keys of the entry. */
export interface TranslatedProcessor {
  readonly namespace: string | undefined;
  readonly metric_declarations: readonly DeclarationInput[];
  readonly metric_descriptors: readonly DescriptorInput[];
}

/** Translates as the agent does: a declaration with source_labels has one matcher. */
export function translateProcessor(input: EmfProcessorInput): TranslatedProcessor {
  return {
    namespace: input.metric_namespace,
    metric_declarations: (input.metric_declaration ?? []).map((one) => ({
      dimensions: one.dimensions ?? [],
      metric_name_selectors: one.metric_selectors,
      label_matchers:
        one.source_labels === undefined || one.source_labels.length === 0
          ? []
          : [
              {
                label_names: one.source_labels,
                separator: one.label_separator ?? SEPARATOR,
                regex: one.label_matcher ?? '.*',
              },
            ],
    })),
    metric_descriptors: Object.entries(input.metric_unit ?? {}).map(([name, unit]) => ({
      metric_name: name,
      unit,
      overwrite: false,
    })),
  };
}

/** Where declarations and descriptors are written, for findings. */
export interface WrittenAt {
  readonly report: Reporter;
  /** Of the list. */
  readonly at: ConfigPath;
  /** The key of a declaration that selects names. */
  readonly selectors?: string;
}

export function resolveDeclarations(
  list: readonly DeclarationInput[],
  { report, at, selectors = 'metric_name_selectors' }: WrittenAt,
): readonly MetricDeclaration[] {
  return list.map((one, index) => {
    const own = [...at, index];
    const names = one.metric_name_selectors.map((source, position) =>
      compilePattern(source, report, [...own, selectors, position]),
    );
    const isAgents = selectors !== 'metric_name_selectors';
    const matchers = (one.label_matchers ?? []).map((matcher, position): LabelMatcher => {
      const path = isAgents
        ? [...own, 'label_matcher']
        : [...own, 'label_matchers', position, 'regex'];
      return {
        labels: matcher.label_names,
        separator: matcher.separator ?? SEPARATOR,
        pattern: compilePattern(matcher.regex, report, path),
      };
    });
    return {
      dimensions: resolveDimensions(one.dimensions ?? [], report, [...own, 'dimensions']),
      names,
      matchers,
    };
  });
}

function resolveDimensions(
  sets: readonly (readonly string[])[],
  report: Reporter,
  at: ConfigPath,
): readonly (readonly string[])[] {
  const unique = new Map<string, readonly string[]>();
  for (const [index, written] of sets.entries()) {
    const set = [...new Set(written)].sort();
    if (set.length > EMF_DIMENSIONS_MAX)
      report.error(
        [...at, index],
        'CONFIG_VALUE',
        `a set of ${set.length} dimensions: CloudWatch takes at most ${EMF_DIMENSIONS_MAX}; name ` +
          'fewer labels',
      );
    unique.set(JSON.stringify(set), set);
  }
  return [...unique.values()];
}

function compilePattern(source: string, report: Reporter, at: ConfigPath): SearchRegex {
  try {
    return compileSearch(source);
  } catch (error) {
    report.error(at, 'CONFIG_VALUE', error instanceof Error ? error.message : String(error));
    return compileSearch('');
  }
}

/** @param locate  the path of a descriptor's unit, by its index */
export function resolveDescriptors(
  list: readonly DescriptorInput[],
  report: Reporter,
  locate: (index: number) => ConfigPath,
): ReadonlyMap<string, MetricDescriptor> {
  const byName = new Map<string, MetricDescriptor>();
  for (const [index, { metric_name: name, unit, overwrite }] of list.entries()) {
    if (!isEmfUnit(unit))
      report.error(
        locate(index),
        'CONFIG_VALUE',
        `"${unit}" is no unit of CloudWatch; write one of ${EMF_UNITS.join(', ')}`,
      );
    byName.set(name, { unit, overwrites: overwrite ?? false });
  }
  return byName;
}
