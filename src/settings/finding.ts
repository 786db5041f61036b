/**
 * What a check of a configuration has found: a value, so that `check config` can print all of it
 * and a start can refuse on the first error.
 */
import type { FindingCode } from '../kernel/error-codes/catalogue.ts';

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
  /** @param at  the value's place unless told otherwise: of a block it is the line below its key */
  warn(path: ConfigPath, message: string, at?: 'key' | 'value'): void;
  /**
   * Something known that can't be done here: an error, or a warning where a part of the whole is
   * asked for.
   */
  lacks(path: ConfigPath, message: string): void;
}

/** Where settings are checked and resolved. */
export interface CheckContext {
  /** Of the settings in their document. */
  readonly path: ConfigPath;
  /** Where relative paths start: the folder of the document. */
  readonly baseDirectory: string;
  readonly report: Reporter;
}

/**
 * Hears nothing: for settings that are resolved again after a check has reported what is wrong with
 * them.
 */
export const silentReporter: Reporter = {
  error: () => undefined,
  warn: () => undefined,
  lacks: () => undefined,
};

/** Refuses all but the first of keys that exclude each other. @param owner  holds them at `path` */
export function checkOnlyOne(
  owner: object | undefined,
  keys: readonly string[],
  { path, report }: Pick<CheckContext, 'path' | 'report'>,
): void {
  const given = keys.filter((key) => key in (owner ?? {}));
  if (given.length < 2) return;
  const names = given.map((key) => `"${key}"`).join(' and ');
  report.error([...path, given[1] ?? ''], 'CONFIG_VALUE', `only one of ${names} may be set`);
}

/**
 * The reporter of a part that does not know where in the document it lies.
 *
 * @param move  turns its paths into the document's
 */
export function relocated(report: Reporter, move: (path: ConfigPath) => ConfigPath): Reporter {
  return {
    error: (path, code, message) => report.error(move(path), code, message),
    warn: (path, message, at) => report.warn(move(path), message, at),
    lacks: (path, message) => report.lacks(move(path), message),
  };
}
