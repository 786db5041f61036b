/** Statistics over periods, and what leaves at a limit. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { summarizeValues, makeRange, parseStatistic } from './statistics.ts';
import { type MetricDatum, MetricStore } from './store.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;
const metric = { namespace: 'n', name: 'm', dimensions: [] };

function datum(atMs: number, values: number[], change: Partial<MetricDatum> = {}): MetricDatum {
  return {
    ...metric,
    timestampMs: atMs,
    unit: 'None',
    isHighResolution: false,
    values: values.map((value) => [value, 1] as const),
    ...change,
  };
}

function read(store: MetricStore, statistic: string, periodMs: number): (number | undefined)[] {
  const range = { startMs: 0, endMs: 10 * MINUTE, periodMs };
  return summarizeValues(store.find(metric), range).map(parseStatistic(statistic));
}

test('statistics are of all values in a period', () => {
  const store = new MetricStore();
  store.add(datum(MINUTE + 1, [1, 2]));
  store.add(datum(2 * MINUTE - 1, [3]));
  store.add(datum(2 * MINUTE, [10]));
  const expected = { SampleCount: [3, 1], Sum: [6, 10], Average: [2, 10], Minimum: [1, 10], Maximum: [3, 10], p50: [2, 10], p100: [3, 10], 'p99.9': [3, 10], p0: [1, 10] };
  for (const [statistic, values] of Object.entries(expected))
    assert.deepEqual(read(store, statistic, MINUTE), values, statistic);
  assert.deepEqual(read(store, 'Sum', 5 * MINUTE), [16]);
  assert.throws(() => parseStatistic('IQM'), /IQM is not supported here/);
}); // prettier-ignore

test('a statistic set has no percentiles, unless its values must be equal', () => {
  const store = new MetricStore();
  const add = (min: number, max: number, atMs: number) =>
    store.add(datum(atMs, [], { statistics: { count: 2, sum: min + max, min, max } }));
  add(1, 3, 0);
  add(4, 4, MINUTE);
  assert.deepEqual(read(store, 'p50', MINUTE), [undefined, 4]);
  assert.deepEqual(read(store, 'Average', MINUTE), [2, 4]);
});

test('values above the bound of a minute cost the percentiles, and nothing else', () => {
  const store = new MetricStore();
  const values = Array.from({ length: 1_001 }, (_, index) => index);
  store.add(datum(0, values));
  assert.deepEqual([read(store, 'p50', MINUTE), read(store, 'SampleCount', MINUTE)], [[undefined], [1_001]]);
}); // prettier-ignore

test('high resolution is kept by the second, units apart', () => {
  const store = new MetricStore();
  store.add(datum(1_500, [1], { isHighResolution: true }));
  store.add(datum(2_500, [2], { isHighResolution: true, unit: 'Count' }));
  assert.deepEqual(read(store, 'Sum', 1_000), [1, 2]);
  const range = { startMs: 0, endMs: MINUTE, periodMs: MINUTE };
  assert.deepEqual(summarizeValues(store.find(metric), range, 'Count').map(({ sum }) => sum), [2]);
}); // prettier-ignore

test('the start of a range is rounded down by its age', () => {
  const now = 1_000 * DAY;
  const start = (agoMs: number, periodSeconds: number) =>
    makeRange({ startMs: now - agoMs, endMs: now, periodSeconds }, now).startMs - (now - agoMs);
  assert.equal(start(90_000, 60), -30_000);
  assert.equal(start(12_000, 10), -8_000);
  assert.equal(start(16 * DAY + 2 * MINUTE, 300), -3 * MINUTE);
  assert.equal(start(64 * DAY + 2 * MINUTE, 3_600), -58 * MINUTE);
  for (const periodSeconds of [0, 7, 90])
    assert.throws(() => makeRange({ startMs: 0, endMs: 1, periodSeconds }, 1), /Period/);
  assert.throws(() => makeRange({ startMs: 1, endMs: 1, periodSeconds: 60 }, 1), /StartTime/);
});

test('the metric that got no value for the longest leaves at the limit', () => {
  const store = new MetricStore();
  let dropped = 0;
  store.onDrop = () => void (dropped += 1);
  for (let index = 0; index < 20_000; index++) store.add(datum(0, [1], { name: `m${index}` }));
  store.add(datum(0, [1], { name: 'm0' }));
  store.add(datum(0, [1], { name: 'new' }));
  assert.deepEqual([store.size, dropped], [20_000, 1]);
  assert.ok(store.find({ ...metric, name: 'm0' }));
  assert.equal(store.find({ ...metric, name: 'm1' }), undefined);
});
