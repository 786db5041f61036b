/**
 * Compiles the matchers of selectors to predicates. Pure. Selecting series with an index is
 * storage/index.ts.
 * Source: https://prometheus.io/docs/prometheus/latest/querying/basics/#time-series-selectors
 */
import { labelValue, type LabelSet } from '../../model/labels.ts';
import { compileRegex } from '../../relabel/regex.ts';
import type { Matcher } from './queryable.ts';

/**
 * Compiles one matcher to a predicate of a label's value ('' where the label is absent).
 *
 * @throws Error with RE2's message for a regular expression that is not valid
 */
export function compileMatcher({ op, value: wanted }: Matcher): (value: string) => boolean {
  if (op === '=') return (value) => value === wanted;
  if (op === '!=') return (value) => value !== wanted;
  const regex = compileRegex(wanted);
  return op === '=~' ? (value) => regex.test(value) : (value) => !regex.test(value);
}

/** Compiles matchers to one predicate of a label set: true where all of them match. */
export function compileMatchers(matchers: readonly Matcher[]): (labels: LabelSet) => boolean {
  const tests = matchers.map((matcher) => ({ name: matcher.name, test: compileMatcher(matcher) }));
  return (labels) => {
    for (const { name, test } of tests) if (!test(labelValue(labels, name))) return false;
    return true;
  };
}
