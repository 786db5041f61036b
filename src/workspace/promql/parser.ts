/**
 * PromQL → tree, by precedence climbing (a Pratt parser). Grammar only; the types of operands are
 * checked in types.ts.
 *
 * Weakest first: or · and unless · comparisons · + - · * / % atan2 · ^ (right-associative). A sign
 * binds like `*`; `[range]`, `offset` and `@` bind tighter than any operator.
 * Limits: 100,000 characters, 250 levels, 1,000 operators and ranges, each of which is a level of
 * the tree. Messages are those of Prometheus 3.5.
 * Source:
 * https://prometheus.io/docs/prometheus/latest/querying/operators/#binary-operator-precedence
 */
import type { BinaryOperator, Expression, Matching } from './ast.ts';
import { QueryError } from './errors.ts';
import { AGGREGATORS, type Token } from './lexer.ts';
import { unquote } from './literals.ts';
import { parseAt, parseOffset, parseRange } from './postfix-parser.ts';
import { parseSelector } from './selector-parser.ts';
import { TokenReader } from './token-reader.ts';
import { AGGREGATIONS, FUNCTIONS } from './functions-table.ts';

const PRECEDENCE: ReadonlyMap<string, number> = new Map([
  ['or', 1],
  ['and', 2],
  ['unless', 2],
  ...['==', '!=', '<', '<=', '>', '>='].map((op) => [op, 3] as const),
  ['+', 4],
  ['-', 4],
  ...['*', '/', '%', 'atan2'].map((op) => [op, 5] as const),
  ['^', 6],
]);
const SIGN_PRECEDENCE = 5;
const DEPTH_MAX = 250;
const LINKS_MAX = 1_000;
const SET_OPERATORS = new Set<string>(['and', 'or', 'unless']);
/** Keywords that can't begin an operand: they are no metric names and begin nothing else. */
const NEVER_METRICS = new Set(['bool', 'on', 'ignoring', 'group_left', 'group_right', 'atan2']);

/**
 * Parses a whole query.
 *
 * @throws QueryError with the position of the first error
 */
export function parseQuery(query: string): Expression {
  const reader = new TokenReader(query);
  const first = reader.peek();
  if (first.kind === 'end') throw new QueryError(query, 0, 'no expression found in input');
  const expression = new Parser(reader).parseExpression(0);
  if (reader.peek().kind !== 'end') throw reader.unexpected();
  return expression;
}

class Parser {
  readonly #reader: TokenReader;
  #depth = 0;
  /** Operators and what stands behind operands. */
  #links = 0;

  constructor(reader: TokenReader) {
    this.#reader = reader;
  }

  parseExpression(least: number): Expression {
    this.#depth += 1;
    if (this.#depth > DEPTH_MAX)
      throw this.#reader.fault(
        this.#reader.peek().start,
        `nested deeper than ${DEPTH_MAX} levels; split the query`,
      );
    let left = this.#parseSigned();
    for (;;) {
      const token = this.#reader.peek();
      const op = token.word;
      const precedence = isOperator(token) ? PRECEDENCE.get(op) : undefined;
      if (precedence === undefined || precedence < least) break;
      this.#countLink();
      this.#reader.take();
      const { isBool, matching } = this.#parseModifiers(op);
      const right = this.parseExpression(op === '^' ? precedence : precedence + 1);
      left = {
        type: 'binary',
        op: op as BinaryOperator,
        left,
        right,
        isBool,
        matching,
        opStart: token.start,
        start: left.start,
        end: right.end,
      };
    }
    this.#depth -= 1;
    return left;
  }

  #parseSigned(): Expression {
    const token = this.#reader.peek();
    const op = token.kind === 'operator' ? token.text : '';
    if (op !== '-' && op !== '+') return this.#parsePostfix();
    this.#reader.take();
    // `-a ^ b` is `-(a ^ b)`, but `-a * b` is `(-a) * b`.
    const body = this.parseExpression(SIGN_PRECEDENCE + 1);
    if (body.type !== 'number')
      return { type: 'unary', op, body, start: token.start, end: body.end };
    return { ...body, value: op === '-' ? -body.value : body.value, start: token.start };
  }

  #countLink(): void {
    this.#links += 1;
    if (this.#links > LINKS_MAX)
      throw this.#reader.fault(
        this.#reader.peek().start,
        `more than ${LINKS_MAX} operators; split the query`,
      );
  }

  /** An operand with the ranges, `offset` and `@` behind it. */
  #parsePostfix(): Expression {
    let node = this.#parsePrimary();
    for (;;) {
      if (this.#reader.isPunctuation('[')) this.#countLink();
      if (this.#reader.isPunctuation('[')) node = parseRange(this.#reader, node);
      else if (this.#reader.isKeyword('offset')) node = parseOffset(this.#reader, node);
      else if (this.#reader.isAtSign()) node = parseAt(this.#reader, node);
      else return node;
    }
  }

  #parsePrimary(): Expression {
    const token = this.#reader.peek();
    switch (token.kind) {
      case 'number':
      case 'duration':
        return this.#reader.takeNumber();
      case 'string': {
        const { text, start, end } = this.#reader.take();
        return { type: 'string', value: unquote(text), start, end };
      }
      case 'identifier':
        return this.#reader.isPunctuation('(', 1)
          ? this.#parseCall(token)
          : parseSelector(this.#reader, this.#reader.take());
      case 'metric identifier':
        return parseSelector(this.#reader, this.#reader.take());
      case 'keyword':
        return this.#parseKeyword(token);
      default:
    }
    if (this.#reader.isPunctuation('{')) return parseSelector(this.#reader, undefined);
    if (!this.#reader.isPunctuation('(')) throw this.#reader.unexpected();
    this.#reader.take();
    const body = this.parseExpression(0);
    const { end } = this.#reader.expect(')');
    return { type: 'paren', body, start: token.start, end };
  }

  /** A keyword where an operand is expected: an aggregation, or for most of them a metric name. */
  #parseKeyword(token: Token): Expression {
    if (NEVER_METRICS.has(token.word)) throw this.#reader.unexpected();
    const opens =
      this.#reader.isPunctuation('(', 1) ||
      this.#reader.isKeyword('by', 1) ||
      this.#reader.isKeyword('without', 1);
    if (AGGREGATORS.has(token.word) && opens) return this.#parseAggregation(this.#reader.take());
    return parseSelector(this.#reader, this.#reader.take());
  }

  #parseAggregation({ word: op, start }: Token): Expression {
    this.#reader.openAggregations += 1;
    let grouping = this.#parseGrouping();
    if (!this.#reader.isPunctuation('(')) throw this.#reader.unexpected();
    const { given, end: argumentsEnd } = this.#parseArguments();
    let end = argumentsEnd;
    this.#reader.openAggregations -= 1;
    if (grouping === undefined) {
      grouping = this.#parseGrouping();
      end = Math.max(end, this.#reader.lastEnd);
    }
    if (given.length === 0)
      throw this.#reader.fault(start, 'no arguments for aggregate expression provided');
    const wanted = AGGREGATIONS.get(op) === undefined ? 1 : 2;
    const body = given[wanted - 1];
    if (given.length !== wanted || body === undefined)
      throw this.#reader.fault(
        start,
        `wrong number of arguments for aggregate expression provided, expected ${wanted}, ` +
          `got ${given.length}`,
      );
    return {
      type: 'aggregation',
      op,
      body,
      parameter: wanted === 2 ? given[0] : undefined,
      isWithout: grouping?.isWithout ?? false,
      grouping: grouping?.labels ?? [],
      start,
      end,
    };
  }

  #parseGrouping(): { isWithout: boolean; labels: readonly string[] } | undefined {
    const isWithout = this.#reader.isKeyword('without');
    if (!isWithout && !this.#reader.isKeyword('by')) return undefined;
    this.#reader.take();
    return { isWithout, labels: this.#reader.takeLabelNames() };
  }

  #parseCall(token: Token): Expression {
    this.#reader.take();
    const { given, end } = this.#parseArguments();
    if (!FUNCTIONS.has(token.text))
      throw this.#reader.fault(token.start, `unknown function with name "${token.text}"`);
    return { type: 'call', name: token.text, arguments: given, start: token.start, end };
  }

  /** `(a, b)`. */
  #parseArguments(): { given: Expression[]; end: number } {
    this.#reader.expect('(');
    const given: Expression[] = [];
    if (!this.#reader.isPunctuation(')')) {
      given.push(this.parseExpression(0));
      while (this.#reader.isPunctuation(',')) {
        const comma = this.#reader.take();
        if (this.#reader.peek().kind !== 'error' && !this.#startsExpression())
          throw this.#reader.fault(
            comma.start,
            'trailing commas not allowed in function call args',
          );
        given.push(this.parseExpression(0));
      }
    }
    return { given, end: this.#reader.expect(')').end };
  }

  #startsExpression(): boolean {
    const { kind, text, word } = this.#reader.peek();
    if (kind === 'operator') return text === '+' || text === '-';
    if (kind === 'punctuation') return text === '(' || text === '{';
    return kind !== 'end' && !(kind === 'keyword' && NEVER_METRICS.has(word));
  }

  /** `bool`, `on (…)` or `ignoring (…)`, `group_left (…)` or `group_right (…)`. */
  #parseModifiers(op: string): { isBool: boolean; matching: Matching } {
    const reader = this.#reader;
    const isBool = reader.isKeyword('bool');
    if (isBool) reader.take();
    const card = SET_OPERATORS.has(op) ? 'many-to-many' : 'one-to-one';
    const isOn = reader.isKeyword('on');
    if (!isOn && !reader.isKeyword('ignoring'))
      return { isBool, matching: { isOn, labels: [], card, include: [] } };
    reader.take();
    const labels = reader.takeLabelNames();
    const isLeft = reader.isKeyword('group_left');
    if (!isLeft && !reader.isKeyword('group_right'))
      return { isBool, matching: { isOn, labels, card, include: [] } };
    reader.take();
    const include = reader.isPunctuation('(') ? reader.takeLabelNames() : [];
    const grouped = isLeft ? 'many-to-one' : 'one-to-many';
    return { isBool, matching: { isOn, labels, card: grouped, include } };
  }
}

function isOperator({ kind }: Token): boolean {
  return kind === 'operator' || kind === 'keyword';
}
