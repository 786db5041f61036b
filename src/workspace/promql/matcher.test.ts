import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeLabelSet } from '../../model/labels.ts';
import { compileMatcher, compileMatchers } from './matcher.ts';

test('regular expressions match the whole value, newlines included', () => {
  const matches = compileMatcher({ name: 'a', op: '=~', value: 'b.+' });
  assert.ok(matches('bc\nd'));
  assert.ok(!matches('abc'));
  assert.throws(() => compileMatcher({ name: 'a', op: '!~', value: '(' }), /invalid regex/);
});

test('an absent label has the empty value', () => {
  const matches = compileMatchers([
    { name: 'job', op: '=', value: 'web' },
    { name: 'zone', op: '=', value: '' },
    { name: 'zone', op: '!=', value: 'x' },
    { name: 'zone', op: '!~', value: '.+' },
  ]);
  assert.ok(matches(makeLabelSet({ job: 'web' })));
  assert.ok(!matches(makeLabelSet({ job: 'web', zone: 'a' })));
});
