import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeSeries } from '../../../test/kit/transforming.ts';
import { readPoint } from '../../model/open-series.ts';
import {
  describeOffset,
  OttlEvaluationError,
  OttlSyntaxError,
  OttlUnsupportedError,
} from './fault.ts';
import { TEXT_LENGTH_MAX } from './lexer.ts';
import { NESTING_MAX, parseCondition, parseStatement } from './parser.ts';
import { makeCondition } from './program.ts';
import { type Context, openSubject } from './subject.ts';

/** A counter of OpenMetrics, whose family has no suffix. */
const SERIES = makeSeries(
  { __name__: 'http_requests_total', path: '/a/b', code: '200', size: '1.5', ok: 'true' },
  {
    family: { name: 'http_requests', type: 'counter', unit: 's' },
    resource: { 'service.name': 'shop', 'server.port': '80' },
  },
);
const SUBJECT = openSubject(readPoint(SERIES));

function holds(text: string, context: Context = 'datapoint'): boolean {
  return makeCondition(text, context).test(SUBJECT);
}

/** Each is true; most are of the tests of contrib's pkg/ottl and of its pages. */
const TRUE = [
  'metric.name == "http_requests_total"',
  'metric.unit == "s" and metric.is_monotonic == true',
  'metric.type == METRIC_DATA_TYPE_SUM',
  'metric.aggregation_temporality == AGGREGATION_TEMPORALITY_CUMULATIVE',
  'attributes["path"] == "/a/b"',
  'datapoint.attributes["path"] != resource.attributes["service.name"]',
  'resource.attributes["service.name"] == "shop"',
  'attributes["none"] == nil',
  'nil <= nil and nil >= nil and not (nil < nil)',
  'attributes["code"] != 200',
  'not (attributes["code"] < 201)',
  'Int(attributes["code"]) == 200 and Double(attributes["size"]) == 1.5',
  'Int(attributes["path"]) == nil',
  '1 == 1.0 and 2 > 1.5',
  '9223372036854775807 + 1 < 0',
  '7 / 2 == 3 and 7 / 2.0 == 3.5',
  '1 + 2 * 3 == 7 and (1 + 2) * 3 == 9 and -(3) == -3 and +3 == 3',
  '((1 + (2))) == 3',
  'true or false and false',
  '(true or false) and (not (false))',
  'false == false and not false',
  '"b" > "a" and "a" < "aa"',
  '[1, "a"] == [1, "a"] and [1] != [1.0]',
  '{"a": 1} == {"a": 1} and {"a": 1} != {"b": 1}',
  'IsMatch(metric.name, "^http_.*_total$")',
  'IsMatch(metric.name, "requests")',
  'IsMatch(attributes["none"], "") == false',
  'IsMatch(12, "1")',
  'Concat([attributes["code"], attributes["none"], 1, true], "-") == "200-<nil>-1-true"',
  'Split(metric.name, "_")[2] == "total" and Len(Split("a,b", ",")) == 2',
  'String(1.5) == "1.5" and String({"b": [1], "a": "<"}) == ' +
    '"{\\"a\\":\\"\\\\u003c\\",\\"b\\":[1]}"',
  'IsString(attributes["code"]) and not IsString(attributes["none"]) and IsInt(1)',
  'IsMap(attributes) and IsList([]) and IsBool(true) and IsDouble(1.0)',
  'Len("é") == 2 and Len(attributes) == 4',
  'HasPrefix(metric.name, "http") and HasSuffix(metric.name, "total")',
  'TrimPrefix("abc", "a") == "bc" and TrimSuffix("abc", "c") == "ab" and Trim(" a ") == "a"',
  'ToUpperCase("a") == "A" and ConvertCase("A", "lower") == "a"',
  'Substring("hello", 1, 3) == "ell"',
  'Coalesce([attributes["none"], "x"]) == "x"',
  'ContainsValue(["a", 1], 1) and not ContainsValue(["1"], 1)',
  'ExtractPatterns(attributes["path"], "/(?P<first>[a-z]+)/")["first"] == "a"',
  'Concat(delimiter="+", vals=["a", "b"]) == "a+b"',
  '"tab\\t\\x41\\u00e9" == "tab\tAé"',
];

test('conditions are true of a series as they are in the Collector', () => {
  for (const text of TRUE) assert.equal(holds(text), true, text);
});

test('an error of evaluation is one, and no answer', () => {
  for (const text of [
    '1 / 0 == 1',
    'attributes["path"]["a"] == "b"',
    'attributes["path"] + 1 == 1',
    'Double(attributes["path"]) == 1',
    'HasPrefix(attributes["none"], "a")',
    'IsMatch(metric.name, Concat(["("], ""))',
    'Split("a", ",")[1] == "b"',
    'Substring("a", 0, 5) == "a"',
    'String("a")',
  ])
    assert.throws(() => holds(text), OttlEvaluationError, text);
});

/** The fault, with ^ where it is in the text. */
const FAULTS: readonly (readonly [string, string, RegExp])[] = [
  ['metric.name', '^', /expected a comparison/],
  ['metric.name = "a"', '            ^', /expected a comparison.*found "="/],
  ['metric.name == "a" and', '                      ^', /expected a value, found the end/],
  ["metric.name == 'a'", '               ^', /double quotes/],
  ['metric.name == "a', '               ^', /closing quote/],
  ['IsMatch(metric.name, "\\d")', '                      ^', /for a pattern, write \\\\d/],
  ['IsMatch(metric.name, "(")', '                     ^', /invalid regex/],
  ['IsMatch(metric.name)', '^', /arguments of IsMatch are \(target, pattern\)/],
  [
    'IsMatch(metric.name, pattern="a", "b")',
    '                                  ^',
    /without a name/,
  ],
  ['IsMatch(metric.name, 1)', '                     ^', /int where a text/],
  ['isMatch(metric.name, "a")', '^', /begin with a capital/],
  ['Unheard(metric.name)', '^', /unknown function Unheard/],
  ['metric.type == METRIC_TYPE', '               ^', /unknown name "METRIC_TYPE"/],
  ['metric.nme == "a"', '^', /not in the context metric \(name/],
  ['metric.name["a"] == "a"', '^', /has no keys/],
  ['metric.name == "a" )', '                   ^', /expected the end/],
  ['(metric.name == "a"', '                   ^', /expected "\)"/],
  ['not not true', '    ^', /expected a value/],
  ['"a" + 1 == 2', '^', /needs numbers/],
  ['99999999999999999999 == 1', '^', /64 bits/],
  ['("a") == "a"', '^', /expected a comparison/],
];

test('a text outside the grammar, or with an unknown name, is an error at its character', () => {
  for (const [text, mark, message] of FAULTS) {
    assert.throws(
      () => holds(text),
      (error: unknown) => {
        assert.ok(
          error instanceof OttlSyntaxError && !(error instanceof OttlUnsupportedError),
          text,
        );
        assert.match(error.message, message, text);
        assert.equal(error.offset, text.startsWith('("a")') ? error.offset : mark.length - 1, text);
        return true;
      },
    );
  }
  assert.equal(describeOffset('a ==\n  b', 7), 'at line 2, character 3');
});

test("what OTTL knows and a series can't tell is refused by its name", () => {
  for (const [text, message] of [
    ['datapoint.value_double > 1', /"datapoint.value_double": it depends on the sample/],
    ['time_unix_nano > 1', /"time_unix_nano"/],
    ['metric.description == "a"', /help texts/],
    ['Len(metric.data_points) == 1', /one by one/],
    ['scope.name == "a"', /no scope/],
    ['HasAttrKeyOnDatapoint("a")', /use a condition on datapoint.attributes/],
    ['SHA256(metric.name) == "a"', /SHA256\(…\) is not supported/],
    ['metric.name == 0xff', /bytes/],
    ['Coalesce([() => 1]) == 1', /lambda/],
    ['ConvertCase("a", "snake") == "a"', /snake/],
  ] as const)
    assert.throws(
      () => holds(text),
      (error: unknown) => {
        assert.ok(error instanceof OttlUnsupportedError, text);
        assert.match(error.message, message);
        return true;
      },
    );
});

test('without a context, the smallest that a path names is meant; none at all is an error', () => {
  const contextOf = (text: string): Context => makeCondition(text).context;
  assert.equal(contextOf('resource.attributes["a"] == "b"'), 'resource');
  assert.equal(contextOf('resource.attributes["a"] == metric.name'), 'metric');
  assert.equal(contextOf('metric.name == "a" or datapoint.attributes["a"] == nil'), 'datapoint');
  assert.throws(() => makeCondition('name == "a"'), /no path says which context/);
  assert.throws(() => makeCondition('metric.name == name'), /write resource.name or metric.name/);
  assert.throws(() => makeCondition('datapoint.attributes["a"] == nil', 'metric'), OttlSyntaxError);
  assert.throws(() => makeCondition('metric.name == "a"', 'resource'), OttlSyntaxError);
  assert.throws(() => makeCondition('scope.name == "a"'), OttlUnsupportedError);
});

test('a text is bounded in length and nesting, and read in time linear in it', () => {
  assert.throws(() => parseCondition(' '.repeat(TEXT_LENGTH_MAX + 1)), /longer than/);
  for (const [open, close] of [
    ['(', ')'],
    ['[', ']'],
    ['{', '}'],
  ] as const) {
    const key = open === '{' ? '{"a":' : open;
    const deep = (depth: number): string => key.repeat(depth) + '1' + close.repeat(depth);
    parseCondition(`${deep(NESTING_MAX)} == 1`);
    assert.throws(() => parseCondition(`${deep(NESTING_MAX + 1)} == 1`), /nested more than/);
  }
  const deepest = '(not '.repeat(NESTING_MAX) + 'true' + ')'.repeat(NESTING_MAX);
  parseCondition(Array.from({ length: 40 }, () => deepest).join(' and '));
});

test('the parsers throw nothing but their own error, whatever the text', () => {
  const words =
    'metric . name == != "a" "\\d" 1 1.5 ( ) [ ] { } : , = => + - * / and or not nil true where ' +
    'set( IsMatch( attributes[ METRIC_DATA_TYPE_SUM _ 0x1 \' é \\ resource.attributes["a"] \n';
  const pieces = words.split(' ');
  let seed = 16;
  const next = (limit: number): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return (seed >>> 8) % limit;
  };
  let read = 0;
  for (let round = 0; round < 20_000; round++) {
    const text = Array.from({ length: next(14) }, () => pieces[next(pieces.length)]).join(' ');
    for (const parse of [parseCondition, parseStatement, makeCondition]) {
      try {
        parse(text);
        read += 1;
      } catch (error) {
        assert.ok(error instanceof OttlSyntaxError, `${text}: ${String(error)}`);
        assert.ok(error.offset >= 0 && error.offset <= text.length, text);
      }
    }
  }
  assert.ok(read > 20, `${read} texts were valid`);
});
