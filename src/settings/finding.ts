/**
 * Findings: the errors and warnings of a check of a configuration. They are values, so that `check
 * config` can print all of them and a start can fail with the first error.
 */
import type { FindingCode } from '../kernel/error-codes/catalogue.ts';

/** The steps from the top of a document to a value: keys, and indexes of lists. */
export type ConfigPath = readonly (string | number)[];

export interface Finding {
  readonly severity: 'error' | 'warning';
  readonly code: FindingCode;
  readonly file: string;
  /** Line and column count from 1; both are 0 where the file as a whole is meant. */
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** `file:line:column: message`, or `file: message`, without the code. */
export function describeFinding(finding: Finding): string {
  const { file, line, column, message } = finding;
  return line === 0 ? `${file}: ${message}` : `${file}:${line}:${column}: ${message}`;
}

/** `file:line:column: message [CODE]`. */
export function formatFinding(finding: Finding): string {
  return `${describeFinding(finding)} [${finding.code}]`;
}

/** Takes the findings of checks. They give a path, of which it makes line and column. */
export interface Reporter {
  error(path: ConfigPath, code: FindingCode, message: string): void;
  /**
   * @param at  whose position is told; the value's by default, which for a block is the line below
   *            its key
   */
  warn(path: ConfigPath, message: string, at?: 'key' | 'value'): void;
  /**
   * Reports a known setting that is not supported: an error, or a warning where the user accepts a
   * partial result (`--allow-partial`).
   */
  lacks(path: ConfigPath, message: string): void;
  /** Where a key is written, as `file:line:column`: for what only a start can find out. */
  positionOf(path: ConfigPath): string;
}

/** What the check and resolution of some settings needs to know of their surroundings. */
export interface CheckContext {
  /** The path of the settings in their document. */
  readonly path: ConfigPath;
  /** The folder that relative paths start from: that of the document. */
  readonly baseDirectory: string;
  readonly report: Reporter;
}

/** Drops all findings: for settings that are resolved again after a check has reported them. */
export const silentReporter: Reporter = {
  error: () => undefined,
  warn: () => undefined,
  lacks: () => undefined,
  positionOf: () => '',
};

/** Reports the second of keys that exclude each other. @param owner  what has them, at `path` */
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
 * A reporter for a part that does not know where in the document it is.
 *
 * @param move  turns the part's paths into the document's
 */
export function relocated(report: Reporter, move: (path: ConfigPath) => ConfigPath): Reporter {
  return {
    error: (path, code, message) => report.error(move(path), code, message),
    warn: (path, message, at) => report.warn(move(path), message, at),
    lacks: (path, message) => report.lacks(move(path), message),
    positionOf: (path) => report.positionOf(move(path)),
  };
}
