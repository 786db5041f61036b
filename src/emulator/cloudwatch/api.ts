/**
 * The calls of CloudWatch on its state, for all protocols that CloudWatch speaks.
 * Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/
 */
import { type AccessTable, describeTags, needOn, textOf, textsOf } from '../access.ts';
import * as z from 'zod';
import type { AwsInput, AwsPlace, JsonService } from '../service.ts';
import { alarmActions } from './alarms.ts';
import { getMetricData } from './metric-data.ts';
import { getMetricStatistics } from './metric-statistics.ts';
import {
  nameSchema,
  namespaceSchema,
  parseMetricsCall,
  readStart,
  writeToken,
} from './requests.ts';
import type { CloudWatchState } from './state.ts';
import type { MetricStore } from './store.ts';

const LIST_PAGE = 500;

/** Metrics are no resources; alarms are. */
const CLOUDWATCH_ACCESS: AccessTable = {
  ...needOn('cloudwatch', 'GetMetricData GetMetricStatistics ListMetrics', () => '*'),
  ...needOn(
    'cloudwatch',
    'DeleteAlarms DescribeAlarms PutMetricAlarm',
    (input, { accountId, region }) => {
      const one = textOf(input, 'AlarmName');
      const names = one === '' ? textsOf(input, 'AlarmNames') : [one];
      return (names.length === 0 ? ['*'] : names).map(
        (name) => `arn:aws:cloudwatch:${region}:${accountId}:alarm:${name}`,
      );
    },
    describeTags,
  ),
  ...needOn(
    'cloudwatch',
    'ListTagsForResource TagResource UntagResource',
    (input) => textOf(input, 'ResourceARN'),
    describeTags,
  ),
};

/** @param nowMs  the time by CloudWatch's clock */
export function createCloudWatch(
  { store }: CloudWatchState,
  place: AwsPlace,
  nowMs: () => number,
): JsonService {
  return {
    signingName: 'monitoring',
    target: 'GraniteServiceVersion20100801',
    access: CLOUDWATCH_ACCESS,
    xmlNamespace: 'http://monitoring.amazonaws.com/doc/2010-08-01/',
    isQueryCompatible: true,
    actions: {
      GetMetricData: (input) => getMetricData(store, input, nowMs()),
      GetMetricStatistics: (input) => getMetricStatistics(store, input, nowMs()),
      ListMetrics: (input) => listMetrics(store, input, nowMs()),
      ...alarmActions(place, nowMs),
    },
  };
}

const listSchema = z.object({
  Namespace: namespaceSchema.optional(),
  MetricName: nameSchema.optional(),
  Dimensions: z
    .array(z.strictObject({ Name: nameSchema, Value: z.string().max(1_024).optional() }))
    .max(10)
    .default([]),
  RecentlyActive: z.literal('PT3H').optional(),
});

const RECENT_MS = 3 * 3_600_000;

/** A metric fits if it has each of the dimensions, with its value where one is given. */
function listMetrics(store: MetricStore, input: AwsInput, nowMs: number): object {
  const request = parseMetricsCall(listSchema, input);
  const { Namespace, MetricName, Dimensions: asked, RecentlyActive } = request;
  const found = store.list().filter(({ namespace, name, dimensions, buckets }) => {
    if (Namespace !== undefined && Namespace !== namespace) return false;
    if (MetricName !== undefined && MetricName !== name) return false;
    const isRecent = [...buckets.values()].some(({ atMs }) => atMs >= nowMs - RECENT_MS);
    if (RecentlyActive !== undefined && !isRecent) return false;
    return asked.every(({ Name, Value }) =>
      dimensions.some((one) => one.name === Name && (Value === undefined || one.value === Value)),
    );
  });
  const start = readStart(input);
  const most = Math.min(LIST_PAGE, Number(input['MaxResults'] ?? LIST_PAGE));
  const end = start + most;
  return {
    Metrics: found.slice(start, end).map(({ namespace, name, dimensions }) => ({
      Namespace: namespace,
      MetricName: name,
      Dimensions: dimensions.map((one) => ({ Name: one.name, Value: one.value })),
    })),
    ...(end < found.length ? { NextToken: writeToken(end) } : {}),
  };
}
