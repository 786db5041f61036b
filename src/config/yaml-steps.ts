/**
 * Parses one YAML document in steps. It is what `parseDocument` of the library does, which takes a
 * tenth of a second for some thousand targets: the library's own lexer and parser are asked for one
 * token after another. Only composing the nodes of the tokens is one step.
 */
import { Composer, type Document, Lexer, type LineCounter, Parser, YAMLParseError } from 'yaml';

/** Tokens between two yields. */
const SLICE_TOKENS = 2_000;

export interface YamlOptions {
  readonly lineCounter: LineCounter;
  readonly uniqueKeys: boolean;
}

export function* parseInSteps(
  text: string,
  { lineCounter, uniqueKeys }: YamlOptions,
): Generator<undefined, Document.Parsed, undefined> {
  lineCounter.addNewLine(0);
  const parser = new Parser(lineCounter.addNewLine);
  const composer = new Composer({ uniqueKeys });
  const documents: Document.Parsed[] = [];
  let left = SLICE_TOKENS;
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) documents.push(...composer.next(token));
    left -= 1;
    if (left > 0) continue;
    left = SLICE_TOKENS;
    yield;
  }
  const tokens = [...parser.end()];
  yield;
  for (const token of tokens) documents.push(...composer.next(token));
  documents.push(...composer.end(true, text.length));
  const [first, second] = documents as [Document.Parsed, Document.Parsed | undefined];
  if (second !== undefined) {
    const { range } = second;
    const message = 'Source contains multiple documents; please use YAML.parseAllDocuments()';
    first.errors.push(new YAMLParseError([range[0], range[1]], 'MULTIPLE_DOCS', message));
  }
  return first;
}
