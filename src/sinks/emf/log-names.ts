/**
 * Names of log groups and streams: which characters CloudWatch Logs takes, and how long they are.
 * Pure.
 * Source:
 * https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html and
 * API_CreateLogStream.html
 */

export const LOG_NAME_LENGTH_MAX = 512;

const notInGroups = /[^.\-_/#A-Za-z0-9]/g;
const notInStreams = /[:*]/g;

export type LogName = 'group' | 'stream';

/** Puts `_` for each character that the name may not have, and shortens it. */
export function cleanLogName(name: string, kind: LogName): string {
  const clean = name.replaceAll(kind === 'group' ? notInGroups : notInStreams, '_');
  // Half of a surrogate pair at the cut is no character, and would be refused.
  return clean.slice(0, LOG_NAME_LENGTH_MAX).replace(/[\uD800-\uDBFF]$/, '');
}

const placeholder = /\{([^{}]+)\}/g;

/** The characters of a template that its name may not have, placeholders aside. */
export function findFaultyCharacters(template: string, kind: LogName): readonly string[] {
  const literal = template.replaceAll(placeholder, '');
  return [...new Set(literal.match(kind === 'group' ? notInGroups : notInStreams) ?? [])];
}

/** Whether a brace belongs to no placeholder, as in `{TaskId`. */
export function hasLooseBrace(template: string): boolean {
  return /[{}]/.test(template.replaceAll(placeholder, ''));
}

/** A text and the names of its placeholders, in turn; the first is a text. */
export function splitTemplate(template: string): readonly string[] {
  return template.split(placeholder);
}
