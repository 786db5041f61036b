/**
 * Logging: one line for each event, with fixed keys. Pretty on a terminal, logfmt or JSON
 * elsewhere. Repeats are held back (log-repeats.ts), and the next line says how many. Secrets never
 * reach a logger: callers pass redacted values. Answers of AWS may hold a session token, which is
 * hidden here.
 */
import { type Clock, systemClock } from './clock.ts';
import { escapeControls, hasControls } from './control-characters.ts';
import { describeError } from './errors.ts';
import { LogRepeats } from './log-repeats.ts';
import { hideSessionTokens } from './session-tokens.ts';
import { boundedLines } from './output-lines.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type LogFormat = 'pretty' | 'logfmt' | 'json';
export type LogFields = Readonly<Record<string, unknown>>;
/** Writes an event as one line without its newline, in a form of the caller's own. */
export type FormatLine = (
  nowMs: number,
  level: LogLevel,
  event: string,
  fields: LogFields,
) => string;

export interface Logger {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
  /** A logger that adds these fields to each line. */
  with(fields: LogFields): Logger;
  /**
   * The same, whose repeats are not held back: for lines that the user asked for, each, and for
   * sums that come once a minute (minute-sums.ts).
   */
  unlimited(): Logger;
}

export interface LoggerOptions {
  readonly level?: LogLevel;
  readonly format?: LogFormat | FormatLine;
  readonly write?: (line: string) => void;
  readonly clock?: Clock;
  /** At most this many lines of one event per `repeatWindowMs`. */
  readonly repeatMax?: number;
  readonly repeatWindowMs?: number;
  /** Added to each line, before its own. */
  readonly fields?: LogFields | undefined;
}

const ORDER: Record<LogLevel, number> = { debug: 0, info: 1, warn: 2, error: 3 };

const writeToStderr = boundedLines(process.stderr);

export function createLogger(options: LoggerOptions = {}): Logger {
  return createAdjustableLogger(options).log;
}

/** A logger whose options can change while it is used, those of `with` included. */
export interface AdjustableLogger {
  readonly log: Logger;
  /** Sets all options anew: what is absent is the default again. */
  readonly adjust: (options: LoggerOptions) => void;
}

export function createAdjustableLogger(first: LoggerOptions = {}): AdjustableLogger {
  let settings = fillIn(first);
  const repeats = new LogRepeats();

  type Emit = (lineLevel: LogLevel, event: string, fields: LogFields) => void;
  const emitAll: Emit = (lineLevel, event, fields) => {
    const { level, format, write, clock, common } = settings;
    if (ORDER[lineLevel] < ORDER[level]) return;
    const own = common === undefined ? fields : { ...common, ...fields };
    write(hideSessionTokens(formatLine(format, clock.nowMs(), lineLevel, event, own)));
  };
  const emitLimited: Emit = (lineLevel, event, fields) => {
    const { level, format, write, clock, repeatMax, repeatWindowMs, common } = settings;
    if (ORDER[lineLevel] < ORDER[level]) return;
    const name = `${lineLevel} ${event}`;
    const line = ORDER[lineLevel] < ORDER.warn ? undefined : `${name} ${withoutNumbers(fields)}`;
    const limits = { max: repeatMax, windowMs: repeatWindowMs };
    const repeat = repeats.admit(name, line, clock.elapsedMs(), limits);
    if (repeat === undefined) return;
    const own = common === undefined ? fields : { ...common, ...fields };
    const all = repeat > 0 ? { ...own, held_back: repeat } : own;
    write(hideSessionTokens(formatLine(format, clock.nowMs(), lineLevel, event, all)));
  };

  const make = (bound: LogFields, emit: Emit): Logger => ({
    debug: (event, fields) => emit('debug', event, { ...bound, ...fields }),
    info: (event, fields) => emit('info', event, { ...bound, ...fields }),
    warn: (event, fields) => emit('warn', event, { ...bound, ...fields }),
    error: (event, fields) => emit('error', event, { ...bound, ...fields }),
    with: (fields) => make({ ...bound, ...fields }, emit),
    unlimited: () => make(bound, emitAll),
  });
  return {
    log: make({}, emitLimited),
    adjust: (options) => {
      settings = fillIn(options);
    },
  };
}

function fillIn(options: LoggerOptions): Required<Omit<LoggerOptions, 'fields'>> & {
  readonly common: LogFields | undefined;
} {
  return {
    level: options.level ?? 'info',
    format: options.format ?? (process.stderr.isTTY ? 'pretty' : 'logfmt'),
    write: options.write ?? writeToStderr,
    clock: options.clock ?? systemClock,
    repeatMax: options.repeatMax ?? 10,
    repeatWindowMs: options.repeatWindowMs ?? 60_000,
    common: options.fields,
  };
}

/** A logger that writes nothing, for tests. */
export const silentLogger: Logger = createLogger({ write: () => undefined, level: 'error' });

const DIM = 2;
const MARKS: Readonly<Record<LogLevel, { readonly mark: string; readonly color: number }>> = {
  debug: { mark: '·', color: DIM },
  info: { mark: '•', color: 36 },
  warn: { mark: '!', color: 33 },
  error: { mark: '✗', color: 31 },
};

/** As https://no-color.org has it: any value of NO_COLOR but the empty one means none. */
function paint(text: string, color: number): string {
  const { NO_COLOR: without = '' } = process.env;
  return without === '' ? `\u001B[${color}m${text}\u001B[0m` : text;
}

function formatLine(
  format: LogFormat | FormatLine,
  nowMs: number,
  level: LogLevel,
  event: string,
  fields: LogFields,
): string {
  if (typeof format === 'function') return format(nowMs, level, event, fields);
  const time = new Date(nowMs).toISOString();
  if (format === 'json') {
    const line = JSON.stringify({ time, level, msg: event, ...mapValues(fields, jsonValue) });
    return escapeControls(line);
  }
  const pairs = formatFields(fields);
  if (format === 'logfmt') {
    return `time=${time} level=${level} msg=${quote(event)}${pairs === '' ? '' : ` ${pairs}`}`;
  }
  const { mark, color } = MARKS[level];
  const behind = pairs === '' ? '' : `  ${paint(pairs, DIM)}`;
  return `${paint(time.slice(11, 19), DIM)} ${paint(mark, color)} ${event}${behind}`;
}

/** The fields as logfmt writes them: `a=1 b="two words"`; those that are undefined are left out. */
export function formatFields(fields: LogFields): string {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${quote(formatValue(value))}`)
    .join(' ');
}

/** The fields that say what a line is about; numbers say how much. */
function withoutNumbers(fields: LogFields): string {
  const about = Object.entries(fields).filter(([, value]) => typeof value !== 'number');
  return formatFields(Object.fromEntries(about));
}

function formatValue(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value instanceof Error) return describeError(value);
  if (typeof value === 'object') return JSON.stringify(value) ?? 'undefined';
  // oxlint-disable-next-line typescript/no-base-to-string -- objects have returned above
  return String(value);
}

function jsonValue(value: unknown): unknown {
  return value instanceof Error ? describeError(value) : value;
}

/** Quotes a value where logfmt needs it, and escapes control characters for the terminal. */
function quote(text: string): string {
  const needsQuotes = text === '' || /[\s"=]/.test(text) || hasControls(text);
  return needsQuotes ? escapeControls(JSON.stringify(text)) : text;
}

function mapValues(fields: LogFields, map: (value: unknown) => unknown): LogFields {
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, map(value)]));
}
