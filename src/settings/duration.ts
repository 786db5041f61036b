/**
 * Durations as Prometheus writes them, in files and in flags, in whole milliseconds. The two other
 * ways to write one are apart, each with its reason: go-duration.ts, refresh-interval.ts.
 * Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/ (<duration>)
 */
import { z } from 'zod';
import { formatDurationMs, parseDurationMs } from '../model/duration.ts';

const EXPECTED = 'expected a duration such as 15s, 1m30s or 1h';

/**
 * What editors are told of a text that is no duration yet: `${…}` is replaced before it is read.
 */
const REFERENCE = String.raw`\$\{`;
const UNITS = '(?:ms|[ywdhms])';

/**
 * A duration as it is written, before it is read. Numbers are let in so that a missing unit is
 * answered with a sentence.
 *
 * @param pattern  of the texts, for editors; the reader has the last word
 * @param numbers  which numbers editors let pass
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

/** Why a text is no duration, and how to write one. */
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
