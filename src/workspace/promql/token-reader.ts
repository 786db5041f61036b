/**
 * The parser's cursor in the tokens of a query: looks ahead, takes tokens, and makes the errors for
 * unexpected ones.
 * Limit: QUERY_LENGTH_MAX, UTF-16 units.
 */
import type { NumberLiteral } from './ast.ts';
import { QueryError } from './errors.ts';
import { describeToken, type Token, tokenize } from './lexer.ts';
import { parseDurationText, parseNumber, unquote } from './literals.ts';

const QUERY_LENGTH_MAX = 100_000;
/** Keywords that can't be label names within `by (…)`. */
const NOT_A_LABEL = new Set(['without']);

export class TokenReader {
  readonly #query: string;
  readonly #tokens: readonly Token[];
  #at = 0;
  /** The number of open aggregations: an unexpected token in one is said to be "in aggregation". */
  openAggregations = 0;

  constructor(query: string) {
    if (query.length > QUERY_LENGTH_MAX)
      throw new QueryError(query, 0, `query is longer than ${QUERY_LENGTH_MAX} characters`);
    this.#query = query;
    this.#tokens = tokenize(query);
  }

  /** The offset of the end of the last token taken; 0 before the first. */
  get lastEnd(): number {
    return this.#tokens[this.#at - 1]?.end ?? 0;
  }

  peek(ahead = 0): Token {
    const token = this.#tokens[this.#at + ahead] ?? this.#tokens.at(-1);
    if (token === undefined) throw new Error('BUG: no tokens');
    return token;
  }

  take(): Token {
    const token = this.peek();
    this.#at += 1;
    return token;
  }

  isPunctuation(text: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return token.kind === 'punctuation' && token.word === text;
  }

  isKeyword(word: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return token.kind === 'keyword' && token.word === word;
  }

  isAtSign(): boolean {
    const token = this.peek();
    return token.kind === 'operator' && token.text === '@';
  }

  /** Takes a punctuation mark that must be there. */
  expect(text: string): Token {
    if (!this.isPunctuation(text)) throw this.unexpected();
    return this.take();
  }

  fault(offset: number, why: string): QueryError {
    return new QueryError(this.#query, offset, why);
  }

  /** Makes the error for the next token: the lexer's own where the token is an `error`. */
  unexpected(context = '', expected = ''): QueryError {
    const token = this.peek();
    if (token.kind === 'error') return this.fault(token.start, token.text);
    const where = context === '' && this.openAggregations > 0 ? 'aggregation' : context;
    const wanted = expected === '' ? '' : `, expected ${expected}`;
    const within = where === '' ? '' : ` in ${where}`;
    return this.fault(token.start, `unexpected ${describeToken(token)}${within}${wanted}`);
  }

  /** Takes a number, or a duration as a number of seconds. */
  takeNumber(): NumberLiteral {
    const { kind, text, start, end } = this.take();
    const isDuration = kind === 'duration';
    const value = this.attempt(start, () =>
      isDuration ? parseDurationText(text) / 1_000 : parseNumber(text),
    );
    return { type: 'number', value, isDuration, start, end };
  }

  /** Runs a function and turns its error into a QueryError at an offset. */
  attempt<Result>(offset: number, run: () => Result): Result {
    try {
      return run();
    } catch (error) {
      throw this.fault(offset, error instanceof Error ? error.message : String(error));
    }
  }

  /** Takes `(a, b, "c.d")` behind by, without, on, ignoring, group_left or group_right. */
  takeLabelNames(): string[] {
    if (!this.isPunctuation('(')) throw this.unexpected('grouping opts', '"("');
    this.take();
    const names: string[] = [];
    while (!this.isPunctuation(')')) {
      names.push(this.#takeLabelName());
      if (this.isPunctuation(')')) break;
      if (!this.isPunctuation(',')) throw this.unexpected('grouping opts', '"," or ")"');
      this.take();
    }
    this.take();
    return names;
  }

  #takeLabelName(): string {
    const { kind, text, word, start } = this.peek();
    const isLabel =
      kind === 'identifier' ||
      kind === 'metric identifier' ||
      kind === 'string' ||
      (kind === 'keyword' && !NOT_A_LABEL.has(word));
    if (!isLabel) throw this.unexpected('grouping opts', 'label');
    this.take();
    const name = kind === 'string' ? unquote(text) : text;
    if (name === '') throw this.fault(start, 'invalid label name for grouping: ""');
    return name;
  }
}
