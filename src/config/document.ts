/**
 * Parses YAML text into a plain value, and finds the line and column of a path in that value. It
 * reads as Prometheus' parser does where that matters: keys without a value are absent, `1.0` in a
 * label stays `1.0`, merge keys work. Not here: what the keys mean.
 * Limits: text ≤ 16 MiB, nodes after expanding aliases ≤ 1,000,000, 100 levels; ALIASES_MAX.
 * Source: https://yaml.org/spec/1.2.2/
 */
import {
  isAlias,
  isCollection,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  type Document,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import type { FindingCode } from '../kernel/error-codes/catalogue.ts';
import { runAtOnce } from '../kernel/giving-way.ts';
import { type ConfigPath, type Finding } from '../settings/finding.ts';
import { TOO_MANY_ALIASES, YamlAliases } from '../kernel/yaml-aliases.ts';
import { isOfSecond, isTooDeep, parseInSteps } from '../kernel/yaml-steps.ts';
import { describeYamlFault, findEnDashes, findOpening, isDashWord } from './yaml-faults.ts';

export interface ConfigDocument {
  readonly value: unknown;
  /**
   * Makes the same with null for keys without a value, in steps: an OpenTelemetry collector takes
   * the defaults for such a component.
   */
  readonly convertWithNulls: () => Generator<undefined, unknown, undefined>;
  /**
   * Faults of the text itself. Where a key is given twice, `value` has the last one; with any other
   * error it is undefined. A second document is a warning: Prometheus reads the first one alone.
   */
  readonly findings: readonly Finding[];
  /**
   * The position of a value, or of its key; that of the nearest block around it when it is not in
   * the text.
   */
  locate(
    path: ConfigPath,
    at?: 'key' | 'value',
  ): { readonly line: number; readonly column: number };
  /** Whether the value stands in quotes; false where it comes by a merge key. */
  isQuoted(path: ConfigPath): boolean;
}

const TEXT_LENGTH_MAX = 16 * 1024 * 1024;
const NODES_MAX = 1_000_000;
/** The deepest configurations have about 15. All that walks one afterwards is recursive. */
const DEPTH_MAX = 100;
/** Keys whose empty value is the empty text, as for Prometheus; other keys are then absent. */
const EMPTY_IS_TEXT = new Set(['regex']);

export function readDocument(text: string, file: string): ConfigDocument {
  return runAtOnce(readDocumentInSteps(text, file));
}

/** The same as `readDocument`, for long texts: between two steps other work may be done. */
export function* readDocumentInSteps(
  text: string,
  file: string,
): Generator<undefined, ConfigDocument, undefined> {
  const lines = new LineCounter();
  const finding = (offset: number, code: FindingCode, message: string): Finding => {
    const { line, col } = lines.linePos(offset);
    return {
      severity: 'error',
      code,
      file,
      line: Math.max(1, line),
      column: Math.max(1, col),
      message,
    };
  };
  if (text.length > TEXT_LENGTH_MAX) {
    const message = `the file is longer than ${TEXT_LENGTH_MAX} characters`;
    const whole = { severity: 'error', code: 'CONFIG_FILE', file, line: 0, column: 0 } as const;
    return empty([{ ...whole, message }]);
  }
  const document = yield* parseInSteps(text, { lineCounter: lines });
  const overflow = document.errors.find(isTooDeep);
  if (overflow !== undefined) return empty([finding(overflow.pos[0], 'CONFIG_YAML', TOO_DEEP)]);
  let hasDash = false;
  for (const { node, depth } of walkNodes(document)) {
    if (node === undefined) yield;
    else if (depth > DEPTH_MAX && isCollection(node))
      return empty([finding(node.range?.[0] ?? 0, 'CONFIG_YAML', TOO_DEEP)]);
    else hasDash ||= isDashWord(node);
  }
  if (document.errors.length > 0 || hasDash) {
    const dashes = findEnDashes(text, file);
    if (dashes.length > 0) return empty(dashes);
  }
  // What follows the first fault mostly follows from it.
  const fault = [...document.errors, ...document.warnings].find((one) => !isOfSecond(one));
  if (fault !== undefined) {
    const openedAt = findOpening(document, fault.pos[0]);
    return empty([finding(openedAt, 'CONFIG_YAML', describeYamlFault(fault))]);
  }
  try {
    const findings = (yield* findRepeatedKeys(document)).map(({ key, offset }) =>
      finding(
        offset,
        'CONFIG_DUPLICATE',
        `key ${JSON.stringify(key)} is given twice in one mapping; keep one of them`,
      ),
    );
    const second = document.errors.find(isOfSecond);
    if (second !== undefined)
      findings.push({
        ...finding(second.pos[0], 'CONFIG_NOTE', 'a second document begins here; it is not read'),
        severity: 'warning',
      });
    yield;
    const aliases = yield* YamlAliases.find(document);
    if (aliases.excessAt !== undefined)
      return empty([finding(aliases.excessAt, 'CONFIG_YAML', TOO_MANY_ALIASES)]);
    const convertAll = (keepsNulls: boolean): Generator<undefined, unknown, undefined> =>
      convert(document.contents, {
        aliases,
        nodes: 0,
        aliasAt: 0,
        yieldAt: SLICE_NODES,
        open: new Set(),
        keepsNulls,
      });
    return {
      value: (yield* convertAll(false)) ?? undefined,
      convertWithNulls: () => convertAll(true),
      findings,
      locate(path, at = 'value') {
        const { line, col } = lines.linePos(findOffset(document, aliases, path, at));
        return { line: Math.max(1, line), column: Math.max(1, col) };
      },
      isQuoted: (path) => isQuoted(findNode(document, aliases, path)),
    };
  } catch (error) {
    if (!(error instanceof DocumentFault)) throw error;
    return empty([finding(error.offset, 'CONFIG_YAML', error.message)]);
  }
}

function empty(findings: readonly Finding[]): ConfigDocument {
  return {
    value: undefined,
    convertWithNulls: nothingInSteps,
    findings,
    locate: () => ({ line: 1, column: 1 }),
    isQuoted: () => false,
  };
}

function* nothingInSteps(): Generator<undefined, undefined, undefined> {
  yield;
  return undefined;
}

const TOO_DEEP = `nested deeper than ${DEPTH_MAX} levels; is a bracket or quotation mark missing?`;

/** Nodes between two yields. */
const SLICE_NODES = 1_000;

interface Visited {
  /** Undefined: other work may be done now. */
  readonly node: Node | undefined;
  readonly depth: number;
}

/** All nodes of a document in the order of the text, without recursion. */
function* walkNodes(document: Document): Generator<Visited, void, undefined> {
  const open: Visited[] = [{ node: document.contents ?? undefined, depth: 0 }];
  let left = SLICE_NODES;
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { node, depth } = next;
    if (node === undefined) continue;
    yield next;
    for (const inner of listInner(node).toReversed()) open.push({ node: inner, depth: depth + 1 });
    left -= 1;
    if (left > 0) continue;
    left = SLICE_NODES;
    yield { node: undefined, depth };
  }
}

function listInner(node: Node): Node[] {
  if (isSeq(node)) return node.items.filter(isNode);
  return isMap(node) ? node.items.flatMap(({ key, value }) => [key, value].filter(isNode)) : [];
}

/** Finds keys that a mapping has twice, with the offset of the second. */
function* findRepeatedKeys(
  document: Document,
): Generator<undefined, { readonly key: string; readonly offset: number }[], undefined> {
  const repeated: { readonly key: string; readonly offset: number }[] = [];
  for (const { node } of walkNodes(document)) {
    if (node === undefined) yield;
    if (!isMap(node)) continue;
    const seen = new Set<string>();
    for (const pair of node.items) {
      const key = readKey(pair);
      const offset = (pair.key as Node | null)?.range?.[0] ?? 0;
      if (seen.has(key)) repeated.push({ key, offset });
      seen.add(key);
    }
  }
  return repeated;
}

class DocumentFault extends Error {
  readonly offset: number;
  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

interface Conversion {
  readonly aliases: YamlAliases;
  nodes: number;
  /** Where the alias stands that was followed last. */
  aliasAt: number;
  /** The count of nodes at which other work may be done next. */
  yieldAt: number;
  /** The lists and mappings that are being converted; an alias to one of them would never end. */
  readonly open: Set<unknown>;
  /** Whether a key without a value is null instead of absent. */
  readonly keepsNulls: boolean;
}

type Steps<Result> = Generator<undefined, Result, undefined>;

function* convert(node: unknown, state: Conversion): Steps<unknown> {
  // Aliases may lead deeper than the text does.
  if (state.open.size > DEPTH_MAX) throw new DocumentFault(TOO_DEEP, state.aliasAt);
  if (isAlias(node)) {
    countNode(state);
    state.aliasAt = node.range?.[0] ?? 0;
    const target = state.aliases.resolve(node);
    // Taken as nothing, it would leave out a list of targets without a word.
    if (target === undefined)
      throw new DocumentFault(
        `no anchor "&${node.source}" stands before the alias "*${node.source}"; write it in ` +
          'quotes where the asterisk is text',
        state.aliasAt,
      );
    if (state.open.has(target))
      throw new DocumentFault(
        `the alias *${node.source} stands within what it names`,
        node.range?.[0] ?? 0,
      );
    return yield* convert(target, state);
  }
  if (!isSeq(node) && !isMap(node)) return convertScalar(node, state);
  if (countNode(state) >= state.yieldAt) {
    state.yieldAt = state.nodes + SLICE_NODES;
    yield;
  }
  state.open.add(node);
  const value = isSeq(node) ? yield* convertSeq(node, state) : yield* convertMap(node, state);
  state.open.delete(node);
  return value;
}

function countNode(state: Conversion): number {
  if (++state.nodes > NODES_MAX)
    throw new DocumentFault(
      `the document has more than ${NODES_MAX} values, aliases expanded`,
      state.aliasAt,
    );
  return state.nodes;
}

function convertScalar(node: unknown, state: Conversion): unknown {
  countNode(state);
  if (!isScalar(node)) return null;
  // A number that JavaScript would print differently keeps its text: the label value 1.0 must not
  // become 1.
  if (typeof node.value === 'number' && node.source !== undefined) {
    return String(node.value) === node.source ? node.value : node.source;
  }
  return node.value instanceof Uint8Array ? textOfBinary(node.value, node) : node.value;
}

function* convertSeq({ items }: YAMLSeq, state: Conversion): Steps<unknown[]> {
  const out: unknown[] = [];
  for (const item of items) {
    const value = isScalar(item) ? convertScalar(item, state) : yield* convert(item, state);
    out.push(value ?? null);
  }
  return out;
}

function textOfBinary(bytes: Uint8Array, node: Node): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new DocumentFault('the !!binary value is not valid UTF-8', node.range?.[0] ?? 0);
  }
}

function* convertMap(map: YAMLMap, state: Conversion): Steps<Record<string, unknown>> {
  const out: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const pair of map.items) {
    const key = readKey(pair);
    const inner = pair.value;
    const value = isScalar(inner) ? convertScalar(inner, state) : yield* convert(inner, state);
    if (key === '<<') {
      for (const merged of Array.isArray(value) ? value : [value])
        if (typeof merged === 'object' && merged !== null)
          for (const [name, inherited] of Object.entries(merged))
            if (!(name in out)) out[name] = inherited;
      continue;
    }
    if (value !== null) out[key] = value;
    else if (EMPTY_IS_TEXT.has(key)) out[key] = '';
    else if (state.keepsNulls) out[key] = null;
  }
  // Zod needs an object with the usual prototype; above, a key named __proto__ was kept as data.
  return Object.fromEntries(Object.entries(out));
}

function readKey(pair: Pair): string {
  const { key } = pair;
  if (!isScalar(key)) return String(key);
  if (key.value instanceof Uint8Array) return textOfBinary(key.value, key);
  return typeof key.value === 'number' && key.source !== undefined ? key.source : String(key.value);
}

/**
 * The pairs of a mapping by key, made once for each mapping: a document with many faults asks for
 * many positions.
 */
const pairsOfMaps = new WeakMap<YAMLMap, ReadonlyMap<string, Pair>>();

function findPair(map: YAMLMap, key: string): Pair | undefined {
  let pairs = pairsOfMaps.get(map);
  if (pairs === undefined) {
    pairs = new Map(map.items.map((pair) => [readKey(pair), pair]));
    pairsOfMaps.set(map, pairs);
  }
  return pairs.get(key);
}

function findOffset(
  document: Document,
  aliases: YamlAliases,
  path: ConfigPath,
  at: 'key' | 'value',
): number {
  let node: unknown = document.contents;
  let offset = document.contents?.range?.[0] ?? 0;
  for (const [index, step] of path.entries()) {
    if (isAlias(node)) node = aliases.resolve(node);
    let next: unknown;
    let start: unknown;
    if (isMap(node)) {
      const pair = findPair(node, String(step));
      next = pair?.value;
      const wantsKey = at === 'key' && index === path.length - 1;
      start = wantsKey || !hasText(next) ? pair?.key : next;
    } else if (isSeq(node)) {
      next = node.items[Number(step)];
      start = next;
    }
    const found = (start as Node | undefined)?.range?.[0];
    if (found === undefined) return offset;
    offset = found;
    node = next;
  }
  return offset;
}

function findNode(document: Document, aliases: YamlAliases, path: ConfigPath): unknown {
  let node: unknown = document.contents;
  for (const step of path) {
    if (isAlias(node)) node = aliases.resolve(node);
    if (isMap(node)) node = findPair(node, String(step))?.value;
    else node = isSeq(node) ? node.items[Number(step)] : undefined;
  }
  return isAlias(node) ? aliases.resolve(node) : node;
}

function isQuoted(node: unknown): boolean {
  return isScalar(node) && (node.type === 'QUOTE_SINGLE' || node.type === 'QUOTE_DOUBLE');
}

function hasText(node: unknown): boolean {
  return !(isScalar(node) && node.value === null) && node !== null && node !== undefined;
}
