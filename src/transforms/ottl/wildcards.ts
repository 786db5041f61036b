/**
 * The wildcards of replace_match, as a regular expression. Pure.
 * Source: https://github.com/gobwas/glob
 */
import { RE2JS } from 're2js';
import { compileSearch, type SearchRegex } from '../../relabel/search.ts';

/**
 * Compiles wildcards for a whole text: `*` and `**` are any characters, `?` is one, `[abc]`,
 * `[a-z]` and `[!abc]` are one of some, `{a,b}` is one of several, and a backslash takes away a
 * meaning.
 *
 * @throws Error when a bracket is not closed
 */
export function compileWildcards(source: string): SearchRegex {
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
  return compileSearch(`^(?s:${pattern})$`);
}
