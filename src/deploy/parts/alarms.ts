/**
 * Alarms of CloudWatch: on the collector itself, by the metrics that ECS has of each service, and
 * on what AMP tells of its workspace.
 */
import type { Deployment } from '../schema.ts';
import {
  type AwsExpression,
  type AwsValue,
  type Draft,
  join,
  type Properties,
  type Reference,
} from '../template.ts';

export interface AlarmParts {
  readonly cluster: AwsValue;
  readonly services: readonly Reference[];
  /** Id of the workspace. */
  readonly workspace: AwsExpression | string;
}

export function addAlarms(draft: Draft, deployment: Deployment, parts: AlarmParts): void {
  const { alarms } = deployment;
  if (alarms === undefined) return;
  const actions: Properties =
    alarms.topic === undefined ? {} : { AlarmActions: [alarms.topic], OKActions: [alarms.topic] };
  addUsageAlarms(draft, deployment.name, { ...alarms, actions, workspace: parts.workspace });
  for (const service of parts.services) {
    const add = (id: string, what: string, more: Properties): void => {
      draft.add({
        id: `${service.id}${id}`,
        type: 'AWS::CloudWatch::Alarm',
        properties: {
          AlarmName: `${deployment.name}-${service.id}-${id}`,
          AlarmDescription: what,
          Namespace: 'AWS/ECS',
          Dimensions: [
            { Name: 'ClusterName', Value: parts.cluster },
            { Name: 'ServiceName', Value: service.get('Name') },
          ],
          Statistic: 'Average',
          Period: 60,
          ComparisonOperator: 'GreaterThanThreshold',
          ...actions,
          ...more,
        },
        why: what,
      });
    };
    add('Gone', 'No collector runs: ECS has no figures of one.', {
      MetricName: 'CPUUtilization',
      Statistic: 'SampleCount',
      ComparisonOperator: 'LessThanThreshold',
      Threshold: 1,
      EvaluationPeriods: 3,
      TreatMissingData: 'breaching',
    });
    add('Busy', 'A collector uses above 80 % of its CPU for ten minutes.', {
      MetricName: 'CPUUtilization',
      Threshold: 80,
      EvaluationPeriods: 10,
    });
    add('Full', 'A collector uses above 85 % of its memory for five minutes.', {
      MetricName: 'MemoryUtilization',
      Threshold: 85,
      EvaluationPeriods: 5,
    });
  }
}

const DISCARDED = 'SELECT SUM(DiscardedSamples) FROM SCHEMA("AWS/Prometheus", Reason, Workspace)';
/** Part of a quota, in percent, above which there is an alarm. */
const USED_MAX = 80;

interface UsageParts {
  readonly active_series: number;
  readonly ingestion_rate: number;
  readonly actions: Properties;
  readonly workspace: AwsExpression | string;
}

/** What AMP refuses above its quotas is lost, or waits in the queue. */
function addUsageAlarms(draft: Draft, name: string, parts: UsageParts): void {
  const add = (id: string, why: string, more: Properties): void => {
    draft.add({
      id: `Workspace${id}`,
      type: 'AWS::CloudWatch::Alarm',
      properties: {
        AlarmName: `${name}-Workspace-${id}`,
        AlarmDescription: why,
        ComparisonOperator: 'GreaterThanThreshold',
        ...parts.actions,
        ...more,
      },
      why,
    });
  };
  const addUsage = (id: string, why: string, resource: string, quota: number): void =>
    add(id, why, {
      Namespace: 'AWS/Usage',
      MetricName: 'ResourceCount',
      Dimensions: [
        { Name: 'Type', Value: 'Resource' },
        { Name: 'Service', Value: 'Prometheus' },
        { Name: 'Resource', Value: resource },
        { Name: 'ResourceId', Value: parts.workspace },
        { Name: 'Class', Value: 'None' },
      ],
      Statistic: 'Average',
      Period: 60,
      EvaluationPeriods: 5,
      Threshold: (quota * USED_MAX) / 100,
    });
  addUsage(
    'Series',
    `The workspace has above ${USED_MAX} % of the series that its quota allows.`,
    'ActiveSeries',
    parts.active_series,
  );
  addUsage(
    'Rate',
    `The workspace gets above ${USED_MAX} % of the samples a second that its quota allows.`,
    'IngestionRate',
    parts.ingestion_rate,
  );
  add('Discards', 'The workspace discards samples: its metric DiscardedSamples says why.', {
    // One series for each reason: a query adds them up, which an alarm on a metric cannot.
    Metrics: [
      {
        Id: 'discarded',
        Expression: join`${DISCARDED} WHERE Workspace = '${parts.workspace}'`,
        Period: 60,
        ReturnData: true,
      },
    ],
    EvaluationPeriods: 5,
    DatapointsToAlarm: 3,
    Threshold: 0,
    TreatMissingData: 'notBreaching',
  });
}
