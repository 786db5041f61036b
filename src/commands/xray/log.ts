/**
 * The log of `amperage xray`: in the daemon's form on the standard output, or in the file of
 * --log-file. `--log.format` asks for a form of our own, on the standard error output as for all
 * commands or in that file; `--log.level` is before the daemon's level.
 */
import { createLogger, type Logger, type LogFields, type LogLevel } from '../../kernel/logger.ts';
import { boundedLines } from '../../kernel/output-lines.ts';
import type { LogOptions } from '../runner.ts';
import { openLogFile } from '../../kernel/log-file.ts';
import { ANSWERED, FAILED, formatDaemonLine } from './log-lines.ts';
import type { DaemonLogSettings } from './settings.ts';

/** @param own  our own flags, as far as they were given */
export function createDaemonLog(settings: DaemonLogSettings, own: Partial<LogOptions>): Logger {
  const { file, rotates } = settings;
  const format = own['log.format'];
  const output = boundedLines(format === undefined ? process.stdout : process.stderr);
  const instead = boundedLines(process.stderr);
  const level: LogLevel = own['log.level'] ?? settings.level;
  const log = createLogger({
    level,
    format: format ?? formatDaemonLine,
    write: file === undefined ? output : openLogFile({ path: file, rotates, instead }),
  });
  return format === undefined ? useDaemonLevels(log) : log;
}

/**
 * The daemon tells of each answered request as Info, and holds none back; of each failed one as
 * Error.
 */
export function useDaemonLevels(log: Logger): Logger {
  return {
    ...log,
    debug: (event: string, fields?: LogFields): void => {
      if (event === ANSWERED) log.unlimited().info(event, fields);
      else log.debug(event, fields);
    },
    warn: (event: string, fields?: LogFields): void =>
      log[event === FAILED ? 'error' : 'warn'](event, fields),
    with: (fields) => useDaemonLevels(log.with(fields)),
    unlimited: () => useDaemonLevels(log.unlimited()),
  };
}
