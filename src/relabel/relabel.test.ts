import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileRelabelRule, relabel, type RelabelInput } from './relabel.ts';

type Labels = Record<string, string>;

function run(labels: Labels, ...inputs: RelabelInput[]): Labels | undefined {
  const map = new Map(Object.entries(labels));
  const kept = relabel(
    map,
    inputs.map((input) => compileRelabelRule(input)),
  );
  return kept ? Object.fromEntries(map) : undefined;
}

const cases: [string, Labels, RelabelInput[], Labels | undefined][] = [
  [
    'replace copies a group',
    { a: 'foo', b: 'bar' },
    [{ source_labels: ['a'], regex: 'f(.*)', target_label: 'd', replacement: 'ch${1}-ch$1' }],
    { a: 'foo', b: 'bar', d: 'choo-choo' },
  ],
  [
    'replace without a match changes nothing',
    { a: 'foo' },
    [{ source_labels: ['a'], regex: 'x', target_label: 'd', replacement: 'y' }],
    { a: 'foo' },
  ],
  [
    'an empty result deletes the label',
    { a: 'foo', b: 'bar' },
    [{ source_labels: ['a'], regex: '(f).*', target_label: 'b', replacement: '$2' }],
    { a: 'foo' },
  ],
  [
    'sources are joined by the separator',
    { a: '1', b: '2' },
    [
      { source_labels: ['a', 'b', 'none'], target_label: 'c' },
      { source_labels: ['a', 'b'], separator: '', target_label: 'd' },
    ],
    { a: '1', b: '2', c: '1;2;', d: '12' },
  ],
  [
    'the target is a template, and one that gives no valid name changes nothing',
    { a: 'x=1', b: '=1' },
    [
      { source_labels: ['a'], regex: '(.*)=(.*)', target_label: '$1', replacement: '$2' },
      { source_labels: ['b'], regex: '(.*)=(.*)', target_label: '$1', replacement: '$2' },
    ],
    { a: 'x=1', b: '=1', x: '1' },
  ],
  [
    'a group reference takes as long a name as it can',
    { a: 'v' },
    [{ source_labels: ['a'], target_label: 'b', replacement: '$1x-${1}x-$$1-$' }],
    { a: 'v', b: '-vx-$1-$' },
  ],
  [
    'named groups expand',
    { a: 'h:1' },
    [{ source_labels: ['a'], regex: '(?P<h>.*):.*', target_label: 'b', replacement: '${h}' }],
    { a: 'h:1', b: 'h' },
  ],
  ['keep', { a: 'x' }, [{ action: 'keep', source_labels: ['a'], regex: 'x|y' }], { a: 'x' }],
  ['keep discards', { a: 'z' }, [{ action: 'Keep', source_labels: ['a'], regex: 'x|y' }], undefined],
  ['drop', { a: 'x' }, [{ action: 'DROP', source_labels: ['a'], regex: 'x' }], undefined],
  [
    'keepequal compares with the target',
    { a: 'x', b: 'x' },
    [{ action: 'keepequal', source_labels: ['a'], target_label: 'b' }],
    { a: 'x', b: 'x' },
  ],
  [
    'dropequal drops equals, absent and empty alike',
    { c: 'x' },
    [{ action: 'dropequal', source_labels: ['a'], target_label: 'b' }],
    undefined,
  ],
  [
    'labelmap copies names by template',
    { __meta_x: '1', __meta_y: '2', z: '3' },
    [{ action: 'labelmap', regex: '__meta_(.+)' }],
    { __meta_x: '1', __meta_y: '2', z: '3', x: '1', y: '2' },
  ],
  [
    'of two names mapped to one the greater wins, whatever the order they came in',
    { my2: 'b', my1: 'a' },
    [{ action: 'labelmap', regex: '(my).', replacement: '$1' }],
    { my2: 'b', my1: 'a', my: 'b' },
  ],
  ['labeldrop', { a: '1', b: '2' }, [{ action: 'labeldrop', regex: 'a' }], { b: '2' }],
  ['labelkeep', { a: '1', b: '2' }, [{ action: 'labelkeep', regex: 'a' }], { a: '1' }],
  [
    'lowercase and uppercase',
    { a: 'MiX' },
    [
      { action: 'lowercase', source_labels: ['a'], target_label: 'l' },
      { action: 'uppercase', source_labels: ['a'], target_label: 'u' },
    ],
    { a: 'MiX', l: 'mix', u: 'MIX' },
  ],
  [
    'letters change one by one, as in Go',
    { a: 'ΟΔΟΣ', b: 'straße' },
    [
      { action: 'lowercase', source_labels: ['a'], target_label: 'a' },
      { action: 'uppercase', source_labels: ['b'], target_label: 'b' },
    ],
    { a: 'οδοσ', b: 'STRAßE' },
  ],
  [
    'a dropped set runs no further rules',
    { a: 'x' },
    [
      { action: 'drop', source_labels: ['a'], regex: 'x' },
      { target_label: 'b', replacement: 'y' },
    ],
    undefined,
  ],
  [
    'a rule without sources sets a constant',
    {},
    [{ target_label: 'b', replacement: 'static' }, { regex: '', target_label: 'c', replacement: 's' }],
    { b: 'static', c: 's' },
  ],
]; // prettier-ignore

for (const [name, labels, rules, expected] of cases) {
  test(name, () => assert.deepEqual(run(labels, ...rules), expected));
}

test('hashmod gives the shard that Prometheus gives', () => {
  const rule = { action: 'hashmod', source_labels: ['c'], target_label: 'd', modulus: 1000 };
  // The figure is from prometheus/model/relabel/relabel_test.go.
  assert.deepEqual(run({ c: 'baz' }, rule), { c: 'baz', d: '976' });
  fc.assert(
    fc.property(fc.string(), fc.integer({ min: 1, max: 2 ** 40 }), (value, modulus) => {
      const hex = createHash('md5').update(value).digest('hex').slice(16);
      const expected = String(BigInt(`0x${hex}`) % BigInt(modulus));
      assert.equal(run({ c: value }, { ...rule, modulus })?.['d'], expected);
    }),
    { numRuns: 50 },
  );
});

test('an invalid rule is refused by a message that names the field', () => {
  const refusals: [RelabelInput, string][] = [
    [{}, 'action replace requires a "target_label"'],
    [
      { action: 'hash', target_label: 'x' },
      'unknown relabel action "hash"; use one of replace, keep, drop, keepequal, dropequal, ' +
'hashmod, labelmap, labeldrop, labelkeep, lowercase, uppercase',
    ],
    [{ action: 'hashmod', target_label: 'x' }, 'action hashmod requires a "modulus" above 0'],
    [{ action: 'hashmod', modulus: 1.5, target_label: 'x' }, 'modulus 1.5 is not a whole number above 0'],
    [{ action: 'keep', regex: '(' }, 'invalid regex "(": missing closing ): `^(?s:()$`'],
    [
      { action: 'labelkeep', separator: ',' },
      '"separator" can\'t be set for action labelkeep, which takes only "regex"',
    ],
    [
      { action: 'dropequal', target_label: 'x', regex: 'y' },
      '"regex" can\'t be set for action dropequal, which takes only "source_labels" and ' +
'"target_label"',
    ],
    [
      { action: 'lowercase', target_label: 'x', replacement: 'y' },
      '"replacement" can\'t be set for action lowercase; remove it',
    ],
  ]; // prettier-ignore
  for (const [input, message] of refusals) {
    assert.throws(() => compileRelabelRule(input), { message });
  }
});

test('the legacy scheme refuses names that need quotes', () => {
  assert.ok(compileRelabelRule({ target_label: 'a.b', replacement: 'x' }));
  assert.throws(() => compileRelabelRule({ target_label: 'a.b' }, 'legacy'), {
    message: '"a.b" is not a valid "target_label" for action replace',
  });
  assert.ok(compileRelabelRule({ target_label: '${1}_x' }, 'legacy'));
});
