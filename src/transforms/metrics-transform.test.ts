import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeSeries, openRoute, type SeriesParts } from '../../test/kit/transforming.ts';
import { formatLabelSet } from '../model/labels.ts';
import { applyAll, type SeriesTransform } from '../model/transform.ts';
import { compileSearch } from '../relabel/search.ts';
import type { MetricMatch } from './metric-match.ts';
import {
  addLabel,
  deleteLabelValue,
  keepLabels,
  labelsOfGroups,
  rename,
  replaceValues,
  scaleValue,
  updateLabel,
} from './metric-operations.ts';
import { type MetricsTransform, metricsTransform, type Step } from './metrics-transform.ts';

const NONE: ReadonlyMap<string, string> = new Map();
const strict = (include: string, labels: Record<string, string> = {}): MetricMatch => ({
  include,
  labels: new Map(Object.entries(labels)),
});
const found = (include: string): MetricMatch => ({ include: compileSearch(include), labels: NONE });

function entry(
  action: MetricsTransform['action'],
  match: MetricMatch,
  ...steps: readonly Step[]
): MetricsTransform {
  return { settings: '', match, action, steps, resource: NONE };
}

/** What an update makes of a series; undefined where it is dropped. */
function updated(
  transform: MetricsTransform,
  labels: Record<string, string>,
  parts?: SeriesParts,
): string | undefined {
  const one = metricsTransform(transform) as SeriesTransform;
  const series = applyAll([one], makeSeries(labels, parts));
  return series && formatLabelSet(series.labels) + (series.scale === 1 ? '' : ` *${series.scale}`);
}

test('a metric that is named gets the new name, another keeps its own', () => {
  const match = strict('metric1');
  const to = entry('update', match, rename(match, 'new.metric1'));
  assert.equal(updated(to, { __name__: 'metric1', a: '1' }), 'new.metric1{a="1"}');
  assert.equal(updated(to, { __name__: 'metric12' }), 'metric12');
});

test('groups of the expression are named in the new name', () => {
  const match = found('^(metric)(?P<number>[12])$');
  const to = entry('update', match, rename(match, 'new.$1.${number}'));
  assert.equal(updated(to, { __name__: 'metric1' }), 'new.metric.1');
  assert.equal(updated(to, { __name__: 'metric3' }), 'metric3');
  const anywhere = found('etric');
  const empty = entry('update', anywhere, rename(anywhere, '$none'));
  assert.equal(updated(empty, { __name__: 'metric3' }), '$none', 'a name is never empty');
});

test('a histogram is one metric: all of its series follow', () => {
  const match = strict('h');
  const to = entry('update', match, rename(match, 'g'));
  const parts = { family: { name: 'h', type: 'histogram' } } as const;
  assert.equal(updated(to, { __name__: 'h_bucket', le: '1' }, parts), 'g_bucket{le="1"}');
  assert.equal(updated(to, { __name__: 'h_sum' }, parts), 'g_sum');
});

test('labels to match must be there, have the value, or be absent', () => {
  const one = (labels: Record<string, string>) =>
    entry('update', strict('m', labels), addLabel('new', '1'));
  assert.equal(updated(one({ a: 'x' }), { __name__: 'm', a: 'x' }), 'm{a="x", new="1"}');
  assert.equal(updated(one({ a: 'x' }), { __name__: 'm', a: 'y' }), 'm{a="y"}');
  assert.equal(updated(one({ a: 'x' }), { __name__: 'm' }), 'm');
  assert.equal(updated(one({ a: '' }), { __name__: 'm' }), 'm{new="1"}');
});

test('a label gets a new name, new values, or both', () => {
  const match = strict('m');
  const values = new Map([['old', 'new']]);
  const update = (newLabel: string | undefined, of: ReadonlyMap<string, string>) =>
    entry('update', match, updateLabel(match, { label: 'a', newLabel, values: of }));
  assert.equal(updated(update('b', NONE), { __name__: 'm', a: 'old' }), 'm{b="old"}');
  assert.equal(updated(update(undefined, values), { __name__: 'm', a: 'old' }), 'm{a="new"}');
  assert.equal(updated(update('b', values), { __name__: 'm', a: 'old' }), 'm{b="new"}');
  assert.equal(updated(update('b', values), { __name__: 'm', a: 'other' }), 'm{b="other"}');
  assert.equal(updated(update('a', NONE), { __name__: 'm', a: 'old' }), 'm{a="old"}');
  assert.equal(updated(update('b', values), { __name__: 'm', b: 'own' }), 'm{b="own"}');
});

test('a label is added where it is not there, and series are deleted by a value', () => {
  const add = entry('update', strict('m'), addLabel('a', '1'));
  assert.equal(updated(add, { __name__: 'm', a: 'own' }), 'm{a="own"}');
  const remove = entry('update', strict('m'), deleteLabelValue('a', 'x'));
  assert.equal(updated(remove, { __name__: 'm', a: 'x' }), undefined);
  assert.equal(updated(remove, { __name__: 'm' }), 'm');
  assert.equal(updated(remove, { __name__: 'n', a: 'x' }), 'n{a="x"}');
});

test('a histogram is scaled by its sum and bounds, a summary not at all', () => {
  const match = found('');
  const scale = entry('update', match, scaleValue(match, 1000));
  assert.equal(updated(scale, { __name__: 'm' }), 'm *1000');
  const histogram = { family: { name: 'h', type: 'histogram' } } as const;
  assert.equal(
    updated(scale, { __name__: 'h_bucket', le: '0.25' }, histogram),
    'h_bucket{le="250"}',
  );
  assert.equal(
    updated(scale, { __name__: 'h_bucket', le: '+Inf' }, histogram),
    'h_bucket{le="+Inf"}',
  );
  assert.equal(updated(scale, { __name__: 'h_sum' }, histogram), 'h_sum *1000');
  assert.equal(updated(scale, { __name__: 'h_count' }, histogram), 'h_count');
  const summary = { family: { name: 's', type: 'summary' } } as const;
  assert.equal(updated(scale, { __name__: 's_sum' }, summary), 's_sum');
});

test('insert sends a series and its changed copy, and forgets both', () => {
  const match = strict('m', { a: 'x' });
  const copy = metricsTransform(entry('insert', match, rename(match, 'n'), scaleValue(match, 2)));
  const { appender, refs, sent, recording } = openRoute(copy);
  const [x = -1, y = -1] = refs(
    makeSeries({ __name__: 'm', a: 'x' }),
    makeSeries({ __name__: 'm', a: 'y' }),
  );
  appender.setMetadata(x, 'm', { type: 'gauge', help: 'h', unit: '' });
  appender.append(x, 1, 5);
  appender.append(y, 1, 6);
  appender.commit();
  assert.deepEqual(sent().sort(), ['m{a="x"} 5 @1', 'm{a="y"} 6 @1', 'n{a="x"} 10 @1']);
  assert.equal(recording.metadata.get('n{a="x"}'), 'n gauge [] h');
  appender.append(x, 2, 5);
  appender.rollback();
  appender.appendStale(x, 3);
  appender.commit();
  assert.deepEqual(sent().sort(), ['m{a="x"} stale @3', 'n{a="x"} stale @3']);
  appender.forget(x);
  assert.deepEqual([...recording.live.values()], ['m{a="y"}']);
  appender.close();
  assert.ok(recording.closed);
});

test('an aggregation joins what an update has made the same, and nothing of another metric', () => {
  const match = strict('m');
  const steps = [rename(match, 'n'), keepLabels(new Set(['a'])), { aggregates: 'sum' as const }];
  const mean = [replaceValues('a', new Set(['x', 'y']), 'z'), { aggregates: 'mean' as const }];
  const all = metricsTransform(entry('update', match, ...steps, ...mean, addLabel('new', '1')));
  const { appender, refs, sent } = openRoute(all);
  const own = refs(
    makeSeries({ __name__: 'm', a: 'x', b: '1' }),
    makeSeries({ __name__: 'm', a: 'x', b: '2' }),
    makeSeries({ __name__: 'm', a: 'y' }),
    makeSeries({ __name__: 'n', a: 'z', b: '1' }),
  );
  for (const [index, ref] of own.entries()) appender.append(ref, 1, 10 ** index);
  appender.commit();
  assert.deepEqual(sent().sort(), ['n{a="z", b="1"} 1000 @1', 'n{a="z", new="1"} 55.5 @1']);
});

test('combine makes one metric, with labels of the groups that found its members', () => {
  const match = found('^cpu_(?P<mode>[a-z]+)_(\\d)$');
  const named = rename(strict(''), 'cpu');
  const steps = [labelsOfGroups(match, 'upper'), named, { aggregates: 'sum' as const }];
  const { appender, refs, sent } = openRoute(metricsTransform(entry('combine', match, ...steps)));
  const [user = -1, idle = -1, counter = -1, other = -1] = refs(
    makeSeries({ __name__: 'cpu_user_0', a: '1' }),
    makeSeries({ __name__: 'cpu_idle_0', a: '1' }),
    makeSeries({ __name__: 'cpu_total_0' }, { family: { type: 'counter' } }),
    makeSeries({ __name__: 'cpu_user', a: '1' }),
  );
  for (const ref of [user, idle, counter, other]) appender.append(ref, 1, 2);
  appender.commit();
  assert.deepEqual(sent().sort(), [
    'cpu_total_0 2 @1',
    'cpu_user{a="1"} 2 @1',
    'cpu{$2="0", a="1", mode="IDLE"} 2 @1',
    'cpu{$2="0", a="1", mode="USER"} 2 @1',
  ]);
});

test('after the last of its kind is forgotten, metrics of another kind may be combined', () => {
  const match = found('^m');
  const steps = [rename(strict(''), 'all'), { aggregates: 'sum' as const }];
  const { appender, refs, recording } = openRoute(
    metricsTransform(entry('combine', match, ...steps)),
  );
  const counter = { family: { type: 'counter' } } as const;
  const [gauge = -1] = refs(
    makeSeries({ __name__: 'm1' }),
    makeSeries({ __name__: 'm2' }, counter),
  );
  assert.deepEqual([...recording.live.values()], ['all', 'm2']);
  appender.forget(gauge);
  refs(makeSeries({ __name__: 'm3' }, counter));
  assert.deepEqual([...recording.live.values()], ['m2', 'all']);
});

test('group sets attributes of the resource', () => {
  const group = metricsTransform({
    ...entry('group', found('^m')),
    resource: new Map([['owner', 'me']]),
  }) as SeriesTransform;
  const resourceOf = (name: string) =>
    formatLabelSet(applyAll([group], makeSeries({ __name__: name }))?.resource ?? []);
  assert.equal(resourceOf('m1'), '{owner="me"}');
  assert.equal(resourceOf('n1'), resourceOf('n2'));
  assert.doesNotMatch(resourceOf('n1'), /owner/);
});

test('a label is updated only while the labels to match still do', () => {
  const match = strict('m', { a: 'x' });
  const rest = { newLabel: undefined, values: new Map([['x', 'y']]) };
  const update = entry(
    'update',
    match,
    updateLabel(match, { label: 'a', ...rest }),
    updateLabel(match, { label: 'b', ...rest }),
  );
  assert.equal(updated(update, { __name__: 'm', a: 'x', b: 'x' }), 'm{a="y", b="x"}');
});

test('a rollback reaches what a branch has joined so far', () => {
  const match = strict('m');
  const sum = metricsTransform(entry('insert', match, rename(match, 'n'), { aggregates: 'sum' }));
  const { appender, refs, sent } = openRoute(sum);
  const [ref = -1] = refs(makeSeries({ __name__: 'm' }));
  appender.append(ref, 1, 100);
  appender.rollback();
  appender.append(ref, 2, 1);
  appender.commit();
  assert.deepEqual(sent().sort(), ['m 1 @2', 'n 1 @2']);
});
