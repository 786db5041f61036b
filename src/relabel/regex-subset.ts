/**
 * The part of RE2's syntax that may run on the runtime's backtracking engine: parsed, proved to
 * need only time linear in the text, and written as ECMAScript. For every other pattern
 * `parseSubset` returns undefined, and the caller takes RE2. Pure.
 *
 * The proof. A pattern is a sequence of steps over sets of characters, with groups, alternations
 * and optional parts. Its choices (alternatives, optional parts) multiply to at most CHOICES_MAX
 * paths. On each path every unbounded repeat is deterministic: what may follow it shares no
 * character with it, so that backtracking into it fails at once. One repeat may be ambiguous if
 * every repeat after it is guarded: preceded by a character that it can't contain, so that the runs
 * that start at the different ends of the ambiguous repeat never overlap. Patterns with repeated
 * groups are outside the subset.
 *
 * Source: https://github.com/google/re2/wiki/Syntax
 */
import {
  ANY,
  type CharSet,
  complement,
  DIGITS,
  areDisjoint,
  formatEcmaSet,
  NONE,
  SPACE,
  union,
  WORD,
} from './char-set.ts';

/** A pattern in the subset. */
export interface SubsetPattern {
  /** For `new RegExp(source, 'su')`; anchored on both sides. Empty where `literals` is set. */
  readonly source: string;
  /** How many capturing groups it has; none is named. */
  readonly groups: number;
  /**
   * The only texts it matches, when the whole pattern is an alternation of literals without a
   * group.
   */
  readonly literals: readonly string[] | undefined;
}

type Node =
  | { readonly kind: 'chars'; readonly set: CharSet; readonly min: number; readonly max: number }
  | {
      readonly kind: 'group';
      readonly capturing: boolean;
      readonly optional: boolean;
      readonly branches: Branches;
    };
type Sequence = readonly Node[];
type Branches = readonly Sequence[];

const CHOICES_MAX = 64;
const REPEAT_MAX = 32;
const PATTERN_LENGTH_MAX = 1_000;
/** An alternation of literals may be much longer, since it runs as a lookup in a set. */
const LITERALS_LENGTH_MAX = 100_000;

/** Reads a pattern; undefined when it is outside the subset, unsafe or not valid. */
export function parseSubset(pattern: string): SubsetPattern | undefined {
  const literals = extractLiterals(pattern);
  if (literals !== undefined) return { source: '', groups: 0, literals };
  if (pattern.length > PATTERN_LENGTH_MAX) return undefined;
  const parser: Parser = { points: Array.from(pattern), at: 0, groups: 0 };
  const branches = parseBranches(parser, 0);
  if (branches === undefined || parser.at !== parser.points.length) return undefined;
  if (!isSafe(branches)) return undefined;
  return { source: `^(?:${write(branches)})$`, groups: parser.groups, literals: undefined };
}

/** `a|b\.c` → ['a', 'b.c']; undefined when any part of it is not a literal. */
function extractLiterals(pattern: string): readonly string[] | undefined {
  if (pattern.length > LITERALS_LENGTH_MAX) return undefined;
  const body = /^\(\?:([^()]*)\)$/.exec(pattern)?.[1] ?? pattern;
  if (/[.*+?()[\]{}^$]/.test(body.replaceAll(/\\[^A-Za-z0-9]/g, ''))) return undefined;
  const out = [''];
  for (let i = 0; i < body.length; i++) {
    const char = body.charAt(i);
    if (char === '|') {
      out.push('');
      continue;
    }
    if (char !== '\\') {
      out[out.length - 1] += char;
      continue;
    }
    const escaped = body.charAt(++i);
    if (!isEscapable(escaped)) return undefined;
    out[out.length - 1] += escaped;
  }
  return out;
}

/**
 * A backslash before ASCII punctuation is that character; before other characters it has another
 * meaning or is an error.
 */
function isEscapable(char: string): boolean {
  return /^[!-/:-@[-`{-~]$/.test(char);
}

interface Parser {
  readonly points: readonly string[];
  at: number;
  groups: number;
}

function parseBranches(parser: Parser, depth: number): Branches | undefined {
  const branches: Node[][] = [[]];
  while (parser.at < parser.points.length && parser.points[parser.at] !== ')') {
    if (parser.points[parser.at] === '|') {
      parser.at += 1;
      branches.push([]);
      continue;
    }
    const node = parser.points[parser.at] === '(' ? parseGroup(parser, depth) : parseChars(parser);
    if (node === undefined) return undefined;
    branches.at(-1)?.push(node);
  }
  return branches;
}

function parseGroup(parser: Parser, depth: number): Node | undefined {
  if (depth >= 8) return undefined;
  parser.at += 1;
  const capturing = parser.points[parser.at] !== '?';
  if (!capturing) {
    if (parser.points[parser.at + 1] !== ':') return undefined;
    parser.at += 2;
  } else {
    parser.groups += 1;
  }
  const branches = parseBranches(parser, depth + 1);
  if (branches === undefined || parser.points[parser.at] !== ')') return undefined;
  parser.at += 1;
  const repeat = parseRepeat(parser);
  if (repeat === undefined || repeat.max !== 1) return undefined;
  return { kind: 'group', capturing, optional: repeat.min === 0, branches };
}

function parseChars(parser: Parser): Node | undefined {
  const set = parseSet(parser);
  if (set === undefined) return undefined;
  const repeat = parseRepeat(parser);
  return repeat === undefined ? undefined : { kind: 'chars', set, ...repeat };
}

function parseSet(parser: Parser): CharSet | undefined {
  const char = parser.points[parser.at++] ?? '';
  if (char === '.') return ANY;
  if (char === '\\') return parseEscape(parser);
  if (char === '[') return parseClass(parser);
  return '*+?{}^$]'.includes(char) ? undefined : makeSingle(char);
}

function parseEscape(parser: Parser): CharSet | undefined {
  const char = parser.points[parser.at++] ?? '';
  switch (char) {
    case 'd':
      return DIGITS;
    case 'D':
      return complement(DIGITS);
    case 'w':
      return WORD;
    case 'W':
      return complement(WORD);
    case 's':
      return SPACE;
    case 'S':
      return complement(SPACE);
    case 'n':
      return makeSingle('\n');
    case 't':
      return makeSingle('\t');
    default:
      return isEscapable(char) ? makeSingle(char) : undefined;
  }
}

/** `[a-z_]`, `[^:]`. Named classes such as `[:alpha:]` are outside the subset. */
function parseClass(parser: Parser): CharSet | undefined {
  const negated = parser.points[parser.at] === '^';
  if (negated) parser.at += 1;
  let set: CharSet = NONE;
  let first = true;
  while (parser.points[parser.at] !== ']' || first) {
    const part = parseClassPart(parser);
    if (part === undefined) return undefined;
    set = union(set, part);
    first = false;
  }
  parser.at += 1;
  return negated ? complement(set) : set;
}

function parseClassPart(parser: Parser): CharSet | undefined {
  const low = parseClassChar(parser);
  if (low === undefined) return undefined;
  const isRange =
    parser.points[parser.at] === '-' &&
    parser.points[parser.at + 1] !== ']' &&
    parser.points[parser.at + 1] !== undefined;
  if (!isRange) return low;
  parser.at += 1;
  const high = parseClassChar(parser);
  const from = findOnlyPoint(low);
  const to = high === undefined ? undefined : findOnlyPoint(high);
  if (from === undefined || to === undefined || from > to) return undefined;
  return [[from, to]];
}

function parseClassChar(parser: Parser): CharSet | undefined {
  const char = parser.points[parser.at++];
  // "[" may begin a class like [:alpha:], and a leading "]" is a literal for RE2: both are left to
  // RE2.
  if (char === undefined || char === '[' || char === ']') return undefined;
  return char === '\\' ? parseEscape(parser) : makeSingle(char);
}

function parseRepeat(parser: Parser): { min: number; max: number } | undefined {
  const rest = parser.points.slice(parser.at, parser.at + 8).join('');
  const match = /^(?:[*+?]|\{(\d{1,2})(,?)(\d{0,2})\})/.exec(rest);
  if (match === null) return rest.startsWith('{') ? undefined : { min: 1, max: 1 };
  parser.at += match[0].length;
  // A second quantifier would make the first lazy or possessive, or is an error.
  if ('*+?{'.includes(parser.points[parser.at] ?? ' ')) return undefined;
  if (match[0] === '*') return { min: 0, max: Infinity };
  if (match[0] === '+') return { min: 1, max: Infinity };
  if (match[0] === '?') return { min: 0, max: 1 };
  const min = Number(match[1]);
  const max = match[2] === '' ? min : match[3] === '' ? Infinity : Number(match[3]);
  if (match[2] === '' && match[3] !== '') return undefined;
  const bounded = min <= REPEAT_MAX && (max === Infinity || max <= REPEAT_MAX);
  return bounded && min <= max ? { min, max } : undefined;
}

function makeSingle(char: string): CharSet {
  const point = char.codePointAt(0) ?? 0;
  return [[point, point]];
}

function findOnlyPoint(set: CharSet): number | undefined {
  const [range] = set;
  return set.length === 1 && range !== undefined && range[0] === range[1] ? range[0] : undefined;
}

interface Cost {
  choices: number;
  /** Unbounded repeats behind the current position that are not guarded. */
  unguarded: number;
  ambiguous: number;
  safe: boolean;
}

/** What surrounds a part of the pattern. */
interface Surroundings {
  /** What the character just before the part may be; undefined when unknown. */
  readonly before: CharSet | undefined;
  /** What the character just after the part may be. */
  readonly after: CharSet;
}

function isSafe(branches: Branches): boolean {
  const cost: Cost = { choices: 1, unguarded: 0, ambiguous: 0, safe: true };
  visitBranches(branches, { before: undefined, after: NONE }, cost);
  return cost.safe && cost.choices <= CHOICES_MAX && cost.ambiguous <= 1;
}

/**
 * Adds the cost of alternatives, each from its end to its start. Returns the characters that they,
 * or what follows them where they may be empty, can begin with.
 */
function visitBranches(branches: Branches, around: Surroundings, cost: Cost): CharSet {
  cost.choices *= branches.length;
  let first: CharSet = NONE;
  for (const branch of branches) {
    let { after } = around;
    for (let i = branch.length - 1; i >= 0; i--) {
      const node = branch[i];
      const before = i === 0 ? around.before : findLast(branch[i - 1]);
      if (node !== undefined) after = visitNode(node, { before, after }, cost);
    }
    first = union(first, after);
  }
  return first;
}

function visitNode(node: Node, around: Surroundings, cost: Cost): CharSet {
  if (node.kind === 'group') {
    if (node.optional) cost.choices *= 2;
    const first = visitBranches(node.branches, around, cost);
    return node.optional ? union(first, around.after) : first;
  }
  if (node.max !== Infinity) cost.choices *= node.max - node.min + 1;
  else if (!areDisjoint(node.set, around.after)) {
    cost.ambiguous += 1;
    if (cost.unguarded > 0) cost.safe = false;
  } else if (around.before === undefined || !areDisjoint(node.set, around.before)) {
    cost.unguarded += 1;
  }
  return node.min === 0 ? union(node.set, around.after) : node.set;
}

function findLast(node: Node | undefined): CharSet | undefined {
  return node?.kind === 'chars' && node.min > 0 && node.max !== Infinity ? node.set : undefined;
}

function write(branches: Branches): string {
  return branches.map((branch) => branch.map(writeNode).join('')).join('|');
}

function writeNode(node: Node): string {
  if (node.kind === 'group') {
    const open = node.capturing ? '(' : '(?:';
    return `${open}${write(node.branches)})${node.optional ? '?' : ''}`;
  }
  const { min, max } = node;
  const step = formatEcmaSet(node.set);
  if (min === 1 && max === 1) return step;
  return `${step}{${min},${max === Infinity ? '' : max}}`;
}
