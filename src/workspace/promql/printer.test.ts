import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatPlain, quote, unquote } from './literals.ts';
import { parseQuery } from './parser.ts';
import { printExpression } from './printer.ts';

test('a query is printed as Prometheus prints it', () => {
  const cases: [string, string][] = [
    ['sum(x)by(a,"b.c")', 'sum by (a, "b.c") (x)'],
    ['sum without()(x)', 'sum without () (x)'],
    ['a/on(x)group_left b', 'a / on (x) group_left () b'],
    ['a>bool ignoring(x)b', 'a > bool ignoring (x) b'],
    ['x{b="c",a=~`d.*`}', 'x{a=~"d.*",b="c"}'],
    ['{"my.metric","a.b"!="c"}', '{"a.b"!="c",__name__="my.metric"}'],
    ['rate(x[90s] offset -1m @ 5)', 'rate(x[1m30s] @ 5.000 offset -1m)'],
    ['x[1h:] @ end()', 'x[1h:] @ end()'],
    ['-5m + 1e3 * +Inf', '-5m + 1000 * +Inf'],
    ['topk(3,(-x))', 'topk(3, (-x))'],
  ];
  for (const [query, printed] of cases) assert.equal(printExpression(parseQuery(query)), printed);
});

const name = fc.constantFrom('a', 'b_1', 'sum', 'by', 'x:y', 'offset');
const text = fc.string({ unit: 'binary' }).filter((value) => !value.includes('\ufffd'));
const labels = fc
  .array(fc.constantFrom('job', 'le', 'a b', 'é'), { maxLength: 2 })
  .map((names) => `(${names.map(quote).join(', ')})`);
const matcher = fc
  .tuple(fc.constantFrom('job', '"a.b"'), fc.constantFrom('=', '!='), text)
  .map(([label, op, value]) => `${label}${op}${quote(value)}`);
const time = fc.constantFrom('', ' offset 5m', ' offset -90', ' @ 12.5', ' @ start() offset 1h');
const selector = fc
  .tuple(name, fc.array(matcher, { maxLength: 2 }))
  .map(([metric, matchers]) => `${metric}{${matchers.join(',')}}`);

const query = fc.letrec<{ expression: string; vector: string }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 4 },
    fc.oneof(
      fc.double({ noDefaultInfinity: true, noNaN: true, min: 0 }).map(formatPlain),
      fc.tuple(selector, time).map(([selected, when]) => selected + when),
      fc.constantFrom('1h30m', '0x1f', 'NaN', '1e-9'),
    ),
    fc
      .tuple(
        tie('expression'),
        fc.constantFrom('+', '-', '*', '/', '%', '^', 'atan2', '> bool', '=='),
        tie('expression'),
      )
      .map(([left, op, right]) => `${left} ${op} ${right}`),
    fc
      .tuple(tie('vector'), fc.constantFrom('on', 'ignoring'), labels, tie('vector'))
      .map(([left, on, names, right]) => `${left} - ${on} ${names} group_left () ${right}`),
    tie('expression').map((body) => `-${body}`),
    tie('expression').map((body) => `(${body})`),
    tie('vector'),
  ),
  vector: fc.oneof(
    { maxDepth: 4 },
    selector,
    fc
      .tuple(fc.constantFrom('by', 'without'), labels, tie('vector'))
      .map(([by, names, body]) => `sum ${by} ${names} (${body})`),
    fc.tuple(selector, time).map(([selected, when]) => `rate(${selected}[5m]${when})`),
    fc.tuple(tie('vector'), time).map(([body, when]) => `max_over_time((${body})[1h:30s]${when})`),
  ),
}));

/** The tree without positions. */
function shape(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (key, item: unknown) => {
      if (key === 'start' || key === 'end' || key === 'opStart') return undefined;
      // The printer sorts the matchers, except that of the metric name, which is the first.
      if (key === 'matchers')
        return (item as unknown[]).map((matcher) => JSON.stringify(matcher)).sort();
      return typeof item === 'number' && !Number.isFinite(item) ? String(item) : item;
    }),
  );
}

test('what is printed parses to the same tree', () => {
  fc.assert(
    fc.property(query.expression, (source) => {
      const tree = parseQuery(source);
      const printed = printExpression(tree);
      assert.deepEqual(shape(parseQuery(printed)), shape(tree), `${source} → ${printed}`);
      assert.equal(printExpression(parseQuery(printed)), printed);
    }),
    { numRuns: 300 },
  );
});

test('a quoted string is unquoted to the same string', () => {
  fc.assert(fc.property(text, (value) => assert.equal(unquote(quote(value)), value)));
  assert.equal(unquote('"\\x41\\101\\u00e9\\U0001F600\\n"'), 'AAé😀\n');
  assert.equal(unquote('`\\n`'), '\\n');
});

test('floats are written without an exponent', () => {
  const cases: [number, string][] = [
    [1e21, '1000000000000000000000'],
    [1.5e-7, '0.00000015'],
    [-0, '-0'],
    [Infinity, '+Inf'],
    [NaN, 'NaN'],
  ];
  for (const [value, written] of cases) assert.equal(formatPlain(value), written);
});
