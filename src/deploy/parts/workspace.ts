/** The workspace of AMP: that of the model, or a new one with rules, alert manager, query log. */
import type { Deployment } from '../schema.ts';
import {
  ACCOUNT_ID,
  type AwsExpression,
  type Draft,
  join,
  PARTITION,
  type Properties,
  REGION,
  type AwsValue,
} from '../template.ts';
import type { ReadFile } from './files.ts';

export interface Workspace {
  readonly id: AwsExpression | string;
  readonly arn: AwsValue;
  /** URL that samples are written to. */
  readonly writeUrl: AwsExpression | string;
}

export function addWorkspace(draft: Draft, deployment: Deployment, readFile: ReadFile): Workspace {
  const { workspace: model, region } = deployment;
  const host = `https://aps-workspaces.${region}.amazonaws.com/workspaces`;
  if (model.id !== undefined) {
    const arn = join`arn:${PARTITION}:aps:${REGION}:${ACCOUNT_ID}:workspace/${model.id}`;
    addRules(draft, deployment, { arn, readFile });
    return { id: model.id, arn, writeUrl: `${host}/${model.id}/api/v1/remote_write` };
  }
  const workspace = draft.add({
    id: 'Workspace',
    type: 'AWS::APS::Workspace',
    properties: {
      Alias: model.alias ?? deployment.name,
      ...alertManager(model.alert_manager, readFile),
      ...(model.query_logging ? { QueryLoggingConfiguration: logQueries(draft, deployment) } : {}),
      WorkspaceConfiguration: { RetentionPeriodInDays: model.retention_days ?? 150 },
    },
    isKept: true,
    why: 'Holds the samples. It stays on clean-up: its data cannot be had again.',
  });
  addRules(draft, deployment, { arn: workspace.get('Arn'), readFile });
  const id = workspace.get('WorkspaceId');
  return {
    id,
    arn: workspace.get('Arn'),
    writeUrl: join`${host}/${id}/api/v1/remote_write`,
  };
}

function addRules(
  draft: Draft,
  { name, workspace: { rules } }: Deployment,
  { arn, readFile }: { readonly arn: AwsValue; readonly readFile: ReadFile },
): void {
  if (rules === undefined) return;
  draft.add({
    id: 'Rules',
    type: 'AWS::APS::RuleGroupsNamespace',
    properties: { Workspace: arn, Name: name, Data: readFile(rules, 'workspace.rules') },
    why: 'Recording and alerting rules of the workspace.',
  });
}

function alertManager(file: string | undefined, readFile: ReadFile): Properties {
  return file === undefined
    ? {}
    : { AlertManagerDefinition: readFile(file, 'workspace.alert_manager') };
}

function logQueries(draft: Draft, { name, log_retention_days }: Deployment): AwsValue {
  const group = draft.add({
    id: 'QueryLogs',
    type: 'AWS::Logs::LogGroup',
    properties: {
      LogGroupName: `/aws/vendedlogs/prometheus/${name}`,
      RetentionInDays: log_retention_days,
    },
    why: 'Queries that read more than the threshold.',
  });
  return {
    Destinations: [
      {
        CloudWatchLogs: { LogGroupArn: group.get('Arn') },
        Filters: { QspThreshold: 1_000_000 },
      },
    ],
  };
}
