/**
 * refresh_interval: the pause between two readings of a list of targets. Unlike all other durations
 * it may be a whole number without a unit, which is seconds, as the published ADOT examples mean
 * it, and which is warned of. Prometheus refuses it, and so do all other keys here.
 * Reasons: docs/decisions/0004-bare-seconds-in-refresh-interval.md
 */
import { formatDurationMs } from '../model/duration.ts';
import { positiveDurationSchema, writtenDuration } from './duration.ts';
import type { ConfigPath, Reporter } from './finding.ts';

/** The schema of the key; it gives milliseconds. */
export function refreshIntervalSchema(defaultMs: number) {
  return writtenDuration(String.raw`^(?:\d+|(?:\d+(?:ms|[ywdhms]))+)$`, { minimum: 0 })
    .transform((written) => (isBareSeconds(written) ? `${written}s` : written))
    .pipe(positiveDurationSchema)
    .prefault(formatDurationMs(defaultMs))
    .describe('Pause between two readings of the list.');
}

/** Warns of a number that was taken as seconds. @param written  the value before it was parsed */
export function warnBareSeconds(written: unknown, path: ConfigPath, report: Reporter): void {
  if (!isBareSeconds(written)) return;
  const text = String(written);
  report.warn(
    path,
    `refresh_interval ${text} has no unit and is taken as ${text}s, as published ADOT examples ` +
      `mean it; Prometheus refuses it: write ${text}s`,
  );
}

/** `0` is none of them: it needs no unit. */
function isBareSeconds(written: unknown): boolean {
  if (typeof written === 'number') return Number.isSafeInteger(written) && written > 0;
  return typeof written === 'string' && /^[1-9]\d*$/.test(written);
}
