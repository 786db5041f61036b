/** Alarms of CloudWatch on the collector itself, by the metrics that ECS has of each service. */
import type { Deployment } from '../schema.ts';
import type { AwsValue, Draft, Properties, Reference } from '../template.ts';

export interface AlarmParts {
  readonly cluster: AwsValue;
  readonly services: readonly Reference[];
}

export function addAlarms(draft: Draft, deployment: Deployment, parts: AlarmParts): void {
  const { alarms } = deployment;
  if (alarms === undefined) return;
  const actions =
    alarms.topic === undefined ? {} : { AlarmActions: [alarms.topic], OKActions: [alarms.topic] };
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
