/**
 * Numbers, times and spans as people read them, and the one-sentence summary of a panel.
 * Knows no clock, but the time zone of the browser; no markup.
 */
import type { Unit } from './panels.ts';
import type { Frame, Series } from './query.ts';

const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;
const SUFFIX: Record<Exclude<Unit, 'bytes'>, string> = {
  'per second': '\u202f/s',
  milliseconds: '\u202fms',
  percent: '\u202f%',
};

/** A value with its unit; `undefined` as unit leaves it bare, null is an en dash. */
export function formatValue(value: number | null, unit: Unit | undefined): string {
  if (value === null) return '–';
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '−Inf';
  if (unit === 'bytes') return formatBytes(value);
  return formatNumber(value) + (unit === undefined ? '' : SUFFIX[unit]);
}

/** Three significant digits, more only for whole parts below ten thousand; then k, M, G. */
export function formatNumber(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size < 0.001 || size >= 1e12)) return value.toExponential(2);
  if (size >= 10_000) {
    return new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 }).format(
      value,
    );
  }
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
  return String(Number(value.toFixed(digits)));
}

function formatBytes(value: number): string {
  const size = Math.abs(value);
  const power = size < 1 ? 0 : Math.min(BYTE_UNITS.length - 1, Math.floor(Math.log2(size) / 10));
  return `${formatNumber(value / 1024 ** power)}\u202f${BYTE_UNITS[power] ?? 'B'}`;
}

/** The local time of day, to the second. */
export function formatTime(timeS: number): string {
  return new Date(timeS * 1000).toLocaleTimeString('en-GB');
}

/** `15 minutes`, `1 hour`. */
export function formatSpan(spanS: number): string {
  const [count, word] = spanS % 3600 === 0 ? [spanS / 3600, 'hour'] : [spanS / 60, 'minute'];
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}

/** The newest sample of a series, null when it has none. */
export function findLatest(series: Series): number | null {
  return series.values.findLast((value) => value !== null) ?? null;
}

/** Whether there is anything to draw. */
export function hasData(frame: Frame): boolean {
  return frame.series.some(({ values }) =>
    values.some((value) => value !== null && Number.isFinite(value)),
  );
}

/** What the chart shows, in words: now, lowest and highest of every series. */
export function describeFrame(frame: Frame, unit: Unit | undefined, spanS: number): string {
  const parts = frame.series.map((series) => {
    const finite = series.values.filter(
      (value): value is number => value !== null && Number.isFinite(value),
    );
    if (finite.length === 0) return `${series.label}: no values.`;
    const low = formatValue(Math.min(...finite), unit);
    const high = formatValue(Math.max(...finite), unit);
    return (
      `${series.label}: now ${formatValue(findLatest(series), unit)}, between ${low} and ` +
      `${high}.`
    );
  });
  return `The last ${formatSpan(spanS)}. ${parts.join(' ')}`;
}
