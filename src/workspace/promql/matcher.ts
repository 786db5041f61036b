/**
 * Label matchers as predicates. Regular expressions are RE2's, anchored on both sides.
 */
import { compileRegex } from '../../relabel/regex.ts';
import type { Matcher } from './queryable.ts';

/** Whether a label's value ('' where absent) satisfies the matcher. Throws Error for an invalid pattern. */
export function compileMatcher({ op, value }: Matcher): (text: string) => boolean {
  if (op === '=') return (text) => text === value;
  if (op === '!=') return (text) => text !== value;
  const regex = compileRegex(value);
  return op === '=~' ? (text) => regex.test(text) : (text) => !regex.test(text);
}
