/** The role by which Amazon Managed Grafana reads the workspace. */
import type { PolicyStatement } from '../permissions.ts';
import { ACCOUNT_ID, type AwsValue, type Draft, join, PARTITION, REGION } from '../template.ts';
import { renderPolicy, trustService } from './roles.ts';

export function querySamples(workspace: AwsValue): PolicyStatement {
  return {
    id: 'QuerySamples',
    actions: [
      'aps:QueryMetrics',
      'aps:GetLabels',
      'aps:GetSeries',
      'aps:GetMetricMetadata',
      'aps:ListRules',
      'aps:ListAlerts',
    ],
    resources: [workspace],
    why: 'queries, the editor and the list of rules of Grafana',
  };
}

/** What its dashboard of usage and cost asks CloudWatch: metrics of AWS, which are no resources. */
const READ_USAGE: PolicyStatement = {
  id: 'ReadUsage',
  actions: ['cloudwatch:GetMetricData', 'cloudwatch:ListMetrics', 'ec2:DescribeRegions'],
  resources: ['*'],
  why: 'the dashboard of usage and cost of AMP; without it that one is empty',
};

export function addGrafanaRole(draft: Draft, workspace: AwsValue): void {
  const workspaces = join`arn:${PARTITION}:grafana:${REGION}:${ACCOUNT_ID}:/workspaces/*`;
  const role = draft.add({
    id: 'GrafanaRole',
    type: 'AWS::IAM::Role',
    properties: {
      AssumeRolePolicyDocument: trustService('grafana.amazonaws.com', {
        StringEquals: { 'aws:SourceAccount': ACCOUNT_ID },
        StringLike: { 'aws:SourceArn': workspaces },
      }),
      Policies: [
        {
          PolicyName: 'needed',
          PolicyDocument: renderPolicy([querySamples(workspace), READ_USAGE]),
        },
      ],
    },
    why: 'By it workspaces of Amazon Managed Grafana in this account and region read the samples.',
  });
  draft.output('GrafanaRoleArn', role.get('Arn'), 'Role of the data source of Grafana');
}
