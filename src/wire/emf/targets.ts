/**
 * What the names in a directive point at: values of dimensions, and values of metrics. Pure.
 * A value is a number, an array of numbers, a statistic set (Max, Min, Sum, Count), or Values with
 * Counts and, besides them, a statistic set.
 * Source:
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html,
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Dimension.html
 */
import { EMF_DIMENSION_VALUE_LENGTH_MAX, EMF_VALUE_MAX, EMF_VALUES_MAX } from './limits.ts';

const notPrintableAscii = /[^\x20-\x7e]/;

/** @returns what follows its name in a sentence; undefined where CloudWatch takes it */
export function findDimensionFault(name: string, value: unknown): string | undefined {
  if (value === undefined) return 'is no member of the event';
  if (typeof value !== 'string') return 'has a value that is no text';
  if (value.trim() === '') return 'has a blank value';
  if (value.length > EMF_DIMENSION_VALUE_LENGTH_MAX)
    return (
      `has a value of ${value.length} characters: ` +
      `one has at most ${EMF_DIMENSION_VALUE_LENGTH_MAX}`
    );
  if (name.startsWith(':')) return 'begins with a colon';
  if (notPrintableAscii.test(name) || notPrintableAscii.test(value))
    return 'has characters other than those of ASCII';
  return undefined;
}

/** @returns what follows the name of the metric in a sentence */
export function findValueFaults(value: unknown): readonly string[] {
  if (value === undefined) return ['is no member of the event'];
  if (typeof value === 'number') return isInRange(value) ? [] : [RANGE_FAULT];
  if (Array.isArray(value)) return findListFaults(value, 'has');
  if (typeof value === 'object' && value !== null)
    return findSetFaults(value as Readonly<Record<string, unknown>>);
  return ['has a value that is no number, array of numbers or statistic set'];
}

const RANGE_FAULT = 'has a value beyond 2^360';
const STATISTICS = ['Max', 'Min', 'Sum', 'Count'] as const;

function findListFaults(values: readonly unknown[], verb: string): readonly string[] {
  const faults: string[] = [];
  if (values.length > EMF_VALUES_MAX)
    faults.push(`${verb} ${values.length} values: a metric has at most ${EMF_VALUES_MAX}`);
  if (values.length === 0) faults.push(`${verb} no values`);
  if (values.some((one) => typeof one !== 'number'))
    faults.push(`${verb} a value that is no number`);
  else if (values.some((one) => !isInRange(one as number))) faults.push(RANGE_FAULT);
  return faults;
}

function findSetFaults(set: Readonly<Record<string, unknown>>): readonly string[] {
  const { Values: values, Counts: counts, Max: max, Min: min, Count: count } = set;
  const faults: string[] = [];
  for (const key of STATISTICS) {
    const value = set[key];
    if (value === undefined && values === undefined) faults.push(`lacks ${key} of a statistic set`);
    else if (value !== undefined && typeof value !== 'number')
      faults.push(`has a ${key} that is no number`);
    else if (typeof value === 'number' && !isInRange(value)) faults.push(RANGE_FAULT);
  }
  if (typeof max === 'number' && typeof min === 'number' && max < min)
    faults.push('has a Max below its Min');
  if (typeof count === 'number' && count < 0) faults.push('has a negative Count');
  if (values === undefined) {
    if (counts !== undefined) faults.push('has Counts without Values');
    return faults;
  }
  if (!Array.isArray(values)) return [...faults, 'has Values that are no array'];
  faults.push(...findListFaults(values, 'has'));
  if (counts === undefined) return faults;
  if (!Array.isArray(counts) || counts.some((one) => typeof one !== 'number' || one < 0))
    faults.push('has Counts that are no array of numbers from 0');
  else if (counts.length !== values.length)
    faults.push(`has ${counts.length} Counts for ${values.length} Values`);
  return faults;
}

function isInRange(value: number): boolean {
  return Math.abs(value) <= EMF_VALUE_MAX;
}
