import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeSeries } from '../../test/kit/transforming.ts';
import { applyAll } from '../model/transform.ts';
import { formatLabelSet } from '../model/labels.ts';
import { compileSearch } from '../relabel/search.ts';
import { type AttributeAction, attributeActions, resourceActions } from './attribute-actions.ts';
import { groupByAttributes } from './group-by-attributes.ts';
import { resourceLabels } from './resource-labels.ts';
import { scrapedResource } from './scraped-resource.ts';

const ALL = { includes: () => true, identity: '' };

/** The labels of a series `a` after the actions. */
function labelsAfter(given: Record<string, string>, ...actions: AttributeAction[]): string {
  const series = applyAll(
    [attributeActions(actions, ALL)],
    makeSeries({ __name__: 'a', ...given }),
  );
  return formatLabelSet(series?.labels ?? []).slice(1);
}

test('insert, update and upsert differ in whether the attribute is there', () => {
  for (const [action, absent, present] of [
    ['insert', '{k="new"}', '{k="old"}'],
    ['update', '{}', '{k="new"}'],
    ['upsert', '{k="new"}', '{k="new"}'],
  ] as const) {
    const one: AttributeAction = { action, key: 'k', value: 'new' };
    assert.equal(labelsAfter({}, one), absent === '{}' ? '' : absent, action);
    assert.equal(labelsAfter({ k: 'old' }, one), present, action);
  }
});

test('a value comes from another attribute, else from the default, else nothing is done', () => {
  const action: AttributeAction = { action: 'upsert', key: 'k', fromAttribute: 'from' };
  assert.equal(labelsAfter({ from: 'x' }, action), '{from="x", k="x"}');
  assert.equal(labelsAfter({ k: 'old' }, action), '{k="old"}');
  assert.equal(labelsAfter({}, { ...action, defaultValue: 'd' }), '{k="d"}');
  assert.equal(labelsAfter({ from: 'x' }, { ...action, defaultValue: 'd' }), '{from="x", k="x"}');
});

test('delete and hash take a key, a pattern found anywhere in a name, or both', () => {
  const given = { one: '1', two: '2', three: '3' };
  const pattern = compileSearch('wo|e$');
  assert.equal(labelsAfter(given, { action: 'delete', key: 'three' }), '{one="1", two="2"}');
  assert.equal(labelsAfter(given, { action: 'delete', key: '', pattern }), '');
  const hashed = '4e07408562bedb8b60ce05c1decfe3ad16b72230967de01f640b7e4729b49fce';
  assert.equal(labelsAfter({ k: '3' }, { action: 'hash', key: 'k' }), `{k="${hashed}"}`);
  assert.equal(
    labelsAfter({ one: '3', k: '3' }, { action: 'hash', key: '', pattern }),
    `{k="3", one="${hashed}"}`,
  );
});

test('extract sets an attribute for each group, and none where the pattern is not found', () => {
  const pattern = compileSearch(String.raw`^/(?P<area>\w+)/(?P<rest>.*)`);
  const action: AttributeAction = { action: 'extract', key: 'path', pattern };
  assert.equal(
    labelsAfter({ path: '/shop/cart', area: 'old' }, action),
    '{area="shop", path="/shop/cart", rest="cart"}',
  );
  assert.equal(labelsAfter({ path: 'shop' }, action), '{path="shop"}');
  assert.equal(labelsAfter({}, { ...action, pattern: compileSearch('(?P<k>.*)') }), '');
});

test('convert writes a number as Go does, and leaves what is none', () => {
  for (const [to, given, expected] of [
    ['int', '007', '7'],
    ['int', '+5', '5'],
    ['int', '9223372036854775807', '9223372036854775807'],
    ['int', '9223372036854775808', '9223372036854775808'],
    ['int', '1.5', '1.5'],
    ['double', '1.50', '1.5'],
    ['double', '1e3', '1000'],
    ['double', '1e999', '1e999'],
    ['double', 'x', 'x'],
    ['string', '007', '007'],
  ] as const)
    assert.equal(
      labelsAfter({ k: given }, { action: 'convert', key: 'k', to }),
      `{k="${expected}"}`,
      `${to} ${given}`,
    );
});

test('what is no attribute is not acted upon: the name, le of a histogram', () => {
  const series = makeSeries(
    { __name__: 'h_bucket', le: '1', k: 'v' },
    { family: { name: 'h', type: 'histogram' } },
  );
  const all = attributeActions([{ action: 'delete', key: '', pattern: compileSearch('') }], ALL);
  assert.equal(formatLabelSet(applyAll([all], series)?.labels ?? []), 'h_bucket{le="1"}');
});

test('only the metrics that are selected are acted upon', () => {
  const only = attributeActions([{ action: 'delete', key: 'k' }], {
    includes: (name) => name === 'a',
    identity: 'a',
  });
  const other = makeSeries({ __name__: 'b', k: 'v' });
  assert.equal(applyAll([only], other), other);
  assert.equal(applyAll([only], makeSeries({ __name__: 'a', k: 'v' }))?.labels.length, 1);
});

test('job and instance follow the resource: set, deleted, moved there', () => {
  const given = makeSeries({ __name__: 'a', job: 'j', instance: 'i:1', owner: 'me' });
  const scraped = applyAll([scrapedResource], given);
  assert.ok(scraped);
  const sent = (...actions: AttributeAction[]) => {
    const series = applyAll([resourceActions(actions)], scraped);
    return formatLabelSet((series && applyAll([resourceLabels], series)?.labels) ?? []);
  };
  assert.equal(
    sent({ action: 'upsert', key: 'service.name', value: 'x' }),
    'a{instance="i:1", job="x", owner="me"}',
  );
  assert.equal(
    sent({ action: 'insert', key: 'service.namespace', value: 'n' }),
    'a{instance="i:1", job="n/j", owner="me"}',
  );
  assert.equal(
    sent(
      { action: 'delete', key: 'service.instance.id' },
      { action: 'delete', key: 'service.name' },
    ),
    'a{owner="me"}',
  );
  const moved = applyAll([groupByAttributes(['owner', 'absent'])], scraped);
  assert.equal(formatLabelSet(moved?.labels ?? []), 'a');
  assert.match(formatLabelSet(moved?.resource ?? []), /owner="me"/);
  assert.equal(applyAll([groupByAttributes(['absent'])], scraped), scraped);
});

test('transforms that may do something different have different identities', () => {
  const identities = [
    attributeActions([{ action: 'delete', key: 'a' }], ALL),
    attributeActions([{ action: 'delete', key: 'b' }], ALL),
    attributeActions([{ action: 'delete', key: 'a', pattern: compileSearch('x') }], ALL),
    attributeActions([{ action: 'delete', key: 'a', pattern: compileSearch('y') }], ALL),
    attributeActions([{ action: 'delete', key: 'a' }], { ...ALL, identity: 'some' }),
    resourceActions([{ action: 'delete', key: 'a' }]),
    groupByAttributes(['a']),
    groupByAttributes(['a', 'b']),
  ].map(({ identity }) => identity);
  assert.equal(new Set(identities).size, identities.length);
});
