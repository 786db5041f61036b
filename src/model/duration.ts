/**
 * Prometheus durations (`1h30m`, `15s`, `500ms`) ⇄ integer milliseconds.
 * Units y w d h m s ms, in this order, each at most once; `0` needs no unit; no sign, no fractions.
 * Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/ (<duration>)
 */

const UNITS = [
  ['y', 365 * 24 * 3_600_000],
  ['w', 7 * 24 * 3_600_000],
  ['d', 24 * 3_600_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
] as const;

const SYNTAX = /^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/;

/**
 * The milliseconds of a duration; undefined when the text is not one, or when the sum is above
 * 2^53.
 */
export function parseDurationMs(text: string): number | undefined {
  if (text === '0') return 0;
  if (text === '') return undefined;
  const match = SYNTAX.exec(text);
  if (match === null) return undefined;
  let sum = 0;
  UNITS.forEach(([, unitMs], index) => {
    sum += Number(match[index + 1] ?? 0) * unitMs;
  });
  return Number.isSafeInteger(sum) ? sum : undefined;
}

/** A span as Prometheus prints it: `90000` → `1m30s`, `0` → `0s`. */
export function formatDurationMs(spanMs: number): string {
  if (spanMs === 0) return '0s';
  let rest = Math.round(spanMs);
  let text = '';
  for (const [unit, unitMs] of UNITS) {
    // Years, weeks and days are used only when they come out even, as Prometheus prints them.
    if (unitMs >= 24 * 3_600_000 && rest % unitMs !== 0) continue;
    const count = Math.floor(rest / unitMs);
    if (count === 0) continue;
    text += `${count}${unit}`;
    rest -= count * unitMs;
  }
  return text;
}
