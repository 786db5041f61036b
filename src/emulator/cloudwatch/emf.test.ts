/** What an event of the embedded metric format gives, and which ones give a fault. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type EmfReading, readEmf } from './emf.ts';

const directive = (change: object = {}) => ({
  Namespace: 'Shop',
  Dimensions: [['Service', 'Zone'], []],
  Metrics: [{ Name: 'time', Unit: 'Milliseconds' }],
  ...change,
});

const event = (change: object = {}, more: object = { time: 5 }) => ({
  _aws: { Timestamp: 1_000, CloudWatchMetrics: [directive(change)] },
  Service: 'web',
  Zone: 'a',
  ...more,
});

const read = (value: unknown, isSaid = true): EmfReading =>
  readEmf(JSON.stringify(value), isSaid, 1_000);

test('each dimension set of a directive gives each metric', () => {
  const common = { name: 'time', namespace: 'Shop', unit: 'Milliseconds', timestampMs: 1_000 };
  const Service = { name: 'Service', value: 'web' };
  const data = [
    { ...common, dimensions: [Service, { name: 'Zone', value: 'a' }] },
    { ...common, dimensions: [] },
  ].map((one) => ({ ...one, isHighResolution: false, values: [[5, 1]] }));
  assert.deepEqual(read(event()), { is: 'metrics', data });
});

test('numbers, lists, values with counts and statistic sets are values', () => {
  const values = (time: unknown) => {
    const reading = read(event({ Dimensions: [[]] }, { time }));
    return reading.is === 'metrics'
      ? reading.data.map(({ values: list, statistics }) => statistics ?? list)
      : reading;
  };
  assert.deepEqual(values([1, 2]), [[[1, 1], [2, 1]]]);
  assert.deepEqual(values({ Values: [1, 2], Counts: [3, 4] }), [[[1, 3], [2, 4]]]);
  const Set = { Min: 1, Max: 9, Sum: 20, Count: 4 };
  const both = read(event({ Dimensions: [[]] }, { time: { ...Set, Values: [3], Counts: [4] } }));
  assert.deepEqual(
    both.is === 'metrics' && both.data.map((one) => [one.values, one.statistics]),
    [[[[3, 4]], { min: 1, max: 9, sum: 20, count: 4 }]],
  );
  assert.deepEqual(values(Set), [{ min: 1, max: 9, sum: 20, count: 4 }]);
}); // prettier-ignore

test('an event of another kind is none of the format, unless its sender said so', () => {
  for (const message of ['plain', '{"a":1}', '["_aws"]', 'he said "_aws"']) {
    assert.deepEqual(readEmf(message, false, 0), { is: 'other' }, message);
    const reading = readEmf(message, true, 0);
    const isPlain = message === '{"a":1}';
    assert.equal(reading.is === 'fault' && reading.kind, isPlain ? false : 'parsing', message);
  }
  assert.equal(read(event(), false).is, 'metrics');
});

test('an event that breaks the format gives no metric, and a fault of its kind', () => {
  const many = (count: number) => Array.from({ length: count }, (_, index) => `n${index}`);
  const named = Object.fromEntries(many(101).map((name) => [name, 'x']));
  const metrics = (count: number) => many(count).map((Name) => ({ Name }));
  const cases: [object, string][] = [
    [{ _aws: 1 }, 'parsing'],
    [{ _aws: { Timestamp: '1', CloudWatchMetrics: [] } }, 'validation'],
    [event({ Dimensions: ['Service'] }), 'validation'],
    [event({}, {}), 'validation'],
    [event({ Namespace: 'x'.repeat(256) }), 'validation'],
    [event({ Namespace: '' }), 'validation'],
    [event({ Dimensions: [['Missing']] }), 'validation'],
    [event({ Metrics: metrics(101) }), 'validation'],
    [event({}, { time: { Min: 1, Max: 2, Sum: 3 } }), 'validation'],
  ];
  for (const [value, fault] of cases) {
    const reading = read(value);
    assert.equal(reading.is === 'fault' && reading.kind, fault, JSON.stringify(value).slice(0, 200));
  }
  const numbers = Object.fromEntries(many(100).map((name) => [name, 1]));
  assert.equal(read(event({ Metrics: metrics(100) }, numbers)).is, 'metrics');
  assert.equal(read(event({ Dimensions: [many(30)], Metrics: [] }, named)).is, 'metrics');
}); // prettier-ignore
