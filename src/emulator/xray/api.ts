/**
 * The calls of X-Ray on its state. Its forms of answers stand in the files that make them.
 * Source: https://docs.aws.amazon.com/xray/latest/api/
 */
import { type AccessTable, describeTags, needOn, textOf } from '../access.ts';
import * as z from 'zod';
import type { JsonService } from '../service.ts';
import type { Trouble } from '../trouble.ts';
import { takeDocuments } from './put-segments.ts';
import { cutPage, parseRequest } from './requests.ts';
import type { XrayState } from './state.ts';
import {
  getTraces,
  graphServices,
  graphTraces,
  refuseAnyToken,
  summarizeTraces,
} from './trace-queries.ts';

const destinationSchema = z.object({ Destination: z.enum(['XRay', 'CloudWatchLogs']) });

export interface XrayOptions {
  /** The time by X-Ray's clock. */
  readonly nowMs: () => number;
  readonly trouble: Trouble;
}

/** All but sampling rules is no resource. */
const XRAY_ACCESS: AccessTable = {
  ...needOn(
    'xray',
    'CreateSamplingRule DeleteSamplingRule UpdateSamplingRule',
    (input, { accountId, region }) => {
      const given = { ...input, ...Object(input['SamplingRule'] ?? input['SamplingRuleUpdate']) };
      const name = textOf(given, 'RuleName');
      const arn = `arn:aws:xray:${region}:${accountId}:sampling-rule/${name}`;
      return textOf(given, 'RuleARN') || arn;
    },
    describeTags,
  ),
  ...needOn(
    'xray',
    'UpdateTraceSegmentDestination',
    () => '*',
    (input) => ({
      'xray:TraceSegmentDestination': textOf(input, 'Destination'),
    }),
  ),
};

export function createXray(state: XrayState, { nowMs, trouble }: XrayOptions): JsonService {
  const { traces, rules, targets, telemetry } = state;
  const nowSeconds = (): number => nowMs() / 1_000;
  return {
    signingName: 'xray',
    target: 'xray',
    access: XRAY_ACCESS,
    actions: {
      PutTraceSegments: (input) => takeDocuments(state, input, { trouble, nowMs: nowMs() }),
      PutTelemetryRecords: (input) => {
        telemetry.put(input);
        return {};
      },
      GetSamplingRules: (input) => {
        const { page, ...more } = cutPage(rules.list(), input);
        return { SamplingRuleRecords: page, ...more };
      },
      GetSamplingTargets: (input) => targets.report(input, nowSeconds()),
      GetSamplingStatisticSummaries: (input) => {
        const { page, ...more } = cutPage(targets.summaries, input);
        return { SamplingStatisticSummaries: page, ...more };
      },
      CreateSamplingRule: ({ SamplingRule: rule }) => ({
        SamplingRuleRecord: rules.create(rule, nowSeconds()),
      }),
      UpdateSamplingRule: ({ SamplingRuleUpdate: update }) => ({
        SamplingRuleRecord: rules.update(update, nowSeconds()),
      }),
      DeleteSamplingRule: (input) => ({
        SamplingRuleRecord: rules.delete(input, nowSeconds()),
      }),
      GetTraceSummaries: (input) => summarizeTraces(state, input),
      BatchGetTraces: (input) => getTraces(traces, input),
      GetServiceGraph: (input) => graphServices(state, input),
      GetTraceGraph: (input) => graphTraces(state, input),
      GetIndexingRules: (input) => {
        refuseAnyToken(input);
        const Probabilistic = { DesiredSamplingPercentage: 1, ActualSamplingPercentage: 1 };
        const IndexingRules = [{ Name: 'Default', ModifiedAt: 0, Rule: { Probabilistic } }];
        return { IndexingRules };
      },
      GetTraceSegmentDestination: () => ({ Destination: state.destination, Status: 'ACTIVE' }),
      UpdateTraceSegmentDestination: (input) => {
        state.destination = parseRequest(destinationSchema, input).Destination;
        return { Destination: state.destination, Status: 'ACTIVE' };
      },
    },
  };
}
