/**
 * Formats numbers, times and spans for people, and describes a panel in words. No clock and no
 * markup; times are in the time zone of the browser.
 */
import type { Unit } from './panels.ts';
import type { Frame, Series } from './query.ts';

const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;
const SUFFIX: Record<Exclude<Unit, 'bytes'>, string> = {
  'per second': '\u202f/s',
  milliseconds: '\u202fms',
  percent: '\u202f%',
};

/** A value with its unit, or without one where that is undefined; an en dash for null. */
export function formatValue(value: number | null, unit: Unit | undefined): string {
  if (value === null) return '–';
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '−Inf';
  if (unit === 'bytes') return formatBytes(value);
  return formatNumber(value) + (unit === undefined ? '' : SUFFIX[unit]);
}

/**
 * Three significant digits, or all digits of the whole part below ten thousand; then K, M, B, and
 * an exponent below 0.001 and from 1e12 on.
 */
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

/** The local time of day with seconds. */
export function formatTime(timeS: number): string {
  return new Date(timeS * 1000).toLocaleTimeString('en-GB');
}

/** A span such as `15 minutes` or `1 hour`. */
export function formatSpan(spanS: number): string {
  const [count, word] = spanS % 3600 === 0 ? [spanS / 3600, 'hour'] : [spanS / 60, 'minute'];
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}

/** The newest value of a series, null when it has none. */
export function findLatest(series: Series): number | null {
  return series.values.findLast((value) => value !== null) ?? null;
}

/** Whether a frame has a finite value, so that there is something to draw. */
export function hasData(frame: Frame): boolean {
  return frame.series.some(({ values }) =>
    values.some((value) => value !== null && Number.isFinite(value)),
  );
}

/** Describes a chart in words: the newest, lowest and highest value of every series. */
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
