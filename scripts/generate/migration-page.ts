/**
 * Renders the tables of docs/migrate-from-adot.md: what becomes of each component of the Collector,
 * and of the keys of those that are taken over. The prose of the page is written by hand; what
 * stands between the marks is replaced.
 */
import { FATE_ROWS, type FateRow, NOUNS } from '../../src/config/otel/components.ts';
import type { ComponentKind } from '../../src/config/otel/component.ts';
import { KINDS } from '../../src/config/otel/kinds.ts';
import { type Section, SECTIONS } from '../../src/config/otel/sections.ts';
import { CARRIED, fateIn, type FateIn } from '../../src/config/otel/signals.ts';
import { makeSlug } from './key-page.ts';
import { buildTree, type SchemaNode } from './schema-tree.ts';

const BEGIN = '<!-- Made from the code by "npm run generate", down to the next mark. -->';
const END = '<!-- The end of what is made from the code. -->';

/**
 * @param page     the page as it is, with both marks
 * @param keyPage  the page of keys of collector configurations, to whose sections the keys link
 * @throws         Error when a mark is not there
 */
export function renderMigrationPage(page: string, keyPage: string): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`the page lacks its marks: ${BEGIN} and ${END}`);
  const tables = SECTIONS.flatMap((section) => renderSection(section, keyPage));
  return `${page.slice(0, begin)}${[BEGIN, '', ...tables].join('\n')}\n${page.slice(end)}`;
}

function renderSection(section: Section, keyPage: string): readonly string[] {
  const kinds = KINDS[section];
  const rows = FATE_ROWS[section];
  if (kinds.length + rows.length === 0) return [];
  const title = `${section.slice(0, 1).toUpperCase()}${section.slice(1)}`;
  return [
    `### ${title}`,
    '',
    ...(section === 'extensions' ? renderHere(kinds, rows) : renderBySignal(section)),
    '',
    ...kinds.flatMap((kind) => renderKeys(section, kind, keyPage)),
  ];
}

/** Extensions belong to no pipeline. */
function renderHere(kinds: readonly ComponentKind[], rows: readonly FateRow[]): readonly string[] {
  return [
    `| ${NOUNS.extensions} | here |`,
    '|---|---|',
    ...kinds.map((kind) => `| ${formatNames(kind.names)} | ${describeKind(kind)} |`),
    ...rows.map((row) => `| ${formatNames(row.names)} | ${describeRow(row)} |`),
  ];
}

/** A column for each signal that is carried. */
function renderBySignal(section: Section): readonly string[] {
  const all = [...KINDS[section], ...FATE_ROWS[section]].map(({ names }) => names);
  const cells = (name: string): string =>
    CARRIED.map((signal) => describeFate(fateIn(section, name, signal))).join(' | ');
  return [
    `| ${NOUNS[section]} | in pipelines of ${CARRIED.join(' | of ')} |`,
    `|---|${CARRIED.map(() => '---|').join('')}`,
    ...all.map((names) => `| ${formatNames(names)} | ${cells(names[0] ?? '')} |`),
  ];
}

function describeFate(fate: FateIn): string {
  if (fate === 'none') return '–';
  if (fate.is === 'idle') return `no effect: ${escapeCell(fate.why)}`;
  if (fate.is === 'lacking') return `refused: ${escapeCell(fate.instead)}`;
  return fate.as === undefined ? 'yes' : `as ${escapeCell(fate.as)}`;
}

function formatNames(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(', ');
}

function describeKind({ as }: ComponentKind): string {
  return as === undefined ? 'yes' : `as ${escapeCell(as)}`;
}

function describeRow({ fate }: FateRow): string {
  if (fate.is === 'idle') return `no effect: ${escapeCell(fate.why)}`;
  return `refused: ${escapeCell(fate.instead)}`;
}

function escapeCell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
}

/** The words before the keys of each fate. */
const FATES = [
  [undefined, 'taken over'],
  ['idle', 'without effect'],
  ['refused', 'refused'],
  ['misplaced', 'refused'],
] as const;

/** The fate of a key; where it depends on the value, its description begins with the word. */
function fateOfKey({ fate, description = '' }: SchemaNode): SchemaNode['fate'] {
  if (fate !== undefined) return fate;
  if (/^Refused\b/.test(description)) return 'refused';
  return description.startsWith('Has no effect') ? 'idle' : undefined;
}

function renderKeys(section: Section, kind: ComponentKind, keyPage: string): readonly string[] {
  const twin = KINDS[section].find(({ schema }) => schema === kind.schema);
  if (twin !== undefined && twin !== kind)
    return [`Keys of \`${kind.names[0]}\`: those of \`${twin.names[0]}\`.`, ''];
  const keys = Object.entries(buildTree(kind.schema).properties ?? {});
  if (keys.length === 0) return [];
  const parts = FATES.flatMap(([fate, words]) => {
    const names = keys.filter(([, node]) => fateOfKey(node) === fate).map(([name]) => name);
    return names.length === 0 ? [] : [`${words}: ${formatNames(names)}`];
  });
  const heading = `${section}.${kind.names[0]}`;
  const anchor = keyPage.includes(`\n## \`${heading}\`\n`) ? makeSlug(heading) : section;
  return [
    `Keys of \`${kind.names[0]}\` ([each with what it does](keys/collector.md#${anchor})); ` +
      `${parts.join('; ')}.`,
    '',
  ];
}
