/**
 * What a schema knows of a place in a value: the keys there, and the kinds of what stands there.
 * Only the schemas on the way are looked at, since a description of the whole is slow to make.
 */
import * as z from 'zod';
import type { ConfigPath } from '../settings/finding.ts';

/** The keys that an object at this path may have. */
export function listKnownKeys(schema: z.ZodType, path: ConfigPath): string[] {
  return listNodes(schema, path).flatMap(({ _zod: { def } }) =>
    def.type === 'object' ? Object.keys(def.shape) : [],
  );
}

/** What a value at this path may be, by the `kind` of the schemas in `src/settings/`. */
export function listKinds(schema: z.ZodType, path: ConfigPath): string[] {
  const kinds = listNodes(schema, path).map((node) => z.globalRegistry.get(node)?.['kind']);
  return kinds.filter((kind) => typeof kind === 'string');
}

/** All schemas that are for the value at this path: the choices, and what is wrapped in them. */
function listNodes(schema: z.ZodType, path: ConfigPath): z.core.$ZodTypes[] {
  let level = unwrap(schema);
  for (const step of path) level = level.flatMap((node) => stepInto(node, step).flatMap(unwrap));
  return level;
}

function stepInto({ _zod: { def } }: z.core.$ZodTypes, step: string | number): z.core.$ZodType[] {
  switch (def.type) {
    case 'array':
      return typeof step === 'number' ? [def.element] : [];
    case 'record':
      return typeof step === 'string' ? [def.valueType] : [];
    case 'object': {
      const known = def.shape[step] ?? def.catchall;
      return known === undefined ? [] : [known];
    }
    default:
      return [];
  }
}

/** A schema, and those in it that are for the same value. */
function unwrap(schema: z.core.$ZodType): z.core.$ZodTypes[] {
  const node = schema as z.core.$ZodTypes;
  return [node, ...listInner(node).flatMap(unwrap)];
}

function listInner({ _zod: { def } }: z.core.$ZodTypes): readonly z.core.$ZodType[] {
  switch (def.type) {
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
    case 'nonoptional':
    case 'readonly':
    case 'catch':
      return [def.innerType];
    case 'union':
      return def.options;
    case 'intersection':
      return [def.left, def.right];
    case 'pipe':
      // As it is written: what changes it first takes anything.
      return def.in instanceof z.ZodTransform ? [def.out] : [def.in];
    case 'lazy':
      return [def.getter()];
    default:
      return [];
  }
}
