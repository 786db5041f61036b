/**
 * The processor `cumulativetodelta`, for counters and classic histograms.
 * Source: contrib's processor/cumulativetodeltaprocessor/config.go and processor.go,
 * internal/filter/filterset/config.go
 */
import * as z from 'zod';
import { systemClock } from '../../../kernel/clock.ts';
import { compileSearch, type SearchRegex } from '../../../relabel/search.ts';
import { goDurationSchema } from '../../../settings/go-duration.ts';
import { ignoredValue } from '../../../settings/refused-keys.ts';
import { countSchema } from '../../../settings/count.ts';
import { switchSchema } from '../../../settings/switch.ts';
import { listOf, textSchema } from '../../../settings/text.ts';
import {
  cumulativeToDelta,
  type DeltaSettings,
  INITIAL_VALUES,
} from '../../../transforms/deltas.ts';
import type { ComponentContext } from '../component.ts';
import { defineProcessor } from './processor.ts';

const STALENESS_DEFAULT_MS = 3_600_000;
const METRIC_TYPES = ['sum', 'histogram', 'exponentialhistogram'] as const;
const CACHE = 'Has no effect: a name is matched once for each series.';

const metricTypeSchema = textSchema
  .transform((text) => text.toLowerCase())
  .pipe(z.enum(METRIC_TYPES, { error: `expected one of: ${METRIC_TYPES.join(', ')}` }));

const matchSchema = z.strictObject({
  match_type: z
    .enum(['strict', 'regexp', ''], { error: 'expected one of: strict, regexp' })
    .transform((type) => (type === '' ? undefined : type))
    .optional()
    .describe(
      'How names are matched: `strict` as they are, `regexp` anywhere in the name by RE2. ' +
        'Needed where metrics are, and only there.',
    ),
  metrics: listOf(textSchema).optional().describe('Names of metrics, or patterns for them.'),
  metric_types: listOf(metricTypeSchema)
    .optional()
    .describe(
      'Types of metrics: `sum` (a counter), `histogram` or `exponentialhistogram`, which is ' +
        'refused in `include`: native histograms stay cumulative.',
    ),
  regexp: z
    .strictObject({
      cacheenabled: ignoredValue(switchSchema, CACHE),
      cachemaxnumentries: ignoredValue(countSchema, CACHE),
    })
    .optional()
    .describe(CACHE),
});

const schema = z.strictObject({
  include: matchSchema.optional().describe('Only these metrics are converted; absent: all are.'),
  exclude: matchSchema.optional().describe('These metrics are not converted.'),
  max_staleness: goDurationSchema.optional().meta({
    description:
      'How long the last value of a series is remembered; 0: as long as its target is scraped.',
    default: '1h',
  }),
  initial_value: z
    .union([z.enum(INITIAL_VALUES), z.int().transform((index) => INITIAL_VALUES[index])], {
      error: `expected one of: ${INITIAL_VALUES.join(', ')}`,
    })
    .pipe(z.enum(INITIAL_VALUES, { error: `expected one of: ${INITIAL_VALUES.join(', ')}` }))
    .optional()
    .meta({
      description:
        'What becomes of the first value of a series: `keep` sends it as the first delta, `drop` ' +
        'does not, `auto` does if the target states that the counter began after this process.',
      default: 'auto',
    }),
});

type Match = z.output<typeof matchSchema>;
type MetricType = (typeof METRIC_TYPES)[number];

export const cumulativeToDeltaKind = defineProcessor({
  names: ['cumulativetodelta', 'cumulative_to_delta'],
  schema,
  as: 'cumulativetodelta for counters and classic histograms; native histograms stay cumulative',
  resolve: (input, context) => {
    const { include, exclude, max_staleness: stalenessMs = STALENESS_DEFAULT_MS } = input;
    const included = compileMatch('include', include, context);
    const excluded = compileMatch('exclude', exclude, context);
    if (included === undefined || excluded === undefined) return undefined;
    const settings: DeltaSettings = {
      selection: JSON.stringify([include, exclude]),
      converts: (name, type) =>
        (included.matchesName?.(name) ?? true) &&
        (included.types?.has(type) ?? true) &&
        !(excluded.matchesName?.(name) ?? false) &&
        !(excluded.types?.has(type) ?? false),
      initialValue: input.initial_value ?? 'auto',
      stalenessMs,
      startMs: systemClock.nowMs(),
    };
    return [cumulativeToDelta(settings)];
  },
});

/** What is named; a half that names nothing is absent. */
interface Matcher {
  readonly matchesName: ((name: string) => boolean) | undefined;
  readonly types: ReadonlySet<MetricType> | undefined;
}

/** Undefined where a key has a fault; it is reported. */
function compileMatch(
  key: 'include' | 'exclude',
  { match_type: how, metrics = [], metric_types: types = [] }: Match = {},
  { at, report }: ComponentContext,
): Matcher | undefined {
  const path = [...at, key];
  if (metrics.length > 0 && how === undefined) {
    const message = 'match_type is missing; write strict or regexp beside metrics';
    report.error(path, 'CONFIG_MISSING_KEY', message);
    return undefined;
  }
  if (metrics.length === 0 && how !== undefined) {
    const message = 'match_type is set without metrics; name them or remove match_type';
    report.error([...path, 'match_type'], 'CONFIG_VALUE', message);
    return undefined;
  }
  const named = key === 'include' ? types.indexOf('exponentialhistogram') : -1;
  if (named >= 0)
    report.lacks(
      [...path, 'metric_types', named],
      '"exponentialhistogram": native histograms stay cumulative, which remote write needs; ' +
        'remove it',
    );
  const patterns = how === 'regexp' ? compilePatterns(metrics, path, report) : [];
  if (patterns === undefined) return undefined;
  const strict = new Set(metrics);
  const matchesName =
    how === 'regexp'
      ? (name: string): boolean => patterns.some((pattern) => pattern.test(name))
      : (name: string): boolean => strict.has(name);
  return {
    matchesName: metrics.length === 0 ? undefined : matchesName,
    types: types.length === 0 ? undefined : new Set(types),
  };
}

function compilePatterns(
  metrics: readonly string[],
  path: ComponentContext['at'],
  report: ComponentContext['report'],
): SearchRegex[] | undefined {
  const patterns: SearchRegex[] = [];
  for (const [index, source] of metrics.entries())
    try {
      patterns.push(compileSearch(source));
    } catch (error) {
      report.error([...path, 'metrics', index], 'CONFIG_VALUE', (error as Error).message);
    }
  return patterns.length === metrics.length ? patterns : undefined;
}
