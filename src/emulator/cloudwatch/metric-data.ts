/**
 * GetMetricData: statistics of metrics over a range, in pages of at most MaxDatapoints. Searches,
 * metric math and Metrics Insights queries are refused by name.
 * Limits as AWS has them: 500 queries, 100,800 data points a page.
 * Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
 */
import * as z from 'zod';
import { EpochTime } from '../../wire/cbor.ts';
import { notImplemented } from '../members.ts';
import type { AwsInput } from '../service.ts';
import {
  dimensionsSchema,
  formFlagSchema,
  nameSchema,
  namespaceSchema,
  parseMetricsCall,
  readDimensions,
  readStart,
  refuseValue,
  timeSchema,
  wholeSchema,
  writeToken,
} from './requests.ts';
import { summarizeValues, makeRange, parseStatistic } from './statistics.ts';
import type { MetricStore } from './store.ts';

const QUERIES_MAX = 500;
const POINTS_MAX = 100_800;

const querySchema = z.strictObject({
  Id: z
    .string()
    .max(255)
    .regex(/^[a-z][a-zA-Z0-9_]*$/),
  MetricStat: z
    .strictObject({
      Metric: z.strictObject({
        Namespace: namespaceSchema,
        MetricName: nameSchema,
        Dimensions: dimensionsSchema,
      }),
      Period: wholeSchema,
      Stat: z.string(),
      Unit: z.string().optional(),
    })
    .optional(),
  Expression: z.string().optional(),
  Label: z.string().optional(),
  ReturnData: formFlagSchema.default(true),
  Period: wholeSchema.optional(),
  AccountId: z.string().optional(),
});

const requestSchema = z.object({
  MetricDataQueries: z.array(querySchema).min(1).max(QUERIES_MAX),
  StartTime: timeSchema,
  EndTime: timeSchema,
  ScanBy: z.enum(['TimestampDescending', 'TimestampAscending']).default('TimestampDescending'),
  MaxDatapoints: wholeSchema.default(POINTS_MAX),
});

type Query = z.output<typeof querySchema>;

interface Point {
  readonly atMs: number;
  readonly value: number;
}

/** @throws AwsError */
export function getMetricData(store: MetricStore, input: AwsInput, nowMs: number): object {
  const request = parseMetricsCall(requestSchema, input);
  const { MetricDataQueries: queries, MaxDatapoints: most } = request;
  if (!(most >= 1 && most <= POINTS_MAX))
    throw refuseValue(`The parameter MaxDatapoints must be from 1 to ${POINTS_MAX}.`);
  if (new Set(queries.map(({ Id }) => Id)).size < queries.length)
    throw refuseValue('The values for parameter id in MetricDataQueries are not unique.');
  // Those whose data are not wanted are judged too: AWS refuses the call for any of them.
  const all = queries.map((query) => ({
    query,
    points: readPoints(store, query, request, nowMs),
  }));
  const wanted = all.filter(({ query }) => query.ReturnData);
  const results = wanted.map(({ query }) => query);
  const series = wanted.map(({ points }) =>
    request.ScanBy === 'TimestampDescending' ? points.toReversed() : points,
  );
  const start = readStart(input);
  const end = start + most;
  let offset = 0;
  const MetricDataResults = results.flatMap((query, index) => {
    const points = series[index] ?? [];
    const from = Math.max(start - offset, 0);
    const to = Math.min(end - offset, points.length);
    offset += points.length;
    const page = points.slice(from, Math.max(to, from));
    // Later pages have only results that still have points; the first one names all.
    if (start > 0 && page.length === 0) return [];
    return [
      {
        Id: query.Id,
        Label: query.Label ?? query.MetricStat?.Metric.MetricName ?? query.Id,
        Timestamps: page.map(({ atMs }) => new EpochTime(atMs / 1_000)),
        Values: page.map(({ value }) => value),
        StatusCode: to < points.length ? 'PartialData' : 'Complete',
      },
    ];
  });
  return {
    MetricDataResults,
    Messages: [],
    ...(end < offset ? { NextToken: writeToken(end) } : {}),
  };
}

/** In order of time. */
function readPoints(
  store: MetricStore,
  { Id, MetricStat: stat, Expression, Period, AccountId }: Query,
  { StartTime, EndTime }: { StartTime: number; EndTime: number },
  nowMs: number,
): Point[] {
  if (Expression !== undefined) throw refuseExpression(Id, Expression);
  if (AccountId !== undefined)
    throw notImplemented(`AccountId of ${Id} is not supported here: there is one account`);
  if (stat === undefined || Period !== undefined)
    throw refuseValue(`The query ${Id} must have MetricStat, and Period only within it.`);
  const { Namespace: namespace, MetricName: name, Dimensions } = stat.Metric;
  const range = makeRange(
    { startMs: StartTime, endMs: EndTime, periodSeconds: stat.Period },
    nowMs,
  );
  const read = parseStatistic(stat.Stat);
  const metric = store.find({ namespace, name, dimensions: readDimensions(Dimensions) });
  return summarizeValues(metric, range, stat.Unit).flatMap((period) => {
    const value = read(period);
    return value === undefined ? [] : [{ atMs: period.atMs, value }];
  });
}

function refuseExpression(id: string, expression: string): Error {
  const kind = /^\s*SEARCH\s*\(/i.test(expression)
    ? 'SEARCH'
    : /^\s*SELECT\s/i.test(expression)
      ? 'a Metrics Insights query'
      : 'metric math';
  return notImplemented(
    `Expression of ${id}: ${kind} is not supported here; MetricStat is, one query a metric`,
  );
}
