/**
 * Renders a tree of keys as a JSON Schema for editors. The version is draft-07, the newest that all
 * versions of the YAML language server read.
 *
 * The schema accepts whatever the loader accepts, including keys without a value and references to
 * the environment where the loader expands them. What it refuses the loader refuses too, with two
 * exceptions: an unknown key without a value, and a fault in a component of a Collector
 * configuration that no pipeline uses; the loader accepts both. The schema does not check one key
 * against another.
 *
 * Source: https://json-schema.org/draft-07,
 * https://github.com/redhat-developer/yaml-language-server
 */
import type { SchemaNode } from './schema-tree.ts';

export interface EditorOptions {
  readonly id: string;
  readonly title: string;
  /** A regular expression for a reference to the environment; absent where none is expanded. */
  readonly reference?: string | undefined;
  /** Whether the loader treats a key without a value like an absent key. */
  readonly allowsEmpty: boolean;
}

type Json = Readonly<Record<string, unknown>>;

const DRAFT = 'http://json-schema.org/draft-07/schema#';
/** A block whose JSON is shorter is written where it is used instead of among the definitions. */
const SHARED_LENGTH_MIN = 400;

export function buildEditorSchema(tree: SchemaNode, options: EditorOptions): Json {
  const { id, title } = options;
  const definitions = new Definitions();
  const { description: _, ...top } = convert(tree, options, definitions, true);
  return {
    $schema: DRAFT,
    $id: id,
    title,
    ...top,
    definitions: definitions.all(),
  };
}

/** @param isOptional  whether the node is the value of a key that may be absent */
function convert(
  node: SchemaNode,
  options: EditorOptions,
  definitions: Definitions,
  isOptional = false,
  name = '',
): Json {
  const { description } = node;
  const told = {
    ...(description === undefined ? {} : { description }),
    ...(node.default === undefined ? {} : { default: node.default }),
    ...(node.examples === undefined ? {} : { examples: node.examples }),
  };
  if (node.fate === 'refused' || node.fate === 'misplaced')
    return {
      ...told,
      deprecated: true,
      deprecationMessage: description,
      ...(options.allowsEmpty ? { type: 'null' } : { not: {} }),
    };
  if (node.fate === 'idle') return { ...told, deprecated: true };
  const shape = widenShape(makeShape(node, options, definitions), options, isOptional);
  return { ...told, ...definitions.shared(name, shape) };
}

function makeShape(node: SchemaNode, options: EditorOptions, definitions: Definitions): Json {
  if (node.anyOf !== undefined)
    return { anyOf: node.anyOf.map((one) => convert(one, options, definitions)) };
  if (node.enum !== undefined) return { enum: node.enum };
  if (node.const !== undefined) return { enum: [node.const] };
  const inner = (one: SchemaNode, isOptional: boolean, name: string): Json =>
    convert(one, options, definitions, isOptional, name);
  const { properties, patternProperties, additionalProperties, items, propertyNames } = node;
  const required = node.required ?? [];
  return {
    ...(node.type === undefined ? {} : { type: node.type }),
    ...pick(node, 'pattern', 'minimum', 'maximum', 'exclusiveMinimum'),
    ...pick(node, 'minLength', 'minItems', 'maxItems'),
    ...(properties === undefined
      ? {}
      : {
          properties: mapValues(properties, (one, key) => inner(one, !required.includes(key), key)),
        }),
    ...(patternProperties === undefined
      ? {}
      : { patternProperties: mapValues(patternProperties, (one, key) => inner(one, true, key)) }),
    ...(required.length === 0 ? {} : { required }),
    ...(additionalProperties === undefined
      ? {}
      : {
          additionalProperties:
            typeof additionalProperties === 'object'
              ? inner(additionalProperties, true, 'value')
              : additionalProperties,
        }),
    ...(propertyNames?.minLength === undefined
      ? {}
      : { propertyNames: { minLength: propertyNames.minLength } }),
    ...(items === undefined ? {} : { items: inner(items, false, 'item') }),
  };
}

/** Makes a shape also accept a reference to the environment, and null for an optional key. */
function widenShape(
  shape: Json,
  { reference, allowsEmpty }: EditorOptions,
  isOptional: boolean,
): Json {
  const isEmpty = isOptional && allowsEmpty;
  if (Object.keys(shape).length === 0 || (reference === undefined && !isEmpty)) return shape;
  if ('anyOf' in shape || 'enum' in shape) {
    const others = [
      ...(reference === undefined ? [] : [{ type: 'string', pattern: reference }]),
      ...(isEmpty ? [{ type: 'null' }] : []),
    ];
    return { anyOf: [...((shape['anyOf'] as Json[] | undefined) ?? [shape]), ...others] };
  }
  const types = [shape['type'] ?? []].flat() as string[];
  const takesText = types.includes('string');
  const pattern =
    reference === undefined
      ? shape['pattern']
      : takesText
        ? extendPattern(shape['pattern'], reference)
        : reference;
  const all = [
    ...types,
    ...(reference === undefined || takesText ? [] : ['string']),
    ...(isEmpty ? ['null'] : []),
  ];
  return {
    ...shape,
    type: all.length === 1 ? all[0] : all,
    ...(pattern === undefined ? {} : { pattern }),
  };
}

/** A value without a pattern may be any text, so it may be a reference already. */
function extendPattern(pattern: unknown, reference: string): string | undefined {
  return typeof pattern === 'string' ? `${pattern}|${reference}` : undefined;
}

/**
 * Collects blocks of keys so that a block used in several places is written once. A block is named
 * after the key that has it.
 */
class Definitions {
  readonly #names = new Map<string, string>();
  readonly #shapes = new Map<string, Json>();

  shared(name: string, shape: Json): Json {
    const text = JSON.stringify(shape);
    if (text.length < SHARED_LENGTH_MIN || name === '') return shape;
    let known = this.#names.get(text);
    if (known === undefined) {
      known = this.#free(name);
      this.#names.set(text, known);
      this.#shapes.set(known, shape);
    }
    return { $ref: `#/definitions/${known}` };
  }

  all(): Json {
    return Object.fromEntries(this.#shapes);
  }

  #free(name: string): string {
    const plain = name.replaceAll(/[^\w]/g, '') || 'block';
    let free = plain;
    for (let count = 2; this.#shapes.has(free); count++) free = `${plain}_${count}`;
    return free;
  }
}

function pick(node: SchemaNode, ...keys: readonly (keyof SchemaNode)[]): Json {
  return Object.fromEntries(
    keys.flatMap((key) => (node[key] === undefined ? [] : [[key, node[key]]])),
  );
}

function mapValues<Value, Result>(
  map: Readonly<Record<string, Value>>,
  change: (value: Value, key: string) => Result,
): Record<string, Result> {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, change(value, key)]));
}
