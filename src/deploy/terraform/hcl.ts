/** The text of HCL: arguments, blocks and values, formatted as `terraform fmt` does. Pure. */

/** A value that is written as it stands: a reference, a call. */
export class Raw {
  readonly text: string;
  /** The text inside `${…}` of a template: `text`, unless it is a template itself. */
  readonly inner: string;

  constructor(text: string, inner = `\${${text}}`) {
    this.text = text;
    this.inner = inner;
  }
}

export type HclValue =
  | Raw
  | boolean
  | number
  | string
  | readonly HclValue[]
  | { readonly [key: string]: HclValue };

export interface Block {
  /** `resource "aws_vpc" "vpc"`, or the name of a block within a resource. */
  readonly head: string;
  readonly comment?: string | undefined;
  readonly members: readonly HclMember[];
}
export type HclMember = Block | { readonly name: string; readonly value: HclValue };

const isBlock = (member: HclMember): member is Block => 'head' in member;

export function renderBlock({ head, comment, members }: Block, indent = ''): string {
  const lines = comment === undefined ? [] : [`${indent}# ${comment}`];
  const inner = `${indent}  `;
  if (members.length === 0) return [...lines, `${indent}${head} {}`].join('\n');
  lines.push(`${indent}${head} {`);
  let run: (readonly [string, string])[] = [];
  const flush = (): void => {
    lines.push(...align(run, inner));
    run = [];
  };
  for (const [i, member] of members.entries()) {
    if (isBlock(member)) {
      flush();
      if (i > 0) lines.push('');
      lines.push(renderBlock(member, inner));
      continue;
    }
    const text = renderHcl(member.value, inner);
    run.push([member.name, text]);
    // Lines of one value each are aligned with those beside them; a longer value stands alone.
    if (text.includes('\n')) flush();
  }
  flush();
  lines.push(`${indent}}`);
  return lines.join('\n');
}

function align(run: readonly (readonly [string, string])[], indent: string): string[] {
  const single = run.filter(([, text]) => !text.includes('\n'));
  const width = Math.max(0, ...single.map(([name]) => name.length));
  return run.map(([name, text]) =>
    text.includes('\n') ? `${indent}${name} = ${text}` : `${indent}${name.padEnd(width)} = ${text}`,
  );
}

export function renderHcl(value: HclValue, indent = ''): string {
  if (value instanceof Raw) return value.text;
  if (typeof value === 'string') return quoteHcl(value);
  if (typeof value !== 'object') return String(value);
  const inner = `${indent}  `;
  if (isList(value)) {
    if (value.length === 0) return '[]';
    const texts = value.map((one) => renderHcl(one, inner));
    if (texts.every((text) => !text.includes('\n')) && texts.join(', ').length < 80)
      return `[${texts.join(', ')}]`;
    return `[\n${texts.map((text) => `${inner}${text},`).join('\n')}\n${indent}]`;
  }
  const entries = Object.entries(value);
  if (entries.length === 0) return '{}';
  const texts = entries.map(([key, one]) => [renderKey(key), renderHcl(one, inner)] as const);
  return `{\n${alignRuns(texts, inner).join('\n')}\n${indent}}`;
}

/** As `terraform fmt`: neighbours of one line each are aligned. */
function alignRuns(entries: readonly (readonly [string, string])[], indent: string): string[] {
  const lines: string[] = [];
  let run: (readonly [string, string])[] = [];
  for (const entry of entries) {
    run.push(entry);
    if (!entry[1].includes('\n')) continue;
    lines.push(...align(run, indent));
    run = [];
  }
  return [...lines, ...align(run, indent)];
}

const renderKey = (key: string): string => (/^[A-Za-z_]\w*$/.test(key) ? key : quoteHcl(key));

/** A text in quotes, in which nothing is a template. */
export function quoteHcl(text: string): string {
  return `"${escapeText(text)}"`;
}

/** Escapes of JSON that HCL lacks. */
const UNKNOWN_ESCAPES: Readonly<Record<string, string>> = { '\\b': '\\u0008', '\\f': '\\u000c' };

/** A text as it stands inside of quotes. */
export function escapeText(text: string): string {
  return JSON.stringify(text)
    .slice(1, -1)
    .replaceAll(/\\./g, (escape) => UNKNOWN_ESCAPES[escape] ?? escape)
    .replaceAll('${', () => '$${')
    .replaceAll('%{', () => '%%{');
}

function isList(value: HclValue): value is readonly HclValue[] {
  return Array.isArray(value);
}
