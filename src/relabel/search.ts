/**
 * Regular expressions that are looked for anywhere in a text, as Go's regexp does: RE2 syntax, not
 * anchored. Pure. Its time is linear in the text whatever the pattern.
 * Limits: 100,000 characters of a pattern.
 * Source: https://pkg.go.dev/regexp
 */
import type { RE2JS } from 're2js';
import { compileProgram } from './re2.ts';
import { compileTemplate, expandTemplate } from './template.ts';

export interface SearchRegex {
  readonly source: string;
  /** How many capturing groups it has, and the number of each named group. */
  readonly groups: number;
  readonly groupNumbers: ReadonlyMap<string, number>;
  readonly test: (text: string) => boolean;
  /** What was found first and its groups, '' for one that took no part; undefined if nothing. */
  readonly match: (text: string) => readonly string[] | undefined;
  /** Replaces all that it finds; `$1` and `${name}` in the replacement are groups. */
  readonly replaceAll: (text: string, replacement: string) => string;
}

const SOURCE_LENGTH_MAX = 100_000;

/**
 * Compiles a pattern.
 *
 * @throws Error with RE2's complaint when the pattern is not valid
 */
export function compileSearch(source: string): SearchRegex {
  if (source.length > SOURCE_LENGTH_MAX)
    throw new Error(`regex is longer than ${SOURCE_LENGTH_MAX} characters`);
  const program = compileProgram(source);
  const groups = program.groupCount();
  const groupNumbers = new Map(Object.entries(program.namedGroups()));
  const listGroups = (matcher: ReturnType<RE2JS['matcher']>): string[] =>
    Array.from({ length: groups + 1 }, (_, index) => matcher.group(index) ?? '');
  return {
    source,
    groups,
    groupNumbers,
    test: (text) => program.matcher(text).find(),
    match: (text) => {
      const matcher = program.matcher(text);
      return matcher.find() ? listGroups(matcher) : undefined;
    },
    replaceAll: (text, replacement) => {
      const template = compileTemplate(replacement, { groups, groupNumbers });
      const matcher = program.matcher(text);
      let replaced = '';
      let end = 0;
      while (matcher.find()) {
        // As in Go, nothing is replaced between the end of a match and an empty one right behind
        // it.
        const isEmptyBehind = matcher.end() === matcher.start() && matcher.end() === end && end > 0;
        if (isEmptyBehind) continue;
        replaced +=
          text.slice(end, matcher.start()) + expandTemplate(template, listGroups(matcher));
        end = matcher.end();
      }
      return replaced + text.slice(end);
    },
  };
}
