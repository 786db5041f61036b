import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeLabelSet } from '../../model/labels.ts';
import {
  countMetrics,
  type OtelMetric,
  type ResourceMetrics,
  splitMetrics,
} from '../../model/otel-metrics.ts';
import type { SeriesFamily, SeriesType } from '../../model/sample.ts';
import { HISTOGRAM } from '../../../test/kit/native-histogram.ts';
import { MetricsAppender } from './appender.ts';
import { translateUnit } from './units.ts';

const T = 1_700_000_000_000;

function open() {
  const taken: (readonly ResourceMetrics[])[] = [];
  const appender = new MetricsAppender((all) => void taken.push(all));
  const refOf = (
    labels: Record<string, string>,
    family: Partial<SeriesFamily> = {},
    resource: Record<string, string> = { 'service.name': 'web' },
  ): number =>
    appender.refOf(makeLabelSet(labels), {
      family: { name: labels['__name__'] ?? '', type: 'gauge', unit: '', ...family },
      resource: makeLabelSet(resource),
    });
  const commit = (): readonly ResourceMetrics[] => {
    appender.commit();
    return taken.splice(0).flat();
  };
  const metrics = (): OtelMetric[] => commit().flatMap((one) => one.metrics);
  return { appender, refOf, commit, metrics, taken };
}

/** The refs of a distribution's series, by the end of their names or their bound. */
function openFamily(type: SeriesType, parts: readonly string[]) {
  const run = open();
  const family = { name: 'x', type, unit: 'seconds' };
  const refs = new Map(
    parts.map((part) => {
      const labels: Record<string, string> = part.startsWith('_')
        ? { __name__: `x${part}` }
        : type === 'summary'
          ? { __name__: 'x', quantile: part }
          : { __name__: 'x_bucket', le: part };
      return [part, run.refOf({ ...labels, path: '/' }, family)];
    }),
  );
  const append = (values: Record<string, number | 'stale'>): void => {
    for (const [part, value] of Object.entries(values)) {
      const ref = refs.get(part) ?? -1;
      if (value === 'stale') run.appender.appendStale(ref, T);
      else run.appender.append(ref, T, value);
    }
  };
  return { ...run, refs, append };
}

const path = makeLabelSet({ path: '/' });
const point = { attributes: path, tMs: T, startMs: undefined, isStale: false, exemplars: [] };
const ALL = ['0.5', '1', '+Inf', '_sum', '_count'];

test('the series of a histogram are one metric, with counts that are not cumulative', () => {
  const { appender, refs, append, metrics } = openFamily('histogram', ALL);
  appender.setMetadata(refs.get('_sum') ?? -1, 'x', { type: 'histogram', help: 'h', unit: '' });
  appender.setCreated(refs.get('_count') ?? -1, 5);
  append({ '1': 5, '0.5': 2, '+Inf': 9, _sum: 4.5, _count: 9 });
  assert.deepEqual(metrics(), [
    {
      name: 'x',
      description: 'h',
      unit: 's',
      type: 'histogram',
      data: {
        kind: 'histogram',
        isDelta: false,
        points: [{ ...point, startMs: 5, count: 9, sum: 4.5, bounds: [0.5, 1], counts: [2, 3, 4] }],
      },
    },
  ]);
});

const PARTIAL: readonly [string, Record<string, number | 'stale'>, object][] = [
  ['without +Inf', { '1': 5, _count: 9 }, { count: 9, bounds: [1], counts: [5, 4] }],
  ['without _count', { '0.5': 2, '+Inf': 9 }, { count: 9, bounds: [0.5], counts: [2, 7] }],
  ['without buckets', { _count: 9, _sum: 1 }, { count: 9, sum: 1, bounds: [], counts: [9] }],
  ['with a bucket above the next', { '0.5': 6, '1': 5, _count: 9 }, { counts: [6, 0, 4] }],
  ['with a bound that has ended', { '0.5': 'stale', '1': 5, _count: 9 }, { bounds: [1] }],
  [
    'that has ended',
    { '0.5': 'stale', '+Inf': 'stale', _sum: 'stale', _count: 'stale' },
    { isStale: true, count: 0, sum: undefined, bounds: [0.5], counts: [0, 0] },
  ],
];
for (const [name, values, expected] of PARTIAL)
  test(`a histogram ${name} is a whole point of what is there`, () => {
    const { append, metrics } = openFamily('histogram', ALL);
    append(values);
    const all = metrics();
    assert.equal(all.length, 1);
    const [found] = all[0]!.data.points;
    assert.deepEqual({ ...found, ...expected }, found);
  });

test('a histogram without _count and +Inf is metrics of its series, and loses nothing', () => {
  const { append, metrics } = openFamily('histogram', ALL);
  append({ '0.5': 2, '1': 5, _sum: 3 });
  const shown = metrics().map(({ name, data }) => [
    name,
    data.kind === 'sum' && data.isMonotonic,
    data.points.map((one) => [one.attributes, 'value' in one && one.value]),
  ]);
  assert.deepEqual(shown, [
    ['x_sum', false, [[path, 3]]],
    [
      'x_bucket',
      true,
      [
        [makeLabelSet({ path: '/', le: '0.5' }), 2],
        [makeLabelSet({ path: '/', le: '1' }), 5],
      ],
    ],
  ]);
});

test('a summary is one metric; without _count its quantiles are gauges', () => {
  const { append, metrics } = openFamily('summary', ['0.9', '0.5', '_sum', '_count']);
  append({ '0.9': 8, '0.5': 4, _sum: 30, _count: 6 });
  const quantiles = [
    { quantile: 0.5, value: 4 },
    { quantile: 0.9, value: 8 },
  ];
  assert.deepEqual(metrics()[0]?.data, {
    kind: 'summary',
    points: [{ ...point, count: 6, sum: 30, quantiles }],
  });
  append({ '0.5': 4 });
  assert.deepEqual(
    metrics().map(({ name, data }) => [name, data]),
    [
      [
        'x',
        {
          kind: 'gauge',
          points: [
            { ...point, attributes: makeLabelSet({ path: '/', quantile: '0.5' }), value: 4 },
          ],
        },
      ],
    ],
  );
  append({ '0.5': 'stale', _count: 'stale', _sum: 'stale' });
  assert.equal(metrics()[0]?.data.points[0]?.isStale, true);
});

test('a counter is a monotonic sum under the name of its series, a delta one says so', () => {
  const { appender, refOf, metrics } = open();
  const family = { name: 'hits', type: 'counter' } as const;
  const refs = [
    refOf({ __name__: 'hits_total' }, family),
    refOf({ __name__: 'hits_total' }, { ...family, isDelta: true }),
    refOf({ __name__: 'state' }, { type: 'stateset' }),
    refOf({ __name__: 'load' }, { type: 'unknown' }),
  ];
  const created = refOf({ __name__: 'hits_created' }, family);
  for (const ref of refs) appender.append(ref, T, 3);
  appender.append(created, T, 7);
  const exemplar = { labels: makeLabelSet({ trace_id: 'a' }), value: 1, tMs: T };
  appender.appendExemplar(refs[0]!, exemplar);
  const shown = metrics().map(({ name, data }) => [
    name,
    data.kind,
    data.kind === 'sum' ? [data.isMonotonic, data.isDelta] : [],
    data.points[0]?.exemplars.length,
  ]);
  assert.deepEqual(shown, [
    ['hits_total', 'sum', [true, false], 0],
    ['hits_total', 'sum', [true, true], 0],
    ['state', 'sum', [false, false], 0],
    ['load', 'gauge', [], 0],
  ].map((one, index) => (index === 0 ? [...one.slice(0, 3), 1] : one)));
}); // prettier-ignore

test('_created is the start of the points beside it, and no metric', () => {
  const { appender, refOf, metrics } = open();
  const family = { name: 'x', type: 'histogram' } as const;
  const count = refOf({ __name__: 'x_count' }, family);
  const created = refOf({ __name__: 'x_created' }, family);
  appender.append(count, T, 1);
  appender.append(created, T, 7);
  const all = metrics();
  assert.deepEqual(
    all.map(({ data }) => data.points[0]?.startMs),
    [7_000],
  );
});

test('a native histogram is exponential, with zeros between its spans, or has explicit bounds', () => {
  const { appender, refOf, metrics } = open();
  const ref = refOf({ __name__: 'n' }, { type: 'histogram' });
  const spans = [
    { offset: 2, length: 2 },
    { offset: 1, length: 1 },
  ];
  appender.appendHistogram(ref, T, { ...HISTOGRAM, positiveSpans: spans, positiveCounts: [5, 7, 1] });
  const [first] = metrics();
  assert.ok(first?.data.kind === 'exponential');
  assert.deepEqual(first.data.points[0]?.positive, { offset: 1, counts: [5, 7, 0, 1] });
  assert.equal(first.data.points[0].scale, 3);
  const custom = { schema: -53, customValues: [1, 2], positiveSpans: [{ offset: 1, length: 2 }] };
  appender.appendHistogram(ref, T, { ...HISTOGRAM, ...custom, count: 9, positiveCounts: [4, 5] });
  const [second] = metrics();
  assert.ok(second?.data.kind === 'histogram');
  assert.deepEqual(second.data.points[0]?.bounds, [1, 2]);
  assert.deepEqual(second.data.points[0]?.counts, [0, 4, 5]);
  appender.appendStale(ref, T);
  assert.equal(metrics()[0]?.data.points[0]?.isStale, true);
}); // prettier-ignore

test('spans that are far apart are joined to wider buckets, and no observation is lost', () => {
  const { appender, refOf, metrics } = open();
  const positiveSpans = [
    { offset: -1_000_000_000, length: 1 },
    { offset: 2_000_000_000, length: 1 },
  ];
  const ref = refOf({ __name__: 'n' }, { type: 'histogram' });
  appender.appendHistogram(ref, T, { ...HISTOGRAM, positiveSpans, positiveCounts: [3, 4] });
  const [metric] = metrics();
  assert.ok(metric?.data.kind === 'exponential');
  const [found] = metric.data.points;
  assert.ok(found !== undefined && found.positive.counts.length <= 1_000);
  assert.equal(found.positive.counts.reduce((sum, one) => sum + one, 0), 7);
  assert.ok(found.scale < HISTOGRAM.schema);
}); // prettier-ignore

test('metrics are apart by resource, and what is rolled back or forgotten is in none', () => {
  const { appender, refOf, commit, taken } = open();
  const a = refOf({ __name__: 'g' }, {}, { 'service.name': 'a' });
  const b = refOf({ __name__: 'g' }, {}, { 'service.name': 'b' });
  appender.append(a, T, 1);
  appender.rollback();
  appender.append(b, T, 2);
  appender.append(a, T, 3);
  appender.append(-1, T, 4);
  assert.deepEqual(
    commit().map(({ resource, metrics }) => [resource[0]?.value, metrics.length]),
    [
      ['b', 1],
      ['a', 1],
    ],
  );
  appender.forget(a);
  appender.append(a, T, 5);
  appender.commit();
  assert.deepEqual(taken, []);
  appender.appendStale(b, T);
  appender.forget(b);
  assert.equal(commit()[0]?.metrics[0]?.data.points[0]?.isStale, true);
});

test('a rollback takes the parts of a histogram with it', () => {
  const { appender, append, metrics } = openFamily('histogram', ALL);
  append({ '0.5': 1, _count: 1 });
  appender.rollback();
  append({ _count: 2 });
  const [metric] = metrics();
  assert.ok(metric?.data.kind === 'histogram');
  assert.deepEqual(metric.data.points.map(({ count, bounds }) => [count, bounds]), [[2, []]]);
}); // prettier-ignore

test('many points are divided, and none is lost or twice there', () => {
  const { appender, refOf, commit } = open();
  for (let i = 0; i < 25; i++) {
    const resource = { 'service.name': i < 12 ? 'a' : 'b' };
    appender.append(refOf({ __name__: `m${i % 3}`, i: `${i}` }, {}, resource), T, i);
  }
  const all = commit();
  const parts = splitMetrics(all, 10);
  assert.deepEqual(parts.map((one) => countMetrics(one).points), [10, 10, 5]);
  const values = parts.flat().flatMap(({ metrics }) =>
    metrics.flatMap(({ data }) => data.points.map((one) => 'value' in one && one.value)),
  );
  assert.deepEqual(values.sort((a, b) => Number(a) - Number(b)), [...Array(25).keys()]);
  assert.deepEqual(splitMetrics(all, 25), [all]);
}); // prettier-ignore

test('units are those of UCUM where the word is known', () => {
  assert.deepEqual(['seconds', 'bytes_per_second', 'requests', 'toString', ''].map(translateUnit), [
    's',
    'By/s',
    'requests',
    'toString',
    '',
  ]);
});
