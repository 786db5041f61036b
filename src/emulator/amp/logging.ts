/**
 * AMP's calls on where a workspace logs its rules, and its queries: state only, nothing is logged.
 * Source: https://docs.aws.amazon.com/prometheus/latest/userguide/CW-logs.html
 */
import * as z from 'zod';
import type { ActionHandler } from '../service.ts';
import { SinglePart } from './parts.ts';
import { logGroupSchema, parseAmpCall } from './requests.ts';
import { type AmpState, renderTimes } from './state.ts';

const rulesSchema = z.object({ logGroupArn: logGroupSchema });
const queriesSchema = z.object({
  destinations: z
    .array(
      z.object({
        cloudWatchLogs: z.object({ logGroupArn: logGroupSchema }),
        filters: z.object({ qspThreshold: z.number().int().min(0) }),
      }),
    )
    .length(1),
});

export function loggingActions(state: AmpState): Record<string, ActionHandler> {
  const rules = new SinglePart(state, 'logging', 'loggingconfiguration');
  const queries = new SinglePart(state, 'queryLogging', 'queryloggingconfiguration');
  const groupOf = (input: unknown): string => parseAmpCall(rulesSchema, input).logGroupArn;
  const listOf = (input: unknown) => parseAmpCall(queriesSchema, input).destinations;
  return {
    CreateLoggingConfiguration: (input) => rules.create(input, groupOf(input)),
    UpdateLoggingConfiguration: (input) => rules.update(input, groupOf(input)),
    DescribeLoggingConfiguration: (input) => {
      const found = rules.describe(input);
      const { workspaceId: workspace } = input;
      const shown = { workspace, status: found.status.at(state.nowMs()), ...renderTimes(found) };
      return { loggingConfiguration: { ...shown, logGroupArn: found.content } };
    },
    DeleteLoggingConfiguration: (input) => rules.delete(input),
    CreateQueryLoggingConfiguration: (input) => queries.create(input, listOf(input)),
    UpdateQueryLoggingConfiguration: (input) => queries.update(input, listOf(input)),
    DescribeQueryLoggingConfiguration: (input) => {
      const found = queries.describe(input);
      const { workspaceId: workspace } = input;
      const shown = { workspace, status: found.status.at(state.nowMs()), ...renderTimes(found) };
      return { queryLoggingConfiguration: { ...shown, destinations: found.content } };
    },
    DeleteQueryLoggingConfiguration: (input) => queries.delete(input),
  };
}
