/**
 * The parser's place in the tokens of a query: looking ahead, taking, and the messages for what
 * can't stand there.
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
  /**
   * How many aggregations are open: an unexpected token within one is reported as "in aggregation".
   */
  openAggregations = 0;

  constructor(query: string) {
    if (query.length > QUERY_LENGTH_MAX)
      throw new QueryError(query, 0, `query is longer than ${QUERY_LENGTH_MAX} characters`);
    this.#query = query;
    this.#tokens = tokenize(query);
  }

  /** Where the token taken last ends. */
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

  /** The error for the next token; what the lexer could not read comes first. */
  unexpected(context = '', expected = ''): QueryError {
    const token = this.peek();
    if (token.kind === 'error') return this.fault(token.start, token.text);
    const where = context === '' && this.openAggregations > 0 ? 'aggregation' : context;
    const wanted = expected === '' ? '' : `, expected ${expected}`;
    const place = where === '' ? '' : ` in ${where}`;
    return this.fault(token.start, `unexpected ${describeToken(token)}${place}${wanted}`);
  }

  /** A number, or a duration in seconds. */
  takeNumber(): NumberLiteral {
    const { kind, text, start, end } = this.take();
    const isDuration = kind === 'duration';
    const value = this.attempt(start, () =>
      isDuration ? parseDurationText(text) / 1_000 : parseNumber(text),
    );
    return { type: 'number', value, isDuration, start, end };
  }

  /** Runs what throws plain errors, and gives them a position. */
  attempt<Result>(offset: number, run: () => Result): Result {
    try {
      return run();
    } catch (error) {
      throw this.fault(offset, error instanceof Error ? error.message : String(error));
    }
  }

  /** `(a, b, "c.d")`, of by, without, on, ignoring, group_left and group_right. */
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
