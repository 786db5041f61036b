/**
 * Replaces the secrets of a configuration's text by `<secret>`. The schemas of both dialects
 * decide, not the text: a value is shown where its schema is known and marks no secret
 * (settings/secret.ts); what no schema knows, and what is of another form than its schema, is
 * hidden. Of URLs, passwords and the values of queries are hidden. Comments are left out.
 */
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Pair,
  type Scalar,
  visit,
} from 'yaml';
import * as z from 'zod';
import { YamlAliases } from '../kernel/yaml-aliases.ts';
import { parseYaml } from '../kernel/yaml-steps.ts';
import { isSecretSchema } from '../settings/secret.ts';
import { HIDDEN, hideInUrls } from './hidden-urls.ts';
import { hasCollectorKey, isSection, type Section } from './otel/sections.ts';
import { prometheusSchema } from './prometheus.ts';

/** What may stand at a position: a schema, or, where names choose the schema, what they choose. */
type Shape = z.ZodType | { readonly below: (key: string) => Shape | undefined };

/** Aliases may lead deeper than the text does; document.ts refuses such a text. */
const DEPTH_MAX = 200;
/** References of the Collector that hold no value themselves. */
const REFERENCE = /^\$\{(?:(?:env|file):)?[\w./-]+\}$/;

export async function redactConfig(text: string): Promise<string> {
  const { document } = await redact(text);
  if (document === undefined) return `${HIDDEN}\n`;
  dropComments(document);
  return document.toString();
}

/**
 * The values that `redactConfig` hides, for whoever tells of a configuration in words of its own.
 * None of a text that can't be read: nobody knows its values.
 */
export async function listHiddenValues(text: string): Promise<readonly string[]> {
  return (await redact(text)).values;
}

async function redact(text: string): Promise<{
  readonly document: Document | undefined;
  readonly values: readonly string[];
}> {
  const document = parseYaml(text, { lineCounter: new LineCounter() });
  if (document.errors.length > 0) return { document: undefined, values: [] };
  const aliases = YamlAliases.of(document);
  if (aliases.excessAt !== undefined) return { document: undefined, values: [] };
  const root = document.contents;
  const keys = isMap(root) ? root.items.map(readKey) : [];
  const redaction = new Redaction(aliases);
  redaction.walk(root, [await findShape(keys)], 0);
  return { document, values: redaction.values };
}

/** Where it is a collector's, loads what is known of its components. */
async function findShape(keys: readonly string[]): Promise<Shape> {
  if (!hasCollectorKey(keys)) return prometheusSchema;
  const { collectorSchema, findKind, receiverConfigSchema, receiverSchema } =
    await import('./otel/shapes.ts');
  const shapeOfComponent = (section: Section, name: string): Shape | undefined => {
    const schema = findKind(section, name)?.schema;
    if (schema !== receiverSchema) return schema;
    return {
      below: (key) =>
        key === 'config'
          ? receiverConfigSchema
          : (receiverSchema.shape as Readonly<Record<string, z.ZodType>>)[key],
    };
  };
  return {
    below: (key) =>
      isSection(key)
        ? { below: (name) => shapeOfComponent(key, name) }
        : key === 'service'
          ? collectorSchema.shape.service
          : undefined,
  };
}

class Redaction {
  readonly #aliases: YamlAliases;
  /**
   * What is hidden once stays hidden: an anchor may be used both for a secret and for a value that
   * is shown.
   */
  readonly #hidden = new Set<unknown>();
  /** What stood where `HIDDEN` stands now, perhaps in two spellings. */
  readonly values: string[] = [];

  constructor(aliases: YamlAliases) {
    this.#aliases = aliases;
  }

  /** @param shapes  any of them may hold; none: nothing is known of the value */
  walk(node: unknown, shapes: readonly Shape[], depth: number): void {
    const forms = shapes.flatMap((shape) => listForms(shape));
    if (forms.length === 0 || depth > DEPTH_MAX || forms.includes('secret')) {
      this.#hide(node, depth);
      return;
    }
    if (isAlias(node)) this.walk(this.#aliases.resolve(node), shapes, depth + 1);
    else if (isMap(node)) {
      for (const pair of node.items)
        for (const [inner, below] of listInner(pair, shapes, forms))
          this.walk(inner, below, depth + 1);
    } else if (isSeq(node)) {
      const items = forms.flatMap((form) =>
        form instanceof z.ZodArray ? [form.element as z.ZodType] : [],
      );
      for (const item of node.items) this.walk(item, items, depth + 1);
    } else if (isScalar(node)) this.#showScalar(node, forms, depth);
  }

  #showScalar(node: Scalar, forms: readonly Form[], depth: number): void {
    const { value } = node;
    if (value === null || this.#hidden.has(node)) return;
    const isReference = typeof value === 'string' && REFERENCE.test(value);
    if (!isReference && !forms.some(isScalarForm)) this.#hide(node, depth);
    else if (typeof value === 'string') {
      const shown = hideInUrls(value);
      if (shown !== value) node.value = shown;
    }
  }

  /** Keys are shown: they are names of headers and labels. */
  #hide(node: unknown, depth: number): void {
    if (depth > 2 * DEPTH_MAX || this.#hidden.has(node)) return;
    this.#hidden.add(node);
    if (isAlias(node)) this.#hide(this.#aliases.resolve(node), depth + 1);
    else if (isMap(node)) for (const { value } of node.items) this.#hide(value, depth + 1);
    else if (isSeq(node)) for (const item of node.items) this.#hide(item, depth + 1);
    else if (isScalar(node) && node.value !== null) {
      const { value, source = '' } = node;
      // As it is written, and as it is read: a number may be both.
      this.values.push(source, typeof value === 'string' ? value : JSON.stringify(value));
      node.value = HIDDEN;
      delete node.type;
      delete node.tag;
    }
  }
}

/** A pair's value with what may stand there; a merge key adds to the mapping that it stands in. */
function listInner(
  pair: Pair,
  shapes: readonly Shape[],
  forms: readonly Form[],
): readonly (readonly [unknown, readonly Shape[]])[] {
  const key = readKey(pair);
  if (key === '<<')
    return isSeq(pair.value)
      ? pair.value.items.map((item) => [item, shapes] as const)
      : [[pair.value, shapes]];
  return [[pair.value, forms.flatMap((form) => shapesBelow(form, key))]];
}

type Form = 'secret' | Shape;

const formsOfShapes = new WeakMap<Shape, readonly Form[]>();

/** What a schema is without its wrappers; several for a union. */
function listForms(shape: Shape): readonly Form[] {
  const known = formsOfShapes.get(shape);
  if (known !== undefined) return known;
  const forms = unwrapShape(shape);
  formsOfShapes.set(shape, forms);
  return forms;
}

function unwrapShape(shape: Shape): readonly Form[] {
  if (!(shape instanceof z.ZodType)) return [shape];
  if (isSecretSchema(shape)) return ['secret'];
  if (shape instanceof z.ZodPipe)
    return [shape.in, shape.out].flatMap((part) => listForms(part as z.ZodType));
  if (shape instanceof z.ZodUnion)
    return shape.options.flatMap((option) => listForms(option as z.ZodType));
  if (shape instanceof z.ZodIntersection)
    return [shape.def.left, shape.def.right].flatMap((part) => listForms(part as z.ZodType));
  if (
    shape instanceof z.ZodOptional ||
    shape instanceof z.ZodNullable ||
    shape instanceof z.ZodDefault ||
    shape instanceof z.ZodPrefault ||
    shape instanceof z.ZodReadonly ||
    shape instanceof z.ZodCatch ||
    shape instanceof z.ZodNonOptional ||
    shape instanceof z.ZodLazy
  )
    return listForms(shape.unwrap() as z.ZodType);
  return [shape];
}

function shapesBelow(form: Form, key: string): readonly Shape[] {
  if (form === 'secret') return [];
  if (!(form instanceof z.ZodType)) {
    const below = form.below(key);
    return below === undefined ? [] : [below];
  }
  if (form instanceof z.ZodRecord) return [form.valueType as z.ZodType];
  if (!(form instanceof z.ZodObject) || !Object.hasOwn(form.shape, key)) return [];
  return [(form.shape as Readonly<Record<string, z.ZodType>>)[key] as z.ZodType];
}

function isScalarForm(form: Form): boolean {
  return (
    form instanceof z.ZodString ||
    form instanceof z.ZodNumber ||
    form instanceof z.ZodBoolean ||
    form instanceof z.ZodEnum ||
    form instanceof z.ZodLiteral ||
    form instanceof z.ZodStringFormat
  );
}

function readKey({ key }: Pair): string {
  return isScalar(key) ? String(key.value) : String(key);
}

function dropComments(document: Document): void {
  document.comment = null;
  document.commentBefore = null;
  visit(document, {
    Node(_, node) {
      delete node.comment;
      delete node.commentBefore;
    },
  });
}
