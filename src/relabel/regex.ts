/**
 * Regular expressions of Prometheus configuration: RE2 syntax, anchored on both sides, dot matches
 * newline (`^(?s:…)$`). Pure. Patterns that are provably cheap run as a lookup or on the runtime's
 * engine (regex-subset.ts); all others run on RE2, in time linear in the text whatever the pattern,
 * behind a bounded memo.
 * Source: https://github.com/google/re2/wiki/Syntax, prometheus/model/relabel/relabel.go
 */
import { compileProgram } from './re2.ts';
import { parseSubset } from './regex-subset.ts';

export interface AnchoredRegex {
  /** As written, without the anchors. */
  readonly source: string;
  /** Which engine runs it; for tests and diagnostics. */
  readonly engine: 'lookup' | 'native' | 're2';
  /** How many capturing groups it has, and the number of each named group. */
  readonly groups: number;
  readonly groupNumbers: ReadonlyMap<string, number>;
  test(text: string): boolean;
  /**
   * The whole text and its groups ('' for a group that took no part); undefined where the text does
   * not match. Do not modify the array: a later call may return it again.
   */
  match(text: string): readonly string[] | undefined;
}

const NO_NAMES: ReadonlyMap<string, number> = new Map();
const MEMO_ENTRIES_MAX = 2_048;
const MEMO_TEXT_LENGTH_MAX = 1_024;
const SOURCE_LENGTH_MAX = 1_000_000;

/**
 * Compiles a pattern.
 *
 * @throws Error with RE2's complaint when the pattern is not valid
 */
export function compileRegex(source: string): AnchoredRegex {
  if (source.length > SOURCE_LENGTH_MAX)
    throw new Error(`regex is longer than ${SOURCE_LENGTH_MAX} characters`);
  if (source === '(.*)' || source === '.*') return matchEverything(source);
  const subset = parseSubset(source);
  if (subset === undefined) return compileRe2(source);
  if (subset.literals !== undefined) return compileLookup(source, subset.literals);
  return compileNative(source, subset.source, subset.groups);
}

function matchEverything(source: string): AnchoredRegex {
  const captures = source.startsWith('(');
  return {
    source,
    engine: 'lookup',
    groups: captures ? 1 : 0,
    groupNumbers: NO_NAMES,
    test: () => true,
    match: (text) => (captures ? [text, text] : [text]),
  };
}

function compileLookup(source: string, literals: readonly string[]): AnchoredRegex {
  const known = new Set(literals);
  return {
    source,
    engine: 'lookup',
    groups: 0,
    groupNumbers: NO_NAMES,
    test: (text) => known.has(text),
    match: (text) => (known.has(text) ? [text] : undefined),
  };
}

function compileNative(source: string, pattern: string, groups: number): AnchoredRegex {
  const regex = new RegExp(pattern, 'su');
  return {
    source,
    engine: 'native',
    groups,
    groupNumbers: NO_NAMES,
    test: (text) => regex.test(text),
    match(text) {
      const found = regex.exec(text);
      return found === null ? undefined : Array.from(found, (group) => group ?? '');
    },
  };
}

/**
 * Compiles any pattern for RE2, also one of the subset: the reference that the other engines are
 * tested against.
 */
export function compileRe2(source: string): AnchoredRegex {
  const program = compileProgram(source, (inner) => `^(?s:${inner})$`);
  const groups = program.groupCount();
  const match = (text: string): readonly string[] | undefined => {
    const matcher = program.matcher(text);
    if (!matcher.matches()) return undefined;
    return Array.from({ length: groups + 1 }, (_, index) => matcher.group(index) ?? '');
  };
  return {
    source,
    engine: 're2',
    groups,
    groupNumbers: new Map(Object.entries(program.namedGroups())),
    test: remember((text) => program.testExact(text)),
    match: remember(match),
  };
}

/** Remembers the answers for short texts; when full, it forgets those not asked for lately. */
function remember<Answer>(ask: (text: string) => Answer): (text: string) => Answer {
  let recent = new Map<string, Answer>();
  let older = new Map<string, Answer>();
  return (text) => {
    if (recent.has(text)) return recent.get(text) as Answer;
    const answer = older.has(text) ? (older.get(text) as Answer) : ask(text);
    if (text.length > MEMO_TEXT_LENGTH_MAX) return answer;
    if (recent.size >= MEMO_ENTRIES_MAX / 2) {
      older = recent;
      recent = new Map();
    }
    recent.set(text, answer);
    return answer;
  };
}
