/**
 * Builds the tree of keys that pages and editor schemas are rendered from: zod's own JSON Schema of
 * the input of a schema, with the metadata of each key.
 *
 * What a key's `.meta()` may hold:
 *   description  plain sentences: what it does, its unit, how it differs from Prometheus
 *   default      as a user would write it, where the default is filled in after parsing
 *   examples     values as a user would write them
 *   kind         the name of a value's syntax (value-kinds.ts)
 *   fate         'refused', 'misplaced' or 'idle': the key is known but has no effect here
 */
import * as z from 'zod';

export interface SchemaNode {
  readonly description?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly kind?: string;
  /** The page that describes the keys, where it is another page. */
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
      // Zod omits defaults and examples in front of a transformation, though they describe the
      // input.
      const { default: said, examples } = z.globalRegistry.get(zodSchema) ?? {};
      if (said !== undefined) jsonSchema.default = said;
      else if (zodSchema instanceof z.ZodDefault)
        jsonSchema.default ??= zodSchema.def.defaultValue as never;
      if (examples !== undefined) jsonSchema.examples = examples as never;
    },
  });
  const { $schema: _, ...tree } = made as Record<string, unknown>;
  return dropSafeIntegerBounds(tree) as SchemaNode;
}

/**
 * Zod adds JavaScript's largest safe integers as bounds of whole numbers; they are no limit of
 * ours.
 */
function dropSafeIntegerBounds(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(dropSafeIntegerBounds);
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
      .map(([key, inner]) => [key, dropSafeIntegerBounds(inner)]),
  );
}

/**
 * Finds the mappings with known keys that a value may be or contain: the items of a list, the
 * values of a mapping, the branches of a union.
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
  /** What is written between the key and the block's own keys: `[]` for a list of blocks. */
  readonly suffix: string;
}

/** @returns the paths of keys without a description */
export function listUndescribedKeys(tree: SchemaNode): readonly string[] {
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
