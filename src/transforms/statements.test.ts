import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeSeries, openRoute } from '../../test/kit/transforming.ts';
import { applyAll } from '../model/transform.ts';
import { formatLabelSet } from '../model/labels.ts';
import { runStatements, type StatementsGroup } from './statements.ts';

const SERIES = makeSeries(
  { __name__: 'a_seconds_bucket', le: '0.1', path: '/shop/42', code: '200' },
  { family: { name: 'a_seconds', type: 'histogram', unit: 's' }, resource: { env: 'p', x: 'y' } },
);

function group(
  context: StatementsGroup['context'],
  statements: readonly string[],
  more: Partial<StatementsGroup> = {},
): StatementsGroup {
  const rest = { conditions: [], errorMode: 'ignore', sharesCache: false } as const;
  return { context, statements, ...rest, ...more };
}

/** Series and resource after some groups, and what was reported. */
function run(...groups: StatementsGroup[]): string {
  const reported: string[] = [];
  const transform = runStatements(groups, (index) => ({
    fault: (kind, at, error) => void reported.push(`${index} ${kind} ${at}: ${String(error)}`),
    idle: (at, reason) => void reported.push(`${index} ${at} idle: ${reason}`),
  }));
  const series = transform && applyAll([transform], SERIES);
  if (reported.length > 0) return reported.join('\n');
  if (series === undefined) return 'dropped';
  return `${formatLabelSet(series.labels)} ${formatLabelSet(series.resource).slice(0)}`;
}

const neverCalled = (): never => assert.fail();

const RESOURCE = '{env="p", x="y"}';

const EDITS: readonly (readonly [StatementsGroup['context'], string, string, string?])[] = [
  ['metric', 'set(name, "b")', 'b_bucket{code="200", le="0.1", path="/shop/42"}'],
  ['datapoint', 'set(attributes["n"], 5)', 'a_seconds_bucket{code="200", le="0.1", n="5", path="/shop/42"}'],
  ['datapoint', 'set(attributes["n"], attributes["none"])', 'a_seconds_bucket{code="200", le="0.1", path="/shop/42"}'],
  ['datapoint', 'set(attributes, {"k": "v"})', 'a_seconds_bucket{k="v", le="0.1"}'],
  ['datapoint', 'set(attributes["env"], resource.attributes["env"])', 'a_seconds_bucket{code="200", env="p", le="0.1", path="/shop/42"}'],
  ['datapoint', 'delete_key(attributes, "path")', 'a_seconds_bucket{code="200", le="0.1"}'],
  ['datapoint', 'delete_key(attributes, "le")', 'a_seconds_bucket{code="200", le="0.1", path="/shop/42"}'],
  ['datapoint', 'delete_matching_keys(attributes, "(?i)^P")', 'a_seconds_bucket{code="200", le="0.1"}'],
  ['datapoint', 'keep_keys(attributes, ["path", "none"])', 'a_seconds_bucket{le="0.1", path="/shop/42"}'],
  ['datapoint', 'keep_matching_keys(attributes, "od")', 'a_seconds_bucket{code="200", le="0.1"}'],
  ['datapoint', 'limit(attributes, 1, ["path"])', 'a_seconds_bucket{le="0.1", path="/shop/42"}'],
  ['datapoint', 'truncate_all(attributes, 2)', 'a_seconds_bucket{code="20", le="0.1", path="/s"}'],
  ['datapoint', 'replace_pattern(attributes["path"], "/(\\\\d+)", "/{id$1}")', 'a_seconds_bucket{code="200", le="0.1", path="/shop/{id42}"}'],
  ['datapoint', 'replace_all_patterns(attributes, "value", "\\\\d", "N")', 'a_seconds_bucket{code="NNN", le="0.1", path="/shop/NN"}'],
  ['datapoint', 'replace_all_patterns(attributes, "key", "^", "k_")', 'a_seconds_bucket{k_code="200", k_path="/shop/42", le="0.1"}'],
  ['datapoint', 'replace_match(attributes["path"], "/shop/*", "/shop")', 'a_seconds_bucket{code="200", le="0.1", path="/shop"}'],
  ['datapoint', 'replace_match(attributes["path"], "shop", "/shop")', 'a_seconds_bucket{code="200", le="0.1", path="/shop/42"}'],
  ['datapoint', 'replace_all_matches(attributes, "{2??,[!a]shop*}", "m")', 'a_seconds_bucket{code="m", le="0.1", path="m"}'],
  ['datapoint', 'merge_maps(attributes, {"code": "1", "z": "2"}, "insert")', 'a_seconds_bucket{code="200", le="0.1", path="/shop/42", z="2"}'],
  ['datapoint', 'merge_maps(attributes, {"code": "1", "z": "2"}, "update")', 'a_seconds_bucket{code="1", le="0.1", path="/shop/42"}'],
  ['datapoint', 'merge_maps(attributes, resource.attributes, "upsert")', 'a_seconds_bucket{code="200", env="p", le="0.1", path="/shop/42", x="y"}'],
  ['datapoint', 'set(attributes["n"], "x") where metric.type == METRIC_DATA_TYPE_SUM', 'a_seconds_bucket{code="200", le="0.1", path="/shop/42"}'],
  ['resource', 'set(attributes["n"], Concat([attributes["env"], "q"], ""))', 'a_seconds_bucket{code="200", le="0.1", path="/shop/42"}', '{env="p", n="pq", x="y"}'],
  [undefined, 'keep_keys(resource.attributes, ["x"])', 'a_seconds_bucket{code="200", le="0.1", path="/shop/42"}', '{x="y"}'],
]; // prettier-ignore

test('each editor changes a series as it does in the Collector', () => {
  for (const [context, text, series, resource = RESOURCE] of EDITS)
    assert.equal(run(group(context, [text])), `${series} ${resource}`, text);
});

test('statements run in order, where one of the conditions is true, with a cache of their group', () => {
  const keep = ['set(cache["c"], attributes["code"])'];
  const use = ['set(attributes["n"], cache["c"])'];
  const has = (text: string): boolean => text.includes('n="200"');
  assert.ok(has(run(group('datapoint', [...keep, ...use]))));
  assert.ok(!has(run(group('datapoint', keep), group('datapoint', use))));
  const shares = { sharesCache: true };
  assert.ok(has(run(group('datapoint', keep, shares), group('datapoint', use, shares))));
  const conditions = ['attributes["code"] == "1"', 'metric.unit == "s"'];
  const both = [...keep, ...use];
  assert.ok(has(run(group('datapoint', both, { conditions }))));
  assert.ok(!has(run(group('datapoint', both, { conditions: conditions.slice(0, 1) }))));
});

test('an error of evaluation skips its statement, or under propagate drops the series', () => {
  const statements = ['set(attributes["n"], 1 / 0)', 'set(attributes["m"], "x")'];
  for (const errorMode of ['ignore', 'silent'] as const)
    assert.match(run(group('datapoint', statements, { errorMode })), /m="x"/);
  assert.equal(run(group('datapoint', statements, { errorMode: 'propagate' })), 'dropped');
  assert.equal(run(group('metric', ['set(name, "")'], { errorMode: 'propagate' })), 'dropped');
});

test('what would depend on which data point comes first is refused, with the context to write', () => {
  for (const [context, texts, message] of [
    ['datapoint', ['set(metric.name, "b") where attributes["code"] == "200"'], /context: metric/],
    ['datapoint', ['set(resource.attributes["c"], attributes["code"])'], /context: resource/],
    ['datapoint', ['replace_pattern(metric.name, "a", "aa")'], /once for each datapoint/],
    ['datapoint', ['set(metric.name, Concat([metric.name, "b"], ""))'], /once for each datapoint/],
    ['datapoint', ['set(attributes["n"], metric.name)', 'set(metric.name, "b")'], /1: .*once for/],
    ['metric', ['set(resource.attributes["n"], name)'], /context: resource/],
  ] as const)
    assert.match(run(group(context, texts)), message, texts.join());
  for (const texts of [
    ['set(metric.name, "b") where metric.name == "a_seconds"', 'set(attributes["n"], metric.name)'],
    ['set(metric.name, "b") where resource.attributes["env"] == "p"'],
    ['delete_key(resource.attributes, "x")'],
  ])
    assert.match(run(group('datapoint', texts)), /^[ab]/, texts.join());
});

test('a faulty text is reported where it is, and one without effect says so', () => {
  assert.match(run(group('datapoint', ['set(a'])), /^0 statements 0: Error: expected/);
  assert.match(
    run(group('metric', ['set(type, 1)', 'set(description, "a")'])),
    /0 idle.*\n0 1 idle/,
  );
  assert.match(run(group('metric', ['set(is_monotonic, true)'])), /can't be changed/);
  assert.match(run(group('metric', ['copy_metric()'])), /copy_metric\(…\): it makes or joins/);
  assert.match(run(group('metric', ['set(name, "a")'], { conditions: ['a'] })), /0 conditions 0/);
});

test('a limit, a mode or a strategy that is none is refused at once', () => {
  for (const text of [
    'limit(attributes, -1, [])',
    'limit(attributes, 1, ["a", "b"])',
    'truncate_all(attributes, -1)',
    'merge_maps(attributes, {}, "replace")',
    'replace_all_patterns(attributes, "both", "a", "b")',
    'replace_all_patterns(attributes, "key", "(", "b")',
    'replace_match(attributes["a"], "[", "b")',
    'replace_pattern(attributes["a"], "a", "b", SHA256)',
    'keep_keys(attributes, "a")',
    'set("a", "b")',
    'set(attributes["a"], )',
  ])
    assert.match(run(group('datapoint', [text])), /^0 statements 0: Error/, text);
});

test('a transform is the same as another only where its texts and settings are', () => {
  const make = (...groups: StatementsGroup[]) =>
    runStatements(groups, () => ({ fault: neverCalled, idle: neverCalled }))?.identity;
  const statements = ['set(attributes["n"], "1")'];
  const all = [
    make(group('datapoint', statements)),
    make(group('datapoint', ['set(attributes["n"], "2")'])),
    make(group('resource', statements)),
    make(group('datapoint', statements), group('datapoint', statements)),
    make(group('datapoint', statements, { errorMode: 'propagate' })),
    make(group('datapoint', statements, { sharesCache: true })),
    make(group('datapoint', statements, { conditions: ['true'] })),
  ];
  assert.equal(new Set(all).size, all.length);
  assert.equal(make(group('datapoint', statements)), all[0]);
});

test('samples of a changed series arrive under its new labels', () => {
  const transform = runStatements([group('datapoint', ['delete_key(attributes, "code")'])], () => ({
    fault: neverCalled,
    idle: neverCalled,
  }));
  assert.ok(transform);
  const { appender, refs, sent } = openRoute(transform);
  const [ref = -1] = refs(SERIES);
  appender.append(ref, 1, 2);
  appender.commit();
  assert.deepEqual(sent(), ['a_seconds_bucket{le="0.1", path="/shop/42"} 2 @1']);
});
