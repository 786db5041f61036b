/** The data of the web page without a browser: grids, legends, values, and their descriptions. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatNumber, formatValue, hasData, describeFrame } from './format.ts';
import { buildFrame, buildGrid, formatLegend, MAX_SERIES, readSampleValue } from './query.ts';

test('a grid is aligned to its step, spans what was asked and never exceeds 241 times', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4e12 }), fc.constantFrom(300, 900, 3600), (now, span) => {
      const { startS, endS, stepS } = buildGrid(now, span);
      assert.equal(endS % stepS, 0);
      assert.equal(endS - startS, span);
      assert.ok(endS * 1000 <= now && now < (endS + stepS) * 1000);
      assert.ok((endS - startS) / stepS <= 240);
    }),
  );
});

test('points are put on their times; those outside are left out and gaps are null', () => {
  const grid = { startS: 100, endS: 120, stepS: 5 };
  const values = [
    [95, '9'],
    [100, '1'],
    [110.4, 'NaN'],
    [120, '+Inf'],
    [125, '9'],
  ] as const;
  const frame = buildFrame(grid, [{ legend: 'a', result: [{ metric: {}, values }] }]);
  assert.deepEqual(frame.timesS, [100, 105, 110, 115, 120]);
  assert.deepEqual(frame.series, [{ label: 'a', values: [1, null, NaN, null, Infinity] }]);
});

test('series beyond the limit are counted, not drawn', () => {
  const result = Array.from({ length: MAX_SERIES + 3 }, () => ({ metric: {} }));
  const frame = buildFrame({ startS: 0, endS: 5, stepS: 5 }, [{ legend: 'a', result }]);
  assert.deepEqual([frame.series.length, frame.seriesOmitted], [MAX_SERIES, 3]);
  assert.equal(hasData(frame), false);
});

test('a legend fills its template in, or shows the whole label set', () => {
  assert.equal(formatLegend('{container_name}', { container_name: '<b>' }), '<b>');
  assert.equal(formatLegend('{container_name}', {}), 'no container_name');
  assert.equal(formatLegend('', { __name__: 'up', job: 'a"b' }), 'up{job="a\\"b"}');
  assert.equal(formatLegend('', { __name__: 'up' }), 'up');
  assert.equal(formatLegend('', {}), '{}');
});

test('values are read as the API writes them and shown with their units', () => {
  assert.deepEqual(['1e+21', '+Inf', '-Inf', 'NaN'].map(readSampleValue), [
    1e21,
    Infinity,
    -Infinity,
    NaN,
  ]);
  assert.equal(formatValue(48 * 2 ** 20, 'bytes'), '48\u202fMiB');
  assert.equal(formatValue(0, 'bytes'), '0\u202fB');
  assert.equal(formatValue(12.34, 'percent'), '12.3\u202f%');
  assert.equal(formatValue(null, 'percent'), '–');
  assert.equal(formatValue(NaN, 'percent'), 'NaN');
  assert.deepEqual([0, 0.1234, 9.999, 123.4, 12_345, 1e-9].map(formatNumber), [
    '0',
    '0.123',
    '10',
    '123',
    '12.3K',
    '1.00e-9',
  ]);
});

test('a chart is described by its newest, lowest and highest values', () => {
  const frame = {
    timesS: [0, 5, 10],
    series: [{ label: 'a', values: [3, 1, null] }],
    seriesOmitted: 0,
  };
  assert.equal(
    describeFrame(frame, undefined, 300),
    'The last 5 minutes. a: now 1, between 1 and 3.',
  );
});
