/**
 * Durations in the syntax of Go's time.ParseDuration (`1m30s`, `1.5s`, `500ms`), with fractions and
 * without days. The OpenTelemetry Collector's own keys use it; the Prometheus configuration inside
 * a receiver uses Prometheus' (duration.ts).
 * Source: https://pkg.go.dev/time#ParseDuration
 */
import * as z from 'zod';
import { describeBadDuration, writtenDuration } from './duration.ts';

const UNITS_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};

const PART = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g;
const WHOLE = new RegExp(`^(?:${PART.source})+$`);

/** Whole milliseconds, rounded up so that a duration above 0 does not become 0. */
export const goDurationSchema = writtenDuration(`^0$|${WHOLE.source}`).transform(
  (written, context) => {
    const text = String(written);
    const ms = parseGoDurationMs(text);
    if (ms !== undefined) return ms;
    const message = /^\d+$/.test(text)
      ? `duration "${text}" has no unit and would be nanoseconds; write ${text}s for seconds`
      : describeBadDuration(text);
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  },
);

function parseGoDurationMs(text: string): number | undefined {
  if (text === '0') return 0;
  if (!WHOLE.test(text)) return undefined;
  let sum = 0;
  for (const [, amount, unit] of text.matchAll(PART))
    sum += Number(amount) * (UNITS_MS[unit ?? ''] ?? 0);
  const ms = Math.ceil(sum);
  return Number.isSafeInteger(ms) ? ms : undefined;
}
