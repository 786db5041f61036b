import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeSeries } from '../../test/kit/transforming.ts';
import { applyAll } from '../model/transform.ts';
import { dropWhere, matchMetrics, type FilterMatch } from './filter.ts';

const SERIES = [
  makeSeries({ __name__: 'cpu' }, { resource: { zone: 'a', host: 'web-1' } }),
  makeSeries({ __name__: 'cpu_total', mode: 'idle' }, {
    family: { name: 'cpu', type: 'counter' },
    resource: { zone: 'b' },
  }),
  makeSeries({ __name__: 'wait_sum', mode: 'idle' }, { family: { name: 'wait', type: 'summary' } }),
]; // prettier-ignore

/** The names of the series that are left, without what a part adds to it. */
function left(transform: ReturnType<typeof dropWhere>): string {
  return SERIES.filter((one) => applyAll([transform], one) === one)
    .map(({ labels }) => labels.find(({ name }) => name === '__name__')?.value)
    .join(' ');
}

function match(more: Partial<FilterMatch>): FilterMatch {
  return { matchType: 'strict', names: [], attributes: [], ...more };
}

test('names are those of metrics, the same text or found anywhere by a pattern', () => {
  const keep = (more: Partial<FilterMatch>) => left(matchMetrics(match(more), undefined));
  assert.equal(keep({ names: ['cpu', 'wait'] }), 'cpu wait_sum');
  assert.equal(keep({ names: ['cpu_total', 'wait_sum'] }), 'cpu_total');
  assert.equal(keep({ matchType: 'regexp', names: ['ai', 'tal$'] }), 'cpu_total wait_sum');
  assert.equal(keep({ matchType: 'regexp', names: ['^cpu$'] }), 'cpu');
  assert.equal(keep({ names: ['.*'] }), '');
});

test('attributes of the resource must all match; names and attributes are asked apart', () => {
  const zone = (value: string | undefined) => ({ key: 'zone', value });
  const keep = (more: Partial<FilterMatch>) => left(matchMetrics(match(more), undefined));
  assert.equal(keep({ attributes: [zone('a')] }), 'cpu');
  assert.equal(keep({ attributes: [zone(undefined)] }), 'cpu cpu_total');
  assert.equal(keep({ attributes: [zone('a'), { key: 'host', value: 'web-2' }] }), '');
  const pattern = { matchType: 'regexp', attributes: [{ key: 'host', value: 'web-' }] } as const;
  assert.equal(keep(pattern), 'cpu');
  assert.equal(keep({ names: ['cpu', 'cpu_total'], attributes: [zone('b')] }), 'cpu_total');
  const drop = (more: Partial<FilterMatch>) => left(matchMetrics(undefined, match(more)));
  assert.equal(drop({ names: ['wait'], attributes: [zone('b')] }), 'cpu');
});

test('what is included and excluded is dropped', () => {
  const include = match({ matchType: 'regexp', names: ['^cpu'] });
  assert.equal(left(matchMetrics(include, match({ names: ['cpu'] }))), 'cpu_total');
});

test('a series is dropped where one of the conditions is true', () => {
  const drop = (...conditions: string[]) =>
    left(dropWhere([{ context: undefined, conditions, errorMode: 'ignore' }]));
  assert.equal(drop('metric.name == "wait"'), 'cpu cpu_total');
  assert.equal(drop('datapoint.attributes["mode"] == "idle"', 'metric.name == "x"'), 'cpu');
  assert.equal(drop('resource.attributes["zone"] == "a"', 'metric.name == "wait"'), 'cpu_total');
  assert.equal(drop('metric.name == nil'), 'cpu cpu_total wait_sum');
});

test('an error of evaluation goes on to the next condition, or under propagate drops', () => {
  const conditions = ['1 / 0 == 1', 'name == "cpu"'];
  const drop = (errorMode: 'ignore' | 'silent' | 'propagate') =>
    left(dropWhere([{ context: 'metric', conditions, errorMode }]));
  assert.equal(drop('ignore'), 'cpu_total wait_sum');
  assert.equal(drop('silent'), 'cpu_total wait_sum');
  assert.equal(drop('propagate'), '');
});

test('filters are the same only where they say the same', () => {
  const conditions = ['metric.name == "a"'];
  const one = { context: undefined, conditions, errorMode: 'ignore' } as const;
  const all = [
    dropWhere([one]),
    dropWhere([one, one]),
    dropWhere([{ ...one, context: 'metric' }]),
    dropWhere([{ ...one, errorMode: 'propagate' }]),
    matchMetrics(match({ names: ['a'] }), undefined),
    matchMetrics(undefined, match({ names: ['a'] })),
    matchMetrics(match({ names: ['a'], matchType: 'regexp' }), undefined),
    matchMetrics(match({ attributes: [{ key: 'a', value: undefined }] }), undefined),
  ].map(({ identity }) => identity);
  assert.equal(new Set(all).size, all.length);
});
