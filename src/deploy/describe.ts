/** From the model of a deployment to its template: each part adds its resources. */
import { addAlarms } from './parts/alarms.ts';
import { addEventGroup } from './parts/cloudwatch.ts';
import { addCollectors, addExecutionRole, shares } from './parts/collector.ts';
import { addConfiguration } from './parts/configuration.ts';
import { addEndpoints } from './parts/endpoints.ts';
import type { ReadFile } from './parts/files.ts';
import { addGrafanaRole } from './parts/grafana.ts';
import { addInstances } from './parts/instances.ts';
import { addNetwork, type Network } from './parts/network.ts';
import { addNodeExporter } from './parts/node-exporter.ts';
import { addServices } from './parts/services.ts';
import { putTags } from './parts/tags.ts';
import { addCollectorRegistry } from './parts/traces.ts';
import { addWorkspace } from './parts/workspace.ts';
import { divideTargets, findTasks } from './discovery-permissions.ts';
import {
  askForSampling,
  findByCloudMap,
  mergeStatements,
  type PolicyStatement,
  readParameter,
  sendSegments,
  TEMPLATE_PLACE,
  writeSamples,
} from './permissions.ts';
import type { Deployment } from './schema.ts';
import { type AwsValue, type DeploymentTemplate, Draft } from './template.ts';

const NEEDED_AT_START: ReadonlySet<string> = new Set(
  [
    'EC2::Route', 'EC2::SecurityGroupIngress', 'EC2::SubnetRouteTableAssociation', 'EC2::VPCEndpoint',
    'EFS::MountTarget', 'SSM::Parameter',
  ].map((type) => `AWS::${type}`),
); // prettier-ignore

/** What is known of a configuration that the user gives. */
export interface ConfigurationAccess {
  /** For reading it where it lies. */
  readonly source: readonly PolicyStatement[];
  /** For what it does, but for writing to the workspace; undefined: as the model's own would. */
  readonly found: readonly PolicyStatement[] | undefined;
}

export function describeDeployment(
  deployment: Deployment,
  readFile: ReadFile,
  access?: ConfigurationAccess,
): DeploymentTemplate {
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
    ...(access?.found ?? findTargets(deployment)),
    ...shareTargets(deployment),
    ...addEventGroup(draft, deployment),
    ...(access?.source ?? []),
  ];
  if (configuration.parameter !== undefined)
    statements.push(readParameter(TEMPLATE_PLACE, configuration.parameter, '--config ssm:…'));
  // A configuration that is given has statements of its own for them.
  if (deployment.traces && access?.found === undefined)
    statements.push(sendSegments({ hasTelemetry: true, asOtlp: false }), askForSampling());
  const space = addNamespace(draft, deployment, network);
  const registry =
    deployment.traces && space !== undefined
      ? addCollectorRegistry(draft, deployment, space)
      : undefined;
  const provider = addInstances(draft, deployment, { network, cluster });
  const { group, services } = addCollectors(draft, deployment, {
    cluster,
    provider,
    network,
    configuration,
    logs,
    executionRole,
    registry,
    statements: mergeStatements(statements),
  });
  addServices(draft, deployment, {
    cluster,
    network,
    logs,
    executionRole,
    space,
    collectors: group,
  });
  addNodeExporter(draft, deployment, {
    cluster,
    logs,
    executionRole,
    space: deployment.discovery === 'cloud-map' ? space : undefined,
    collectors: group,
  });
  addEndpoints(draft, deployment, network);
  addAlarms(draft, deployment, { cluster, services, workspace: workspace.id });
  if (deployment.grafana_role) addGrafanaRole(draft, workspace.arn);
  draft.output('WorkspaceId', workspace.id, 'Workspace of AMP');
  draft.output('RemoteWriteUrl', workspace.writeUrl, 'Where samples are written to');
  // A task that starts reads its configuration, and needs a way out and its disk.
  draft.letWait('AWS::ECS::Service', NEEDED_AT_START);
  const template = draft.finish(deployment.name, deployment.region);
  return {
    ...template,
    resources: template.resources.map((one) => putTags(one, deployment.tags)),
  };
}

/** What the configuration that is made of the model needs to find targets. */
function findTargets(deployment: Deployment): PolicyStatement[] {
  const { discovery, cluster, name } = deployment;
  const clusterName = cluster.name ?? name;
  return [
    ...(discovery === 'cloud-map'
      ? [findByCloudMap()]
      : findTasks(TEMPLATE_PLACE, [clusterName], { services: false, interfaces: false })),
  ];
}

function shareTargets(deployment: Deployment): PolicyStatement[] {
  const { cluster, name } = deployment;
  return shares(deployment) ? divideTargets(TEMPLATE_PLACE, cluster.name ?? name) : [];
}

/** Where tasks are registered; undefined where nothing is found by it. */
function addNamespace(
  draft: Draft,
  { namespace, discovery, services, traces, name, cluster }: Deployment,
  { vpc }: Network,
): AwsValue | undefined {
  const hasTargets = services.length > 0 || cluster.node_exporter !== undefined;
  const isUsed = traces || (discovery === 'cloud-map' && hasTargets);
  if (!isUsed) return undefined;
  if (namespace.id !== undefined) return namespace.id;
  const made = draft.add({
    id: 'Namespace',
    type: 'AWS::ServiceDiscovery::PrivateDnsNamespace',
    properties: { Name: namespace.name, Vpc: vpc },
    why: `Where the tasks of ${name} are registered.`,
  });
  return made.get('Id');
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
