import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseForeignYaml } from './foreign-yaml.ts';

test('YAML is parsed as ever', () => {
  assert.deepEqual(parseForeignYaml('a: [1, b]\nc: &d e\nf: *d\n'), {
    a: [1, 'b'],
    c: 'e',
    f: 'e',
  });
  assert.equal(parseForeignYaml(''), null);
});

const broken: Readonly<Record<string, string>> = {
  'an open quotation mark': 'password: "hush',
  'text behind a block header': 'password: |hush',
  'text behind a value': 'password: "a" hush',
  'a tag': 'password: !<hush',
  'an alias without an anchor': 'password: *hush',
  'an open list': 'hush: [hush',
  'a reserved character': 'password: @hush',
  'a directive': '%hush hush\n---\nx: %hush',
};
for (const [what, text] of Object.entries(broken))
  test(`bug: the error for ${what} quotes nothing`, () => {
    assert.throws(
      () => parseForeignYaml(`a: 1\n${text}\n`),
      (error: Error) => {
        assert.match(error.message, /not valid YAML: /);
        assert.doesNotMatch(error.message, /hush/);
        return true;
      },
    );
  });

test('the error says line and column', () => {
  assert.throws(() => parseForeignYaml('a: 1\nb: [\n'), /^Error: line 3, column 1: not valid YAML/);
});

test('bug: of a second document the message says so, in words for who wrote it', () => {
  const message = 'line 2, column 1: not valid YAML: a second document begins here; remove it';
  assert.throws(() => parseForeignYaml('a: 1\n---\nb: 1\n'), { message });
});

test('bug: aliases are bounded, since each is looked up among all', () => {
  const lines = Array.from({ length: 20_000 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}]\n`);
  const text = `a0: &a0 x\n${lines.join('')}`;
  assert.throws(() => parseForeignYaml(text), /line 10002, .*more than 10000 aliases/);
});
