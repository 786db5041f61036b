/**
 * Renders docs/metrics.md from the places where metrics are registered: Amperage's own, whose names
 * begin with `amperage_`. A name that is put together is known by the helper that does so.
 */
import { lexSource } from '../tidy/lexing.ts';
import type { SourceFile } from './error-page.ts';
import { GENERATED } from './mark.ts';

export interface DocumentedMetric {
  readonly name: string;
  readonly kind: string;
  readonly help: string;
}

const LITERAL = String.raw`(?:'(?:[^'\\]|\\.)*'|"[^"]*")`;
/** Literals that are joined by plus signs. */
const TEXT = String.raw`(${LITERAL}(?:\s*\+\s*${LITERAL})*)`;
const KINDS = '(counter|gauge|histogram|summarie)s?';
const DIRECT = new RegExp(String.raw`\.${KINDS}\(\s*'(amperage_\w+)',\s*${TEXT}`, 'g');
const HELPER_OF_ONE = String.raw`(\w+) = \(name: string(?:, help: string)?\)[^=]*=>\s*\w+\.`;
const COMPOSED = '`amperage_(\\w+?)_\\$\\{name\\}';
const HELPER = new RegExp(String.raw`${HELPER_OF_ONE}${KINDS}\(${COMPOSED}`, 'g');
/** A helper that calls another one. */
const ALIAS = /(\w+) = \(name: string, help: string\)[^=]*=>\s*(\w+)\(name, help\)/g;
const NAMED = /const (\w+) = '(amperage_\w+)';/g;

/** Every metric `amperage_*` that the sources register, once, by name. */
export function listMetrics(sources: readonly SourceFile[]): DocumentedMetric[] {
  const found = sources.flatMap(({ text }) => listMetricsOf(removeComments(text)));
  const byName = new Map(found.map((metric) => [metric.name, metric]));
  return [...byName.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function listMetricsOf(text: string): DocumentedMetric[] {
  const direct = [...text.matchAll(DIRECT)].map(([, kind = '', name = '', help = '']) => ({
    name,
    kind: readKind(kind),
    help: readText(help),
  }));
  const aliases = [...text.matchAll(ALIAS)];
  const helped = [...text.matchAll(HELPER)].flatMap(([, helper = '', kind = '', prefix = '']) => {
    const also = aliases.filter(([, , of]) => of === helper).map(([, alias]) => alias);
    const called = [helper, ...also].join('|');
    return [
      ...text.matchAll(new RegExp(String.raw`\b(?:${called})\(\s*'(\w+)'(?:,\s*${TEXT})?`, 'g')),
    ].map(([, name = '', help]) => ({
      name: `amperage_${prefix}_${name}`,
      kind: readKind(kind),
      help: help === undefined ? findTabled(text, name) : readText(help),
    }));
  });
  const named = [...text.matchAll(NAMED)].flatMap(([, constant = '', name = '']) => {
    const use = new RegExp(String.raw`\.${KINDS}\(${constant},\s*(?:${TEXT}|help)`).exec(text);
    if (use === null) return [];
    const help = use[2] ?? new RegExp(String.raw`const help =\s*${TEXT}`).exec(text)?.[1] ?? '';
    return [{ name, kind: readKind(use[1] ?? ''), help: readText(help) }];
  });
  return [...direct, ...helped, ...named];
}

function readKind(word: string): string {
  return word === 'summarie' ? 'summary' : word;
}

/** The help of a metric whose texts stand in a table of their own. */
function findTabled(text: string, name: string): string {
  return readText(new RegExp(String.raw`\b${name}:\s*${TEXT}`).exec(text)?.[1] ?? '');
}

/** The value of literals that are joined by plus signs. */
function readText(literals: string): string {
  return [...literals.matchAll(/'((?:[^'\\]|\\.)*)'|"([^"]*)"/g)]
    .map(([, single, double]) => (single ?? double ?? '').replaceAll(/\\(.)/g, '$1'))
    .join('');
}

function removeComments(source: string): string {
  return lexSource(source).comments.reduce((rest, { text }) => rest.replace(text, ''), source);
}

export function renderMetricsPage(metrics: readonly DocumentedMetric[]): string {
  const rows = metrics.map(
    ({ name, kind, help }) => `| \`${name}\` | ${kind} | ${help.replaceAll('|', '\\|')} |`,
  );
  return `${GENERATED}
# Metrics of Amperage itself

What a running command tells of itself at \`/metrics\` (of \`collect\` on \`--web.listen-address\`). A metric is there once the part
that it is of runs. Beside these there are those of Prometheus under its names (\`prometheus_*\`), of the process and of Node
(\`process_*\`, \`nodejs_*\`). All metrics of a sink, a receiver and a queue have its name as a label: \`sink\`, \`receiver\`, \`queue\`.

| metric | type | |
|---|---|---|
${rows.join('\n')}
`;
}
