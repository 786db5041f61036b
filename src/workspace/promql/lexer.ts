/**
 * PromQL text → tokens with offsets (UTF-16 units). No grammar. Text that is no token becomes an
 * `error` token, the last of the list: the parser throws it when it gets there, so a grammar error
 * before it is reported first.
 *
 * Three modes, as in Prometheus: statements, inside braces (no keywords, no numbers), and after an
 * opening bracket (durations). Prometheus' oddities are kept, down to how much of a wrong number an
 * error message shows.
 * Source: https://prometheus.io/docs/prometheus/latest/querying/basics/
 */
import { quote, quoteChar } from './literals.ts';
import { scanDurationRest, scanEscape, scanNumber } from './scan.ts';

export type TokenKind =
  | 'end'
  | 'error' // text: the message
  | 'identifier'
  | 'metric identifier' // with a colon
  | 'keyword'
  | 'number'
  | 'duration'
  | 'string' // text: the source with its quotes
  | 'operator'
  | 'punctuation';

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  /** The text; of a keyword in lower case, of a colon in brackets always ':'. */
  readonly word: string;
  readonly start: number;
  readonly end: number;
}

export const AGGREGATORS: ReadonlySet<string> = new Set([
  'sum', 'avg', 'count', 'min', 'max', 'group', 'stddev', 'stdvar', 'topk', 'bottomk', 'count_values', 'quantile', 'limitk',
  'limit_ratio',
]); // prettier-ignore
const WORD_OPERATORS = new Set(['and', 'or', 'unless', 'atan2']);
const KEYWORDS = new Set([
  'offset', 'by', 'without', 'on', 'ignoring', 'group_left', 'group_right', 'bool', 'start', 'end',
]); // prettier-ignore

/** Names a token as Prometheus' messages about unexpected ones do. */
export function describeToken(token: Token): string {
  const { kind, text, word } = token;
  if (kind === 'end') return 'end of input';
  if (kind === 'operator') return `<op:${text}>`;
  if (kind === 'keyword') {
    if (AGGREGATORS.has(word)) return `<aggr:${text}>`;
    if (WORD_OPERATORS.has(word)) return `<op:${text}>`;
    return word === 'start' || word === 'end' ? quote(text) : `<${text}>`;
  }
  if (kind === 'punctuation') return quote(text);
  if (kind === 'identifier' || kind === 'metric identifier') return `${kind} ${quote(text)}`;
  const isLong = new TextEncoder().encode(text).length > 10;
  return `${kind} ${isLong ? `${quote(Array.from(text).slice(0, 10).join(''))}...` : quote(text)}`;
}

const SPACE = /[ \t\r\n]*/y;
const COMMENT = /#[^\r\n]*/y;
const IDENTIFIER = /[a-zA-Z_][a-zA-Z0-9_]*/y;
const WORD = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const NUMBER_START = /[0-9]|\.[0-9]/y;
const STATEMENT_SIGN = /==|!=|<=|>=|[-+*/%^<>@]/y;
const BRACE_SIGN = /=~|!~|!=|[=,]/y;

export function tokenize(query: string): readonly Token[] {
  const lexer = new Lexer(query);
  while (lexer.next());
  return lexer.tokens;
}

class Lexer {
  readonly tokens: Token[] = [];
  readonly #query: string;
  #at = 0;
  #parens = 0;
  #inBraces = false;
  #inBrackets = false;
  /** Right after `[`, where only durations and their arithmetic are allowed. */
  #beforeDuration = false;
  #hasColon = false;
  #hasDuration = false;

  constructor(query: string) {
    this.#query = query;
  }

  /** Reads one token; false at the end and after an error. */
  next(): boolean {
    this.#skip();
    if (this.#inBraces) return this.#readInsideBraces();
    return this.#beforeDuration ? this.#readDurationStart() : this.#readStatement();
  }

  #skip(): void {
    let before: number;
    do {
      before = this.#at;
      this.#at += this.#match(SPACE).length;
      // As in Prometheus, there can be no comment right after an opening bracket.
      if (!this.#beforeDuration) this.#at += this.#match(COMMENT).length;
    } while (this.#at > before);
  }

  #readStatement(): boolean {
    const char = this.#charAt(this.#at);
    if (char === '') return this.#readEnd();
    const sign = this.#match(STATEMENT_SIGN);
    if (sign !== '') return this.#emit('operator', sign.length);
    if (this.#match(NUMBER_START) !== '') return this.#readNumber();
    if (char === '"' || char === "'" || char === '`') return this.#readString(char);
    if (/[a-zA-Z_:]/.test(char)) return this.#inBrackets ? this.#readColon(char) : this.#readWord();
    switch (char) {
      case ',':
        return this.#emit('punctuation', 1);
      case '=':
        if (this.#charAt(this.#at + 1) === '~')
          return this.#emitError(`unexpected character after '=': '~'`);
        return this.#emit('punctuation', 1);
      case '!':
        return this.#emitError(
          `unexpected character after '!': ${quoteChar(this.#charAt(this.#at + 1))}`,
        );
      case '(':
      case ')':
        return this.#readParen(char);
      case '{':
        this.#inBraces = true;
        return this.#emit('punctuation', 1);
      case '[':
        if (this.#inBrackets) return this.#emitError(`unexpected left bracket '['`);
        this.#inBrackets = true;
        this.#beforeDuration = true;
        this.#hasColon = false;
        return this.#emit('punctuation', 1);
      case ']':
        return this.#readClosingBracket();
      default:
        return this.#emitError(`unexpected character: ${quoteChar(char)}`);
    }
  }

  #readEnd(): boolean {
    if (this.#parens !== 0) return this.#emitError('unclosed left parenthesis');
    if (this.#inBrackets) return this.#emitError('unclosed left bracket');
    this.#emit('end', 0);
    return false;
  }

  #readInsideBraces(): boolean {
    const char = this.#charAt(this.#at);
    if (char === '') return this.#emitError('unexpected end of input inside braces');
    const name = this.#match(IDENTIFIER);
    if (name !== '') return this.#emit('identifier', name.length);
    const sign = this.#match(BRACE_SIGN);
    if (sign !== '')
      return this.#emit(sign === '=' || sign === ',' ? 'punctuation' : 'operator', sign.length);
    if (char === '"' || char === "'" || char === '`') return this.#readString(char);
    if (char === '}') {
      this.#inBraces = false;
      return this.#emit('punctuation', 1);
    }
    if (char === '{') return this.#emitError(`unexpected left brace '{'`);
    if (char === '!') {
      const after = quoteChar(this.#charAt(this.#at + 1));
      return this.#emitError(`unexpected character after '!' inside braces: ${after}`);
    }
    return this.#emitError(`unexpected character inside braces: ${quoteChar(char)}`);
  }

  #readDurationStart(): boolean {
    const char = this.#charAt(this.#at);
    if (char === '') return this.#emitError('unexpected end of input in duration expression');
    if (this.#match(NUMBER_START) !== '') {
      this.#beforeDuration = false;
      this.#hasDuration = true;
      return this.#readNumber();
    }
    if (char === ']') return this.#readClosingBracket();
    if (char === '(' || char === ')') return this.#readParen(char);
    if (char === ':') {
      this.#emit('punctuation', 1);
      if (this.#hasDuration && !this.#hasColon) {
        this.#hasColon = true;
        return true;
      }
      this.tokens.pop();
      return this.#emitError(
        this.#hasColon
          ? 'unexpected repeated colon in duration expression'
          : 'unexpected colon before duration in duration expression',
      );
    }
    if ('+-*/%^'.includes(char)) return this.#emit('operator', 1);
    return this.#emitError(`unexpected character in duration expression: ${quoteChar(char)}`);
  }

  /** In brackets Prometheus takes any letter for a colon; only a second one is an error. */
  #readColon(char: string): boolean {
    if (this.#hasColon) return this.#emitError(`unexpected colon ${quoteChar(char)}`);
    this.#hasColon = true;
    this.tokens.push({
      kind: 'punctuation',
      text: char,
      word: ':',
      start: this.#at,
      end: this.#at + 1,
    });
    this.#at += 1;
    return true;
  }

  #readParen(char: string): boolean {
    this.#parens += char === '(' ? 1 : -1;
    if (this.#parens < 0) return this.#emitError(`unexpected right parenthesis ')'`, 1);
    return this.#emit('punctuation', 1);
  }

  #readClosingBracket(): boolean {
    if (!this.#inBrackets) return this.#emitError(`unexpected right bracket ']'`);
    this.#inBrackets = false;
    this.#beforeDuration = false;
    return this.#emit('punctuation', 1);
  }

  #readWord(): boolean {
    const text = this.#match(WORD);
    const word = text.toLowerCase();
    const start = this.#at;
    this.#at += text.length;
    const isKeyword = AGGREGATORS.has(word) || WORD_OPERATORS.has(word) || KEYWORDS.has(word);
    const kind = isKeyword
      ? 'keyword'
      : word === 'inf' || word === 'nan'
        ? 'number'
        : text.includes(':')
          ? 'metric identifier'
          : 'identifier';
    const value = isKeyword ? word : text;
    this.tokens.push({ kind, text, word: value, start, end: this.#at });
    return true;
  }

  #readNumber(): boolean {
    const { end, isNumber } = scanNumber(this.#query, this.#at);
    if (isNumber) return this.#emit('number', end - this.#at);
    const duration = scanDurationRest(this.#query, end);
    if (duration.isDuration) return this.#emit('duration', duration.end - this.#at);
    const text = this.#query.slice(this.#at, duration.end);
    return this.#emitError(`bad number or duration syntax: ${quote(text)}`);
  }

  #readString(quoteMark: string): boolean {
    let at = this.#at + 1;
    const isRaw = quoteMark === '`';
    for (;;) {
      const char = this.#charAt(at);
      if (char === '' || (!isRaw && char === '\n'))
        return this.#emitError(isRaw ? 'unterminated raw string' : 'unterminated quoted string');
      if (char === '\ufffd' || /^\p{Cs}$/u.test(char)) return this.#emitError('invalid UTF-8 rune');
      if (char === quoteMark) break;
      at += char.length;
      if (isRaw || char !== '\\') continue;
      const escape = scanEscape(this.#query, at, quoteMark);
      if (typeof escape === 'string') return this.#emitError(escape);
      at = escape;
    }
    return this.#emit('string', at + 1 - this.#at);
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    return pattern.exec(this.#query)?.[0] ?? '';
  }

  /** The character (code point) at an offset; '' at the end. */
  #charAt(at: number): string {
    const code = this.#query.codePointAt(at);
    return code === undefined ? '' : String.fromCodePoint(code);
  }

  #emit(kind: TokenKind, length: number): true {
    const start = this.#at;
    const text = this.#query.slice(start, start + length);
    this.#at += length;
    this.tokens.push({ kind, text, word: text, start, end: this.#at });
    return true;
  }

  /** Ends the list with an error, `consumed` UTF-16 units behind the current offset. */
  #emitError(message: string, consumed = 0): false {
    const start = this.#at + consumed;
    this.tokens.push({ kind: 'error', text: message, word: message, start, end: start });
    return false;
  }
}
