import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readDocument } from './document.ts';

test('a text that is nested too deep is refused in words, whatever nests', () => {
  for (const depth of [110, 150, 1_500, 20_000])
    for (const text of [
      `a: ${'['.repeat(depth)}${']'.repeat(depth)}`,
      `a: ${'{a: '.repeat(depth)}${'}'.repeat(depth)}`,
      `${'- '.repeat(depth)}a`,
      '['.repeat(depth),
    ]) {
      const { findings } = readDocument(text, 'deep.yml');
      assert.equal(findings.length, 1, text.slice(0, 40));
      assert.match(findings[0]?.message ?? '', /^nested deeper than 100 levels/);
    }
  // An alias is found by looking through the text, so this one is short.
  const chain = Array.from({ length: 150 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}]`);
  const { findings } = readDocument(['a0: &a0 []', ...chain].join('\n'), 'deep.yml');
  assert.match(findings[0]?.message ?? '', /^nested deeper than 100 levels/);
  for (const depth of [20, 99])
    assert.deepEqual(readDocument(`a: ${'['.repeat(depth)}${']'.repeat(depth)}`, '').findings, []);
});

test('bug: a text with very many faults is told the first of them', () => {
  const nested = `${'${env:A:-'.repeat(100_000)}${'}'.repeat(100_000)}`;
  const { findings } = readDocument(`exporters: { a: ${nested} }`, 'c.yml');
  assert.equal(findings.length, 1);
  assert.match(findings[0]?.message ?? '', /^not valid YAML: /);
});
