/**
 * The frame of a collector configuration: its five sections of components, and the service that says which of them run in
 * which pipeline. What stands inside a component is opaque here.
 * Source: https://opentelemetry.io/docs/collector/configuration/
 */
import { z } from 'zod';
import { ignored } from '../../settings/refused-keys.ts';
import { listOf, textSchema } from '../../settings/text.ts';
import { SECTIONS } from './components.ts';

const componentSchema = z.record(z.string(), z.unknown());
const componentsSchema = z.record(z.string(), componentSchema).optional();

const pipelineSchema = z.strictObject({
  receivers: listOf(textSchema).optional(),
  processors: listOf(textSchema).optional(),
  exporters: listOf(textSchema).optional(),
});

export const collectorSchema = z.strictObject({
  receivers: componentsSchema,
  processors: componentsSchema,
  exporters: componentsSchema,
  connectors: componentsSchema,
  extensions: componentsSchema,
  service: z.strictObject({
    extensions: listOf(textSchema).optional(),
    pipelines: z.record(z.string(), pipelineSchema).optional(),
    telemetry: ignored,
  }),
});

export type CollectorInput = z.output<typeof collectorSchema>;

/** As written, by its key. */
export type Component = z.output<typeof componentSchema>;

/** Known by any key that only this dialect has. */
export function isCollectorConfig(value: unknown): boolean {
  return isMap(value) && [...SECTIONS, 'service'].some((key) => Object.hasOwn(value, key));
}

/** A section, component or pipeline without a value is an empty one; below them such a key is absent. */
export function withoutNulls(value: unknown): unknown {
  if (!isMap(value)) return value;
  return mapValues(value, (section, key) => {
    if (section === null) return key === 'service' ? undefined : {};
    if (!isMap(section)) return section;
    if (key !== 'service') return mapValues(section, (one) => (one === null ? {} : prune(one)));
    return mapValues(section, (part, name) => {
      if (part === null) return undefined;
      return name === 'pipelines' && isMap(part)
        ? mapValues(part, (one) => (one === null ? {} : prune(one)))
        : prune(part);
    });
  });
}

function prune(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(prune);
  if (!isMap(value)) return value;
  return mapValues(value, (one) => (one === null ? undefined : prune(one)));
}

/** Those that become undefined are left out. */
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
