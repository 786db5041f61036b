/**
 * Parses one YAML document in steps. It is what `parseDocument` of the library does, which takes a
 * tenth of a second for some thousand targets: the library's own lexer and parser are asked for one
 * token after another. The nodes of all tokens are then composed: of lists in block form that are
 * long, the first entries with the document, and the others slice by slice. What nests too deep is
 * refused before it is composed: the library's own functions are recursive.
 * Limits: NESTING_MAX levels.
 */
import {
  Composer,
  type CST,
  type Document,
  isMap,
  isNode,
  isSeq,
  Lexer,
  type LineCounter,
  parseDocument,
  Parser,
  YAMLParseError,
  type YAMLSeq,
} from 'yaml';
import { runAtOnce } from './giving-way.ts';

/** Tokens between two yields. */
const SLICE_TOKENS = 2_000;

export interface YamlOptions {
  /** Learns where the lines begin. */
  readonly lineCounter: LineCounter;
  /** Without it 1.2. */
  readonly version?: '1.1';
}

/** Entries of a list that are composed in one step. */
const SLICE_ENTRIES = 100;
/** Levels of lists and mappings in each other. */
const NESTING_MAX = 200;

/** The same at once, for what is short. */
export function parseYaml(text: string, options: YamlOptions): Document.Parsed {
  return runAtOnce(parseInSteps(text, options));
}

/** Whether a text was refused since it nests too deep. */
export function isTooDeep({ code }: { readonly code: string }): boolean {
  return code === 'RESOURCE_EXHAUSTION';
}

/** Whether the fault is that a second document follows the one that was asked for. */
export function isOfSecond({ code }: { readonly code: string }): boolean {
  return code === 'MULTIPLE_DOCS';
}

export function* parseInSteps(
  text: string,
  { lineCounter, ...rest }: YamlOptions,
  sliceEntries = SLICE_ENTRIES,
): Generator<undefined, Document.Parsed, undefined> {
  // The library compares each key of a mapping with all others, which takes minutes for a mapping
  // with very many keys. Who wants to know looks in one pass.
  const options = { ...rest, uniqueKeys: false, prettyErrors: false };
  lineCounter.addNewLine(0);
  const parser = new Parser(lineCounter.addNewLine);
  const composer = new Composer(options);
  const documents: Document.Parsed[] = [];
  let cut: CutList[] | undefined;
  let hasDirectives = false;
  function* compose(token: CST.Token): Generator<undefined, void, undefined> {
    if (token.type === 'directive') hasDirectives = true;
    // What a directive means reaches no slice. Of several documents the first one counts.
    if (token.type === 'document' && !hasDirectives)
      cut ??= yield* cutLongLists(token, sliceEntries);
    documents.push(...composer.next(token));
  }
  let left = SLICE_TOKENS;
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) yield* compose(token);
    if (parser.stack.length > NESTING_MAX) return refuseDepth(parser.offset);
    left -= 1;
    if (left > 0) continue;
    left = SLICE_TOKENS;
    yield;
  }
  const tokens = [...parser.end()];
  yield;
  for (const token of tokens) yield* compose(token);
  documents.push(...composer.end(true, text.length));
  const [first, second] = documents as [Document.Parsed, Document.Parsed | undefined];
  if (second !== undefined) {
    const { range } = second;
    const message = 'Source contains multiple documents; please use YAML.parseAllDocuments()';
    first.errors.push(new YAMLParseError([range[0], range[1]], 'MULTIPLE_DOCS', message));
  }
  for (const list of cut ?? []) yield* fillList(first, list, new Composer(options), sliceEntries);
  // Where a slice has a fault, its position depends on what stands before: the library finds it.
  const isFaulty = first.errors.length > 0 && cut !== undefined && cut.length > 0;
  return isFaulty ? parseDocument(text, options) : first;
}

function refuseDepth(offset: number): Document.Parsed {
  const document = parseDocument('');
  const message = `Nested deeper than ${NESTING_MAX} levels`;
  document.errors.push(new YAMLParseError([offset, offset], 'RESOURCE_EXHAUSTION', message));
  return document;
}

/** A list that is too long for one step. */
interface CutList {
  readonly token: CST.BlockSequence;
  /** The entries that were taken off the token. */
  readonly rest: CST.BlockSequence['items'];
}

/**
 * Takes the entries above `most` off long lists, the outer ones first. None where a tag is, which
 * could make something else of a list.
 */
function* cutLongLists(
  document: CST.Document,
  most: number,
): Generator<undefined, CutList[], undefined> {
  const lists: CST.BlockSequence[] = [];
  const open: (CST.Token | null | undefined)[] = [document.value];
  let left = SLICE_TOKENS;
  const hasTag = (tokens: readonly CST.SourceToken[] = []): boolean =>
    tokens.some(({ type }) => type === 'tag');
  if (hasTag(document.start)) return [];
  for (let token = open.pop(); open.length > 0 || token != null; token = open.pop()) {
    if (token == null || !('items' in token)) continue;
    if (token.type === 'block-seq' && token.items.length > most) lists.push(token);
    for (const item of token.items) {
      if (hasTag(item.start) || hasTag(item.sep)) return [];
      open.push(item.value, item.key);
    }
    left -= token.items.length;
    if (left > 0) continue;
    left = SLICE_TOKENS;
    yield;
  }
  return lists.map((token) => ({ token, rest: token.items.splice(most) }));
}

/** Composes the rest of a list, and adds it to what is composed of it. */
function* fillList(
  document: Document.Parsed,
  { token, rest }: CutList,
  composer: Composer,
  size: number,
): Generator<undefined, void, undefined> {
  const list = findList(document.contents, token.offset);
  for (let from = 0; from < rest.length; from += size) {
    const value = { ...token, items: rest.slice(from, from + size) };
    const { offset } = token;
    const slice: CST.Document = { type: 'document', offset, start: [], value };
    for (const { contents, errors, warnings } of composer.compose([slice])) {
      if (isSeq(contents)) list?.items.push(...contents.items);
      document.errors.push(...errors);
      document.warnings.push(...warnings);
    }
    yield;
  }
}

/** The list that begins at an offset: of the nodes that begin before it, the last leads to it. */
function findList(root: unknown, offset: number): YAMLSeq | undefined {
  let node = root;
  while (isNode(node)) {
    if (isSeq(node) && node.range?.[0] === offset) return node;
    const inner = isSeq(node)
      ? node.items
      : isMap(node)
        ? node.items.flatMap(({ key, value }) => [key, value])
        : [];
    node = inner.findLast((one) => isNode(one) && (one.range?.[0] ?? Infinity) <= offset);
  }
  return undefined;
}
