/**
 * CloudWatch's API, as the web page needs it: by the JSON protocol, which CloudWatch speaks beside
 * its older ones.
 * Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Operations.html
 */
import * as z from 'zod';
import type { ServiceClient } from '../../aws/service-client.ts';
import type { Registry } from '../../kernel/metrics.ts';
import { BoundedAwsCalls } from '../api/aws-calls.ts';

const TARGET = 'GraniteServiceVersion20100801';

export type CloudWatchApi = BoundedAwsCalls<'ListMetrics' | 'GetMetricData'>;

/** @param client  for the service `monitoring`, which is CloudWatch's name in signatures */
export function createCloudWatchApi(
  client: Pick<ServiceClient, 'send'>,
  metrics: Registry,
): CloudWatchApi {
  const invalid = ['InvalidParameterValue', 'InvalidParameterCombination', 'MissingParameter'];
  const service = {
    id: 'cloudwatch',
    name: 'CloudWatch',
    invalid: ['ValidationError', ...invalid, ...invalid.map((name) => `${name}Exception`)],
    address: (action: string) => ({
      path: '/',
      headers: {
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': `${TARGET}.${action}`,
      },
    }),
  };
  return new BoundedAwsCalls(service, client, metrics);
}

/** Where a page of a list ends; empty at the last one. */
const tokenSchema = z
  .string()
  .nullish()
  .transform((token) => token ?? '');

export const metricsSchema = z
  .object({
    Metrics: z
      .array(
        z.object({
          Dimensions: z.array(z.object({ Name: z.string(), Value: z.string() })).nullish(),
        }),
      )
      .nullish(),
    NextToken: tokenSchema,
  })
  .transform((page) => ({
    metrics: (page.Metrics ?? []).map(({ Dimensions }) => Dimensions ?? []),
    nextToken: page.NextToken,
  }));

/** Points of one query: seconds and value. */
export type MetricPoints = readonly (readonly [timeS: number, value: number])[];

export const metricDataSchema = z
  .object({
    MetricDataResults: z
      .array(
        z.object({
          Id: z.string(),
          Timestamps: z.array(z.number()).nullish(),
          Values: z.array(z.number()).nullish(),
        }),
      )
      .nullish(),
    NextToken: tokenSchema,
  })
  .transform((page) => ({
    results: (page.MetricDataResults ?? []).map(({ Id, Timestamps, Values }) => ({
      id: Id,
      points: (Timestamps ?? []).map((timeS, index): readonly [number, number] => [
        timeS,
        Values?.[index] ?? NaN,
      ]),
    })),
    nextToken: page.NextToken,
  }));
