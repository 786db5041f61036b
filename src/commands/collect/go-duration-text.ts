/**
 * Writes a duration as Go does: `1h2m3.5s`, `350ms`, `0s`.
 * Source: https://pkg.go.dev/time#Duration.String
 */

/** @param ms  whole milliseconds, 0 or more */
export function formatGoDuration(ms: number): string {
  if (ms === 0) return '0s';
  if (ms < 1_000) return `${ms}ms`;
  const hours = Math.floor(ms / 3_600_000);
  const minutes = Math.floor(ms / 60_000) % 60;
  const seconds = `${(ms % 60_000) / 1_000}s`;
  if (hours > 0) return `${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${minutes}m${seconds}` : seconds;
}
