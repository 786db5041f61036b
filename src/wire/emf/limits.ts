/**
 * The limits of the embedded metric format, and its units. Pure.
 * Source:
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html,
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html,
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
 */

/** Dimensions in a set. */
export const EMF_DIMENSIONS_MAX = 30;
/** Metrics in a directive. */
export const EMF_METRICS_MAX = 100;
/** Values of a metric in an event. */
export const EMF_VALUES_MAX = 100;
/** Characters of a namespace, of a metric's name and of a dimension's name. */
export const EMF_NAME_LENGTH_MAX = 255;
export const EMF_DIMENSION_VALUE_LENGTH_MAX = 1_024;
/** Of a log event, with the bytes that CloudWatch Logs counts for each. */
export const EMF_EVENT_BYTES_MAX = 1_048_576;
export const LOG_EVENT_OVERHEAD_BYTES = 26;
/** Values lie between the negative of this and this. */
export const EMF_VALUE_MAX = 2 ** 360;

export const EMF_UNITS = [
  'Seconds',
  'Microseconds',
  'Milliseconds',
  'Bytes',
  'Kilobytes',
  'Megabytes',
  'Gigabytes',
  'Terabytes',
  'Bits',
  'Kilobits',
  'Megabits',
  'Gigabits',
  'Terabits',
  'Percent',
  'Count',
  'Bytes/Second',
  'Kilobytes/Second',
  'Megabytes/Second',
  'Gigabytes/Second',
  'Terabytes/Second',
  'Bits/Second',
  'Kilobits/Second',
  'Megabits/Second',
  'Gigabits/Second',
  'Terabits/Second',
  'Count/Second',
  'None',
] as const;

const UNITS: ReadonlySet<string> = new Set(EMF_UNITS);

export function isEmfUnit(unit: string): boolean {
  return UNITS.has(unit);
}
