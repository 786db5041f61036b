import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readWhole } from '../../../test/kit/emf-events.ts';
import { momentAt } from '../../../test/kit/moment.ts';
import { makeLabelSet } from '../../model/labels.ts';
import type { MetricData, OtelMetric, ResourceMetrics } from '../../model/otel-metrics.ts';
import { Differences, FORGET_SERIES_MS, FORGET_TARGET_MS, type Unsent } from './differences.ts';

const T0 = 1_700_000_000_000;

interface Given {
  readonly value: number;
  readonly at: number;
  readonly startMs?: number;
  readonly labels?: Record<string, string>;
}

function counter(name: string, points: readonly Given[]): OtelMetric {
  return {
    name,
    description: '',
    unit: '',
    type: 'counter',
    data: {
      kind: 'sum',
      isMonotonic: true,
      isDelta: false,
      points: points.map(({ value, at, startMs, labels = {} }) => ({
        attributes: makeLabelSet(labels),
        tMs: T0 + at,
        startMs,
        isStale: false,
        exemplars: [],
        value,
      })),
    },
  };
}

function metric(data: MetricData): OtelMetric {
  return { name: 'm', description: '', unit: '', type: 'unknown', data };
}

const common = (at: number) => ({
  attributes: makeLabelSet({}),
  tMs: T0 + at,
  startMs: undefined,
  isStale: false,
  exemplars: [],
});

function bench(options: { retainsInitialValue?: boolean; seriesMax?: number } = {}) {
  const unsent: Unsent[] = [];
  const { retainsInitialValue = false, seriesMax = 1_000 } = options;
  const differences = new Differences(
    { retainsInitialValue, seriesMax, onUnsent: (reason) => void unsent.push(reason) },
    T0,
  );
  const read = (key: string, metrics: readonly OtelMetric[], resource = {}, nowMs = T0) =>
    readWhole(differences, key, [{ resource: makeLabelSet(resource), metrics }], {
      now: momentAt(nowMs),
    }).metrics.flatMap((one: ResourceMetrics) => one.metrics);
  const values = (key: string, points: readonly Given[], resource = {}, nowMs = T0) =>
    read(key, [counter('c', points)], resource, nowMs).flatMap(({ data }) =>
      data.points.map((point) => (point as { value: number }).value),
    );
  return { differences, unsent, read, values };
}

test('the first reading of a target is what later ones are compared with', () => {
  const { values, unsent } = bench();
  assert.deepEqual(values('t', [{ value: 100, at: 0 }]), []);
  assert.deepEqual(values('t', [{ value: 107, at: 1 }]), [7]);
  assert.deepEqual(values('t', [{ value: 107, at: 2 }]), [0]);
  assert.deepEqual(unsent, ['first_value']);
});

test('a series that appears in a target that was read before is an increase as a whole', () => {
  const { values, read } = bench();
  read('t', [metric({ kind: 'gauge', points: [{ ...common(0), value: 1 }] })]);
  assert.deepEqual(values('t', [{ value: 3, at: 1 }]), [3]);
});

test('a scrape that failed is no reading of its target', () => {
  const { values, read } = bench();
  const up = metric({ kind: 'gauge', points: [{ ...common(0), value: 0 }] });
  read('t', [{ ...up, name: 'up' }]);
  assert.deepEqual(values('t', [{ value: 3, at: 1 }]), []);
});

test('a counter that began after this state did is an increase as a whole', () => {
  const { values } = bench();
  assert.deepEqual(values('t', [{ value: 5, at: 10, startMs: T0 + 4 }]), [5]);
  assert.deepEqual(values('old', [{ value: 5, at: 10, startMs: T0 - 4 }]), []);
  // A start at the time of the point says that the start is not known.
  assert.deepEqual(values('unknown', [{ value: 5, at: 10, startMs: T0 + 10 }]), []);
});

test('a resource that began before and is new in a known target was counted before', () => {
  const { values } = bench();
  values('t', [{ value: 1, at: 0, startMs: T0 - 9 }], { host: 'a' });
  assert.deepEqual(values('t', [{ value: 5, at: 1, startMs: T0 - 9 }], { host: 'b' }), []);
  const added = { value: 2, at: 2, startMs: T0 - 9, labels: { path: '/new' } };
  assert.deepEqual(values('t', [added], { host: 'b' }), [2]);
});

test('retain_initial_value_of_delta_metric sends each first value', () => {
  const { values } = bench({ retainsInitialValue: true });
  assert.deepEqual(values('t', [{ value: 100, at: 0 }]), [100]);
});

test('a total that falls, or began anew, is an increase as a whole', () => {
  const { values } = bench();
  values('t', [{ value: 100, at: 0 }]);
  assert.deepEqual(values('t', [{ value: 4, at: 1 }]), [4]);
  assert.deepEqual(values('t', [{ value: 9, at: 3, startMs: T0 + 2 }]), [9]);
});

test('what is not newer than the point before, or no number, is not sent and counted', () => {
  const { values, unsent } = bench();
  values('t', [{ value: 1, at: 5 }]);
  assert.deepEqual(values('t', [{ value: 2, at: 5 }]), []);
  assert.deepEqual(values('t', [{ value: Infinity, at: 6 }]), []);
  assert.deepEqual(values('t', [{ value: 4, at: 7 }]), [3]);
  assert.deepEqual(unsent, ['first_value', 'out_of_order', 'not_finite']);
});

test('increases add up to what was counted, whatever the readings and restarts', () => {
  const { values } = bench();
  let [total, counted, sent, at] = [0, 0, 0, 0];
  values('t', [{ value: 0, at }]);
  for (let i = 1; i < 500; i++) {
    const added = (i * 7919) % 13;
    if (i % 37 === 0) total = 0;
    const isRestart = i % 37 === 0;
    total += added;
    counted += added;
    at += 10;
    const startMs = isRestart ? { startMs: T0 + at - 5 } : {};
    for (const value of values('t', [{ value: total, at, ...startMs }])) sent += value;
  }
  assert.equal(sent, counted);
});

test('histograms and summaries become what was observed since', () => {
  const { read } = bench();
  const histogram = (at: number, count: number, counts: number[]) =>
    metric({
      kind: 'histogram',
      isDelta: false,
      points: [{ ...common(at), count, sum: count * 2, bounds: [1, 2], counts }],
    });
  const summary = (at: number, count: number) =>
    metric({
      kind: 'summary',
      points: [{ ...common(at), count, sum: count * 3, quantiles: [{ quantile: 0.5, value: 8 }] }],
    });
  assert.deepEqual(read('t', [histogram(0, 6, [1, 2, 3]), summary(0, 5)]), []);
  const [first, second] = read('t', [histogram(1, 9, [2, 3, 4]), summary(1, 7)]);
  assert.ok(first?.data.kind === 'histogram' && second?.data.kind === 'summary');
  const [point] = first.data.points;
  assert.equal(first.data.isDelta, true);
  assert.deepEqual([point?.count, point?.sum, point?.counts], [3, 6, [1, 1, 1]]);
  const [quantiles] = second.data.points;
  assert.deepEqual([quantiles?.count, quantiles?.sum], [2, 6]);
  assert.deepEqual(quantiles?.quantiles, [{ quantile: 0.5, value: 8 }]);
});

test('an exponential histogram is compared across a change of its scale and its zero bucket', () => {
  const { read } = bench();
  const point = (at: number, change: object) => ({
    ...common(at),
    count: 10,
    sum: 20,
    zeroCount: 1,
    zeroThreshold: 0,
    scale: 1,
    positive: { offset: 2, counts: [1, 2, 3, 3] },
    negative: { offset: 0, counts: [] },
    ...change,
  });
  const exponential = (at: number, change: object) =>
    metric({ kind: 'exponential', isDelta: false, points: [point(at, change)] });
  read('t', [exponential(0, {})]);
  const coarse = { scale: 0, count: 15, sum: 50, positive: { offset: 1, counts: [4, 8, 2] } };
  const [first] = read('t', [exponential(1, coarse)]);
  assert.ok(first?.data.kind === 'exponential');
  assert.deepEqual(
    [first.data.points[0]?.count, first.data.points[0]?.positive],
    [5, { offset: 1, counts: [1, 2, 2] }],
  );
  const wide = {
    ...coarse,
    count: 16,
    zeroCount: 5,
    zeroThreshold: 4,
    positive: { offset: 2, counts: [9, 2] },
  };
  const [second] = read('t', [exponential(2, wide)]);
  assert.ok(second?.data.kind === 'exponential');
  const [got] = second.data.points;
  assert.deepEqual([got?.count, got?.zeroCount, got?.positive.counts], [1, 0, [1, 0]]);
});

test('gauges, deltas and sums that may fall pass as they are', () => {
  const { read } = bench();
  const points = [{ ...common(0), value: 5 }];
  for (const data of [
    { kind: 'gauge', points },
    { kind: 'sum', isMonotonic: false, isDelta: false, points },
    { kind: 'sum', isMonotonic: true, isDelta: true, points },
  ] as const)
    assert.deepEqual(read('t', [metric(data)]), [metric(data)]);
});

test('series above the limit are not sent, and have room once others are forgotten', () => {
  const { values, unsent, differences } = bench({ seriesMax: 2 });
  const three = (at: number) =>
    ['a', 'b', 'c'].map((path) => ({ value: at, at, labels: { path } }));
  values('t', three(1));
  assert.deepEqual(unsent, ['first_value', 'first_value', 'series_limit']);
  assert.equal(differences.seriesCount, 2);
  const laterMs = T0 + 700_000;
  values('u', [{ value: 1, at: 5 }], {}, laterMs);
  values('u', [{ value: 1, at: 6 }], {}, laterMs + 20_000);
  assert.equal(differences.seriesCount, 1);
});

test('targets and series that are gone are forgotten, and do not count as new when they return', () => {
  const { values, differences } = bench();
  const start = { startMs: T0 + 1 };
  assert.deepEqual(values('t', [{ value: 5, at: 2, ...start }]), [5]);
  differences.sweep(momentAt(T0 + FORGET_TARGET_MS + 1));
  assert.deepEqual([differences.seriesCount, differences.targets.size], [0, 0]);
  assert.deepEqual(values('t', [{ value: 6, at: 9, ...start }]), []);
  const labels = { path: '/gone' };
  values('t', [{ value: 1, at: 10, labels }], {}, T0);
  values('t', [{ value: 7, at: 11, ...start }], {}, T0 + FORGET_SERIES_MS + 1);
  differences.sweep(momentAt(T0 + FORGET_SERIES_MS + 1));
  assert.equal(differences.seriesCount, 1);
});

test('a sender whose clock is ahead, once forgotten, costs others none of their first values', () => {
  const { values, differences } = bench();
  values('ahead', [{ value: 5, at: 10 * FORGET_SERIES_MS }]);
  const nowMs = T0 + FORGET_TARGET_MS + 1;
  differences.sweep(momentAt(nowMs));
  const began = { startMs: nowMs + 1, at: FORGET_TARGET_MS + 9 };
  assert.deepEqual(values('short', [{ value: 3, ...began }], {}, nowMs + 10), [3]);
});

test('after a clock was set back, increases go on', () => {
  const { values, unsent } = bench();
  values('t', [{ value: 100, at: 3_600_000 }], {}, T0 + 3_600_000);
  assert.deepEqual(values('t', [{ value: 104, at: 0 }], {}, T0), [4]);
  assert.deepEqual(values('t', [{ value: 109, at: 15_000 }], {}, T0 + 15_000), [5]);
  assert.deepEqual(unsent, ['first_value']);
});
