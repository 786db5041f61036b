/**
 * Metric families → text format 0.0.4, the page behind /metrics. Pure; reading is exposition-parser.ts.
 * Names that were not legal before UTF-8 names came are written quoted, `{"my.name","my.label"="v"} 1`, which
 * Prometheus 3 reads and older readers refuse.
 * Source: https://prometheus.io/docs/instrumenting/exposition_formats/, https://prometheus.io/docs/guides/utf8/
 */
import { isLegacyLabelName, isLegacyMetricName } from '../model/labels.ts';
import { type MetricFamily, type MetricSample } from '../model/metric-family.ts';

export const EXPOSITION_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/**
 * Writes families in the order given; one without samples is left out.
 *
 * The caller sees to it that no family name and no series comes twice: a reader refuses the one and drops the other.
 */
export function writeExposition(families: Iterable<MetricFamily>): string {
  let text = '';
  for (const family of families) {
    if (family.samples.length === 0) continue;
    const name = quoteUnless(isLegacyMetricName, family.name);
    if (family.help !== '') text += `# HELP ${name} ${escapeHelp(family.help)}\n`;
    text += `# TYPE ${name} ${family.type}\n`;
    for (const sample of family.samples) text += writeSample(family.name, sample);
  }
  return text;
}

/** A value as text: the shortest that reads back as itself, with +Inf, -Inf and NaN. */
export function formatSampleValue(value: number): string {
  if (value === Infinity) return '+Inf';
  if (value === -Infinity) return '-Inf';
  return Object.is(value, -0) ? '-0' : String(value);
}

function writeSample(familyName: string, sample: MetricSample): string {
  const time = sample.tMs === undefined ? '' : ` ${Math.trunc(sample.tMs)}`;
  const series = writeSeries(familyName + (sample.suffix ?? ''), sample.labels);
  return `${series} ${formatSampleValue(sample.value)}${time}\n`;
}

function writeSeries(name: string, labels: Readonly<Record<string, string>>): string {
  const isPlain = isLegacyMetricName(name);
  let inside = isPlain ? '' : quote(name);
  for (const label of Object.keys(labels)) {
    const value = labels[label] ?? '';
    if (value === '') continue;
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

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}
