/** Published pages as an exporter names them: which series get another name, listed in full. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { conformancePath, skipWithoutConformance } from '../../test/kit/conformance.ts';
import { RecordedTarget } from '../../test/kit/recorded-target.ts';
import { applyAll } from '../model/transform.ts';
import { formatLabelSet, type LabelSet } from '../model/labels.ts';
import { originOf, type SeriesOrigin } from '../model/sample.ts';
import { translatedNames } from './translated-names.ts';

/** By page: the series that change, as `scraped → sent`. */
const CHANGES: Readonly<Record<string, readonly string[]>> = {
  // The word total moves to the end, as in the Collector.
  'alltypes.237mfs.prom.txt': [
    'go_gc_cycles_total_gc_cycles_total → go_gc_cycles_gc_cycles_total',
    'go_sync_mutex_wait_total_seconds_total → go_sync_mutex_wait_seconds_total',
  ],
};

/** The series of a page and what becomes of their names. */
function changesOf(page: string, kind: 'text' | 'openmetrics'): string[] {
  const target = new RecordedTarget();
  const changes = new Set<string>();
  const refOf = target.appender.refOf.bind(target.appender);
  target.appender.refOf = (labels: LabelSet, origin?: SeriesOrigin) => {
    const name = labels.find((one) => one.name === '__name__')?.value ?? '';
    const { family } = origin ?? originOf(name);
    const rules = { namespace: '', hasSuffixes: true, isUtf8: false };
    const sent = applyAll([translatedNames(rules)], { labels, family, resource: [], scale: 1 });
    const [from, to] = [labels, sent?.labels ?? []].map(formatLabelSet);
    if (from !== to) changes.add(`${from} → ${to}`);
    return refOf(labels);
  };
  assert.equal(target.scrape(page, 1_000, kind).failure, undefined);
  return [...changes];
}

test('what published pages expose keeps its names, but for these series', { skip: skipWithoutConformance }, () => {
  const found: Record<string, readonly string[]> = {};
  for (const file of readdirSync(conformancePath('text-format'))) {
    if (file.includes('error')) continue;
    const page = readFileSync(conformancePath('text-format', file), 'utf8');
    const changes = changesOf(page, file.includes('.om.') ? 'openmetrics' : 'text');
    if (changes.length > 0) found[file] = changes;
  }
  assert.deepEqual(found, CHANGES);
}); // prettier-ignore
