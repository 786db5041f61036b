/** Every field that a schema marks as a secret: of both dialects, and of the web configuration. */
import * as z from 'zod';
import { KINDS } from '../../src/config/otel/kinds.ts';
import { receiverConfigSchema, receiverSchema } from '../../src/config/otel/receivers.ts';
import { prometheusSchema } from '../../src/config/prometheus.ts';
import { isSecretSchema } from '../../src/settings/secret.ts';
import { webConfigSchema } from '../../src/settings/web-config.ts';

/** Keys of mappings, and 0 for the items of a list. */
export type FieldPath = readonly (string | 0)[];

/** Stands for any key of a mapping. */
export const ANY_KEY = 'X-Any';

export const prometheusSecrets: readonly FieldPath[] = listSecrets(prometheusSchema, []);

/** The first two steps are a section, and the first name of a component, a slash and a name. */
export const collectorSecrets: readonly FieldPath[] = Object.entries(KINDS).flatMap(
  ([section, kinds]) =>
    kinds.flatMap(({ names: [name], schema }) => {
      const at = [section, `${name}/x`];
      const inside =
        schema === receiverSchema ? listSecrets(receiverConfigSchema, [...at, 'config']) : [];
      return [...listSecrets(schema, at), ...inside];
    }),
);

export const webSecrets: readonly FieldPath[] = listSecrets(webConfigSchema, []);

/** Where a schema, by all that zod tells of it, has fields that are marked. */
function listSecrets(schema: z.ZodType, path: FieldPath): readonly FieldPath[] {
  if (isSecretSchema(schema)) return [path];
  const { def } = schema as unknown as { def: Readonly<Record<string, unknown>> };
  const found: FieldPath[] = [];
  for (const [name, part] of Object.entries(def)) {
    if (name === 'shape')
      for (const [key, inner] of Object.entries(part as Readonly<Record<string, z.ZodType>>))
        found.push(...listSecrets(inner, [...path, key]));
    else if (name === 'options')
      found.push(...(part as z.ZodType[]).flatMap((option) => listSecrets(option, path)));
    else if (name === 'element') found.push(...listSecrets(part as z.ZodType, [...path, 0]));
    else if (name === 'valueType')
      found.push(...listSecrets(part as z.ZodType, [...path, ANY_KEY]));
    else if (part instanceof z.ZodType && name !== 'keyType')
      found.push(...listSecrets(part, path));
  }
  return found;
}

/** What a configuration has at a path, in all items and under any key where the path says so. */
export function valuesAt(value: unknown, [step, ...rest]: FieldPath): readonly unknown[] {
  if (step === undefined) return [value];
  if (typeof value !== 'object' || value === null) return [];
  if (step === 0) return Array.isArray(value) ? value.flatMap((item) => valuesAt(item, rest)) : [];
  if (Array.isArray(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    isNamed(key, step) ? valuesAt(inner, rest) : [],
  );
}

function isNamed(key: string, step: string): boolean {
  if (step === ANY_KEY || key === step) return true;
  // A component may have another name behind its kind, or none.
  return step.endsWith('/x') && key.split('/')[0] === step.slice(0, -2);
}
