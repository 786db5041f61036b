import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeLabelSet } from '../../model/labels.ts';
import { createWorld } from '../../../test/kit/world.ts';
import { MetricsAppender } from '../assembly/appender.ts';
import { createWriter, debugKind } from './kind.ts';
import { Sampler } from './sampler.ts';

const T = 1_700_000_000_000;

function open(verbosity: 'basic' | 'normal' | 'detailed', sampling = { initial: 2, thereafter: 1 }) {
  const { clock, log, lines } = createWorld();
  const writer = createWriter({ verbosity, sampling, outputs: ['log'] }, { clock, log: log.unlimited() });
  const appender = new MetricsAppender(writer);
  const resource = makeLabelSet({ 'service.name': 'web' });
  const histogram = { name: 'h', type: 'histogram', unit: 'seconds' } as const;
  const gauge = { name: 'g', type: 'gauge', unit: '' } as const;
  const refs = [
    appender.refOf(makeLabelSet({ __name__: 'g', path: '/\u001b[31m\u009B\u007F' }), { family: gauge, resource }),
    ...[{ __name__: 'h_bucket', le: '0.5' }, { __name__: 'h_sum' }, { __name__: 'h_count' }].map(
      (labels) => appender.refOf(makeLabelSet(labels as Record<string, string>), { family: histogram, resource }),
    ),
  ];
  const commit = (): string[] => {
    refs.forEach((ref, index) => appender.append(ref, T, index + 1));
    appender.commit();
    return (lines as string[]).splice(0).map((line) => line.replace(/^.*? msg=/, ''));
  };
  return { commit, clock };
} // prettier-ignore

test('basic is a line for each commit with its counts, however many come', () => {
  const { commit } = open('basic');
  for (let i = 0; i < 30; i++)
    assert.deepEqual(commit(), ['metrics resource_metrics=1 metrics=2 data_points=2']);
});

test('normal is also a line for each data point, with control characters escaped', () => {
  assert.deepEqual(open('normal').commit().slice(1).map((line) => JSON.parse(line)), [
    'ResourceMetrics #0 service.name=web',
    String.raw`g{path=/\u001b[31m\u009b\u007f} 1`,
    'h{} count=4 sum=3 le0.5=2 2',
  ]);
}); // prettier-ignore

test('detailed is all of each point', () => {
  const lines = open('detailed').commit().map((line) => (line.startsWith('"') ? JSON.parse(line) : line));
  for (const line of [
    '     -> Unit: s',
    '     -> DataType: Histogram',
    '     -> AggregationTemporality: Cumulative',
    'Timestamp: 2023-11-14 22:13:20.000 +0000 UTC',
    'ExplicitBounds #0: 0.5',
    'Buckets #1, Count: 2',
  ])
    assert.ok(lines.includes(line), `${line} in ${lines.join('\n')}`);
}); // prettier-ignore

test('of each message the first of a second are written, then every nth', () => {
  const sampler = new Sampler({ initial: 2, thereafter: 3 });
  const admitted = (nowMs: number): boolean[] =>
    Array.from({ length: 8 }, () => sampler.admit('a', nowMs));
  const expected = [true, true, false, false, true, false, false, true];
  assert.deepEqual(admitted(0), expected);
  assert.equal(sampler.admit('b', 0), true);
  assert.equal(sampler.admit('a', 999), false);
  assert.deepEqual(admitted(1_000), expected);
  const none = new Sampler({ initial: 1, thereafter: 0 });
  assert.deepEqual(
    [none.admit('a', 0), none.admit('a', 0), none.admit('a', 0)],
    [true, false, false],
  );
});

test('segments are counted at each commit, and nothing of them is shown', () => {
  const world = createWorld();
  const settings = {
    verbosity: 'detailed',
    sampling: { initial: 2, thereafter: 1 },
    outputs: ['log'],
  } as const;
  const resolved = { name: 'd', address: 'log', shownAddress: 'log', transforms: [], settings };
  const sink = debugKind.open(resolved, { id: 'debug/d', name: 'd', world, userAgent: '' });
  const appender = sink.openTraces?.();
  appender?.commit();
  appender?.append(Buffer.from('{"secret":1}'), T);
  appender?.append(Buffer.from('T1S'), T);
  appender?.commit();
  appender?.commit();
  assert.deepEqual(
    world.lines.map((line) => line.replace(/^.*? msg=/, '').trim()),
    ['traces sink=debug/d documents=2 bytes=15'],
  );
});
