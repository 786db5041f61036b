/**
 * The constraints on plain members of calls: names, words of a list, numbers; what breaks one is
 * refused in the words of AWS's models. Pure.
 */
import { AwsError, type AwsInput } from '../service.ts';

export const STACK_STATES = [
  ...['CREATE', 'ROLLBACK', 'DELETE', 'UPDATE', 'UPDATE_ROLLBACK', 'IMPORT', 'IMPORT_ROLLBACK']
    .map((verb) => ['IN_PROGRESS', 'FAILED', 'COMPLETE'].map((state) => `${verb}_${state}`))
    .flat(),
  'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS',
  'UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS',
  'REVIEW_IN_PROGRESS',
];
export const DRIFT_STATES = ['DELETED', 'IN_SYNC', 'MODIFIED', 'NOT_CHECKED', 'UNKNOWN'];
export const CAPABILITIES = ['CAPABILITY_IAM', 'CAPABILITY_NAMED_IAM', 'CAPABILITY_AUTO_EXPAND'];
const NAME = /^[A-Za-z][A-Za-z0-9-]{0,127}$/;
const TOKEN = /^[A-Za-z0-9][A-Za-z0-9-]{0,127}$/;

/** @throws AwsError ValidationError */
export function judgeName(name: string, key: string): string {
  if (NAME.test(name)) return name;
  throw breach(
    name,
    key,
    'Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]* and have length less ' +
      'than or equal to 128',
  );
}

/** @throws AwsError ValidationError */
export function judgeToken(token: string, key: string): string {
  if (TOKEN.test(token)) return token;
  throw breach(
    token,
    key,
    'Member must satisfy regular expression pattern: [a-zA-Z0-9][-a-zA-Z0-9]* and have length ' +
      'less than or equal to 128',
  );
}

/** @throws AwsError ValidationError for a word that is none of those known */
export function judgeWords(
  words: readonly string[],
  key: string,
  known: readonly string[],
): readonly string[] {
  const wrong = words.find((word) => !known.includes(word));
  if (wrong === undefined) return words;
  throw breach(wrong, key, `Member must satisfy enum value set: [${known.join(', ')}]`);
}

/** A whole number of at least 1; undefined where there is none. @throws AwsError */
export function readCountMember(input: AwsInput, key: string, most = Infinity): number | undefined {
  const value = input[key];
  if (value === undefined || value === null || value === '') return undefined;
  const count = Number(value);
  if (!Number.isInteger(count) || count < 1)
    throw breach(String(value), key, 'Member must have value greater than or equal to 1');
  if (count > most)
    throw breach(String(value), key, `Member must have value less than or equal to ${most}`);
  return count;
}

function breach(value: string, key: string, constraint: string): AwsError {
  return new AwsError(
    'ValidationError',
    `1 validation error detected: Value '${value.slice(0, 130)}' at ` +
      `'${key.charAt(0).toLowerCase()}${key.slice(1)}' failed to satisfy constraint: ${constraint}`,
  );
}
