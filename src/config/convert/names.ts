/**
 * Names of metrics as regular expressions of relabelling, which must match the whole name of a
 * series: those of a histogram or a summary have a suffix behind the name of the metric. Pure.
 */
import { escapeRegex } from '../../kernel/regex-text.ts';

/** Behind a metric's name in the names of its series. */
const SUFFIXES = '(?:_bucket|_sum|_count)?';

/**
 * Matches the series of the metrics with one of these names. Undefined for a pattern with an anchor
 * within it, where a suffix could not be let in.
 */
export function matchNames(
  names: readonly string[],
  match: 'strict' | 'regexp',
): string | undefined {
  const choices = names.flatMap((name) =>
    match === 'strict' ? [`${escapeRegex(name)}${SUFFIXES}`] : matchPattern(name),
  );
  return choices.includes(undefined) ? undefined : `(?:${choices.join('|')})`;
}

/** A pattern that is found anywhere in a name, as patterns that match the whole of it. */
function matchPattern(pattern: string): (string | undefined)[] {
  const hasGroups = /[([\\]/.test(pattern);
  if (!hasGroups && pattern.includes('|')) return pattern.split('|').flatMap(matchPattern);
  const [, start = '', middle = '', end = ''] = /^(\^?)(.*?)(\$?)$/s.exec(pattern) ?? [];
  if (/[\^$]/.test(middle.replaceAll('[^', '')) || middle.endsWith('\\')) return [undefined];
  const isOpen = withoutGroups(middle).includes('|');
  if (isOpen && (start !== '' || end !== '')) return [undefined];
  return [`${start === '' ? '.*' : ''}(?:${middle})${end === '' ? '.*' : SUFFIXES}`];
}

/** What of a pattern stands in no parentheses. */
function withoutGroups(pattern: string): string {
  const rest = pattern.replaceAll(/\((?:[^()\\]|\\.)*\)/gs, '');
  return rest === pattern ? rest : withoutGroups(rest);
}

/** A text in a replacement, where `$` is a reference. */
export function escapeReplacement(text: string): string {
  return text.replaceAll('$', '$$$$');
}

/** The same pattern with the suffix as its first group. */
export function withSuffixGroup(pattern: string): string {
  return pattern.replaceAll(SUFFIXES, SUFFIXES.replace('?:', ''));
}
