/**
 * Matchers of selectors turned into predicates. Pure; finding the series by an index is the store's
 * work.
 * Source: https://prometheus.io/docs/prometheus/latest/querying/basics/#time-series-selectors
 */
import { labelValue, type LabelSet } from '../../model/labels.ts';
import { compileRegex } from '../../relabel/regex.ts';
import type { Matcher } from './queryable.ts';

/**
 * The predicate of one matcher on a label's value ('' where the label is absent).
 *
 * @throws Error with RE2's complaint when a regular expression is not valid
 */
export function compileMatcher({ op, value: wanted }: Matcher): (value: string) => boolean {
  if (op === '=') return (value) => value === wanted;
  if (op === '!=') return (value) => value !== wanted;
  const regex = compileRegex(wanted);
  return op === '=~' ? (value) => regex.test(value) : (value) => !regex.test(value);
}

/** The predicate of all matchers together on a label set. */
export function compileMatchers(matchers: readonly Matcher[]): (labels: LabelSet) => boolean {
  const tests = matchers.map((matcher) => ({ name: matcher.name, test: compileMatcher(matcher) }));
  return (labels) => {
    for (const { name, test } of tests) if (!test(labelValue(labels, name))) return false;
    return true;
  };
}
