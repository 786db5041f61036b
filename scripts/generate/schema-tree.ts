/**
 * A zod schema as the tree that pages and editor schemas are made of: zod's own JSON Schema of what
 * may be written, with the metadata of each key.
 *
 * What a key's `.meta()` may hold:
 *   description  plain sentences: what it does, its unit, how it differs from Prometheus
 *   default      where the default is filled in after parsing, as one would write it
 *   examples     values as one would write them
 *   kind         of a value that has a syntax of its own (value-kinds.ts)
 *   fate         'refused', 'misplaced' or 'idle': known, and not taken over
 */
import { z } from 'zod';

export interface SchemaNode {
  readonly description?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly kind?: string;
  /** The page that has its keys, where it is another one. */
  readonly page?: string;
  readonly fate?: 'refused' | 'misplaced' | 'idle';
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly patternProperties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | SchemaNode;
  readonly propertyNames?: SchemaNode;
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
  readonly pattern?: string;
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly minLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
}

export function buildTree(schema: z.ZodType): SchemaNode {
  const made = z.toJSONSchema(schema, {
    target: 'draft-7',
    io: 'input',
    unrepresentable: 'any',
    reused: 'inline',
    cycles: 'throw',
    override: ({ zodSchema, jsonSchema }) => {
      // Zod leaves both out of what is read before a transformation, where they are what one may
      // write.
      const { default: said, examples } = z.globalRegistry.get(zodSchema) ?? {};
      if (said !== undefined) jsonSchema.default = said;
      else if (zodSchema instanceof z.ZodDefault)
        jsonSchema.default ??= zodSchema.def.defaultValue as never;
      if (examples !== undefined) jsonSchema.examples = examples as never;
    },
  });
  const { $schema: _, ...tree } = made as Record<string, unknown>;
  return withoutFixedPoint(tree) as SchemaNode;
}

/** Zod bounds whole numbers by what JavaScript can hold; that is no limit of ours. */
function withoutFixedPoint(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutFixedPoint);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(
        ([key, inner]) =>
          !(
            (key === 'minimum' || key === 'maximum') &&
            Math.abs(Number(inner)) === Number.MAX_SAFE_INTEGER
          ),
      )
      .map(([key, inner]) => [key, withoutFixedPoint(inner)]),
  );
}

/**
 * The mappings with known keys that a value may be or hold: of a list its items, of a mapping its
 * values.
 */
export function listBlocks(node: SchemaNode): readonly Block[] {
  if (node.fate !== undefined || node.kind !== undefined) return [];
  if (node.properties !== undefined || node.patternProperties !== undefined)
    return [{ node, suffix: '' }];
  const inner = (of: SchemaNode, more: string): readonly Block[] =>
    listBlocks(of).map(({ node: found, suffix }) => ({ node: found, suffix: more + suffix }));
  if (node.items !== undefined) return inner(node.items, '[]');
  if (typeof node.additionalProperties === 'object')
    return inner(node.additionalProperties, '.<name>');
  return (node.anyOf ?? []).flatMap(listBlocks);
}

export interface Block {
  readonly node: SchemaNode;
  /** What stands between the key and the block's own keys: `[]` for a list of blocks. */
  readonly suffix: string;
}

/** Keys without a description, as paths. */
export function undescribedKeys(tree: SchemaNode): readonly string[] {
  const found = new Set<string>();
  const walk = (node: SchemaNode, path: string): void => {
    for (const [key, value] of Object.entries(node.properties ?? {})) {
      const at = path === '' ? key : `${path}.${key}`;
      if ((value.description ?? '').trim() === '') found.add(at);
      for (const { node: block, suffix } of listBlocks(value)) walk(block, at + suffix);
    }
    for (const [names, value] of Object.entries(node.patternProperties ?? {}))
      for (const { node: block } of listBlocks(value)) walk(block, `${path}.${names}`);
  };
  for (const { node, suffix } of listBlocks(tree)) walk(node, suffix);
  return [...found];
}
