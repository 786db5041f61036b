/**
 * Patterns that are looked for in a text: regular expressions as Go's regexp has them (RE2, found
 * anywhere, unlike those of relabelling), and the wildcards of replace_match. Pure. The time is
 * linear in the text, whatever the pattern.
 * Source: https://pkg.go.dev/regexp, https://github.com/gobwas/glob
 */
import { RE2JS } from 're2js';
import { compileTemplate, expandTemplate } from '../../relabel/template.ts';

export interface Pattern {
  /** The number of each named group. */
  readonly groupNumbers: ReadonlyMap<string, number>;
  /** Whether it is found anywhere in the text. */
  readonly test: (text: string) => boolean;
  /** The first match with its groups, '' for one that took no part. */
  readonly find: (text: string) => readonly string[] | undefined;
  /** Replaces all that it finds; `$1` and `${name}` in the replacement are groups. */
  readonly replaceAll: (text: string, replacement: string) => string;
}

const SOURCE_LENGTH_MAX = 100_000;

/** @throws Error with RE2's complaint when the pattern is not valid */
export function compilePattern(source: string): Pattern {
  if (source.length > SOURCE_LENGTH_MAX)
    throw new Error(`regex is longer than ${SOURCE_LENGTH_MAX} characters`);
  const program = compileProgram(source);
  const groups = program.groupCount();
  const groupNumbers = new Map(Object.entries(program.namedGroups()));
  const groupsOf = (matcher: ReturnType<RE2JS['matcher']>): string[] =>
    Array.from({ length: groups + 1 }, (_, index) => matcher.group(index) ?? '');
  return {
    groupNumbers,
    test: (text) => program.matcher(text).find(),
    find: (text) => {
      const matcher = program.matcher(text);
      return matcher.find() ? groupsOf(matcher) : undefined;
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
        replaced += text.slice(end, matcher.start()) + expandTemplate(template, groupsOf(matcher));
        end = matcher.end();
      }
      return replaced + text.slice(end);
    },
  };
}

function compileProgram(source: string): RE2JS {
  try {
    return RE2JS.compile(source);
  } catch (error) {
    const complaint = (error as Error).message.replace(/^error parsing regexp: /, '');
    throw new Error(`invalid regex ${JSON.stringify(source)}: ${complaint}`, { cause: error });
  }
}

/**
 * Compiles wildcards for a whole text: `*` and `**` are any characters, `?` is one, `[abc]`,
 * `[a-z]` and `[!abc]` are one of some, `{a,b}` is one of several, and a backslash takes away a
 * meaning.
 *
 * @throws Error when a bracket is not closed
 */
export function compileWildcards(source: string): Pattern {
  let pattern = '';
  const open: string[] = [];
  for (let at = 0; at < source.length; at++) {
    const character = source[at] as string;
    if (character === '\\') pattern += RE2JS.quote(source[++at] ?? '\\');
    else if (character === '*') pattern += '.*';
    else if (character === '?') pattern += '.';
    else if (character === '[') {
      const [all, negation, range] = /^\[(!?)([^\]]+)\]/.exec(source.slice(at)) ?? [];
      if (all === undefined)
        throw new Error(`wildcards ${JSON.stringify(source)}: "[" is not closed`);
      const isRange = /^.-.$/su.test(range ?? '');
      const set = (range ?? '').replaceAll(/[\\^[\]-]/g, (one) =>
        one === '-' && isRange ? one : `\\${one}`,
      );
      pattern += `[${negation === '' ? '' : '^'}${set}]`;
      at += all.length - 1;
    } else if (character === '{') {
      open.push('{');
      pattern += '(?:';
    } else if (character === ',' && open.length > 0) pattern += '|';
    else if (character === '}' && open.length > 0) {
      open.pop();
      pattern += ')';
    } else pattern += RE2JS.quote(character);
  }
  if (open.length > 0) throw new Error(`wildcards ${JSON.stringify(source)}: "{" is not closed`);
  return compilePattern(`^(?s:${pattern})$`);
}
