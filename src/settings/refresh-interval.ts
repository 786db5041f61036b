/**
 * refresh_interval: the pause between two readings of a list of targets. A deliberate difference to
 * all other durations: a whole number without a unit is seconds, as the published ADOT examples
 * mean it. Prometheus refuses it, and so do we everywhere else; where it is taken, it is told.
 * Reasons: docs/decisions/0004-bare-seconds-in-refresh-interval.md
 */
import { formatDurationMs } from '../model/duration.ts';
import { positiveDurationSchema, writtenDuration } from './duration.ts';
import type { ConfigPath, Reporter } from './finding.ts';

/** In milliseconds. */
export function refreshIntervalSchema(defaultMs: number) {
  return writtenDuration(String.raw`^(?:\d+|(?:\d+(?:ms|[ywdhms]))+)$`, { minimum: 0 })
    .transform((written) => (isBareSeconds(written) ? `${written}s` : written))
    .pipe(positiveDurationSchema)
    .prefault(formatDurationMs(defaultMs))
    .describe('Pause between two readings of the list.');
}

/** Tells where a bare number was taken as seconds. @param written  as it stands in the file */
export function warnBareSeconds(written: unknown, path: ConfigPath, report: Reporter): void {
  if (!isBareSeconds(written)) return;
  const text = String(written);
  report.warn(
    path,
    `refresh_interval ${text} has no unit and is taken as ${text}s, as published ADOT examples ` +
      `mean it; Prometheus refuses it: write ${text}s`,
  );
}

/** `0` is a duration of its own. */
function isBareSeconds(written: unknown): boolean {
  if (typeof written === 'number') return Number.isSafeInteger(written) && written > 0;
  return typeof written === 'string' && /^[1-9]\d*$/.test(written);
}
