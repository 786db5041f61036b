/**
 * Units of CloudWatch for units of OpenTelemetry. What CloudWatch has no unit for has none. Pure.
 * Source: contrib's exporter/awsemfexporter/grouped_metric.go (translateUnit),
 * https://ucum.org/ucum
 */
import { isEmfUnit } from '../../wire/emf/limits.ts';

const UNITS: ReadonlyMap<string, string> = new Map([
  ['s', 'Seconds'],
  ['ms', 'Milliseconds'],
  ['us', 'Microseconds'],
  ['By', 'Bytes'],
  ['KBy', 'Kilobytes'],
  ['kBy', 'Kilobytes'],
  ['MBy', 'Megabytes'],
  ['GBy', 'Gigabytes'],
  ['TBy', 'Terabytes'],
  ['bit', 'Bits'],
  ['%', 'Percent'],
  ['By/s', 'Bytes/Second'],
  ['KBy/s', 'Kilobytes/Second'],
  ['kBy/s', 'Kilobytes/Second'],
  ['MBy/s', 'Megabytes/Second'],
  ['GBy/s', 'Gigabytes/Second'],
  ['bit/s', 'Bits/Second'],
  ['1/s', 'Count/Second'],
]);

const countOf = /^\{[^{}]*\}$/;
const countPerSecond = /^\{[^{}]*\}\/s$/;

/** Undefined where CloudWatch has no such unit. */
export function translateToCloudWatch(unit: string): string | undefined {
  const known = UNITS.get(unit);
  if (known !== undefined) return known;
  if (isEmfUnit(unit)) return unit === 'None' ? undefined : unit;
  if (countOf.test(unit)) return 'Count';
  return countPerSecond.test(unit) ? 'Count/Second' : undefined;
}
