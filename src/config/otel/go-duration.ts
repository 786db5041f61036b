/**
 * Durations as Go's time.ParseDuration reads them (`1m30s`, `1.5s`, `500ms`), which the Collector's own keys take, unlike
 * those of a Prometheus configuration.
 * Source: https://pkg.go.dev/time#ParseDuration
 */
import { z } from 'zod';

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

/** Whole milliseconds, rounded up so that a duration above 0 stays so; undefined when the text is none. */
export function parseGoDurationMs(text: string): number | undefined {
  if (text === '0') return 0;
  if (!WHOLE.test(text)) return undefined;
  let sum = 0;
  for (const [, amount, unit] of text.matchAll(PART))
    sum += Number(amount) * (UNITS_MS[unit ?? ''] ?? 0);
  const ms = Math.ceil(sum);
  return Number.isSafeInteger(ms) ? ms : undefined;
}

export const goDurationSchema = z
  .union([z.string(), z.number()], { error: 'expected a duration such as 15s or 1m30s' })
  .transform((written, context) => {
    const ms = parseGoDurationMs(String(written));
    if (ms !== undefined) return ms;
    const text = String(written);
    const message = /^\d+$/.test(text)
      ? `duration "${text}" has no unit and would be nanoseconds; write ${text}s for seconds`
      : `${JSON.stringify(text)} is not a duration; write it as 15s, 1m30s or 1h`;
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  });
