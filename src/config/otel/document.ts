/**
 * The sections of a collector configuration: five with components, and `service`, which says which
 * of them run in which pipeline. The keys inside a component are not looked at here.
 * Source: https://opentelemetry.io/docs/collector/configuration/
 */
import * as z from 'zod';
import { listOf, textSchema } from '../../settings/text.ts';
import { telemetrySchema } from './telemetry-schema.ts';

const componentSchema = z.record(z.string(), z.unknown());
const componentsSchema = z.record(z.string(), componentSchema).optional();

const pipelineSchema = z.strictObject({
  receivers: listOf(textSchema).optional().describe('Names of receivers whose samples it takes.'),
  processors: listOf(textSchema).optional().describe('Names of processors, in order.'),
  exporters: listOf(textSchema).optional().describe('Names of exporters to which it leads.'),
});

export const collectorSchema = z.strictObject({
  receivers: componentsSchema.describe('What is collected, by name.'),
  processors: componentsSchema.describe('What changes samples on their way, by name.'),
  exporters: componentsSchema.describe('Where samples go, by name.'),
  connectors: componentsSchema.describe('What joins pipelines, by name: none is built in.'),
  extensions: componentsSchema.describe(
    'What else runs, by name: credentials of exporters, a health check, discovery.',
  ),
  service: z
    .strictObject({
      extensions: listOf(textSchema).optional().describe('Names of the extensions that run.'),
      pipelines: z
        .record(z.string(), pipelineSchema)
        .optional()
        .describe(
          'Each leads from receivers to exporters; it is named metrics or metrics/more. Those of ' +
            'other signals are refused.',
        ),
      telemetry: telemetrySchema.optional().describe('Metrics and log of the process itself.'),
    })
    .describe('Which of them run, and in which pipeline.'),
});

export type CollectorInput = z.output<typeof collectorSchema>;

/** A component's keys and values, unchecked. */
export type OtelComponent = z.output<typeof componentSchema>;

/**
 * Makes empty mappings of sections, components and pipelines without a value, and leaves out other
 * keys without a value.
 */
export function withoutNulls(value: unknown): unknown {
  if (!isMap(value)) return value;
  return mapValues(value, (section, key) => {
    if (section === null) return key === 'service' ? undefined : {};
    if (!isMap(section)) return section;
    if (key !== 'service') return mapValues(section, pruneOrEmpty);
    return mapValues(section, (part, name) => {
      if (part === null) return undefined;
      return name === 'pipelines' && isMap(part) ? mapValues(part, pruneOrEmpty) : prune(part);
    });
  });
}

/** Keys that switch something on with all of its defaults when they have no value. */
const SET_WHEN_EMPTY = new Set(['rotation', 'grpc', 'http']);

/** Mappings of names that the user chose to texts; without a value such a text is empty. */
const TEXTS_BY_NAME = new Set([
  'external_labels',
  'headers',
  'response_headers',
  'group_resource_labels',
  'experimental_match_labels',
  'endpoint_params',
]);

function pruneOrEmpty(value: unknown): unknown {
  return value === null ? {} : prune(value);
}

function prune(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(prune);
  if (!isMap(value)) return value;
  return mapValues(value, (inner, key) => {
    if (inner === null) return SET_WHEN_EMPTY.has(key) ? {} : undefined;
    if (TEXTS_BY_NAME.has(key) && isMap(inner))
      return mapValues(inner, (text) => (text === null ? '' : prune(text)));
    return prune(inner);
  });
}

/** Changes each value of a mapping; a value that becomes undefined is left out. */
function mapValues(
  map: Readonly<Record<string, unknown>>,
  change: (value: unknown, key: string) => unknown,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(map).flatMap(([key, value]) => {
      const changed = change(value, key);
      return changed === undefined ? [] : [[key, changed]];
    }),
  );
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
