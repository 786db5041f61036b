/**
 * Alarms of CloudWatch: they are kept and told, and never evaluated, so that each says
 * INSUFFICIENT_DATA.
 * Limit: ALARMS_MAX alarms.
 * Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
 */
import * as z from 'zod';
import { EpochTime } from '../../wire/cbor.ts';
import { AwsError, type ActionHandler, type AwsInput, type AwsPlace } from '../service.ts';
import {
  dimensionsSchema,
  formFlagSchema,
  nameSchema,
  namespaceSchema,
  parseMetricsCall,
  readStart,
  wholeSchema,
  writeToken,
} from './requests.ts';

const ALARMS_MAX = 5_000;
const TAGS_MAX = 50;
const PAGE_MAX = 100;

const numberSchema = z.preprocess(
  (value) => (typeof value === 'string' && value !== '' ? Number(value) : value),
  z.number(),
);
const actionsSchema = z.array(z.string().min(1).max(1_024)).max(5).default([]);
const tagsSchema = z
  .array(z.strictObject({ Key: z.string().min(1).max(128), Value: z.string().max(256) }))
  .max(TAGS_MAX)
  .default([]);

const alarmSchema = z.strictObject({
  AlarmName: z.string().min(1).max(255),
  AlarmDescription: z.string().max(1_024).optional(),
  ActionsEnabled: formFlagSchema.default(true),
  OKActions: actionsSchema,
  AlarmActions: actionsSchema,
  InsufficientDataActions: actionsSchema,
  MetricName: nameSchema.optional(),
  Namespace: namespaceSchema.optional(),
  Statistic: z.enum(['SampleCount', 'Average', 'Sum', 'Minimum', 'Maximum']).optional(),
  ExtendedStatistic: z.string().optional(),
  Dimensions: dimensionsSchema,
  Period: wholeSchema.optional(),
  Unit: z.string().optional(),
  EvaluationPeriods: wholeSchema,
  DatapointsToAlarm: wholeSchema.optional(),
  Threshold: numberSchema.optional(),
  ComparisonOperator: z.enum([
    'GreaterThanOrEqualToThreshold',
    'GreaterThanThreshold',
    'LessThanThreshold',
    'LessThanOrEqualToThreshold',
    'LessThanLowerOrGreaterThanUpperThreshold',
    'LessThanLowerThreshold',
    'GreaterThanUpperThreshold',
  ]),
  TreatMissingData: z.enum(['breaching', 'notBreaching', 'ignore', 'missing']).optional(),
  EvaluateLowSampleCountPercentile: z.string().optional(),
  ThresholdMetricId: z.string().optional(),
  Metrics: z
    .array(
      z.strictObject({
        Id: z.string().min(1).max(255),
        Expression: z.string().max(2_048).optional(),
        Label: z.string().optional(),
        ReturnData: formFlagSchema.optional(),
        Period: wholeSchema.optional(),
        AccountId: z.string().optional(),
        MetricStat: z
          .strictObject({
            Metric: z.strictObject({
              Namespace: namespaceSchema.optional(),
              MetricName: nameSchema.optional(),
              Dimensions: dimensionsSchema,
            }),
            Period: wholeSchema,
            Stat: z.string(),
            Unit: z.string().optional(),
          })
          .optional(),
      }),
    )
    .max(20)
    .default([]),
  Tags: tagsSchema,
});

/** What an alarm says of itself beside what it was given. */
interface KeptAlarm {
  readonly alarm: Readonly<Record<string, unknown>>;
  readonly tags: Map<string, string>;
}

/** @param nowMs  the time by CloudWatch's clock */
export function alarmActions(place: AwsPlace, nowMs: () => number): Record<string, ActionHandler> {
  const alarms = new Map<string, KeptAlarm>();
  const arnOf = (name: string): string =>
    `arn:aws:cloudwatch:${place.region}:${place.accountId}:alarm:${name}`;
  const tagsOf = (input: AwsInput): Map<string, string> => {
    const arn = String(input['ResourceARN']);
    const found = [...alarms].find(([name]) => arnOf(name) === arn);
    if (found !== undefined) return found[1].tags;
    throw new AwsError('ResourceNotFoundException', `there is no alarm ${arn}`, 404);
  };
  return {
    PutMetricAlarm: (input) => {
      const { Tags: tags, ...given } = parseMetricsCall(alarmSchema, input);
      refuseHalves(given);
      const name = given.AlarmName;
      const before = alarms.get(name);
      if (before === undefined && alarms.size >= ALARMS_MAX)
        throw new AwsError('LimitExceeded', `there are ${ALARMS_MAX} alarms already`);
      const now = new EpochTime(nowMs() / 1_000);
      const alarm = {
        AlarmArn: arnOf(name),
        ...given,
        AlarmConfigurationUpdatedTimestamp: now,
        StateValue: 'INSUFFICIENT_DATA',
        StateReason: 'Unchecked: Initial alarm creation',
        StateUpdatedTimestamp: before?.alarm['StateUpdatedTimestamp'] ?? now,
      };
      // Tags are those of the alarm's first call.
      const kept = before?.tags ?? new Map(tags.map(({ Key, Value }) => [Key, Value]));
      alarms.set(name, { alarm, tags: kept });
      return {};
    },
    DescribeAlarms: (input) => {
      const names = input['AlarmNames'];
      const prefix = input['AlarmNamePrefix'];
      const all = [...alarms.values()]
        .map(({ alarm }) => alarm)
        .filter(
          ({ AlarmName: name }) =>
            (!Array.isArray(names) || names.includes(name)) &&
            (prefix === undefined || String(name).startsWith(String(prefix))),
        );
      const start = readStart(input);
      const end = start + PAGE_MAX;
      return {
        MetricAlarms: all.slice(start, end),
        CompositeAlarms: [],
        ...(end < all.length ? { NextToken: writeToken(end) } : {}),
      };
    },
    DeleteAlarms: (input) => {
      const names = (Array.isArray(input['AlarmNames']) ? input['AlarmNames'] : []).map(String);
      const missing = names.find((name) => !alarms.has(name));
      if (missing !== undefined)
        throw new AwsError('ResourceNotFound', `there is no alarm ${missing}`, 404);
      for (const name of names) alarms.delete(name);
      return {};
    },
    TagResource: (input) => {
      const tags = tagsOf(input);
      const added = parseMetricsCall(tagsSchema, input['Tags']);
      if (new Set([...tags.keys(), ...added.map(({ Key }) => Key)]).size > TAGS_MAX)
        throw new AwsError('LimitExceeded', `an alarm can have at most ${TAGS_MAX} tags`);
      for (const { Key, Value } of added) tags.set(Key, Value);
      return {};
    },
    UntagResource: (input) => {
      const tags = tagsOf(input);
      for (const key of Array.isArray(input['TagKeys']) ? input['TagKeys'] : [])
        tags.delete(String(key));
      return {};
    },
    ListTagsForResource: (input) => ({
      Tags: [...tagsOf(input)].map(([Key, Value]) => ({ Key, Value })),
    }),
  };
}

/** An alarm is of one metric with its statistic and period, or of expressions. */
function refuseHalves(given: Omit<z.infer<typeof alarmSchema>, 'Tags'>): void {
  const { Metrics, MetricName, Namespace, Period, Statistic, ExtendedStatistic } = given;
  const refuse = (message: string): never => {
    throw new AwsError('ValidationError', message);
  };
  if (Metrics.length > 0) {
    if (MetricName !== undefined || Period !== undefined)
      refuse('MetricName and Period must not be specified when Metrics is.');
    if (Metrics.filter(({ ReturnData }) => ReturnData !== false).length !== 1)
      refuse('Exactly one element of the metrics list should return data.');
    return;
  }
  if (MetricName === undefined || Namespace === undefined)
    refuse('The parameter MetricName is required.');
  if (Period === undefined || (Statistic === undefined && ExtendedStatistic === undefined))
    refuse('Period and Statistic or ExtendedStatistic must be specified.');
}
