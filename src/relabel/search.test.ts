import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileSearch } from './search.ts';
import { compileTemplate, expandTemplate } from './template.ts';

test('a pattern is found anywhere, the first place counts, and a dot is no newline', () => {
  assert.deepEqual(compileSearch('b(c)?').match('abbc'), ['b', '']);
  assert.equal(compileSearch('^b').test('ab'), false);
  assert.equal(compileSearch('a.b').test('a\nb'), false);
  assert.equal(compileSearch('').test('x'), true);
  assert.equal(compileSearch('x').match('y'), undefined);
});

test('a pattern that is valid only inside of brackets is refused', () => {
  assert.throws(() => compileSearch('a)(b'), /invalid regex "a\)\(b": /);
});

test('templates name its groups', () => {
  const regex = compileSearch('(?P<first>[a-z]+)_([a-z]+)');
  const template = compileTemplate('$2.${first}.$$1', regex);
  assert.equal(expandTemplate(template, regex.match('1_ab_cd_2') ?? []), 'cd.ab.$1');
});
