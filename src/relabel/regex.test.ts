import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileRe2, compileRegex } from './regex.ts';

test('a pattern must match the whole text, and the dot matches newline', () => {
  const cases: [string, string, boolean][] = [
    ['foo', 'foo', true],
    ['foo', 'foobar', false],
    ['foo|bar', 'bar', true],
    ['foo|bar', 'foobar', false],
    ['foo.*', 'foo\nbar', true],
    ['.+', '', false],
    ['', '', true],
    ['', 'a', false],
    ['a\\.b|c', 'a.b', true],
    ['a\\.b|c', 'axb', false],
    ['^foo$', 'foo', true],
    ['(?i)FOO', 'foo', true],
    ['[[:alpha:]]+', 'abc', true],
    ['\\pL+', 'é', true],
    ['\\Qa.b\\E', 'a.b', true],
    ['.', '😀', true],
    ['[^a]', '😀', true],
  ];
  for (const [pattern, text, expected] of cases) {
    assert.equal(compileRegex(pattern).test(text), expected, `${pattern} on ${text}`);
    assert.equal(compileRegex(pattern).match(text) !== undefined, expected);
  }
});

test('the common patterns of configurations do not need RE2', () => {
  const cases: [string, string][] = [
    ['(.*)', 'lookup'],
    ['a|b|c', 'lookup'],
    ['go_.*', 'native'],
    ['([^:]+)(?::\\d+)?;(\\d+)', 'native'],
    ['__meta_ecs_container_label_(.+)', 'native'],
    ['(foo|bar)_(.*)', 'native'],
    ['.*_bucket', 'native'],
    ['(.*):(\\d+)', 'native'],
    ['.*a[a-z]+!', 're2'],
    ['(a+)+b', 're2'],
    ['(.*)-(.*)', 're2'],
    ['(.*)[a-z](.*)', 're2'],
    ['(a|aa)*b', 're2'],
    ['(?P<name>x+)', 're2'],
    ['a?a?a?a?a?a?a?a?aaaaaaaa', 're2'],
  ];
  for (const [pattern, engine] of cases)
    assert.equal(compileRegex(pattern).engine, engine, pattern);
});

test('groups that take no part are empty, and a named group has a number', () => {
  assert.deepEqual(compileRegex('([^:]+)(:\\d+)?').match('host'), ['host', 'host', '']);
  const named = compileRegex('(?P<host>.*):(?P<port>\\d+)');
  assert.equal(named.groupNumbers.get('port'), 2);
  assert.deepEqual(named.match('a:1'), ['a:1', 'a', '1']);
});

test('what RE2 refuses is refused, with the pattern in the message', () => {
  for (const pattern of ['(', 'a**', '[z-a]', '(?=x)', '\\1', 'a{1001}', '\\', '*', '[', 'a\\q']) {
    assert.throws(() => compileRegex(pattern), /^Error: invalid regex "/, pattern);
  }
});

const piece = fc.constantFrom(
  ...('a b c . - : ; \\. \\d \\w \\s \\D [ab] [^a] [a-c-] * + ? {2} {0,2} {1,} ( ) (?: | .* ' +
'.+ 1 _').split(' '),
  ...'(.*) ([^:]+) (\\d+) (a|b)'.split(' '),
); // prettier-ignore
const character = fc.constantFrom(...'a b c . : ; - 1 _ \n 😀'.split(' '), ' ');
const text = fc.string({ unit: character, maxLength: 8 });

test('lookup and native engine answer as RE2 does, groups included', () => {
  let fast = 0;
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 8 }),
      fc.array(text, { minLength: 4, maxLength: 8 }),
      (pieces, texts) => {
        const pattern = pieces.join('');
        const regex = attempt(() => compileRegex(pattern));
        const reference = attempt(() => compileRe2(pattern));
        assert.equal(regex === undefined, reference === undefined, `validity of ${pattern}`);
        if (regex === undefined || reference === undefined || regex.engine === 're2') return;
        fast += 1;
        for (const sample of [...texts, pattern]) {
          assert.deepEqual(regex.match(sample), reference.match(sample), `${pattern} on ${sample}`);
          assert.equal(regex.test(sample), reference.test(sample));
        }
      },
    ),
    { numRuns: 2_000 },
  );
  assert.ok(fast > 200, `only ${fast} patterns took a fast engine`);
});

test('a fast engine stays linear on hostile texts', () => {
  const texts = ['a', ':1', ':1;1', 'a;'].map((part) => part.repeat(20_000));
  const patterns = [
    '.*b',
    '(.*):(\\d+)',
    '([^:]+)(?::\\d+)?;(\\d+)',
    '[ab]*c',
    'a*b',
    '(a|b)?(a|c)?.*x',
    '([^:]+):(\\d+)',
    'a{0,8}b{0,4}c',
  ];
  const startMs = performance.now();
  for (const pattern of patterns) {
    assert.equal(compileRegex(pattern).engine, 'native', pattern);
    for (const text of texts) compileRegex(pattern).test(`${text}!`);
  }
  assert.ok(performance.now() - startMs < 1_000);
});

test('the memo is bounded and does not change answers', () => {
  const regex = compileRegex('(.*)-(.*)');
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 5_000; i++) assert.equal(regex.match(`${i}-x`)?.[1], `${i}`);
  }
});

function attempt<Value>(make: () => Value): Value | undefined {
  try {
    return make();
  } catch {
    return undefined;
  }
}

test('the error of a long pattern is short', () => {
  for (const pattern of ['('.repeat(20_000), `${'('.repeat(20_000)}a${')'.repeat(20_000)}`])
    assert.throws(
      () => compileRegex(pattern),
      ({ message }: Error) => message.startsWith('invalid regex') && message.length < 700,
    );
});

test('groups nest as deep as in RE2, and brackets that are text are no groups', () => {
  const nest = (levels: number): string => '(?:a|'.repeat(levels) + ')'.repeat(levels);
  compileRe2(nest(300));
  assert.throws(() => compileRe2(nest(1_001)), /groups nest deeper than 1000 levels, at char/);
  const many = '('.repeat(2_000);
  for (const [pattern, text] of [
    [`[${many}]`, '('],
    [`[]${many}]`, ']'],
    [`[^]${many}]`, 'a'],
    [`[[:alpha:]${many}]+`, 'a('],
    [`[[:${many}]+`, ':('],
    [String.raw`\Q${many}\E`, many],
    [String.raw`\(`.repeat(2_000), many],
    ['(a)'.repeat(2_000), 'a'.repeat(2_000)],
  ] as const)
    assert.ok(compileRe2(pattern).test(text), pattern.slice(0, 20));
});
