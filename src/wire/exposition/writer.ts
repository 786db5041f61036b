/**
 * Metric families → text format 0.0.4 or OpenMetrics 1.0.0, the exposition that /metrics serves.
 * Pure. Not here: reading (reader.ts), and which format a scraper wants (negotiation.ts). Names
 * that were not legal before UTF-8 names are written quoted, `{"my.name","my.label"="v"} 1`, which
 * Prometheus 3 reads and older readers refuse.
 * Source: https://prometheus.io/docs/instrumenting/exposition_formats/,
 * https://prometheus.io/docs/guides/utf8/
 */
import { isLegacyLabelName, isLegacyMetricName } from '../../model/labels.ts';
import type { MetricFamily, MetricSample } from '../../model/metric-family.ts';
import type { ExpositionFormat } from './reader.ts';

/** The Content-Type of each format. */
export const EXPOSITION_CONTENT_TYPES: Readonly<Record<ExpositionFormat, string>> = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

const TOTAL = '_total';

/**
 * Writes families in the order given; one without samples is left out.
 *
 * The caller makes sure that no family name and no series comes twice: a reader refuses the first
 * and drops the second.
 */
export function writeExposition(
  families: Iterable<MetricFamily>,
  format: ExpositionFormat = 'text',
): string {
  let text = '';
  for (const family of families) {
    if (family.samples.length === 0) continue;
    text += format === 'text' ? writeText(family) : writeOpenMetrics(family);
  }
  return format === 'text' ? text : `${text}# EOF\n`;
}

function writeText(family: MetricFamily): string {
  const name = quoteUnless(isLegacyMetricName, family.name);
  let text = family.help === '' ? '' : `# HELP ${name} ${escapeHelp(family.help)}\n`;
  text += `# TYPE ${name} ${family.type}\n`;
  for (const sample of family.samples) {
    const time = sample.tMs === undefined ? '' : ` ${Math.trunc(sample.tMs)}`;
    text += `${writeSample(family, sample)}${time}\n`;
  }
  return text;
}

/**
 * Writes a family in OpenMetrics, where a counter's samples end in `_total` and its family does
 * not. A counter without `_total` would be invalid, so it is written as of unknown type.
 */
function writeOpenMetrics(family: MetricFamily): string {
  const isTotal = family.type === 'counter' && family.name.endsWith(TOTAL);
  const own = isTotal ? family.name.slice(0, -TOTAL.length) : family.name;
  const name = quoteUnless(isLegacyMetricName, own);
  const isUnknown = family.type === 'untyped' || (family.type === 'counter' && !isTotal);
  let text = `# TYPE ${name} ${isUnknown ? 'unknown' : family.type}\n`;
  if (family.help !== '') text += `# HELP ${name} ${quoteHelp(family.help)}\n`;
  for (const sample of family.samples) {
    const time = sample.tMs === undefined ? '' : ` ${Math.trunc(sample.tMs) / 1_000}`;
    text += `${writeSample(family, sample)}${time}${writeExemplar(sample)}\n`;
  }
  return text;
}

function writeExemplar({ exemplar }: MetricSample): string {
  if (exemplar === undefined) return '';
  const { labels, value, tMs } = exemplar;
  const inside = Object.entries(labels)
    .map(([name, text]) => `${quoteUnless(isLegacyLabelName, name)}=${quote(text)}`)
    .join(',');
  const time = tMs === undefined ? '' : ` ${Math.trunc(tMs) / 1_000}`;
  return ` # {${inside}} ${formatSampleValue(value)}${time}`;
}

/** Formats a value: the shortest text that reads back as the same number, or +Inf, -Inf, NaN. */
export function formatSampleValue(value: number): string {
  if (value === Infinity) return '+Inf';
  if (value === -Infinity) return '-Inf';
  return Object.is(value, -0) ? '-0' : String(value);
}

function writeSample({ name, hasEmptyLabels }: MetricFamily, sample: MetricSample): string {
  const series = writeSeries(name + (sample.suffix ?? ''), sample.labels, hasEmptyLabels === true);
  return `${series} ${formatSampleValue(sample.value)}`;
}

function writeSeries(
  name: string,
  labels: Readonly<Record<string, string>>,
  hasEmptyLabels: boolean,
): string {
  const isPlain = isLegacyMetricName(name);
  let inside = isPlain ? '' : quote(name);
  for (const label of Object.keys(labels)) {
    const value = labels[label] ?? '';
    if (value === '' && !hasEmptyLabels) continue;
    if (inside !== '') inside += ',';
    inside += `${quoteUnless(isLegacyLabelName, label)}=${quote(value)}`;
  }
  return (isPlain ? name : '') + (inside === '' ? '' : `{${inside}}`);
}

function quoteUnless(isPlain: (name: string) => boolean, name: string): string {
  return isPlain(name) ? name : quote(name);
}

function quote(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}

/** Escapes a HELP text for OpenMetrics, which wants quotes escaped there too. */
function quoteHelp(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"');
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}
