import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeSeries } from '../../test/kit/transforming.ts';
import { formatLabelSet } from './labels.ts';
import { OpenSeries, readPoint, type TransformedSeries } from './open-series.ts';
import type { Point } from './point.ts';

/** A series as a transform leaves it that changes its point. */
function change(given: TransformedSeries, edit: (point: Point) => void): TransformedSeries {
  const series = new OpenSeries(given);
  edit(series.point);
  series.settle(true);
  return series.close();
}

test('a point has no attribute for what belongs to the kind of its metric', () => {
  const bucket = makeSeries(
    { __name__: 'a_seconds_bucket', le: '0.1', path: '/' },
    { family: { name: 'a_seconds', type: 'histogram' }, resource: { 'service.name': 'j' } },
  );
  const point = readPoint(bucket);
  assert.equal(point.name, 'a_seconds');
  assert.deepEqual([...point.attributes], [['path', '/']]);
  assert.deepEqual([...point.resource], [['service.name', 'j']]);
  const closed = change(bucket, (one) => {
    one.name = 'b';
    one.attributes.set('le', 'own');
  });
  assert.equal(formatLabelSet(closed.labels), 'b_bucket{le="0.1", path="/"}');
  assert.equal(closed.family.name, 'b');
  assert.equal(formatLabelSet(bucket.labels), 'a_seconds_bucket{le="0.1", path="/"}');
});

test('le and quantile are attributes where the metric is no distribution', () => {
  const gauge = readPoint(makeSeries({ __name__: 'a_bucket', le: '1' }));
  assert.equal(gauge.name, 'a_bucket');
  assert.deepEqual([...gauge.attributes], [['le', '1']]);
  const sum = makeSeries(
    { __name__: 'a_sum', quantile: '1' },
    { family: { name: 'a', type: 'summary' } },
  );
  assert.deepEqual([...readPoint(sum).attributes], [['quantile', '1']]);
  const quantile = makeSeries(
    { __name__: 'a', quantile: '1' },
    { family: { name: 'a', type: 'summary' } },
  );
  assert.deepEqual([...readPoint(quantile).attributes], []);
});

test('a point that is not changed closes to the same series', () => {
  for (const [labels, family] of [
    [
      { __name__: 'a_count', x: '1' },
      { name: 'a', type: 'histogram', unit: 's' },
    ],
    [
      { __name__: 'a', quantile: '0.5' },
      { name: 'a', type: 'summary' },
    ],
    [{ __name__: 'a_total' }, { name: 'a_total', type: 'counter', isDelta: true }],
    [{ __name__: 'other' }, { name: 'a', type: 'unknown' }],
  ] as const) {
    const series = makeSeries(labels, { family, resource: { 'a.b': 'c' } });
    const closed = change(series, () => undefined);
    assert.equal(formatLabelSet(closed.labels), formatLabelSet(series.labels));
    assert.deepEqual(closed.resource, series.resource);
    if (labels.__name__ !== 'other') assert.equal(closed.family, series.family, 'it is shared');
  }
});

test('the name of a counter is that of its series, also where its family has no suffix', () => {
  const family = { name: 'a', type: 'counter' } as const;
  const series = makeSeries({ __name__: 'a_total' }, { family });
  const point = readPoint(series);
  assert.equal(point.name, 'a_total');
  const renamed = change(series, (one) => void (one.name = 'b'));
  assert.equal(formatLabelSet(renamed.labels), 'b');
});

test('the series of a metric share the family that a transform makes of theirs', () => {
  const family = { name: 'a', type: 'gauge', unit: 's' } as const;
  const rename = (name: string, given: Partial<TransformedSeries['family']>) =>
    change({ ...makeSeries({ __name__: 'a' }), family: given as never }, (point) => {
      point.name = name;
    }).family;
  const first = rename('b', family);
  assert.deepEqual(first, { name: 'b', type: 'gauge', unit: 's' });
  assert.equal(rename('b', family), first);
  assert.equal(rename('c', family).name, 'c');
  assert.equal(rename('a', family), family);
  assert.deepEqual(rename('c', { ...family, isSum: true }), { ...first, name: 'c', isSum: true });
});
