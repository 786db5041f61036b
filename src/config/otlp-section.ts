/**
 * The section `otlp` of the Prometheus dialect: how metrics that are received by OTLP become series
 * of Prometheus. It is one for all receivers. Deltas are summed up on the way, since Prometheus has
 * no notion of them: its own receiver refuses them, unless a feature flag asks for the same.
 * Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#otlp
 */
import * as z from 'zod';
import type { SeriesTransform } from '../model/transform.ts';
import { METRICS_INTAKE_DEFAULTS, type MetricsIntakeSettings } from '../otlp/metrics/settings.ts';
import type { Reporter } from '../settings/finding.ts';
import { switchSchema } from '../settings/switch.ts';
import { listOf, textSchema } from '../settings/text.ts';
import { cumulativeOnly } from '../transforms/cumulative-only.ts';
import { deltaToCumulative } from '../transforms/deltas.ts';
import { droppedScope } from '../transforms/dropped-scope.ts';
import type { NameRules } from '../transforms/prometheus-names.ts';
import { promotedResource } from '../transforms/promoted-resource.ts';
import { resourceLabels } from '../transforms/resource-labels.ts';
import { targetInfo } from '../transforms/target-info.ts';
import { translatedNames } from '../transforms/translated-names.ts';
import type { TransformPlan } from './plan.ts';

const STRATEGIES = {
  UnderscoreEscapingWithSuffixes: { hasSuffixes: true, isUtf8: false },
  UnderscoreEscapingWithoutSuffixes: { hasSuffixes: false, isUtf8: false },
  NoUTF8EscapingWithSuffixes: { hasSuffixes: true, isUtf8: true },
  NoTranslation: { hasSuffixes: false, isUtf8: true },
} as const;

const STRATEGY_NAMES = Object.keys(STRATEGIES) as (keyof typeof STRATEGIES)[];

/** A stream of deltas is remembered for so long after its last one, as the Collector does it. */
const DELTA_STALENESS_MS = 5 * 60_000;
/** Streams of deltas at a time. */
const DELTA_STREAMS_MAX = 1_000_000;

export const otlpSectionSchema = z
  .strictObject({
    translation_strategy: z
      .enum(STRATEGY_NAMES)
      .optional()
      .meta({
        description:
          'How names of metrics and attributes become those of series: with the characters that ' +
          'they have or with underscores, with suffixes for unit and type or without.',
        default: 'UnderscoreEscapingWithSuffixes',
      }),
    promote_resource_attributes: listOf(textSchema)
      .optional()
      .meta({
        description: 'Attributes of the resource that become labels of all its series.',
        examples: [['service.version', 'deployment.environment.name']],
      }),
    promote_all_resource_attributes: switchSchema.optional().meta({
      description: 'Makes labels of all attributes of the resource.',
      default: false,
    }),
    ignore_resource_attributes: listOf(textSchema)
      .optional()
      .describe('Those that promote_all_resource_attributes leaves out.'),
    keep_identifying_resource_attributes: switchSchema.optional().meta({
      description:
        'Puts service.name, service.namespace and service.instance.id on target_info, although ' +
        'they are its job and instance.',
      default: false,
    }),
    convert_histograms_to_nhcb: switchSchema.optional().meta({
      description:
        'Makes native histograms with custom buckets of histograms with explicit bounds.',
      default: false,
    }),
    promote_scope_metadata: switchSchema.optional().meta({
      description:
        'Makes labels of the instrumentation scope: otel_scope_name, otel_scope_version, ' +
        'otel_scope_schema_url, and one for each of its attributes.',
      default: false,
    }),
    label_name_underscore_sanitization: switchSchema.optional().meta({
      description:
        'Puts "key" before label names that begin with one underscore. Counts where names are ' +
        'made of underscores.',
      default: true,
    }),
    label_name_preserve_multiple_underscores: switchSchema.optional().meta({
      description:
        'Leaves several underscores in a row in label names. Counts where names are made of ' +
        'underscores.',
      default: true,
    }),
  })
  .describe('How metrics that otlp_receivers receive become series, as in Prometheus.');

type SectionInput = z.output<typeof otlpSectionSchema>;

export interface OtlpSection {
  /** In order, before those of all routes. */
  readonly transforms: readonly TransformPlan[];
  readonly intake: MetricsIntakeSettings;
}

/** @param report  told of keys that contradict one another */
export function resolveOtlpSection(input: SectionInput, report: Reporter): OtlpSection {
  checkAttributes(input, report);
  const names = resolveNameRules(input);
  const all: readonly SeriesTransform[] = [
    ...(input.promote_scope_metadata === true ? [] : [droppedScope]),
    translatedNames(names),
    input.promote_all_resource_attributes === true
      ? promotedResource({
          choice: 'all_but',
          attributes: trimAll(input.ignore_resource_attributes),
          names,
        })
      : promotedResource({
          choice: 'only',
          attributes: trimAll(input.promote_resource_attributes),
          names,
        }),
    resourceLabels,
  ];
  const sums = deltaToCumulative({
    stalenessMs: DELTA_STALENESS_MS,
    streamsMax: DELTA_STREAMS_MAX,
  });
  const info = targetInfo({
    namespace: '',
    ending: [resourceLabels],
    names,
    withService: input.keep_identifying_resource_attributes === true,
  });
  return {
    transforms: [...all, sums, cumulativeOnly, info].map((transform, index) => ({
      id: `otlp:${index}`,
      transform,
    })),
    intake: {
      ...METRICS_INTAKE_DEFAULTS,
      histograms: input.convert_histograms_to_nhcb === true ? 'custom' : 'classic',
    },
  };
}

function resolveNameRules(input: SectionInput): NameRules {
  const strategy = input.translation_strategy ?? 'UnderscoreEscapingWithSuffixes';
  return {
    namespace: '',
    ...STRATEGIES[strategy],
    labels: {
      addsKey: input.label_name_underscore_sanitization ?? true,
      keepsUnderscores: input.label_name_preserve_multiple_underscores ?? true,
      joinsEqual: true,
    },
  };
}

function checkAttributes(input: SectionInput, report: Reporter): void {
  const promotesAll = input.promote_all_resource_attributes === true;
  const { promote_resource_attributes: promoted, ignore_resource_attributes: left } = input;
  if (promotesAll && (promoted ?? []).length > 0)
    report.error(
      ['otlp', 'promote_resource_attributes'],
      'CONFIG_VALUE',
      'promote_all_resource_attributes promotes all of them; remove one of the two',
    );
  if (!promotesAll && (left ?? []).length > 0)
    report.error(
      ['otlp', 'ignore_resource_attributes'],
      'CONFIG_VALUE',
      'there is nothing to leave out; set promote_all_resource_attributes: true, or remove it',
    );
  for (const key of ['promote_resource_attributes', 'ignore_resource_attributes'] as const) {
    const seen = new Set<string>();
    for (const [index, name] of trimAll(input[key]).entries()) {
      const at = ['otlp', key, index];
      if (name === '') report.error(at, 'CONFIG_VALUE', 'the name of an attribute is empty');
      else if (seen.has(name))
        report.error(at, 'CONFIG_DUPLICATE', `"${name}" is in the list already; remove it`);
      seen.add(name);
    }
  }
}

function trimAll(names: readonly string[] = []): readonly string[] {
  return names.map((name) => name.trim());
}
