/** From the model of a deployment to its template: each part adds its resources. */
import { addCollector, addExecutionRole } from './parts/collector.ts';
import { addConfiguration } from './parts/configuration.ts';
import type { ReadFile } from './parts/files.ts';
import { addNetwork } from './parts/network.ts';
import { addServices } from './parts/services.ts';
import { addWorkspace } from './parts/workspace.ts';
import { divideTargets, findTasks } from './discovery-permissions.ts';
import {
  findByCloudMap,
  mergeStatements,
  type PolicyStatement,
  readParameter,
  TEMPLATE_PLACE,
  writeSamples,
} from './permissions.ts';
import type { Deployment } from './schema.ts';
import { type AwsValue, type DeploymentTemplate, Draft } from './template.ts';

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
    ...findTargets(deployment),
  ];
  if (configuration.parameter !== undefined)
    statements.push(readParameter(TEMPLATE_PLACE, configuration.parameter, '--config ssm:…'));
  const collectors = addCollector(draft, deployment, {
    cluster,
    network,
    configuration,
    logs,
    executionRole,
    statements: mergeStatements(statements),
  });
  addServices(draft, deployment, { cluster, network, logs, executionRole, collectors });
  draft.output('WorkspaceId', workspace.id, 'Workspace of AMP');
  draft.output('RemoteWriteUrl', workspace.writeUrl, 'Where samples are written to');
  return draft.finish(deployment.name, deployment.region);
}

/** What the configuration that is made of the model needs to find targets, and to share them. */
function findTargets({ discovery, cluster, name, collector }: Deployment): PolicyStatement[] {
  const clusterName = cluster.name ?? name;
  return [
    ...(discovery === 'cloud-map'
      ? [findByCloudMap()]
      : findTasks(TEMPLATE_PLACE, [clusterName], { services: false, interfaces: false })),
    ...(collector.count > 1 ? divideTargets(TEMPLATE_PLACE, clusterName) : []),
  ];
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
