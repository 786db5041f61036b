/**
 * Regular expressions that are looked for anywhere in a text, as Go's regexp does: RE2 syntax, not
 * anchored. Pure. Its time is linear in the text whatever the pattern.
 * Source: https://pkg.go.dev/regexp
 */
import { RE2JS } from 're2js';

export interface SearchRegex {
  readonly source: string;
  /** How many capturing groups it has, and the number of each named group. */
  readonly groups: number;
  readonly groupNumbers: ReadonlyMap<string, number>;
  test(text: string): boolean;
  /** What was found first and its groups, '' for one that took no part; undefined if nothing. */
  match(text: string): readonly string[] | undefined;
}

/**
 * Compiles a pattern.
 *
 * @throws Error with RE2's complaint when the pattern is not valid
 */
export function compileSearch(source: string): SearchRegex {
  const program = compile(source);
  const groups = program.groupCount();
  return {
    source,
    groups,
    groupNumbers: new Map(Object.entries(program.namedGroups())),
    test: (text) => program.matcher(text).find(),
    match: (text) => {
      const matcher = program.matcher(text);
      if (!matcher.find()) return undefined;
      return Array.from({ length: groups + 1 }, (_, index) => matcher.group(index) ?? '');
    },
  };
}

function compile(source: string): RE2JS {
  try {
    return RE2JS.compile(source);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    throw new Error(
      `invalid regex ${JSON.stringify(source)}: ${text.replace(/^error parsing regexp: /, '')}`,
      { cause: error },
    );
  }
}
