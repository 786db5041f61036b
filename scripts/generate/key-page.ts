/**
 * Renders a tree of keys as a page: a section for each mapping with known keys, a row for each key.
 * A mapping that is used in several places has one section, and the other places link to it.
 */
import { GENERATED } from './mark.ts';
import { listBlocks, type SchemaNode } from './schema-tree.ts';
import { VALUE_KINDS } from './value-kinds.ts';

export interface PageText {
  readonly title: string;
  /** Markdown, before the first section. */
  readonly intro: string;
}

const TOP = 'Top level';

interface Section {
  readonly heading: string;
  readonly node: SchemaNode;
}

export function renderKeyPage(tree: SchemaNode, { title, intro }: PageText): string {
  const page = new KeyPage();
  for (const { node, suffix } of listBlocks(tree)) page.add(suffix, node, suffix || TOP);
  return [GENERATED, `# ${title}`, '', intro, '', ...page.render()].join('\n');
}

class KeyPage {
  readonly #sections: Section[] = [];
  /** JSON of a mapping's keys → heading of its section. */
  readonly #known = new Map<string, string>();
  readonly #lines: string[] = [];

  /** @returns the heading of the block's section, which is made at the first call */
  add(path: string, node: SchemaNode, heading = path): string {
    const { description: _, ...content } = node;
    const key = JSON.stringify(content);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const free = this.#freeHeading(heading);
    this.#known.set(key, free);
    this.#sections.push({ heading: free, node });
    return free;
  }

  /**
   * Renders sections in the order in which keys first refer to them. Rendering one may add others
   * at the end of the list.
   */
  render(): readonly string[] {
    for (const { heading, node } of this.#sections) this.#renderSection(heading, node);
    return this.#lines;
  }

  #renderSection(heading: string, node: SchemaNode): void {
    const path = heading === TOP ? '' : heading;
    const keys = Object.entries(node.properties ?? {});
    const done = keys.filter(([, one]) => one.fate === undefined);
    const lines = this.#lines;
    lines.push(`## ${path === '' ? heading : `\`${heading}\``}`, '');
    if (done.length > 0) {
      lines.push('| key | type | default | |', '|---|---|---|---|');
      for (const [key, one] of done) {
        const isRequired = node.required?.includes(key) === true;
        const at = path === '' ? key : `${path}.${key}`;
        const cells = [
          `\`${key}\``,
          this.#type(one, at),
          isRequired ? '**required**' : formatDefault(one),
          renderText(one),
        ];
        lines.push(`| ${cells.join(' | ')} |`);
      }
      lines.push('');
    }
    this.#renderFate(keys, 'refused', 'Known and refused (with `--allow-partial` left out):');
    this.#renderFate(keys, 'misplaced', 'Refused, since they belong elsewhere:');
    this.#renderFate(keys, 'idle', 'Accepted, without effect:');
    for (const [pattern, one] of Object.entries(node.patternProperties ?? {})) {
      const names = listNames(pattern);
      const type =
        one.fate === undefined ? ` ${this.#type(one, `${path}.${names[0] ?? ''}`)}.` : '';
      lines.push(`- ${names.map((name) => `\`${name}\``).join(', ')}:${type} ${renderText(one)}`);
    }
    if (node.patternProperties !== undefined) lines.push('');
  }

  #renderFate(
    keys: readonly (readonly [string, SchemaNode])[],
    fate: SchemaNode['fate'],
    title: string,
  ): void {
    const bySentence = new Map<string, string[]>();
    for (const [key, one] of keys.filter(([, { fate: own }]) => own === fate)) {
      const sentence = one.description ?? '';
      bySentence.set(sentence, [...(bySentence.get(sentence) ?? []), `\`${key}\``]);
    }
    if (bySentence.size === 0) return;
    this.#lines.push(title, '');
    for (const [sentence, names] of bySentence)
      this.#lines.push(`- ${names.join(', ')}: ${escapeCell(sentence)}`);
    this.#lines.push('');
  }

  #type(node: SchemaNode, path: string): string {
    if (node.page !== undefined) return `[mapping](${node.page}.md)`;
    const blocks = listBlocks(node).map(({ node: block, suffix }) => {
      const heading = this.add(path + suffix, block);
      return `[${chooseNoun(suffix)}](#${makeSlug(heading)})`;
    });
    return blocks.length > 0 ? [...new Set(blocks)].join(' or ') : describeNode(node);
  }

  #freeHeading(heading: string): string {
    const taken = new Set(this.#sections.map((one) => one.heading));
    let free = heading;
    for (let count = 2; taken.has(free); count++) free = `${heading} (${count})`;
    return free;
  }
}

function chooseNoun(suffix: string): string {
  if (suffix.endsWith('[]')) return 'list of mappings';
  return suffix === '' ? 'mapping' : 'mapping of mappings';
}

function describeNode(node: SchemaNode): string {
  const words = VALUE_KINDS[node.kind ?? ''];
  if (words !== undefined) return words;
  if (node.enum !== undefined)
    return node.enum.map((one) => `\`${String(one) || '""'}\``).join(', ');
  if (node.const !== undefined) return `\`${writeValue(node.const)}\``;
  if (node.anyOf !== undefined) return [...new Set(node.anyOf.map(describeNode))].join(' or ');
  if (node.items !== undefined) {
    const range = formatRange(node.minItems, node.maxItems, ' of them');
    return `list: ${describeNode(node.items)}${range === '' ? '' : `; ${range}`}`;
  }
  if (typeof node.additionalProperties === 'object')
    return `mapping of names: ${describeNode(node.additionalProperties)}`;
  if (node.type === 'integer' || node.type === 'number') {
    const minimum = node.minimum ?? node.exclusiveMinimum;
    const range =
      node.exclusiveMinimum === undefined
        ? formatRange(minimum, node.maximum)
        : `above ${minimum}${node.maximum === undefined ? '' : `, at most ${node.maximum}`}`;
    const noun = node.type === 'integer' ? 'whole number' : 'number';
    return range === '' ? noun : `${noun}, ${range}`;
  }
  const types = [node.type ?? []].flat();
  if (types.length === 0) return 'anything';
  return types.map((type) => TYPE_WORDS[type] ?? type).join(' or ');
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: 'text',
  boolean: 'true or false',
  object: 'mapping',
};

function formatRange(minimum?: number, maximum?: number, what = ''): string {
  if (minimum === undefined && maximum === undefined) return '';
  if (maximum === undefined) return `${minimum} or more${what}`;
  return minimum === undefined ? `at most ${maximum}${what}` : `${minimum} to ${maximum}${what}`;
}

function formatDefault(node: SchemaNode): string {
  if (node.default === undefined) return '';
  const { default: value } = node;
  return `\`${value === '' ? '""' : writeValue(value)}\``;
}

function renderText(node: SchemaNode): string {
  const examples = (node.examples ?? []).map((example) => `\`${writeValue(example)}\``);
  const shown = examples.length === 0 ? '' : ` Example: ${examples.join(', ')}.`;
  return escapeCell(`${node.description ?? ''}${shown}`);
}

/** A value as a user would write it. */
function writeValue(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function escapeCell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ').replaceAll('<', '&lt;');
}

/** Names in a pattern of names: a and b of `^(?:a|b)(?:/.*)?$`. */
function listNames(pattern: string): readonly string[] {
  const [, names = pattern] = /^\^\(\?:([^)]*)\)/.exec(pattern) ?? [];
  return names.split('|');
}

/** The anchor that public forges make of a heading. */
export function makeSlug(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\- _]/gu, '')
    .replaceAll(' ', '-');
}
