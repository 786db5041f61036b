import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Expression } from './ast.ts';
import { parseQuery } from './parser.ts';
import { printExpression } from './printer.ts';
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
      return (
        `(${show(node.left)} ${node.op}${node.isBool ? ' bool' : ''}${on}${group} ` +
        `${show(node.right)})`
      );
    }
    case 'vector': {
      const at =
        node.at === undefined ? '' : `@${node.at.kind === 'time' ? node.at.ms : node.at.kind}`;
      const matchers = node.matchers.map(({ name, op, value }) => `${name}${op}${value}`);
      return `{${matchers.join(',')}}${at}${showOffset(node.offsetMs)}`;
    }
    case 'matrix':
      return `${show(node.vector)}[${node.rangeMs}]`;
    case 'subquery':
      return `${show(node.body)}[${node.rangeMs}:${node.stepMs ?? ''}]${showOffset(node.offsetMs)}`;
    case 'aggregation': {
      const grouping = `${node.isWithout ? ' without' : ''}(${node.grouping.join(',')})`;
      const parameter = node.parameter === undefined ? '' : `${show(node.parameter)};`;
      return `${node.op}${grouping}(${parameter}${show(node.body)})`;
    }
    case 'call':
      return `${node.name}(${node.arguments.map(show).join(';')})`;
  }
}

function showOffset(offsetMs: number): string {
  return offsetMs === 0 ? '' : `-${offsetMs}`;
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

test('a query that is not valid is refused with the message and position of Prometheus', () => {
  const cases: [string, string][] = [
    ['', 'unknown position: parse error: no expression found in input'],
    ['# a comment', '1:1: parse error: no expression found in input'],
    ['sum(', '1:5: parse error: unclosed left parenthesis'],
    ['a{', '1:3: parse error: unexpected end of input inside braces'],
    ['a{b=c}', '1:5: parse error: unexpected identifier "c" in label matching, expected string'],
    ['a{b="c"d}', '1:8: parse error: unexpected identifier "d" in label matching, expected "," or "}"'],
    ['{}', '1:1: parse error: vector selector must contain at least one non-empty matcher'],
    ['1 + {a=~".*"}', '1:5: parse error: vector selector must contain at least one non-empty matcher'],
    ['a{__name__="b"}', '1:1: parse error: metric name must not be set twice: "a" or "b"'],
    ['a{b=~"("}', '1:3: parse error: error parsing regexp: missing closing ): `(`'],
    ['1 + \n  @', '2:3: parse error: unexpected <op:@>'],
    ['"é" x', '1:6: parse error: unexpected identifier "x"'],
    ['rate(x)', '1:6: parse error: expected type range vector in call to function "rate", got instant ' +
'vector'],
    ['rate()', '1:1: parse error: expected 1 argument(s) in call to "rate", got 0'],
    ['round(a, 1, 2)', '1:1: parse error: expected at most 2 argument(s) in call to "round", got 3'],
    ['abs(a,)', '1:6: parse error: trailing commas not allowed in function call args'],
    ['nosuch(x)', '1:1: parse error: unknown function with name "nosuch"'],
    ['x[5m][1m]', '1:6: parse error: ranges only allowed for vector selectors'],
    ['x offset 5m[5m]', '1:12: parse error: no offset modifiers allowed before range'],
    ['x[0s]', '1:3: parse error: duration must be greater than 0'],
    ['x[1m1h]', '1:3: parse error: not a valid duration string: "1m1h"'],
    ['x[5m:', '1:6: parse error: unclosed left bracket'],
    ['x offset', '1:9: parse error: unexpected end of input in offset, expected number or duration'],
    ['x offset 1m offset 2m', '1:1: parse error: offset may not be set multiple times'],
    ['sum(x) offset 5m', '1:1: parse error: offset modifier must be preceded by an instant vector selector or ' +
'range vector selector or a subquery'],
    ['x @ Inf', '1:1: parse error: timestamp out of bounds for @ modifier: +Inf'],
    ['x @ 1 @ 2', '1:1: parse error: @ <timestamp> may not be set multiple times'],
    ['1 == 2', '1:3: parse error: comparisons between scalars must use BOOL modifier'],
    ['1 and 2', '1:1: parse error: set operator "and" not allowed in binary scalar expression'],
    ['a + bool b', '1:3: parse error: bool modifier can only be used on comparison operators'],
    ['a and on(x) group_left b', '1:1: parse error: no grouping allowed for "and" operation'],
    ['a / on(x) group_left(x) b', '1:3: parse error: label "x" must not occur in ON and GROUP clause at once'],
    ['a + "x"', '1:5: parse error: binary expression must contain only scalar and instant vector types'],
    ['-"x"', '1:1: parse error: unary expression only allowed on expressions of type scalar or ' +
'instant vector, got "string"'],
    ['a[5m][5m:1m]', '1:1: parse error: subquery is only allowed on instant vector, got matrix instead'],
    ['sum("x")', '1:5: parse error: expected type instant vector in aggregation expression, got string'],
    ['sum(a b)', '1:7: parse error: unexpected identifier "b" in aggregation'],
    ['sum by (a b) (c)', '1:11: parse error: unexpected identifier "b" in grouping opts, expected "," or ")"'],
    ['topk(x)', '1:1: parse error: wrong number of arguments for aggregate expression provided, expected ' +
'2, got 1'],
    ['"abc', '1:1: parse error: unterminated quoted string'],
    ['"\\c"', "1:1: parse error: unknown escape sequence U+0063 'c'"],
    ['1 $', "1:3: parse error: unexpected character: '$'"],
    ['a b', '1:3: parse error: unexpected identifier "b"'],
    ['5mm', '1:1: parse error: bad number or duration syntax: "5mm"'],
    ['1e400', '1:1: parse error: error parsing number: strconv.ParseFloat: parsing "1e400": value out ' +
'of range'],
  ]; // prettier-ignore
  for (const [query, message] of cases) {
    assert.throws(() => checkTypes(query, parseQuery(query)), { message }, query);
  }
  const deep = `${'('.repeat(300)}1${')'.repeat(300)}`;
  assert.throws(() => parseQuery(deep), /nested deeper than 250 levels/);
  // Each would be a level of the tree, and the stack has room for some thousands.
  for (const part of ['1+', 'a or ', 'a ^ '])
    assert.throws(() => parseQuery(`${part.repeat(2_000)}1`), /more than 1000 op|deeper than 250/);
  assert.throws(() => parseQuery(`a${'[1m:1m]'.repeat(2_000)}`), /more than 1000 operators/);
  const long = parseQuery(`${'1 + '.repeat(1_000)}1`);
  assert.equal(checkTypes('', long), 'scalar');
  assert.match(printExpression(long), /1 \+ 1/);
  assert.throws(() => parseQuery('a'.repeat(100_001)), /longer than 100000 characters/);
});

test('keywords are metric names where an operand is expected', () => {
  for (const query of ['sum', 'by', 'offset', 'and', 'start', 'sum + by', 'sum{a="b"}', ':a']) {
    assert.equal(checkTypes(query, parseQuery(query)) === 'vector', true, query);
  }
});

test('every node has its span in the query', () => {
  const query = 'sum by (a) (rate(x[5m])) / -y';
  const tree = parseQuery(query);
  assert.equal(tree.type, 'binary');
  if (tree.type !== 'binary' || tree.left.type !== 'aggregation') return;
  const text = ({ start, end }: { start: number; end: number }): string => query.slice(start, end);
  assert.equal(text(tree), query);
  assert.equal(text(tree.left), 'sum by (a) (rate(x[5m]))');
  assert.equal(text(tree.left.body), 'rate(x[5m])');
  assert.equal(text(tree.right), '-y');
});
