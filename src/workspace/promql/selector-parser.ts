/**
 * Parses vector selectors: a metric name, braces with matchers, or both. A selector of everything
 * is refused later, in types.ts.
 * Source: https://prometheus.io/docs/prometheus/latest/querying/basics/#instant-vector-selectors
 */
import { METRIC_NAME } from '../../model/labels.ts';
import type { VectorSelector } from './ast.ts';
import type { Token } from './lexer.ts';
import { unquote } from './literals.ts';
import { compileMatcher } from './matcher.ts';
import type { Matcher } from './queryable.ts';
import { TokenReader } from './token-reader.ts';

const MATCH_OPERATORS = new Set<string>(['=', '!=', '=~', '!~']);

/**
 * Parses a text that is a selector alone, not the whole grammar: `a(` is refused at its
 * parenthesis.
 *
 * @throws QueryError with the position of the first error
 */
export function parseSelectorText(text: string): readonly Matcher[] {
  const reader = new TokenReader(text);
  const { kind } = reader.peek();
  const isNamed = kind === 'identifier' || kind === 'metric identifier' || kind === 'keyword';
  if (!isNamed && !reader.isPunctuation('{')) throw reader.unexpected();
  const { matchers } = parseSelector(reader, isNamed ? reader.take() : undefined);
  if (reader.peek().kind !== 'end') throw reader.unexpected();
  return matchers;
}

/** Parses a selector whose name has been taken; undefined where it begins with a brace. */
export function parseSelector(reader: TokenReader, name: Token | undefined): VectorSelector {
  const metric = name?.text ?? '';
  const start = name?.start ?? reader.peek().start;
  const matchers: Matcher[] =
    name === undefined ? [] : [{ name: METRIC_NAME, op: '=', value: metric }];
  if (reader.isPunctuation('{')) {
    reader.take();
    while (!reader.isPunctuation('}')) {
      matchers.push(parseMatcher(reader));
      if (reader.isPunctuation('}')) break;
      if (!reader.isPunctuation(',')) throw reader.unexpected('label matching', '"," or "}"');
      reader.take();
    }
    reader.take();
  }
  const end = reader.lastEnd;
  return { type: 'vector', metric, matchers, offsetMs: 0, at: undefined, start, end };
}

function parseMatcher(reader: TokenReader): Matcher {
  const token = reader.peek();
  if (token.kind !== 'identifier' && token.kind !== 'string')
    throw reader.unexpected('label matching', 'identifier or "}"');
  reader.take();
  const name = token.kind === 'string' ? unquote(token.text) : token.text;
  if (!MATCH_OPERATORS.has(reader.peek().text)) {
    // A string without an operator is the metric name.
    if (token.kind === 'string' && reader.peek().kind !== 'error')
      return { name: METRIC_NAME, op: '=', value: name };
    throw reader.unexpected('label matching', 'label matching operator');
  }
  const op = reader.take().text as Matcher['op'];
  if (reader.peek().kind !== 'string') throw reader.unexpected('label matching', 'string');
  const matcher: Matcher = { name, op, value: unquote(reader.take().text) };
  if (op === '=~' || op === '!~') checkRegex(reader, matcher, token.start);
  return matcher;
}

function checkRegex(reader: TokenReader, matcher: Matcher, start: number): void {
  try {
    compileMatcher(matcher);
  } catch (error) {
    const why = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const text = why instanceof Error ? why.message : String(why);
    // RE2's message quotes the pattern with the anchors of compileRegex; they are removed.
    throw reader.fault(start, text.replace('`^(?s:', '`').replace(/\)\$`$/, '`'));
  }
}
