/**
 * The parts of a UTC date, computed from seconds since 1970. NaN and seconds beyond what a Date can
 * hold (±8.64e12) give NaN; Prometheus gives an arbitrary number there.
 * Source: https://prometheus.io/docs/prometheus/latest/querying/functions/#day_of_month
 */

const makeDateFunction =
  (read: (date: Date) => number): ((seconds: number) => number) =>
  (seconds) =>
    read(new Date(Math.trunc(seconds) * 1_000));

export const DATE_FUNCTIONS: ReadonlyMap<string, (seconds: number) => number> = new Map([
  ['minute', makeDateFunction((date) => date.getUTCMinutes())],
  ['hour', makeDateFunction((date) => date.getUTCHours())],
  ['day_of_week', makeDateFunction((date) => date.getUTCDay())],
  ['day_of_month', makeDateFunction((date) => date.getUTCDate())],
  ['day_of_year', makeDateFunction(computeDayOfYear)],
  ['days_in_month', makeDateFunction(countDaysInMonth)],
  ['month', makeDateFunction((date) => date.getUTCMonth() + 1)],
  ['year', makeDateFunction((date) => date.getUTCFullYear())],
]);

function computeDayOfYear(date: Date): number {
  const start = new Date(0);
  start.setUTCFullYear(date.getUTCFullYear());
  return Math.floor((date.getTime() - start.getTime()) / 86_400_000) + 1;
}

function countDaysInMonth(date: Date): number {
  const last = new Date(0);
  // Day 0 of the next month is the last day of this month.
  last.setUTCFullYear(date.getUTCFullYear(), date.getUTCMonth() + 1, 0);
  return last.getUTCDate();
}
