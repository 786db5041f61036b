/** Metrics in CloudWatch: the log group that their events go to. */
import { type PolicyStatement, TEMPLATE_PLACE, writeMetricEvents } from '../permissions.ts';
import type { Deployment } from '../schema.ts';
import type { Draft } from '../template.ts';

/** The log group of a deployment's events. */
export const eventGroup = ({ name }: Deployment): string => `/metrics/${name}`;

/** @returns what the collector may do there */
export function addEventGroup(draft: Draft, deployment: Deployment): PolicyStatement[] {
  if (deployment.cloudwatch === undefined) return [];
  const group = eventGroup(deployment);
  draft.add({
    id: 'MetricEvents',
    type: 'AWS::Logs::LogGroup',
    properties: { LogGroupName: group, RetentionInDays: deployment.log_retention_days },
    why: 'Events that CloudWatch makes metrics of.',
  });
  return [writeMetricEvents(TEMPLATE_PLACE, group)];
}
