import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeSeries, openRoute } from '../../test/kit/transforming.ts';
import type { TransformedSeries } from '../model/open-series.ts';
import { externalLabels } from './external-labels.ts';
import { resourceLabels } from './resource-labels.ts';
import { exceptServed, servedTargetInfo } from './served-target-info.ts';
import { targetInfo } from './target-info.ts';
import { translatedNames } from './translated-names.ts';

const ENDING = [resourceLabels, externalLabels({ zone: 'z' })];
const rules = { namespace: 'app', hasSuffixes: true, isUtf8: false };
const RESOURCE = { 'service.name': 'j', 'service.instance.id': 'i', 'url.scheme': 'http' };
const INFO = '{instance="i", job="j", url_scheme="http", zone="z"}';

function open(namespace = '') {
  return openRoute(
    servedTargetInfo,
    exceptServed(translatedNames({ ...rules, namespace })),
    ...ENDING,
    targetInfo({ namespace, ending: ENDING }),
  );
}

function seriesOf(name: string, resource: Record<string, string> = RESOURCE): TransformedSeries {
  return makeSeries({ __name__: name }, { resource });
}

/** What was sent of target_info. */
function infos(sent: readonly string[]): string[] {
  return sent.filter((one) => one.includes('target_info'));
}

test('each transaction with samples of the resource has one, at the newest time', () => {
  const { appender, refs, sent } = open('app');
  const [a = -1, b = -1] = refs(seriesOf('a'), seriesOf('b'));
  appender.append(a, 7, 1);
  appender.append(b, 5, 2);
  appender.commit();
  assert.deepEqual(sent(), [
    'app_a{instance="i", job="j", zone="z"} 1 @7',
    'app_b{instance="i", job="j", zone="z"} 2 @5',
    `app_target_info${INFO} 1 @7`,
  ]);
  appender.append(b, 9, 2);
  appender.appendStale(a, 9);
  appender.commit();
  assert.deepEqual(infos(sent()), [`app_target_info${INFO} 1 @9`]);
  appender.commit();
  assert.deepEqual(sent(), []);
});

test('it ends with a stale marker when the last series ends, once, and begins anew', () => {
  const { appender, refs, sent } = open();
  const [a = -1, b = -1] = refs(seriesOf('a'), seriesOf('b'));
  appender.append(a, 1, 1);
  appender.append(b, 1, 1);
  appender.commit();
  sent();
  for (const tMs of [2, 3]) {
    appender.appendStale(a, tMs);
    appender.appendStale(b, tMs);
    appender.commit();
  }
  assert.deepEqual(infos(sent()), [`target_info${INFO} stale @2`]);
  appender.append(a, 4, Number.NaN);
  appender.commit();
  assert.deepEqual(infos(sent()), [`target_info${INFO} 1 @4`]);
});

test('a rollback leaves nothing of it', () => {
  const { appender, refs, sent, recording } = open();
  const [a = -1] = refs(seriesOf('a'));
  appender.append(a, 1, 1);
  appender.rollback();
  appender.commit();
  assert.deepEqual(sent(), []);
  assert.equal(recording.live.size, 1);
});

test('forgetting the last series of a resource forgets it; memory follows live resources', () => {
  const { appender, refs, recording } = open();
  for (let i = 0; i < 100; i++) {
    const [ref = -1] = refs(seriesOf('a', { ...RESOURCE, 'service.instance.id': `i${i}` }));
    appender.append(ref, i, 1);
    appender.commit();
    assert.equal(recording.live.size, 2);
    appender.forget(ref);
    assert.equal(recording.live.size, 0);
  }
});

test('a resource that comes back as the same object is observed anew', () => {
  const { appender, refs, recording } = open();
  const series = seriesOf('a');
  for (let round = 0; round < 3; round++) {
    const [ref = -1] = refs(series);
    appender.append(ref, round, 1);
    appender.commit();
    assert.equal(recording.live.size, 2);
    appender.forget(ref);
    assert.equal(recording.live.size, 0);
  }
});

test('it ends where the last series is forgotten in the transaction that ends it', () => {
  const { appender, refs, sent, recording } = open();
  const [a = -1] = refs(seriesOf('a'));
  appender.append(a, 1, 1);
  appender.commit();
  sent();
  appender.appendStale(a, 2);
  appender.forget(a);
  appender.rollback();
  assert.deepEqual(sent(), []);
  const [b = -1] = refs(seriesOf('b'));
  appender.append(b, 3, 1);
  appender.commit();
  appender.appendStale(b, 4);
  appender.forget(b);
  appender.commit();
  assert.deepEqual(infos(sent()), [`target_info${INFO} 1 @3`, `target_info${INFO} stale @4`]);
  assert.equal(recording.live.size, 0, 'nothing is kept');
});

test('a resource without further attributes, or without job and instance, gets none', () => {
  const { appender, refs, sent } = open();
  const only = { 'service.name': 'j', 'service.namespace': 'n', 'service.instance.id': 'i' };
  const all = refs(seriesOf('a', only), seriesOf('a', { 'url.scheme': 'http' }), seriesOf('a', {}));
  for (const ref of all) appender.append(ref, 1, 1);
  appender.commit();
  assert.deepEqual(infos(sent()), []);
});

test('two resources have one each, a native histogram counts as a sample', () => {
  const { appender, refs, sent } = open();
  const other = { ...RESOURCE, 'url.scheme': 'https' };
  const [a = -1, b = -1] = refs(seriesOf('a'), seriesOf('b', other));
  appender.append(a, 1, 1);
  appender.appendHistogram(b, 2, { sum: 1 } as never);
  appender.commit();
  assert.deepEqual(infos(sent()), [
    `target_info${INFO} 1 @1`,
    `target_info${INFO.replace('"http"', '"https"')} 1 @2`,
  ]);
});

test('what a target serves is joined with it, so that a service has one target_info', () => {
  const { appender, refs, sent } = open('app');
  const served = { __name__: 'target_info', version: '1', url_scheme: 'other' };
  const [a = -1, info = -1] = refs(seriesOf('a'), makeSeries(served, { resource: RESOURCE }));
  appender.append(a, 1, 1);
  appender.append(info, 1, 1);
  appender.commit();
  const both = INFO.replace('"http"', '"http;other", version="1"');
  assert.deepEqual(infos(sent()), [`app_target_info${both} 1 @1`]);
  // It is served no more.
  appender.append(a, 2, 1);
  appender.appendStale(info, 2);
  appender.commit();
  appender.forget(info);
  appender.append(a, 3, 1);
  appender.commit();
  assert.deepEqual(infos(sent()), [
    `app_target_info${both} 1 @2`,
    `app_target_info${both} stale @3`,
    `app_target_info${INFO} 1 @3`,
  ]);
});

test('its identity has all that it does', () => {
  const all = [
    targetInfo({ namespace: '', ending: [] }),
    targetInfo({ namespace: 'a', ending: [] }),
    targetInfo({ namespace: '', ending: ENDING }),
    targetInfo({ namespace: '', ending: [resourceLabels, externalLabels({ zone: 'y' })] }),
  ];
  assert.equal(new Set(all.map(({ identity }) => identity)).size, all.length);
});
