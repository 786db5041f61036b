/**
 * The form of the daemon's log lines, and the daemon's words for events that have a line there:
 *
 *     2026-11-26T16:00:00Z [Info] Successfully sent batch of 50 segments (0.021 seconds)
 *
 * Scripts and metric filters search for these words. Events without such words keep their own, with
 * their fields behind them.
 * Source: https://github.com/aws/aws-xray-daemon/blob/master/pkg/cfg/cfg.go (LogFormat)
 */
import { escapeControls } from '../../kernel/control-characters.ts';
import { describeError } from '../../kernel/errors.ts';
import { formatFields, type LogFields, type LogLevel } from '../../kernel/logger.ts';

/** The release of the daemon whose flags, file and log lines these are. */
export const DAEMON_VERSION = '3.6.6';

const LEVELS: Readonly<Record<LogLevel, string>> = {
  debug: 'Debug',
  info: 'Info',
  warn: 'Warn',
  error: 'Error',
};

/** Go's names of the signals. */
const SIGNALS: Readonly<Record<string, string>> = {
  SIGINT: 'interrupt',
  SIGTERM: 'terminated',
};

/** A line in the daemon's form, without its newline. @param nowMs  shown in local time */
export function formatDaemonLine(
  nowMs: number,
  level: LogLevel,
  event: string,
  fields: LogFields,
): string {
  return `${formatTime(nowMs)} [${LEVELS[level]}] ${escapeControls(sayEvent(event, fields))}`;
}

type Say = (fields: LogFields) => string | undefined;

/** The event of each answered request: of no use to most, and what users of the daemon count. */
export const ANSWERED = 'X-Ray has answered';

/** The event of the first failed request of an outage, and once a minute of their sum. */
export const FAILED = 'delivery failed; it is tried again';

/** Each says an event in the daemon's words; undefined where a field is not what it expects. */
const WORDS: ReadonlyMap<string, Say> = new Map<string, Say>([
  [ANSWERED, sayAnswered],
  [FAILED, sayFailed],
  ['the receiver refused items; they are dropped', sayRefused],
  ['stopping', ({ signal }) => `Got shutdown signal: ${SIGNALS[show(signal)] ?? show(signal)}`],
]);

function sayEvent(event: string, fields: LogFields): string {
  const { held_back: heldBack } = fields;
  const said = WORDS.get(event)?.(fields);
  const repeats = heldBack === undefined ? '' : ` (${show(heldBack)} such lines were held back)`;
  if (said !== undefined) return `${said}${repeats}`;
  const shown = formatFields(fields);
  return shown === '' ? event : `${event} ${shown}`;
}

function sayAnswered({ documents, unprocessed, seconds }: LogFields): string {
  const took = `(${Number(seconds).toFixed(3)} seconds)`;
  if (unprocessed === 0) return `Successfully sent batch of ${show(documents)} segments ${took}`;
  return (
    `Sent batch of ${show(documents)} segments but had ${show(unprocessed)} Unprocessed ` +
    `segments ${took}`
  );
}

function sayRefused({ items, answer, reason, owners }: LogFields): string {
  const whose = owners === '' ? '' : ` of ${show(owners)}`;
  return (
    `Unprocessed segment: ${show(answer)} (${show(items)} segments${whose} are lost: ` +
    `${show(reason)})`
  );
}

function sayFailed({ error, items, wait_ms: waitMs }: LogFields): string {
  const again = `${show(items)} segments are sent again in ${Math.ceil(Number(waitMs))} ms`;
  return `Sending segment batch failed with: ${describeError(error)} (${again})`;
}

/** A text as it is; anything else as JSON. */
function show(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

/** As Go's layout 2006-01-02T15:04:05Z07:00 in the local time zone: `Z`, or an offset. */
function formatTime(nowMs: number): string {
  const offsetMinutes = -new Date(nowMs).getTimezoneOffset();
  const local = new Date(nowMs + offsetMinutes * 60_000).toISOString().slice(0, 19);
  if (offsetMinutes === 0) return `${local}Z`;
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
  const minutes = Math.abs(offsetMinutes);
  return `${local}${offsetMinutes < 0 ? '-' : '+'}${two(minutes / 60)}:${two(minutes % 60)}`;
}
