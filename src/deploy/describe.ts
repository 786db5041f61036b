/** From the model of a deployment to its template: each part adds its resources. */
import { addCollector, addExecutionRole } from './parts/collector.ts';
import { addConfiguration } from './parts/configuration.ts';
import type { ReadFile } from './parts/files.ts';
import { addNetwork } from './parts/network.ts';
import { addServices } from './parts/services.ts';
import { addWorkspace } from './parts/workspace.ts';
import { findByCloudMap, type PolicyStatement, writeSamples } from './permissions.ts';
import type { Deployment } from './schema.ts';
import {
  ACCOUNT_ID,
  Draft,
  join,
  PARTITION,
  REGION,
  type DeploymentTemplate,
  type AwsValue,
} from './template.ts';

export function describeDeployment(deployment: Deployment, readFile: ReadFile): DeploymentTemplate {
  const draft = new Draft();
  const network = addNetwork(draft, deployment);
  const cluster = addCluster(draft, deployment);
  const logs = draft.add({
    id: 'Logs',
    type: 'AWS::Logs::LogGroup',
    properties: {
      LogGroupName: `/ecs/${deployment.name}`,
      RetentionInDays: deployment.log_retention_days,
    },
    why: 'Logs of all containers.',
  });
  const executionRole = addExecutionRole(draft, logs);
  const workspace = addWorkspace(draft, deployment, readFile);
  const configuration = addConfiguration(draft, deployment, { workspace, readFile });
  const statements: PolicyStatement[] = [
    writeSamples({ workspace: workspace.arn }),
    findByCloudMap(),
  ];
  if (configuration.parameter !== undefined)
    statements.push({
      id: 'ReadConfiguration',
      actions: ['ssm:GetParameter'],
      resources: [
        join`arn:${PARTITION}:ssm:${REGION}:${ACCOUNT_ID}:parameter${configuration.parameter}`,
      ],
      why: '--config ssm:…',
    });
  const collectors = addCollector(draft, deployment, {
    cluster,
    network,
    configuration,
    logs,
    executionRole,
    statements,
  });
  addServices(draft, deployment, { cluster, network, logs, executionRole, collectors });
  draft.output('WorkspaceId', workspace.id, 'Workspace of AMP');
  draft.output('RemoteWriteUrl', workspace.writeUrl, 'Where samples are written to');
  return draft.finish(deployment.name, deployment.region);
}

function addCluster(draft: Draft, { cluster, name }: Deployment): AwsValue {
  const clusterName = cluster.name ?? name;
  if (!cluster.create) return clusterName;
  return draft.add({
    id: 'Cluster',
    type: 'AWS::ECS::Cluster',
    properties: { ClusterName: clusterName },
    why: 'Where the tasks run.',
  });
}
