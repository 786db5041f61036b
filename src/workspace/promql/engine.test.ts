import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareLabelSets, formatLabelSet, makeLabelSet } from '../../model/labels.ts';
import { STALE_NAN_HIGH, STALE_NAN_LOW } from '../../model/sample.ts';
import {
  type EngineOptions,
  evaluateInstant,
  evaluateRange,
  type QueryResult,
  type RangeTimes,
} from './engine.ts';
import { ExecutionError, QueryError } from './errors.ts';
import { compileMatchers } from './matcher.ts';
import { parseQuery } from './parser.ts';
import type { Queryable, SeriesData } from './queryable.ts';

type Value = number | 'stale' | undefined;

const MINUTE_MS = 60_000;

/** A store of series with one sample per minute from 0; undefined leaves a sample out. */
function store(samples: Readonly<Record<string, readonly Value[]>>): Queryable {
  const all = Object.entries(samples).map(([text, values]): SeriesData => {
    const selector = parseQuery(text);
    assert.equal(selector.type, 'vector');
    if (selector.type !== 'vector') throw new Error('not a selector');
    const labels = makeLabelSet(selector.matchers.map(({ name, value }) => [name, value] as const));
    const minutes = values.flatMap((value, minute) => (value === undefined ? [] : [minute]));
    const data = new Float64Array(minutes.length);
    const view = new DataView(data.buffer);
    minutes.forEach((minute, i) => {
      const value = values[minute];
      if (value !== 'stale') data[i] = value!;
      else {
        view.setUint32(i * 8, STALE_NAN_LOW, true);
        view.setUint32(i * 8 + 4, STALE_NAN_HIGH, true);
      }
    });
    const timestampsMs = Float64Array.from(minutes, (minute) => minute * MINUTE_MS);
    return { labels, timestampsMs, values: data };
  });
  return {
    select(matchers, fromMs, toMs) {
      const matches = compileMatchers(matchers);
      return all
        .filter(({ labels }) => matches(labels))
        .map(({ labels, timestampsMs, values }) => {
          const from = timestampsMs.filter((tMs) => tMs <= fromMs).length;
          const to = timestampsMs.filter((tMs) => tMs <= toMs).length;
          return {
            labels,
            timestampsMs: timestampsMs.subarray(from, to),
            values: values.subarray(from, to),
          };
        })
        .toSorted((a, b) => compareLabelSets(a.labels, b.labels));
    },
  };
}

/** Lines such as `up{job="a"} 1 _ 3`, one value for each step. */
function show(result: QueryResult): string[] {
  if (result.type === 'scalar') return [[...result.values].join(' ')];
  if (result.type === 'string') return [result.value];
  if (result.type === 'matrix')
    return result.series.map(
      ({ labels, timestampsMs, values }) =>
        `${formatLabelSet(labels)} ` +
        Array.from(values, (value, i) => `${value}@${timestampsMs[i]! / MINUTE_MS}`).join(' '),
    );
  return result.columns.map(
    ({ labels, values, present }) =>
      `${formatLabelSet(labels)} ` +
      Array.from(values, (value, i) => (present[i] === 1 ? value : '_')).join(' '),
  );
}

function at(minute: number, query: string, queryable: Queryable): string[] {
  return show(evaluateInstant(query, minute * MINUTE_MS, queryable));
}

const range = (from: number, to: number, step = 1): RangeTimes => ({
  startMs: from * MINUTE_MS,
  endMs: to * MINUTE_MS,
  stepMs: step * MINUTE_MS,
});

test('a selector looks back less than five minutes', () => {
  const queryable = store({ up: [7] });
  assert.deepEqual(at(0, 'up', queryable), ['up 7']);
  assert.deepEqual(show(evaluateInstant('up', 299_999, queryable)), ['up 7']);
  assert.deepEqual(at(5, 'up', queryable), []);
});

test('a stale marker ends a series at once, and hides the samples before it', () => {
  const queryable = store({ up: [1, 'stale', undefined, 4] });
  assert.deepEqual(show(evaluateRange('up', range(0, 4), queryable)), ['up 1 _ _ 4 4']);
});

test('NaN is a value, not an absent one', () => {
  const queryable = store({ up: [NaN, 1] });
  assert.deepEqual(show(evaluateRange('up', range(0, 1), queryable)), ['up NaN 1']);
  assert.deepEqual(at(0, 'count(up)', queryable), ['{} 1']);
});

test('a range is open on the left and leaves stale markers out', () => {
  const queryable = store({ up: [1, 2, 'stale', 8, 16] });
  assert.deepEqual(at(4, 'up[4m]', queryable), ['up 2@1 8@3 16@4']);
  assert.deepEqual(at(4, 'count_over_time(up[4m])', queryable), ['{} 3']);
  assert.deepEqual(at(4, 'up[2m] offset 1m', queryable), ['up 8@3']);
});

test('a counter is extrapolated to the range, across a reset, and not below zero', () => {
  const queryable = store({ steady: [0, 60, 120, 180, 240, 300], reset: [100, 160, 20, 80] });
  assert.deepEqual(at(5, 'rate(steady[5m])', queryable), ['{} 1']);
  // 60 + 20 + 60 in three minutes, extrapolated to four.
  assert.deepEqual(at(3, 'increase(reset[4m])', queryable), [`{} ${140 * (4 / 3)}`]);
  assert.deepEqual(at(0, 'rate(steady[5m])', queryable), []);
  assert.deepEqual(at(3, 'irate(reset[4m])', queryable), ['{} 1']);
});

test('offset and @ move the times that are read, not those of the result', () => {
  const queryable = store({ up: [0, 1, 2, 3, 4] });
  assert.deepEqual(show(evaluateRange('up offset 1m', range(1, 3), queryable)), ['up 0 1 2']);
  assert.deepEqual(show(evaluateRange('up offset -1m', range(1, 3), queryable)), ['up 2 3 4']);
  assert.deepEqual(show(evaluateRange('up @ 60', range(1, 3), queryable)), ['up 1 1 1']);
  assert.deepEqual(show(evaluateRange('up @ end() offset 1m', range(1, 3), queryable)), [
    'up 2 2 2',
  ]);
});

test('a subquery takes the multiples of its step', () => {
  const queryable = store({ up: [0, 1, 2, 3, 4, 5, 6] });
  assert.deepEqual(at(6, 'up[4m:2m]', queryable), ['up 4@4 6@6']);
  assert.deepEqual(show(evaluateInstant('up[4m:2m]', 5.5 * MINUTE_MS, queryable)), ['up 2@2 4@4']);
  assert.deepEqual(at(6, 'max_over_time((up * 2)[3m:])', queryable), ['{} 12']);
});

const requests = store({
  'requests{path="a",code="200"}': [1],
  'requests{path="a",code="500"}': [2],
  'requests{path="b",code="200"}': [4],
  'limit{path="a"}': [10],
  'limit{path="b"}': [20],
});

test('aggregations group by labels and drop the name', () => {
  assert.deepEqual(at(0, 'sum by (path) (requests)', requests), ['{path="a"} 3', '{path="b"} 4']);
  assert.deepEqual(at(0, 'avg without (path) (requests)', requests), [
    '{code="200"} 2.5',
    '{code="500"} 2',
  ]);
  assert.deepEqual(at(0, 'topk(2, requests)', requests), [
    'requests{code="200", path="b"} 4',
    'requests{code="500", path="a"} 2',
  ]);
  assert.deepEqual(at(0, 'count_values("v", requests * 1e21)', requests)[0], '{v="1000000000000000000000"} 1');
}); // prettier-ignore

test('vectors match by labels, and group_left copies labels from the "one" side', () => {
  assert.deepEqual(at(0, 'requests / on (path) group_left limit', requests), [
    '{code="200", path="a"} 0.1',
    '{code="200", path="b"} 0.2',
    '{code="500", path="a"} 0.2',
  ]);
  assert.deepEqual(at(0, 'requests{code="200"} < ignoring (code) limit', requests), [
    'requests{path="a"} 1',
    'requests{path="b"} 4',
  ]);
  assert.deepEqual(at(0, 'limit and on (path) requests{code="500"}', requests), [
    'limit{path="a"} 10',
  ]);
  assert.deepEqual(at(0, 'limit unless on (path) requests{code="500"}', requests), [
    'limit{path="b"} 20',
  ]);
});

test('a match that is not unique is an error that names the series', () => {
  assert.throws(
    () => at(0, 'limit * on (path) requests', requests),
    new ExecutionError(
      'found duplicate series for the match group {path="a"} on the right hand-side of the ' +
        'operation: [{__name__="requests", code="500", path="a"}, {__name__="requests", ' +
        'code="200", path="a"}];many-to-many matching not allowed: matching labels must be ' +
        'unique on one side',
    ),
  );
  assert.throws(() => at(0, 'requests * on (path) limit', requests), /must be explicit/);
  const twins = store({ 'a{x="1"}': [1], 'b{x="1"}': [2] });
  assert.throws(() => at(0, '-{x="1"}', twins), /same labelset/);
});

test('series that become equal at different steps are one series', () => {
  const queryable = store({ 'up{pod="x"}': [1, 'stale'], 'up{pod="y"}': [undefined, 2] });
  const query = 'label_replace(up, "pod", "", "pod", ".*")';
  assert.deepEqual(show(evaluateRange(query, range(0, 1), queryable)), ['up 1 2']);
});

test('a quantile of a classic histogram is interpolated within its bucket', () => {
  const queryable = store({
    'h_bucket{le="1"}': [2],
    'h_bucket{le="2"}': [6],
    'h_bucket{le="+Inf"}': [8],
    'h_bucket{le="x"}': [9],
  });
  assert.deepEqual(at(0, 'histogram_quantile(0.5, h_bucket)', queryable), ['{} 1.5']);
  assert.deepEqual(at(0, 'histogram_quantile(0.9, h_bucket)', queryable), ['{} 2']);
  assert.deepEqual(at(0, 'histogram_quantile(0.9, h_bucket{le!="+Inf"})', queryable), ['{} NaN']);
});

test('a function or aggregation that is not evaluated yet is refused with its position', () => {
  const queryable = store({ a: [1] });
  for (const [query, message] of [
    ['1 + limitk(1, a)', '1:5: aggregation "limitk" is not supported yet'],
    ['abs(histogram_sum(a))', '1:5: function "histogram_sum" is not supported yet'],
  ] as const) {
    assert.throws(() => evaluateInstant(query, 0, queryable), { name: 'QueryError', message });
  }
});

test('a query ends with an error at each limit', () => {
  const queryable = store({ a: [1, 2, 3, 4, 5, 6] });
  const run = (options: Partial<EngineOptions>): unknown =>
    evaluateRange('sum(a + a)', range(0, 5), queryable, options);
  assert.throws(() => run({ stepsMax: 5 }), /exceeded maximum resolution of 5 points/);
  assert.throws(() => run({ samplesMax: 10 }), /too many samples/);
  assert.throws(
    () =>
      run({
        check: () => {
          throw new ExecutionError('query timed out');
        },
      }),
    /timed out/,
  );
  assert.throws(
    () => evaluateRange('a', { startMs: 0, endMs: 10, stepMs: 0 }, queryable),
    /step of a range query/,
  );
});

test('a range query takes a vector or a scalar only', () => {
  const queryable = store({});
  assert.throws(() => evaluateRange('a[5m]', range(0, 1), queryable), QueryError);
  assert.throws(
    () => evaluateRange('"text"', range(0, 1), queryable),
    /invalid expression type "string" for range query, must be Scalar or instant Vector/,
  );
  assert.deepEqual(show(evaluateRange('1 + 1', range(0, 1), queryable)), ['2 2']);
});
