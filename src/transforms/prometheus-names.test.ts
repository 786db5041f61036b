import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  buildInfoLabelName,
  buildLabelName,
  buildMetricName,
  type NamedMetric,
  type NameRules,
} from './prometheus-names.ts';
import { formatUnit } from './prometheus-units.ts';

const WITH: NameRules = { namespace: '', hasSuffixes: true, isUtf8: false };
const WITHOUT: NameRules = { ...WITH, hasSuffixes: false };
const UTF8: NameRules = { ...WITH, isUtf8: true };
const AS_IS: NameRules = { ...WITHOUT, isUtf8: true };

function nameOf(metric: string, rules: NameRules): string {
  const [name = '', unit = '', kind = 'other'] = metric.split('|');
  return buildMetricName({ name, unit, kind: kind as NamedMetric['kind'] }, rules);
}

function checkAll(rules: NameRules, cases: Readonly<Record<string, string>>): void {
  for (const [metric, expected] of Object.entries(cases))
    assert.equal(nameOf(metric, rules), expected, metric);
}

test('suffixes follow from unit and type, and are not added twice', () => {
  checkAll(WITH, {
    'http_requests_total||counter': 'http_requests_total',
    'http_requests||counter': 'http_requests_total',
    'total_of_jobs_done||counter': 'of_jobs_done_total',
    'http.server.duration|s': 'http_server_duration_seconds',
    'request_duration_seconds|seconds': 'request_duration_seconds',
    'seconds_since_start|s|gauge': 'seconds_since_start',
    'network.io|By/s|gauge': 'network_io_bytes_per_second',
    'speed|meters_per_second|gauge': 'speed_meters_per_second',
    'io|By/m|counter': 'io_bytes_per_minute_total',
    'io_per_second|By/s|gauge': 'io_per_second_bytes_per_second',
    'queue|{items}/s|gauge': 'queue_per_second',
    'queue|{items}|gauge': 'queue',
    'queue|By/{item}|gauge': 'queue_bytes',
    'cpu|1|gauge': 'cpu_ratio',
    'cpu_ratio|ratio|gauge': 'cpu_ratio',
    'ratio_of_cpu|1|gauge': 'of_cpu_ratio',
    'jobs|1|counter': 'jobs_total',
    'used|%|gauge': 'used_percent',
    'x|kg^2 m|gauge': 'x_kg_2_m',
    'x|__furlongs__|gauge': 'x_furlongs_',
    'x|a/_|gauge': 'x_a',
    'x|Percent|gauge': 'x_Percent',
    'TiB|TiBy|gauge': 'TiB_tibibytes',
  });
});

test('characters that no name may have part words, and so do underscores', () => {
  checkAll(WITH, {
    'a.b-c d': 'a_b_c_d',
    a__b_: 'a_b',
    _hidden: 'hidden',
    'job:sum:rate5m': 'job:sum:rate5m',
    '2xx||counter': '_2xx_total',
    'größe|s': 'gr_e_seconds',
  });
  checkAll(WITHOUT, {
    'a.b..c|s|counter': 'a_b_c',
    a__b_: 'a__b_',
    _hidden: '_hidden',
    '2xx': '_2xx',
    größe: 'gr_e',
  });
});

test('a namespace stands before everything', () => {
  checkAll({ ...WITH, namespace: 'app' }, { 'jobs||counter': 'app_jobs_total', '2xx': 'app_2xx' });
  checkAll({ ...WITHOUT, namespace: 'my-app' }, { jobs: 'my_app_jobs', '2xx': 'my_app_2xx' });
  checkAll({ ...AS_IS, namespace: 'my-app' }, { 'jobs.done': 'my-app_jobs.done' });
});

test('with all of UTF-8, suffixes are moved to the end and nothing else changes', () => {
  checkAll(UTF8, {
    'http.server.duration|s': 'http.server.duration_seconds',
    'duration.seconds|s': 'duration.seconds',
    'jobs.total||counter': 'jobs_total',
    'jobs_total|By|counter': 'jobs_bytes_total',
    'cpu.ratio|1|gauge': 'cpu_ratio',
    'io|By/s|counter': 'io_bytes_per_second_total',
    'io_per_second|By/s|gauge': 'io_bytes_per_second',
    'a__b||counter': 'a__b_total',
  });
  checkAll(AS_IS, { 'a..b__|s|counter': 'a..b__' });
});

test('a name of which nothing would be left keeps its length in underscores', () => {
  checkAll(WITH, { __: '__', ж: '_' });
  checkAll(WITHOUT, { жж: '__' });
  assert.equal(buildLabelName('ж', false), 'key_');
  assert.equal(buildLabelName('__.__', false), '_____');
});

test('labels: a digit and one underscore get a prefix, two on both sides are reserved', () => {
  const cases: Readonly<Record<string, string>> = {
    path: 'path',
    'http.method': 'http_method',
    'a..b__c': 'a_b_c',
    trailing_: 'trailing_',
    '1st': 'key_1st',
    _private: 'key_private',
    __private: 'key_private',
    '.dot': 'key_dot',
    __name__: '__name__',
    '__a..b__': '__a_b__',
  };
  for (const [name, expected] of Object.entries(cases)) {
    assert.equal(buildLabelName(name, false), expected, name);
    assert.equal(buildLabelName(name, true), name);
  }
  assert.equal(buildInfoLabelName('a..b__c'), 'a__b__c');
  assert.equal(buildInfoLabelName('_private'), '_private');
  assert.equal(buildInfoLabelName('1st'), 'key_1st');
});

test('units in metadata are words', () => {
  const cases: Readonly<Record<string, string>> = {
    s: 'seconds',
    seconds: 'seconds',
    'By/s': 'bytes_per_second',
    meters_per_second: 'meters_per_second',
    '1': '',
    ratio: '',
    '{items}': '',
    '{items}/s': 'per_second',
    'm²': 'm',
  };
  for (const [unit, expected] of Object.entries(cases))
    assert.equal(formatUnit(unit, false), expected, unit);
  assert.equal(formatUnit('m²', true), 'm²');
});
