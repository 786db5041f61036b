/** Types of IAM, logs, parameters and AMP, for the provider hashicorp/aws. Pure. */
import { type AwsValue, type Properties, Reference } from '../template.ts';
import { type HclValue, Raw, renderHcl } from './hcl.ts';
import {
  APART,
  type MoreResource,
  resourceFor,
  type PropertyRule,
  type RuleContext,
  TAGS,
  type TerraformKind,
} from './kind.ts';

const inlinePolicies = ({ Policies }: Properties): readonly MoreResource[] =>
  ((Policies ?? []) as unknown as readonly (Properties & { PolicyName: string })[]).map(
    (policy) => ({
      type: 'aws_iam_role_policy',
      suffix: policy.PolicyName,
      rules: { PolicyName: 'name', PolicyDocument: { json: 'policy' } },
      properties: policy,
      owner: ['role', 'id'],
    }),
  );
const managedPolicies = ({ ManagedPolicyArns }: Properties): readonly MoreResource[] =>
  ((ManagedPolicyArns ?? []) as readonly AwsValue[]).map((arn, i) => ({
    type: 'aws_iam_role_policy_attachment',
    suffix: `managed_${i + 1}`,
    rules: { Arn: 'policy_arn' },
    properties: { Arn: arn },
    owner: ['role', 'name'],
  }));

export const ACCOUNT_KINDS: Readonly<Record<string, TerraformKind>> = {
  'AWS::IAM::Role': {
    type: 'aws_iam_role',
    ref: 'name',
    attributes: { Arn: 'arn' },
    rules: {
      RoleName: 'name',
      Description: 'description',
      AssumeRolePolicyDocument: { json: 'assume_role_policy' },
      Policies: APART,
      ManagedPolicyArns: APART,
      ...TAGS,
    },
    more: (properties) => [...inlinePolicies(properties), ...managedPolicies(properties)],
  },
  'AWS::Logs::LogGroup': {
    type: 'aws_cloudwatch_log_group',
    ref: 'name',
    // CloudFormation's ends with the streams, Terraform's does not.
    attributes: { Arn: '{}.arn:*' },
    rules: { LogGroupName: 'name', RetentionInDays: 'retention_in_days', ...TAGS },
  },
  'AWS::SSM::Parameter': {
    type: 'aws_ssm_parameter',
    ref: 'name',
    rules: {
      Name: 'name',
      Type: 'type',
      Tier: 'tier',
      Value: 'value',
      Description: 'description',
      Tags: 'tags',
    },
  },
  'AWS::APS::Workspace': {
    type: 'aws_prometheus_workspace',
    ref: 'arn',
    attributes: { Arn: 'arn', WorkspaceId: 'id' },
    rules: {
      Alias: 'alias',
      AlertManagerDefinition: APART,
      QueryLoggingConfiguration: APART,
      WorkspaceConfiguration: APART,
      ...TAGS,
    },
    more: describeWorkspaceParts,
  },
  'AWS::APS::RuleGroupsNamespace': {
    type: 'aws_prometheus_rule_group_namespace',
    rules: {
      // CloudFormation takes the ARN, which ends with the id that Terraform takes.
      Workspace: {
        convert: (value, { write }) => [{ name: 'workspace_id', value: workspaceId(value, write) }],
      },
      Name: 'name',
      Data: 'data',
      ...TAGS,
    },
    attributes: { Arn: 'arn' },
  },
};

/** The id of a workspace that is named by its ARN. */
function workspaceId(value: AwsValue, write: RuleContext['write']): HclValue {
  if (value instanceof Reference) return write(value.get('WorkspaceId'));
  const arn = write(value);
  return new Raw(`element(split("/", ${renderHcl(arn)}), 1)`);
}

/** What is a resource of its own for Terraform. */
function describeWorkspaceParts(properties: Properties): readonly MoreResource[] {
  const owner = ['workspace_id', 'id'] as const;
  return [
    ...resourceFor(properties, 'AlertManagerDefinition', {
      type: 'aws_prometheus_alert_manager_definition',
      suffix: 'alerts',
      rules: { AlertManagerDefinition: 'definition' },
      owner,
    }),
    ...resourceFor(properties, 'WorkspaceConfiguration', {
      type: 'aws_prometheus_workspace_configuration',
      suffix: 'settings',
      rules: {
        WorkspaceConfiguration: { inside: { RetentionPeriodInDays: 'retention_period_in_days' } },
      },
      owner,
    }),
    ...resourceFor(properties, 'QueryLoggingConfiguration', {
      type: 'aws_prometheus_query_logging_configuration',
      since: [6, 14],
      suffix: 'query_logs',
      rules: { QueryLoggingConfiguration: { inside: { Destinations: QUERY_DESTINATION } } },
      owner,
    }),
  ];
}

const QUERY_DESTINATION: PropertyRule = {
  block: 'destination',
  rules: {
    CloudWatchLogs: { block: 'cloudwatch_logs', rules: { LogGroupArn: 'log_group_arn' } },
    Filters: { block: 'filters', rules: { QspThreshold: 'qsp_threshold' } },
  },
};
