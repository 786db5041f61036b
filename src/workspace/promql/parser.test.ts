import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Expression } from './ast.ts';
import { parseQuery } from './parser.ts';
import { checkTypes } from './types.ts';

/** The tree as fully parenthesised text. */
function show(node: Expression): string {
  switch (node.type) {
    case 'number':
      return String(node.value);
    case 'string':
      return JSON.stringify(node.value);
    case 'paren':
      return show(node.body);
    case 'unary':
      return `(${node.op}${show(node.body)})`;
    case 'binary': {
      const { isOn, labels, card, include } = node.matching;
      const on =
        isOn || labels.length > 0 ? ` ${isOn ? 'on' : 'ignoring'}(${labels.join(',')})` : '';
      const group = card.startsWith('many-to-one')
        ? ` left(${include.join(',')})`
        : card === 'one-to-many'
          ? ` right(${include.join(',')})`
          : '';
      return `(${show(node.left)} ${node.op}${node.isBool ? ' bool' : ''}${on}${group} ${show(node.right)})`;
    }
    case 'vector': {
      const at =
        node.at === undefined ? '' : `@${node.at.kind === 'time' ? node.at.ms : node.at.kind}`;
      return `{${node.matchers.map(({ name, op, value }) => `${name}${op}${value}`).join(',')}}${at}${node.offsetMs === 0 ? '' : `-${node.offsetMs}`}`;
    }
    case 'matrix':
      return `${show(node.vector)}[${node.rangeMs}]`;
    case 'subquery':
      return `${show(node.body)}[${node.rangeMs}:${node.stepMs ?? ''}]${node.offsetMs === 0 ? '' : `-${node.offsetMs}`}`;
    case 'aggregation':
      return `${node.op}${node.isWithout ? ' without' : ''}(${node.grouping.join(',')})(${node.parameter === undefined ? '' : `${show(node.parameter)};`}${show(node.body)})`;
    case 'call':
      return `${node.name}(${node.arguments.map(show).join(';')})`;
  }
}

test('queries become the trees that Prometheus makes of them', () => {
  const cases: [string, string][] = [
    ['1 + 2 * 3', '(1 + (2 * 3))'],
    ['1 - 2 - 3', '((1 - 2) - 3)'],
    ['2 ^ 3 ^ 2', '(2 ^ (3 ^ 2))'],
    ['-1 ^ 2', '(-(1 ^ 2))'],
    ['-a * b', '((-{__name__=a}) * {__name__=b})'],
    ['-2', '-2'],
    [
      'a or b and c unless d',
      '({__name__=a} or (({__name__=b} and {__name__=c}) unless {__name__=d}))',
    ],
    ['a * foo offset 5m', '({__name__=a} * {__name__=foo}-300000)'],
    ['foo @ 5 offset -1m', '{__name__=foo}@5000--60000'],
    ['foo[5m] @ end()', '{__name__=foo}@end[300000]'],
    ['rate(a:b[1h30m])', 'rate({__name__=a:b}[5400000])'],
    ['a > bool b', '({__name__=a} > bool {__name__=b})'],
    ['a / on(x, y) group_left(z) b', '({__name__=a} / on(x,y) left(z) {__name__=b})'],
    ['a / ignoring(x) group_right b', '({__name__=a} / ignoring(x) right() {__name__=b})'],
    ['sum by (le, "a.b") (x)', 'sum(le,a.b)({__name__=x})'],
    ['sum(x) without (le)', 'sum without(le)({__name__=x})'],
    ['topk(3, x)', 'topk()(3;{__name__=x})'],
    ['{"my.metric", "a.b"=~"c|d"}', '{__name__=my.metric,a.b=~c|d}'],
    ['x{a="b",c!~`d.*`,}', '{__name__=x,a=b,c!~d.*}'],
    [
      'max_over_time(rate(x[5m])[1h:1m] offset 2h)',
      'max_over_time(rate({__name__=x}[300000])[3600000:60000]-7200000)',
    ],
    ['x[1h:]', '{__name__=x}[3600000:]'],
    ['0x1F + 1_000 + .5 + 1e3 + Inf + 5m', '(((((31 + 1000) + 0.5) + 1000) + Infinity) + 300)'],
    ['"a\\n\\x41\\u00e9"', JSON.stringify('a\nAé')],
    ['# comment\n  sum # more\n(x)', 'sum()({__name__=x})'],
    ['x[300]', '{__name__=x}[300000]'],
    ['a and on() b', '({__name__=a} and on() {__name__=b})'],
  ];
  for (const [query, tree] of cases) {
    const expression = parseQuery(query);
    assert.equal(show(expression), tree, query);
    checkTypes(query, expression);
  }
});

test('what can not be is refused with its position', () => {
  const cases: [string, RegExp][] = [
    ['', /^1:1: parse error: no expression found in input/],
    ['sum(', /^1:5: parse error: unexpected end of input/],
    ['a{', /^1:3: parse error: unexpected end of input in label matching/],
    ['{}', /at least one non-empty matcher/],
    ['{a=~".*"}', /at least one non-empty matcher/],
    ['a{b="c"', /1:8: parse error: unexpected end of input in label matching/],
    ['a{__name__="b"}', /metric name must not be set twice/],
    ['1 + \n  @', /^2:3: parse error: unexpected "@"/],
    [
      'rate(x)',
      /^1:6: parse error: expected type range vector in call to function "rate", got instant vector/,
    ],
    ['x[5m][1m]', /ranges only allowed for vector selectors/],
    ['x[0s]', /duration must be greater than 0/],
    ['x offset 1m offset 2m', /offset may not be set multiple times/],
    ['nosuch(x)', /^1:1: parse error: unknown function with name "nosuch"/],
    ['rate()', /expected 1 argument\(s\) in call to "rate", got 0/],
    ['1 == 2', /comparisons between scalars must use BOOL modifier/],
    ['1 and 2', /set operator "and" not allowed in binary scalar expression/],
    ['a + bool b', /bool modifier can only be used on comparison operators/],
    ['a and on(x) group_left b', /no grouping allowed for "and" operation/],
    ['a / on(x) group_left(x) b', /label "x" must not occur in ON and GROUP clause at once/],
    ['sum("x")', /expected type instant vector in aggregation expression, got string/],
    ['topk(x)', /wrong number of arguments/],
    ['a{b=~"("}', /1:6: parse error/],
    ['"abc', /unterminated quoted string/],
    ['1 $', /unexpected character: '\$'/],
    ['a b', /^1:3: parse error: unexpected identifier "b"/],
    ['(a', /unexpected end of input in paren expression/],
    ['-"x"', /unary expression only allowed/],
    ['foo[5m', /unexpected end of input in range/],
    [`${'('.repeat(300)}1${')'.repeat(300)}`, /nested deeper/],
  ];
  for (const [query, message] of cases) {
    assert.throws(() => checkTypes(query, parseQuery(query)), { message }, query);
  }
});
