/**
 * GetMetricStatistics: several statistics of one metric, a data point for each period and unit.
 * Limit as AWS has it: 1,440 data points.
 * Source:
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html
 */
import * as z from 'zod';
import { EpochTime } from '../../wire/cbor.ts';
import { AwsError, type AwsInput } from '../service.ts';
import {
  dimensionsSchema,
  nameSchema,
  namespaceSchema,
  parseMetricsCall,
  readDimensions,
  timeSchema,
  wholeSchema,
} from './requests.ts';
import { summarizeValues, makeRange, parseStatistic, type Range } from './statistics.ts';
import type { MetricStore, StoredMetric } from './store.ts';

const POINTS_MAX = 1_440;

const requestSchema = z.object({
  Namespace: namespaceSchema,
  MetricName: nameSchema,
  Dimensions: dimensionsSchema,
  StartTime: timeSchema,
  EndTime: timeSchema,
  Period: wholeSchema,
  Statistics: z
    .array(z.enum(['SampleCount', 'Average', 'Sum', 'Minimum', 'Maximum']))
    .max(5)
    .default([]),
  ExtendedStatistics: z.array(z.string()).max(10).default([]),
  Unit: z.string().optional(),
});

/** @throws AwsError */
export function getMetricStatistics(store: MetricStore, input: AwsInput, nowMs: number): object {
  const request = parseMetricsCall(requestSchema, input);
  const { Statistics: basic, ExtendedStatistics: extended } = request;
  if (basic.length + extended.length === 0)
    throw new AwsError(
      'MissingParameter',
      'The request must contain the parameter Statistics or ExtendedStatistics.',
    );
  const { StartTime: startMs, EndTime: endMs, Period: periodSeconds, MetricName: name } = request;
  const range = makeRange({ startMs, endMs, periodSeconds }, nowMs);
  if ((range.endMs - range.startMs) / range.periodMs > POINTS_MAX)
    throw new AwsError(
      'InvalidParameterCombination',
      'You have requested up to more than the limit of 1,440 datapoints. You may reduce the ' +
        'datapoints requested by increasing Period, or decreasing the time range.',
    );
  const metric = store.find({
    namespace: request.Namespace,
    name,
    dimensions: readDimensions(request.Dimensions),
  });
  const units = request.Unit === undefined ? listUnits(metric) : [request.Unit];
  const Datapoints = units.flatMap((unit) => makePoints(metric, { range, unit, basic, extended }));
  return { Label: name, Datapoints };
}

function listUnits(metric: StoredMetric | undefined): string[] {
  return [...new Set([...(metric?.buckets.values() ?? [])].map(({ unit }) => unit))];
}

function makePoints(
  metric: StoredMetric | undefined,
  { range, unit, basic, extended }: {
    readonly range: Range;
    readonly unit: string;
    readonly basic: readonly string[];
    readonly extended: readonly string[];
  },
): object[] {
  const read = (names: readonly string[]) =>
    names.map((name) => [name, parseStatistic(name)] as const);
  const [basicReaders, extendedReaders] = [read(basic), read(extended)];
  return summarizeValues(metric, range, unit).map((period) => {
    const values = extendedReaders.map(([name, one]) => [name, one(period)] as const);
    const known = values.filter(([, value]) => value !== undefined);
    return {
      Timestamp: new EpochTime(period.atMs / 1_000),
      ...Object.fromEntries(basicReaders.map(([name, one]) => [name, one(period)])),
      Unit: unit,
      ...(known.length === 0 ? {} : { ExtendedStatistics: Object.fromEntries(known) }),
    };
  });
} // prettier-ignore
