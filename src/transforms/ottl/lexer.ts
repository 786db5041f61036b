/**
 * The words of an OTTL text. Pure.
 * Source: contrib's pkg/ottl/grammar.go (buildLexer)
 */
import { OttlSyntaxError } from './fault.ts';

export type OttlTokenKind =
  | 'bytes'
  | 'float'
  | 'int'
  | 'string'
  | 'name'
  | 'converter'
  | 'comparison'
  | 'arrow'
  | 'sign'
  | 'factor'
  | 'punctuation'
  | 'end';

export interface OttlToken {
  readonly kind: OttlTokenKind;
  /** As written; of a string, its value. */
  readonly text: string;
  readonly offset: number;
}

/** Longer texts are refused. Conditions of real configurations have a few hundred characters. */
export const TEXT_LENGTH_MAX = 16_384;

// In this order. Names of editors and paths begin with a small letter, those of converters and
// enums with a capital; `nil`, `not`, `and`, `or`, `where`, `true` and `false` are told by the
// parser.
const RULES: readonly (readonly [OttlTokenKind, RegExp])[] = [
  ['bytes', /0x[a-fA-F0-9]+/y],
  ['float', /(?:\d+\.\d*|\d*\.\d+)(?:[eE][-+]?\d+)?/y],
  ['int', /\d+/y],
  ['string', /"(?:\\.|[^\\"])*"/sy],
  ['comparison', /==|!=|>=|<=|>|</y],
  ['arrow', /=>/y],
  ['sign', /[-+]/y],
  ['factor', /[/*]/y],
  ['punctuation', /[=(){}:,.[\]]/y],
  ['converter', /[A-Z][A-Za-z0-9_]*/y],
  ['name', /[a-z_][A-Za-z0-9_]*/y],
];

/**
 * Splits a text; the last token is the end.
 *
 * @throws OttlSyntaxError at a character that begins no word
 */
export function readTokens(text: string): OttlToken[] {
  if (text.length > TEXT_LENGTH_MAX)
    throw new OttlSyntaxError(`longer than ${TEXT_LENGTH_MAX} characters`, TEXT_LENGTH_MAX);
  const tokens: OttlToken[] = [];
  const blank = /\s*/y;
  let offset = 0;
  for (;;) {
    blank.lastIndex = offset;
    offset += blank.exec(text)?.[0].length ?? 0;
    if (offset >= text.length) break;
    const token = readToken(text, offset);
    tokens.push(token.kind === 'string' ? { ...token, text: unquote(token) } : token);
    offset += token.text.length;
  }
  tokens.push({ kind: 'end', text: '', offset: text.length });
  return tokens;
}

function readToken(text: string, offset: number): OttlToken {
  for (const [kind, rule] of RULES) {
    rule.lastIndex = offset;
    const found = rule.exec(text);
    if (found !== null) return { kind, text: found[0], offset };
  }
  const character = String.fromCodePoint(text.codePointAt(offset) ?? 0);
  if (character === '"') throw new OttlSyntaxError('a text without its closing quote', offset);
  const hint = character === "'" ? '; texts are written in double quotes' : '';
  throw new OttlSyntaxError(`unexpected ${JSON.stringify(character)}${hint}`, offset);
}

const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  '"': '"',
};

const ESCAPE = /\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|x([0-7][0-9a-fA-F])|([01][0-7]{2})|(.))/gs;

/** The value of a text in quotes, by the escapes of Go. */
function unquote({ text, offset }: OttlToken): string {
  const line = text.indexOf('\n');
  if (line >= 0) throw new OttlSyntaxError('a line break in a text; write \\n', offset + line);
  return text
    .slice(1, -1)
    .replaceAll(
      ESCAPE,
      (all, short, long, hexadecimal, octal, simple: string | undefined, at: number) => {
        const value =
          simple === undefined ? readCode(short ?? long ?? hexadecimal, octal) : undefined;
        const character = simple === undefined ? value : SIMPLE_ESCAPES[simple];
        if (character !== undefined) return character;
        const hint = /\\[\w.$^[\](){}|*+?-]/.test(all) ? `; for a pattern, write \\${all}` : '';
        throw new OttlSyntaxError(`invalid escape ${all} in a text${hint}`, offset + 1 + at);
      },
    );
}

function readCode(hexadecimal: string | undefined, octal: string | undefined): string | undefined {
  const code = octal === undefined ? parseInt(hexadecimal ?? '', 16) : parseInt(octal, 8);
  const isCharacter = code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
  return isCharacter ? String.fromCodePoint(code) : undefined;
}
