/**
 * Filter patterns of CloudWatch Logs: terms, and properties of JSON.
 *
 *     ERROR -"no such"  ?a ?b       all terms, none of those with `-`, one of those with `?`
 *     { $.a.b[0] = "x*" && ($.n >= 5 || $.c NOT EXISTS) }
 *
 * Not here, and refused by name: regular expressions (`%…%`) and columns (`[…]`). Pure.
 * Limits: 1,024 characters, as AWS has it.
 * Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
 */
import { notImplemented } from '../members.ts';
import { readJsonPattern } from './json-pattern.ts';
import { refuseParameter } from './requests.ts';

/** Whether a message fits. */
export type Match = (message: string) => boolean;

const PATTERN_MAX = 1_024;
/** `-` or `?`, then a quoted text or a word. */
const TERM = /\s*([-?]?)(?:"((?:[^"\\]|\\.)*)"|([^\s"]+))/gy;

/** @throws AwsError InvalidParameterException, or NotImplemented for what is not here */
export function parsePattern(text: string): Match {
  if (text.length > PATTERN_MAX)
    throw refuseParameter(
      `1 validation error detected: Value at 'filterPattern' failed to satisfy constraint: ` +
        `Member must have length less than or equal to ${PATTERN_MAX}`,
    );
  const pattern = text.trim();
  if (pattern === '') return () => true;
  if (pattern.startsWith('['))
    throw notImplemented('filterPattern: columns in […] are not supported here');
  if (pattern.startsWith('{')) return readJsonPattern(pattern);
  return parseTerms(pattern);
}

function parseTerms(pattern: string): Match {
  const all: string[] = [];
  const none: string[] = [];
  const any: string[] = [];
  const term = new RegExp(TERM);
  while (term.lastIndex < pattern.length) {
    const found = term.exec(pattern);
    if (found === null) throw refuseParameter('Invalid filter pattern: a quote is not closed');
    const [, sign, quoted, word = ''] = found;
    if (quoted === undefined && /^%.*%$/.test(word))
      throw notImplemented('filterPattern: regular expressions in %…% are not supported here');
    const one = quoted?.replaceAll(/\\(.)/g, '$1') ?? word;
    (sign === '-' ? none : sign === '?' ? any : all).push(one);
  }
  return (message) =>
    all.every((one) => message.includes(one)) &&
    !none.some((one) => message.includes(one)) &&
    (any.length === 0 || any.some((one) => message.includes(one)));
}
