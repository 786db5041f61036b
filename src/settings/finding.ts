/**
 * What a check of a configuration has found: a value, so that `check config` can print all of it and a start can
 * refuse on the first error.
 */
export type FindingCode =
  | 'CONFIG_YAML'
  | 'CONFIG_EN_DASH'
  | 'CONFIG_DUPLICATE'
  | 'CONFIG_UNKNOWN_KEY'
  | 'CONFIG_TYPE'
  | 'CONFIG_VALUE'
  | 'CONFIG_UNSUPPORTED'
  | 'CONFIG_FILE'
  | 'CONFIG_NOTE';

/** Steps from the top of the document: keys and places in lists. */
export type ConfigPath = readonly (string | number)[];

export interface Finding {
  readonly severity: 'error' | 'warning';
  readonly code: FindingCode;
  readonly file: string;
  /** Both from 1. */
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** `file:line:column: message`, without the code. */
export function describeFinding(finding: Finding): string {
  const { file, line, column, message } = finding;
  return `${file}:${line}:${column}: ${message}`;
}

/** The whole line: place, message, code. */
export function formatFinding(finding: Finding): string {
  return `${describeFinding(finding)} [${finding.code}]`;
}

/** Where checks leave what they find; places are given as paths and become line and column. */
export interface Reporter {
  error(path: ConfigPath, code: FindingCode, message: string): void;
  warn(path: ConfigPath, message: string): void;
}
