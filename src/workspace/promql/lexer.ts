/**
 * PromQL text → tokens with positions. Knows no grammar. Offsets are UTF-16 units of the query.
 * Source: https://prometheus.io/docs/prometheus/latest/querying/basics/
 */

export type TokenKind =
  | 'identifier' // may hold colons: a metric name
  | 'number'
  | 'duration'
  | 'string'
  | 'operator'
  | 'punctuation'
  | 'end';

export interface Token {
  readonly kind: TokenKind;
  /** The source text; of a string, its decoded value. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** A query that can't be: where (offset) and why. The API shows it as `line:column: parse error: why`. */
export class QueryError extends Error {
  override readonly name: string = 'QueryError';
  readonly offset: number;
  readonly why: string;
  constructor(query: string, offset: number, why: string, kind = 'parse error') {
    super(`${positionOf(query, offset)}: ${kind}: ${why}`);
    this.offset = offset;
    this.why = why;
  }
}

/** `line:column`, both from 1. */
export function positionOf(query: string, offset: number): string {
  const before = query.slice(0, offset);
  const line = before.split('\n').length;
  return `${line}:${offset - before.lastIndexOf('\n')}`;
}

const QUERY_MAX = 100_000;
const SPACE = /[ \t\r\n]+/y;
const COMMENT = /#[^\n]*/y;
const DURATION =
  /(?:\d+y)?(?:\d+w)?(?:\d+d)?(?:\d+h)?(?:\d+m(?!s))?(?:\d+s)?(?:\d+ms)?(?![a-zA-Z0-9_.])/y;
const NUMBER =
  /(?:0[xX][0-9a-fA-F](?:_?[0-9a-fA-F])*|(?:\d(?:_?\d)*)?\.?(?:\d(?:_?\d)*)?(?:[eE][+-]?\d+)?)(?![a-zA-Z0-9_])/y;
const WORD = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const OPERATOR = /==|!=|=~|!~|<=|>=|[-+*/%^<>=]/y;
const PUNCTUATION = /[(){}[\],:@]/y;

export function tokenize(query: string): Token[] {
  if (query.length > QUERY_MAX)
    throw new QueryError(query, 0, `query is longer than ${QUERY_MAX} characters`);
  const tokens: Token[] = [];
  let at = 0;
  const take = (pattern: RegExp): string => {
    pattern.lastIndex = at;
    return pattern.exec(query)?.[0] ?? '';
  };
  const push = (kind: TokenKind, source: string, text = source): void => {
    tokens.push({ kind, text, start: at, end: at + source.length });
    at += source.length;
  };
  for (;;) {
    const skipped = take(SPACE);
    at += skipped.length;
    const comment = take(COMMENT);
    at += comment.length;
    if (skipped !== '' || comment !== '') continue;
    if (at >= query.length) break;
    const char = query[at] ?? '';
    if (/[0-9.]/.test(char)) {
      const duration = take(DURATION);
      if (duration !== '') push('duration', duration);
      else {
        const number = take(NUMBER);
        if (number === '' || number === '.')
          throw new QueryError(
            query,
            at,
            `bad number or duration syntax: "${query.slice(at, at + 10)}"`,
          );
        push('number', number);
      }
    } else if (char === '"' || char === "'" || char === '`') {
      const { source, value } = readString(query, at);
      push('string', source, value);
    } else if (take(WORD) !== '' && char !== ':') push('identifier', take(WORD));
    else if (take(OPERATOR) !== '') push('operator', take(OPERATOR));
    else if (take(PUNCTUATION) !== '') push('punctuation', take(PUNCTUATION));
    else
      throw new QueryError(
        query,
        at,
        `unexpected character: '${String.fromCodePoint(query.codePointAt(at) ?? 0)}'`,
      );
  }
  tokens.push({ kind: 'end', text: '', start: query.length, end: query.length });
  return tokens;
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\u0007', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v', '\\': '\\', "'": "'", '"': '"',
}; // prettier-ignore

/** A quoted string with Go's escapes, or a raw one in backticks. */
function readString(query: string, start: number): { source: string; value: string } {
  const quote = query[start];
  const unterminated = (): QueryError => new QueryError(query, start, 'unterminated quoted string');
  if (quote === '`') {
    const end = query.indexOf('`', start + 1);
    if (end < 0) throw new QueryError(query, start, 'unterminated raw string');
    return { source: query.slice(start, end + 1), value: query.slice(start + 1, end) };
  }
  const bytes: number[] = [];
  let value = '';
  // \x and octal escapes are bytes of UTF-8, not characters.
  const flush = (): void => {
    if (bytes.length > 0) value += new TextDecoder().decode(Uint8Array.from(bytes.splice(0)));
  };
  let at = start + 1;
  while (query[at] !== quote) {
    const char = query[at];
    if (char === undefined || char === '\n') throw unterminated();
    if (char !== '\\') {
      flush();
      value += char;
      at += 1;
      continue;
    }
    const rest = query.slice(at + 1, at + 10);
    const simple = ESCAPES[rest[0] ?? ''];
    const match = /^(?:x([0-9a-fA-F]{2})|([0-7]{3})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))/.exec(
      rest,
    );
    if (simple !== undefined && !((rest[0] === '"' || rest[0] === "'") && rest[0] !== quote)) {
      flush();
      value += simple;
      at += 2;
    } else if (match !== null) {
      const [whole, hex, octal, short, long] = match;
      if (hex !== undefined) bytes.push(parseInt(hex, 16));
      else if (octal !== undefined) bytes.push(parseInt(octal, 8) & 0xff);
      else {
        flush();
        const code = parseInt(short ?? long ?? '', 16);
        if (code > 0x10ffff)
          throw new QueryError(query, at, 'escape sequence is an invalid Unicode code point');
        value += String.fromCodePoint(code);
      }
      at += 1 + whole.length;
    } else throw new QueryError(query, at, 'unknown escape sequence in string');
  }
  flush();
  return { source: query.slice(start, at + 1), value };
}
