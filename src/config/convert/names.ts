/**
 * Names of metrics as regular expressions of relabelling, which must match the whole name of a
 * series: those of a histogram or a summary have a suffix behind the name of the metric. Pure.
 */

/** Behind a metric's name in the names of its series. */
const SUFFIXES = '(?:_bucket|_sum|_count)?';

/** Matches the series of the metrics with one of these names. */
export function matchNames(names: readonly string[], match: 'strict' | 'regexp'): string {
  const choices = names.map((name) => (match === 'strict' ? escapeRegex(name) : `.*(?:${name}).*`));
  return choices.length === 1 && match === 'regexp'
    ? (choices[0] ?? '')
    : `(?:${choices.join('|')})${match === 'strict' ? SUFFIXES : ''}`;
}

/** A text in a replacement, where `$` is a reference. */
export function escapeReplacement(text: string): string {
  return text.replaceAll('$', '$$$$');
}

function escapeRegex(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
