/**
 * Renders docs/metrics.md from the places where metrics are registered. A name that is put together
 * is known by the helper that does so.
 */
import type { EXTRA_REPORT_NAMES, REPORT_NAMES } from '../../src/scrape/report.ts';
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
const DIRECT = new RegExp(String.raw`\.${KINDS}\(\s*'(\w+)',\s*${TEXT}`, 'g');
const HELPER_OF_ONE = String.raw`(\w+) = \(name: string(?:, help: string)?\)[^=]*=>\s*\w+\.`;
/** The name itself, or behind a prefix. */
const COMPOSED = '(?:name,|`(\\w+)\\$\\{name\\}`,)';
const HELPER = new RegExp(String.raw`${HELPER_OF_ONE}${KINDS}\(${COMPOSED}`, 'g');
/** A helper that calls another one. */
const ALIAS = /(\w+) = \(name: string, help: string\)[^=]*=>\s*(\w+)\(name, help\)/g;
const NAMED = /const (\w+) = '(\w+)';/g;

/** A prefix that a file has a name for, in a template. */
const PREFIX = /const (PREFIX) = '(\w+)';/;
/** A template without a placeholder. */
const PLAIN = /`(\w+)`/g;

/** Every metric that the sources register, once, by name. */
export function listMetrics(sources: readonly SourceFile[]): DocumentedMetric[] {
  const found = sources.flatMap(({ text }) => listMetricsOf(fillIn(removeComments(text))));
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
      ...text.matchAll(
        new RegExp(String.raw`(?<![.\w])(?:${called})\(\s*'(\w+)'(?:,\s*${TEXT})?`, 'g'),
      ),
    ].map(([, name = '', help]) => ({
      name: `${prefix}${name}`,
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

/** Prefixes of templates, and templates that are whole, as literals. */
function fillIn(source: string): string {
  const [, name, prefix = ''] = PREFIX.exec(source) ?? [];
  const filled = name === undefined ? source : source.replaceAll(`\${${name}}`, prefix);
  return filled.replaceAll(PLAIN, "'$1'");
}

/** Of the series that a scrape adds, which no registry has. */
const REPORTS: Readonly<Record<ReportName, string>> = {
  up: 'Whether the scrape was good (1) or not (0).',
  scrape_duration_seconds: 'Time that the scrape took.',
  scrape_samples_scraped: 'Samples that the target exposed.',
  scrape_samples_post_metric_relabeling: 'Samples that were left by `metric_relabel_configs`.',
  scrape_series_added: 'About how many series were not in the scrape before.',
  scrape_timeout_seconds: 'Time that a scrape may take; with `extra_scrape_metrics`.',
  scrape_sample_limit: '`sample_limit` of the job; with `extra_scrape_metrics`.',
  scrape_body_size_bytes:
    'Size of the body, uncompressed; -1 above `body_size_limit`; with `extra_scrape_metrics`.',
};

type ReportName = (typeof REPORT_NAMES)[number] | (typeof EXTRA_REPORT_NAMES)[number];

export function renderMetricsPage(metrics: readonly DocumentedMetric[]): string {
  const startingWith = (start: RegExp): string =>
    renderTable(metrics.filter(({ name }) => start.test(name)));
  const reports = Object.entries(REPORTS).map(([name, help]) => ({ name, kind: 'gauge', help }));
  return `${GENERATED}
# Metrics of Amperage itself

What a running command tells of itself at \`/metrics\` (of \`collect\` on \`--web.listen-address\`). A metric is there once the part
that it is of runs. All metrics of a sink, a receiver and a queue have its name as a label: \`sink\`, \`receiver\`, \`queue\`. Alerts on
them: [alerts.md](alerts.md).

## Its own

${startingWith(/^amperage_/)}

## Under the names of Prometheus

They mean what Prometheus means by them, so its dashboards and alerts work; [alerts.md](alerts.md#the-alerts-of-prometheus-mixin) says which.

${startingWith(/^prometheus_/)}

## Of the process, of queues, and of commands other than \`collect\`

${startingWith(/^(?!amperage_|prometheus_)/)}

## Of each target

Series that a scrape adds to those of its target, with the target's labels; they are sent and not at \`/metrics\`.

${renderTable(reports)}
`;
}

function renderTable(metrics: readonly DocumentedMetric[]): string {
  const rows = metrics.map(
    ({ name, kind, help }) => `| \`${name}\` | ${kind} | ${help.replaceAll('|', '\\|')} |`,
  );
  return ['| metric | type | |', '|---|---|---|', ...rows].join('\n');
}
