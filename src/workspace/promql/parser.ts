/**
 * PromQL → tree, a precedence-climbing (Pratt) parser. Grammar only; what types an operand must have is types.ts.
 *
 * Weakest first: or · and unless · comparisons · + - · * / % atan2 · ^ (to the right). Unary minus binds between * and ^;
 * `[range]`, `offset` and `@` bind tighter than any of them.
 * Source: https://prometheus.io/docs/prometheus/latest/querying/operators/#binary-operator-precedence
 */
import { messageOf } from '../../kernel/errors.ts';
import { METRIC_NAME } from '../../model/labels.ts';
import { parseDurationMs } from '../../model/duration.ts';
import { AGGREGATIONS } from './types.ts';
import type { At, BinaryOperator, Expression, Matching, VectorSelector } from './ast.ts';
import { compileMatcher } from './matcher.ts';
import type { Matcher } from './queryable.ts';
import { QueryError, type Token, tokenize } from './lexer.ts';

const PRECEDENCE: Readonly<Record<BinaryOperator, number>> = {
  or: 1, and: 2, unless: 2, '==': 3, '!=': 3, '<': 3, '<=': 3, '>': 3, '>=': 3, '+': 4, '-': 4, '*': 5, '/': 5, '%': 5, atan2: 5, '^': 6,
}; // prettier-ignore
const UNARY_PRECEDENCE = 5;
const DEPTH_MAX = 250;
const COMPARISONS = new Set<string>(['==', '!=', '<', '<=', '>', '>=']);
const SET_OPERATORS = new Set<string>(['and', 'or', 'unless']);

/** Parses a whole query. Throws QueryError with the position of what is wrong. */
export function parseQuery(query: string): Expression {
  const parser = new Parser(query);
  const expression = parser.expression(0);
  parser.expectEnd();
  return expression;
}

class Parser {
  readonly #query: string;
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(query: string) {
    this.#query = query;
    this.#tokens = tokenize(query);
  }

  expectEnd(): void {
    if (this.#peek().kind !== 'end') throw this.#unexpected('');
  }

  expression(minimum: number): Expression {
    this.#depth += 1;
    if (this.#depth > DEPTH_MAX) throw this.#error(`nested deeper than ${DEPTH_MAX} levels`);
    let left = this.#unary();
    for (;;) {
      const token = this.#peek();
      const op = operatorOf(token);
      if (op === undefined || PRECEDENCE[op] < minimum || PRECEDENCE[op] === 0) break;
      this.#at += 1;
      const { isBool, matching } = this.#modifiers(op);
      const right = this.expression(op === '^' ? PRECEDENCE[op] : PRECEDENCE[op] + 1);
      left = {
        type: 'binary',
        op,
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

  #unary(): Expression {
    const token = this.#peek();
    if (token.kind !== 'operator' || (token.text !== '-' && token.text !== '+'))
      return this.#postfix();
    this.#at += 1;
    // -a ^ b is -(a ^ b), while -a * b is (-a) * b.
    const body = this.expression(UNARY_PRECEDENCE + 1);
    if (body.type === 'number') {
      const value = token.text === '-' ? -body.value : body.value;
      return { type: 'number', value, start: token.start, end: body.end };
    }
    return { type: 'unary', op: token.text, body, start: token.start, end: body.end };
  }

  /** A primary with its ranges, offsets and @. */
  #postfix(): Expression {
    let node = this.#primary();
    for (;;) {
      const token = this.#peek();
      if (token.text === '[' && token.kind === 'punctuation') node = this.#range(node);
      else if (isWord(token, 'offset')) node = this.#offset(node);
      else if (token.text === '@' && token.kind === 'punctuation') node = this.#atModifier(node);
      else return node;
    }
  }

  #primary(): Expression {
    const token = this.#peek();
    if (token.kind === 'number') {
      this.#at += 1;
      return {
        type: 'number',
        value: Number(token.text.replaceAll('_', '')),
        start: token.start,
        end: token.end,
      };
    }
    if (token.kind === 'duration') {
      this.#at += 1;
      return {
        type: 'number',
        value: this.#durationMs(token) / 1_000,
        start: token.start,
        end: token.end,
      };
    }
    if (token.kind === 'string') {
      this.#at += 1;
      return { type: 'string', value: token.text, start: token.start, end: token.end };
    }
    if (token.kind === 'punctuation' && token.text === '(') {
      this.#at += 1;
      const body = this.expression(0);
      const end = this.#expect(')', 'in paren expression').end;
      return { type: 'paren', body, start: token.start, end };
    }
    if (token.kind === 'punctuation' && token.text === '{') return this.#selector(undefined);
    if (token.kind === 'identifier') return this.#word(token);
    throw this.#unexpected('');
  }

  #word(token: Token): Expression {
    const next = this.#tokens[this.#at + 1];
    const lower = token.text.toLowerCase();
    const opensCall = next?.text === '(' && next.kind === 'punctuation';
    if (AGGREGATIONS.has(lower) && (opensCall || isWord(next, 'by') || isWord(next, 'without'))) {
      return this.#aggregation(token, lower);
    }
    if (opensCall) return this.#call(token);
    if ((lower === 'inf' || lower === 'nan') && next?.text !== '{') {
      this.#at += 1;
      return {
        type: 'number',
        value: lower === 'inf' ? Infinity : NaN,
        start: token.start,
        end: token.end,
      };
    }
    if (
      operatorOf(token) !== undefined ||
      ['offset', 'by', 'without', 'on', 'ignoring', 'bool', 'group_left', 'group_right'].includes(
        lower,
      )
    ) {
      // Keywords are metric names only where nothing else is possible, which here is nowhere.
      if (operatorOf(token) !== undefined) throw this.#unexpected('');
    }
    this.#at += 1;
    if (this.#peek().text === '{' && this.#peek().kind === 'punctuation')
      return this.#selector(token);
    return this.#vector(
      [{ name: METRIC_NAME, op: '=', value: token.text }],
      token.start,
      token.end,
    );
  }

  #vector(matchers: readonly Matcher[], start: number, end: number): VectorSelector {
    return { type: 'vector', matchers, offsetMs: 0, at: undefined, start, end };
  }

  #selector(name: Token | undefined): VectorSelector {
    const open = this.#expect('{', '');
    const start = name?.start ?? open.start;
    const matchers: Matcher[] =
      name === undefined ? [] : [{ name: METRIC_NAME, op: '=', value: name.text }];
    while (this.#peek().text !== '}' || this.#peek().kind !== 'punctuation') {
      matchers.push(this.#matcher(matchers));
      if (this.#peek().text !== ',') break;
      this.#at += 1;
    }
    const end = this.#expect('}', 'in label matching').end;
    // A selector of everything is nearly always a mistake, and always expensive.
    const isEmpty = matchers.every((matcher) => compileMatcher(matcher)(''));
    if (isEmpty)
      throw new QueryError(
        this.#query,
        start,
        'vector selector must contain at least one non-empty matcher',
      );
    return this.#vector(matchers, start, end);
  }

  #matcher(before: readonly Matcher[]): Matcher {
    const token = this.#peek();
    if (token.kind !== 'identifier' && token.kind !== 'string')
      throw this.#unexpected('in label matching, expected identifier or "}"');
    if (token.kind === 'identifier' && token.text.includes(':'))
      throw this.#unexpected('in label matching');
    this.#at += 1;
    const op = this.#peek();
    if (token.kind === 'string' && (op.text === ',' || op.text === '}')) {
      if (before.some(({ name }) => name === METRIC_NAME))
        throw new QueryError(this.#query, token.start, 'metric name must not be set twice');
      return { name: METRIC_NAME, op: '=', value: token.text };
    }
    if (op.text !== '=' && op.text !== '!=' && op.text !== '=~' && op.text !== '!~')
      throw this.#unexpected('in label matching, expected label matching operator');
    this.#at += 1;
    const value = this.#peek();
    if (value.kind !== 'string') throw this.#unexpected('in label matching, expected string');
    this.#at += 1;
    const clashes =
      token.text === METRIC_NAME &&
      op.text === '=' &&
      before.some(({ name, op: other }) => name === METRIC_NAME && other === '=');
    if (clashes)
      throw new QueryError(
        this.#query,
        token.start,
        `metric name must not be set twice: "${value.text}"`,
      );
    const matcher: Matcher = { name: token.text, op: op.text, value: value.text };
    try {
      compileMatcher(matcher);
    } catch (error) {
      throw new QueryError(this.#query, value.start, messageOf(error));
    }
    return matcher;
  }

  #aggregation(token: Token, op: string): Expression {
    this.#at += 1;
    let grouping = this.#grouping();
    this.#expect('(', 'in aggregation');
    const first = this.expression(0);
    let body = first;
    let parameter: Expression | undefined;
    if (this.#peek().text === ',') {
      this.#at += 1;
      parameter = first;
      body = this.expression(0);
    }
    let end = this.#expect(')', 'in aggregation').end;
    if (grouping === undefined) {
      grouping = this.#grouping();
      end = this.#tokens[this.#at - 1]?.end ?? end;
    }
    return {
      type: 'aggregation',
      op,
      body,
      parameter,
      isWithout: grouping?.isWithout ?? false,
      grouping: grouping?.labels ?? [],
      start: token.start,
      end,
    };
  }

  #grouping(): { isWithout: boolean; labels: string[] } | undefined {
    const token = this.#peek();
    if (!isWord(token, 'by') && !isWord(token, 'without')) return undefined;
    this.#at += 1;
    return { isWithout: isWord(token, 'without'), labels: this.#labelNames('in grouping opts') };
  }

  #labelNames(where: string): string[] {
    this.#expect('(', where);
    const names: string[] = [];
    while (this.#peek().text !== ')') {
      const token = this.#peek();
      if ((token.kind !== 'identifier' || token.text.includes(':')) && token.kind !== 'string')
        throw this.#unexpected(`${where}, expected label`);
      names.push(token.text);
      this.#at += 1;
      if (this.#peek().text !== ',') break;
      this.#at += 1;
    }
    this.#expect(')', where);
    return names;
  }

  #call(token: Token): Expression {
    this.#at += 2;
    const given: Expression[] = [];
    while (this.#peek().text !== ')' || this.#peek().kind !== 'punctuation') {
      given.push(this.expression(0));
      if (this.#peek().text !== ',') break;
      this.#at += 1;
      if (this.#peek().text === ')')
        throw new QueryError(
          this.#query,
          this.#peek().start,
          'trailing commas not allowed in function call args',
        );
    }
    const end = this.#expect(')', 'in function call').end;
    return { type: 'call', name: token.text, arguments: given, start: token.start, end };
  }

  #modifiers(op: BinaryOperator): { isBool: boolean; matching: Matching } {
    const isBool = isWord(this.#peek(), 'bool');
    if (isBool) {
      if (!COMPARISONS.has(op))
        throw this.#error('bool modifier can only be used on comparison operators');
      this.#at += 1;
    }
    const isSet = SET_OPERATORS.has(op);
    let matching: Matching = {
      isOn: false,
      labels: [],
      card: isSet ? 'many-to-many' : 'one-to-one',
      include: [],
    };
    const word = this.#peek();
    if (isWord(word, 'on') || isWord(word, 'ignoring')) {
      this.#at += 1;
      matching = {
        ...matching,
        isOn: isWord(word, 'on'),
        labels: this.#labelNames('in grouping opts'),
      };
      const group = this.#peek();
      const isLeft = isWord(group, 'group_left');
      if (isLeft || isWord(group, 'group_right')) {
        if (isSet) throw this.#error(`no grouping allowed for "${op}" operation`);
        this.#at += 1;
        const include = this.#peek().text === '(' ? this.#labelNames('in grouping opts') : [];
        const twice = matching.isOn
          ? include.find((label) => matching.labels.includes(label))
          : undefined;
        if (twice !== undefined)
          throw this.#error(`label "${twice}" must not occur in ON and GROUP clause at once`);
        matching = { ...matching, card: isLeft ? 'many-to-one' : 'one-to-many', include };
      }
    }
    return { isBool, matching };
  }

  #range(node: Expression): Expression {
    const open = this.#expect('[', '');
    const rangeMs = this.#positiveSpanMs();
    if (this.#peek().text === ':') {
      this.#at += 1;
      const stepMs = this.#peek().text === ']' ? undefined : this.#positiveSpanMs();
      const end = this.#expect(']', 'in subquery selector').end;
      return {
        type: 'subquery',
        body: node,
        rangeMs,
        stepMs,
        offsetMs: 0,
        at: undefined,
        start: node.start,
        end,
      };
    }
    const end = this.#expect(']', 'in range').end;
    if (node.type !== 'vector')
      throw new QueryError(this.#query, open.start, 'ranges only allowed for vector selectors');
    if (node.offsetMs !== 0 || node.at !== undefined)
      throw new QueryError(this.#query, open.start, 'no offset modifiers allowed before range');
    return { type: 'matrix', vector: node, rangeMs, start: node.start, end };
  }

  #positiveSpanMs(): number {
    const token = this.#peek();
    const ms = this.#spanMs();
    if (ms <= 0) throw new QueryError(this.#query, token.start, 'duration must be greater than 0');
    return ms;
  }

  /** A duration, or a number of seconds. */
  #spanMs(): number {
    const token = this.#peek();
    if (token.kind === 'duration') {
      this.#at += 1;
      return this.#durationMs(token);
    }
    if (token.kind === 'number') {
      this.#at += 1;
      return Math.round(Number(token.text.replaceAll('_', '')) * 1_000);
    }
    throw this.#unexpected(', expected duration');
  }

  #durationMs(token: Token): number {
    const ms = parseDurationMs(token.text);
    if (ms === undefined)
      throw new QueryError(
        this.#query,
        token.start,
        `not a valid duration string: "${token.text}"`,
      );
    return ms;
  }

  #offset(node: Expression): Expression {
    const token = this.#peek();
    this.#at += 1;
    const isNegative = this.#peek().text === '-';
    if (isNegative || this.#peek().text === '+') this.#at += 1;
    const offsetMs = this.#spanMs() * (isNegative ? -1 : 1);
    const end = this.#tokens[this.#at - 1]?.end ?? token.end;
    if (node.type === 'matrix') {
      this.#refuseSecond('offset', node.vector.offsetMs !== 0, token);
      return { ...node, vector: { ...node.vector, offsetMs }, end };
    }
    if (node.type === 'vector' || node.type === 'subquery') {
      this.#refuseSecond('offset', node.offsetMs !== 0, token);
      return { ...node, offsetMs, end };
    }
    throw new QueryError(
      this.#query,
      node.start,
      'offset modifier must be preceded by an instant vector selector or range vector selector or a subquery',
    );
  }

  #atModifier(node: Expression): Expression {
    const token = this.#expect('@', '');
    const at = this.#atTime();
    const end = this.#tokens[this.#at - 1]?.end ?? token.end;
    if (node.type === 'matrix') {
      this.#refuseSecond('@', node.vector.at !== undefined, token);
      return { ...node, vector: { ...node.vector, at }, end };
    }
    if (node.type === 'vector' || node.type === 'subquery') {
      this.#refuseSecond('@', node.at !== undefined, token);
      return { ...node, at, end };
    }
    throw new QueryError(
      this.#query,
      node.start,
      '@ modifier must be preceded by an instant vector selector or range vector selector or a subquery',
    );
  }

  #atTime(): At {
    const token = this.#peek();
    if (token.kind === 'identifier' && (token.text === 'start' || token.text === 'end')) {
      this.#at += 1;
      this.#expect('(', 'in @');
      this.#expect(')', 'in @');
      return { kind: token.text };
    }
    const isNegative = token.text === '-';
    if (isNegative || token.text === '+') this.#at += 1;
    const number = this.#peek();
    if (number.kind !== 'number' && number.kind !== 'duration')
      throw this.#unexpected('in @, expected timestamp');
    return { kind: 'time', ms: this.#spanMs() * (isNegative ? -1 : 1) };
  }

  #refuseSecond(what: string, hasOne: boolean, token: Token): void {
    if (hasOne)
      throw new QueryError(
        this.#query,
        token.start,
        `${what === '@' ? '@ <timestamp>' : what} may not be set multiple times`,
      );
  }

  #peek(): Token {
    const token = this.#tokens[this.#at] ?? this.#tokens.at(-1);
    if (token === undefined) throw new Error('BUG: no tokens');
    return token;
  }

  #expect(text: string, where: string): Token {
    const token = this.#peek();
    if (token.kind !== 'punctuation' || token.text !== text)
      throw this.#unexpected(`${where}${where === '' ? '' : ', '}expected "${text}"`);
    this.#at += 1;
    return token;
  }

  #unexpected(where: string): QueryError {
    const token = this.#peek();
    const what =
      token.kind === 'end'
        ? 'end of input'
        : `${token.kind === 'punctuation' || token.kind === 'operator' ? '' : `${token.kind} `}"${token.text}"`;
    if (this.#query.trim() === '')
      return new QueryError(this.#query, 0, 'no expression found in input');
    return new QueryError(
      this.#query,
      token.start,
      `unexpected ${what}${where === '' || where.startsWith(',') ? where : ` ${where}`}`,
    );
  }

  #error(why: string): QueryError {
    return new QueryError(this.#query, this.#peek().start, why);
  }
}

function operatorOf(token: Token): BinaryOperator | undefined {
  if (token.kind === 'operator' && token.text in PRECEDENCE) return token.text as BinaryOperator;
  if (token.kind !== 'identifier') return undefined;
  const lower = token.text.toLowerCase();
  return lower === 'and' || lower === 'or' || lower === 'unless' || lower === 'atan2'
    ? lower
    : undefined;
}

function isWord(token: Token | undefined, word: string): boolean {
  return token?.kind === 'identifier' && token.text.toLowerCase() === word;
}
