/**
 * Durations in Prometheus' syntax, in files and in flags, read as whole milliseconds. The two other
 * syntaxes are in files of their own, each with its reason: go-duration.ts, refresh-interval.ts.
 * Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/ (<duration>)
 */
import * as z from 'zod';
import { formatDurationMs, parseDurationMs } from '../model/duration.ts';

const EXPECTED = 'expected a duration such as 15s, 1m30s or 1h';

/** A text with `${…}` is no duration yet, as the reference is replaced later; editors accept it. */
const REFERENCE = String.raw`\$\{`;
const UNITS = '(?:ms|[ywdhms])';

/**
 * The schema of a duration before it is parsed. It accepts numbers, so that the parser can refuse a
 * missing unit with a helpful message.
 *
 * @param pattern  which texts editors accept; the parser decides in the end
 * @param numbers  which numbers editors accept
 */
export function writtenDuration(
  pattern: string,
  numbers: { readonly const: 0 } | { readonly minimum: 0 } = { const: 0 },
) {
  return z
    .union([z.string().meta({ pattern: `${pattern}|${REFERENCE}` }), z.number().meta(numbers)], {
      error: EXPECTED,
    })
    .meta({ kind: 'duration' });
}

/** A duration in milliseconds, written as `15s`, `1m30s`, `1h`; `0` needs no unit. */
export const durationSchema = writtenDuration(String.raw`^(?:0|(?:\d+${UNITS})+)$`).transform(
  (written, context) => {
    const ms = parseDurationMs(String(written));
    if (ms !== undefined) return ms;
    context.addIssue({ code: 'custom', message: describeBadDuration(String(written)) });
    return z.NEVER;
  },
);

/** The message for a text that is no duration: why, and how to write one. */
export function describeBadDuration(text: string): string {
  if (/^\d+$/.test(text)) return `duration "${text}" has no unit; write ${text}s for seconds`;
  return `${JSON.stringify(text)} is not a duration; write it as 15s, 1m30s or 1h`;
}

export interface DurationBounds {
  readonly minMs?: number | undefined;
  readonly maxMs?: number | undefined;
}

/** A duration between bounds, both of them allowed. */
export function durationWithin({ minMs = 0, maxMs = Infinity }: DurationBounds) {
  const message = describeBounds(minMs, maxMs);
  return durationSchema.refine((ms) => ms >= minMs && ms <= maxMs, message);
}

export const positiveDurationSchema = durationWithin({ minMs: 1 });

function describeBounds(minMs: number, maxMs: number): string {
  if (maxMs !== Infinity)
    return `must be from ${formatDurationMs(minMs)} to ${formatDurationMs(maxMs)}`;
  return minMs <= 1 ? 'must be more than 0' : `must be ${formatDurationMs(minMs)} or more`;
}
