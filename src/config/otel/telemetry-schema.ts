/**
 * The keys of `service.telemetry`. Not here: what becomes of them (telemetry.ts).
 * Source: core's service/telemetry/otelconftelemetry/internal/migration/v0.3.0.go
 */
import * as z from 'zod';
import { countSchema, portSchema } from '../../settings/count.ts';
import { goDurationSchema } from '../../settings/go-duration.ts';
import { ignored, ignoredValue, refusedWhereUsed } from '../../settings/refused-keys.ts';
import { switchSchema } from '../../settings/switch.ts';
import { listOf, textSchema } from '../../settings/text.ts';

/** A word of a list in any case; it becomes lower case. */
function wordOf(words: readonly [string, ...string[]]) {
  return z
    .string({ error: `expected one of ${words.join(', ')}` })
    .transform((text) => text.toLowerCase())
    .pipe(z.enum(words, { error: `expected one of ${words.join(', ')}` }));
}

const levelSchema = wordOf(['none', 'basic', 'normal', 'detailed']);

const NAMES = 'Has no effect: metrics of the process are served under their own names.';

const prometheusSchema = z.strictObject({
  host: textSchema.optional().describe('Host to listen on; needed.'),
  port: portSchema.optional().describe('Port to listen on; needed.'),
  without_scope_info: ignoredValue(switchSchema, NAMES),
  without_units: ignoredValue(switchSchema, NAMES),
  without_type_suffix: ignoredValue(switchSchema, NAMES),
  with_resource_constant_labels: ignored(NAMES),
  translation_strategy: ignoredValue(textSchema, NAMES),
});

const readerSchema = z.strictObject({
  pull: z
    .strictObject({
      exporter: z
        .strictObject({
          prometheus: prometheusSchema.optional().describe('Serves them at /metrics.'),
        })
        .optional()
        .describe('How they are served.'),
      producers: ignored('Has no effect: there are no other producers of metrics.'),
      cardinality_limits: ignored("Has no effect: the process' own metrics are bounded."),
    })
    .optional()
    .describe('Metrics that are scraped.'),
  periodic: refusedWhereUsed("the process' own metrics are not sent; scrape them."),
});

export const telemetryMetricsSchema = z.strictObject({
  level: levelSchema.optional().meta({
    description: 'none: they are not served here; any other: all of them are.',
    default: 'normal',
  }),
  address: textSchema.optional().meta({
    description: 'Address at which they are served, as collectors before 0.123 have it.',
    default: 'localhost:8888',
  }),
  readers: listOf(readerSchema).optional().describe('Where they are served.'),
  views: refusedWhereUsed("the process' own metrics are served whole."),
});

export const telemetryLogsSchema = z.strictObject({
  level: wordOf(['debug', 'info', 'warn', 'error', 'dpanic', 'panic', 'fatal'])
    .optional()
    .meta({ description: 'Least severity to log; --log.level wins.', default: 'info' }),
  encoding: wordOf(['console', 'json']).optional().meta({
    description: 'console: lines of keys and values; --log.format wins.',
    default: 'console',
  }),
  output_paths: listOf(textSchema)
    .optional()
    .meta({
      description: 'stdout, stderr or both; a file is warned of and not written.',
      default: ['stderr'],
    }),
  error_output_paths: listOf(textSchema)
    .optional()
    .describe('Has no effect: the logger has no errors of its own.'),
  initial_fields: z
    .record(z.string(), textSchema)
    .optional()
    .describe('Fields that are added to each line.'),
  sampling: z
    .strictObject({
      enabled: switchSchema
        .optional()
        .meta({ description: 'false: no repeated line is held back.', default: true }),
      tick: goDurationSchema
        .optional()
        .meta({ description: 'Time in which repeats are counted.', default: '10s' }),
      initial: countSchema
        .optional()
        .meta({ description: 'Lines of one event that are logged in that time.', default: 10 }),
      thereafter: ignoredValue(countSchema, 'Has no effect: the next line counts the held back.'),
    })
    .optional()
    .describe('How repeats of one line are held back; without it 10 a minute are logged.'),
  development: ignoredValue(switchSchema, 'Has no effect: lines are the same.'),
  disable_caller: ignoredValue(switchSchema, 'Has no effect: lines name no place in the code.'),
  disable_stacktrace: ignoredValue(switchSchema, 'Has no effect: lines carry no stacks.'),
  disable_zap_resource: ignoredValue(switchSchema, 'Has no effect: lines carry no resource.'),
  processors: refusedWhereUsed('lines are sent nowhere; let the log driver do it.'),
});

export const telemetrySchema = z.strictObject({
  metrics: telemetryMetricsSchema
    .optional()
    .describe("Serves the process' own metrics at an address beside --web.listen-address."),
  logs: telemetryLogsSchema.optional().describe('How the process logs; flags win.'),
  traces: z
    .strictObject({
      level: levelSchema.optional().describe('Has no effect: no traces are made.'),
      propagators: refusedWhereUsed('no traces are made.'),
      processors: refusedWhereUsed('no traces are made.'),
      sampler: refusedWhereUsed('no traces are made.'),
      limits: ignored('Has no effect: no traces are made.'),
    })
    .optional()
    .describe('Traces of the process, which it makes none of.'),
  resource: z.record(z.string(), z.unknown()).optional().meta({
    description: "Has no effect: the process' own metrics and lines carry no resource.",
    fate: 'idle',
  }),
});
