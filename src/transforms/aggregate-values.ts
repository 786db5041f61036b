/**
 * Several values as one. Pure.
 * Source: contrib's internal/coreinternal/aggregateutil/aggregate.go
 */
export const AGGREGATION_TYPES = ['sum', 'mean', 'min', 'max', 'median', 'count'] as const;
export type AggregationType = (typeof AGGREGATION_TYPES)[number];

/** @param values  at least one */
export function aggregateValues(type: AggregationType, values: readonly number[]): number {
  switch (type) {
    case 'sum':
      return sum(values);
    case 'mean':
      return sum(values) / values.length;
    case 'min':
      return values.reduce((least, value) => Math.min(least, value));
    case 'max':
      return values.reduce((most, value) => Math.max(most, value));
    case 'median':
      return median(values.toSorted((a, b) => a - b));
    case 'count':
      return values.length;
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function median(sorted: readonly number[]): number {
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}
