import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeSeries, openRoute, type SeriesParts } from '../../test/kit/transforming.ts';
import { applyAll } from '../model/transform.ts';
import { formatLabelSet } from '../model/labels.ts';
import { copiedResource } from './copied-resource.ts';
import { exceptServed } from './served-target-info.ts';
import { translatedNames } from './translated-names.ts';

const rules = { namespace: '', hasSuffixes: true, isUtf8: false };

function translate(labels: Record<string, string>, parts: SeriesParts = {}): string {
  const series = applyAll([translatedNames(rules)], makeSeries(labels, parts));
  assert.ok(series);
  const { name, type, unit } = series.family;
  return `${formatLabelSet(series.labels)} of ${name} ${type} [${unit}]`;
}

test('the parts of a histogram keep their endings behind the new name, and their bounds', () => {
  const family = { name: 'request.duration', type: 'histogram', unit: 's' } as const;
  const is = 'of request_duration_seconds histogram [seconds]';
  for (const part of ['sum', 'count'])
    assert.equal(
      translate({ __name__: `request.duration_${part}`, 'http.path': '/' }, { family }),
      `request_duration_seconds_${part}{http_path="/"} ${is}`,
    );
  assert.equal(
    translate({ __name__: 'request.duration_bucket', le: '0.5' }, { family }),
    `request_duration_seconds_bucket{le="0.5"} ${is}`,
  );
});

test('what is not told is a gauge, and an info gets no suffix', () => {
  assert.equal(
    translate({ __name__: 'cpu' }, { family: { type: 'unknown', unit: 'ratio' } }),
    'cpu_ratio of cpu_ratio unknown []',
  );
  assert.equal(
    translate({ __name__: 'build_info' }, { family: { type: 'info' } }),
    'build_info of build_info info []',
  );
});

test('attributes whose names become the same are joined in the order of their names', () => {
  const labels = { __name__: 'a', x_y: '3', 'x.y': '1', 'x-y': '2', 'x y': '1', z: '9' };
  assert.equal(translate(labels), 'a{x_y="1;2;1;3", z="9"} of a gauge []');
  assert.equal(translate({ __name__: 'a', 'x.y': '1', x_y: '1' }), 'a{x_y="1"} of a gauge []');
});

test('a series whose names stay keeps its family; a renamed one tells metadata under its own', () => {
  const same = makeSeries({ __name__: 'up', 'a.b': 'c' });
  assert.equal(applyAll([translatedNames(rules)], same)?.family, same.family);
  const { appender, recording, refs } = openRoute(translatedNames(rules));
  const [ref = -1] = refs(makeSeries({ __name__: 'jobs' }, { family: { type: 'counter' } }));
  appender.setMetadata(ref, 'jobs', { type: 'counter', help: 'Jobs.', unit: '' });
  assert.deepEqual([...recording.metadata], [['jobs_total', 'jobs_total counter [] Jobs.']]);
});

test('rules that do something else have another identity', () => {
  const others = [
    { ...rules, namespace: 'a' },
    { ...rules, hasSuffixes: false },
    { ...rules, isUtf8: true },
  ].map((one) => translatedNames(one));
  const all = [translatedNames(rules), ...others, exceptServed(translatedNames(rules))];
  assert.equal(new Set(all.map(({ identity }) => identity)).size, all.length);
});

test('attributes of the resource are copied over those of the series, but not over its bound', () => {
  const resource = { 'service.name': 's', 'host.name': 'h', le: 'x', own: 'resource' };
  const series = makeSeries(
    { __name__: 'a_bucket', le: '1', own: 'series' },
    { family: { name: 'a', type: 'histogram' }, resource },
  );
  const copy = (withService: boolean): string =>
    formatLabelSet(applyAll([copiedResource({ withService })], series)?.labels ?? []);
  const rest = 'host.name="h", le="1", own="resource"';
  assert.equal(copy(true), `a_bucket{${rest}, service.name="s"}`);
  assert.equal(copy(false), `a_bucket{${rest}}`);
});

test('one transform names metrics of other kinds and units anew, and ever more labels', () => {
  const transform = translatedNames(rules);
  const name = (metric: NonNullable<SeriesParts['family']>, label: string): string => {
    const series = applyAll(
      [transform],
      makeSeries({ __name__: 'a', [label]: 'v' }, { family: metric }),
    );
    return `${formatLabelSet(series?.labels ?? [])} [${series?.family.unit ?? ''}]`;
  };
  for (let round = 0; round < 2_500; round++) {
    const label = `b_${round}`;
    assert.equal(
      name({ type: 'gauge', unit: 's' }, `b.${round}`),
      `a_seconds{${label}="v"} [seconds]`,
    );
    assert.equal(
      name({ type: 'gauge', unit: 'By' }, `b.${round}`),
      `a_bytes{${label}="v"} [bytes]`,
    );
    assert.equal(name({ type: 'counter', unit: '' }, `b.${round}`), `a_total{${label}="v"} []`);
    assert.equal(name({ type: 'gauge', unit: '' }, `b.${round}`), `a{b_${round}="v"} []`);
  }
});
