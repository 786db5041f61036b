import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeSeries, openRoute } from '../../test/kit/transforming.ts';
import type { SeriesFamily } from '../model/sample.ts';
import { aggregateValues, AGGREGATION_TYPES, type AggregationType } from './aggregate-values.ts';
import { aggregation } from './aggregation.ts';
import { keepLabels, applyOperations } from './metric-operations.ts';

const withoutLabels = applyOperations('none', [keepLabels(new Set())]);

function openGroup(type: AggregationType, count: number, family: Partial<SeriesFamily> = {}) {
  const route = openRoute(withoutLabels, aggregation(type));
  const members = Array.from({ length: count }, (_, index) =>
    makeSeries({ __name__: 'm', a: `${index}` }, { family }),
  );
  return { ...route, members: route.refs(...members) };
}

test('values become one as asked for', () => {
  for (const [values, ...expected] of [
    [[3, 1, 2, 10], 16, 4, 1, 10, 2.5, 4],
    [[3, 1, 2], 6, 2, 1, 3, 2, 3],
    [[5], 5, 5, 5, 5, 5, 1],
  ] as const)
    assert.deepEqual(
      AGGREGATION_TYPES.map((type) => aggregateValues(type, values)),
      expected,
    );
  assert.ok(Number.isNaN(aggregateValues('max', [1, Number.NaN])));
});

test('each time of a transaction has its own sum, earliest first', () => {
  const { appender, members, sent } = openGroup('sum', 3);
  const [a = -1, b = -1, c = -1] = members;
  appender.append(a, 2, 1);
  appender.append(b, 1, 2);
  appender.append(c, 2, 4);
  appender.commit();
  assert.deepEqual(sent(), ['m 2 @1', 'm 5 @2']);
});

test('a member without a sample is not counted, and the group ends with its last member', () => {
  const { appender, members, sent } = openGroup('sum', 2);
  const [a = -1, b = -1] = members;
  appender.append(a, 1, 1);
  appender.append(b, 1, 2);
  appender.commit();
  appender.append(a, 2, 1);
  appender.appendStale(b, 2);
  appender.commit();
  appender.appendStale(a, 3);
  appender.commit();
  appender.appendStale(a, 4);
  appender.commit();
  appender.append(b, 5, 7);
  appender.commit();
  assert.deepEqual(sent(), ['m 3 @1', 'm 1 @2', 'm stale @3', 'm 7 @5']);
});

test('a rollback takes back samples and ends', () => {
  const { appender, members, sent } = openGroup('sum', 2);
  const [a = -1, b = -1] = members;
  for (const ref of [a, b]) appender.append(ref, 1, 1);
  appender.commit();
  appender.append(a, 2, 100);
  appender.appendStale(a, 3);
  appender.appendStale(b, 3);
  appender.rollback();
  appender.appendStale(a, 4);
  appender.commit();
  appender.append(b, 5, 1);
  appender.commit();
  appender.appendStale(b, 6);
  appender.commit();
  assert.deepEqual(sent(), ['m 2 @1', 'm 1 @5', 'm stale @6']);
});

test('a group lives as long as it has members, and what they appended last still counts', () => {
  const { appender, members, sent, recording, refs } = openGroup('sum', 2);
  const [a = -1, b = -1] = members;
  for (const ref of [a, b]) appender.append(ref, 1, 1);
  appender.commit();
  appender.forget(b);
  appender.appendStale(a, 2);
  appender.forget(a);
  assert.equal(recording.live.size, 1);
  appender.commit();
  assert.equal(recording.live.size, 0);
  assert.deepEqual(sent(), ['m 2 @1', 'm stale @2']);
  const [again = -1] = refs(makeSeries({ __name__: 'm', a: '9' }));
  appender.append(again, 3, 5);
  appender.forget(again);
  appender.rollback();
  assert.equal(recording.live.size, 0);
  assert.deepEqual(sent(), []);
});

test('parts of histograms are added by their bounds, summaries are dropped', () => {
  const histogram = { name: 'h', type: 'histogram' } as const;
  const { appender, refs, sent } = openRoute(withoutLabels, aggregation('max'));
  const own = refs(
    ...['0', '1'].flatMap((a) => [
      makeSeries({ __name__: 'h_bucket', le: '1', a }, { family: histogram }),
      makeSeries({ __name__: 'h_bucket', le: '+Inf', a }, { family: histogram }),
      makeSeries({ __name__: 'h_sum', a }, { family: histogram }),
    ]),
  );
  for (const [index, ref] of own.entries()) appender.append(ref, 1, index);
  appender.commit();
  assert.deepEqual(sent(), ['h_bucket{le="1"} 3 @1', 'h_bucket{le="+Inf"} 5 @1', 'h_sum 7 @1']);
  const summary = { name: 's', type: 'summary' } as const;
  assert.deepEqual(refs(makeSeries({ __name__: 's_sum', a: '1' }, { family: summary })), [-1]);
});

test('series of different resources are not joined', () => {
  const { appender, refs, sent } = openRoute(aggregation('sum'));
  const own = refs(
    makeSeries({ __name__: 'm' }, { resource: { r: '1' } }),
    makeSeries({ __name__: 'm' }, { resource: { r: '2' } }),
  );
  for (const ref of own) appender.append(ref, 1, 1);
  appender.commit();
  assert.deepEqual(sent(), ['m 1 @1', 'm 1 @1']);
});

test('a sum began with the first of its members, and metadata is said once', () => {
  const { appender, members, recording } = openGroup('sum', 3, { type: 'counter' });
  const [a = -1, b = -1, c = -1] = members;
  for (const [ref, createdMs] of [[a, 20], [b, 10], [c, 30]] as const) {
    appender.setCreated(ref, createdMs);
    appender.setMetadata(ref, 'm', { type: 'counter', help: 'h', unit: '' });
  } // prettier-ignore
  assert.equal(recording.created.get('m'), 10);
  assert.equal(recording.metadata.get('m'), 'm counter [] h');
});
