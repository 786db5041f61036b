/** From the model of a deployment to its template: each part adds its resources. */
import { addAlarms } from './parts/alarms.ts';
import { addEventGroup } from './parts/cloudwatch.ts';
import { addCollectors, addExecutionRole, type CollectorParts, shares } from './parts/collector.ts';
import { addConfiguration } from './parts/configuration.ts';
import { addEndpoints } from './parts/endpoints.ts';
import type { ReadFile } from './parts/files.ts';
import { addGrafanaRole } from './parts/grafana.ts';
import { addInstances } from './parts/instances.ts';
import { addManagedInstances } from './parts/managed-instances.ts';
import { addNetwork, type Network } from './parts/network.ts';
import { addNodeExporter } from './parts/node-exporter.ts';
import { addCollectorRegistry, isRegisteredTarget } from './parts/own-target.ts';
import { addServices } from './parts/services.ts';
import { putTags } from './parts/tags.ts';
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
import { type AwsValue, type DeploymentTemplate, Draft, type Reference } from './template.ts';

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
  const isOutside = deployment.collector.launch === 'external';
  const network = isOutside ? undefined : addNetwork(draft, deployment);
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
  const executionRole = addExecutionRole(draft, deployment, logs);
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
  const shared = { cluster, network, logs, executionRole, configuration };
  // A configuration that is given has statements of its own for traces.
  const isWhole = access?.found !== undefined;
  let watched: readonly Reference[] = [];
  if (deployment.collector.mode === 'sidecar' && network !== undefined) {
    const { writeUrl } = workspace;
    const { source } = configuration;
    const sidecar = { writeUrl, source, statements: mergeStatements(statements), isWhole };
    const none = { space: undefined, collectors: undefined };
    addServices(draft, deployment, { ...shared, ...none, network, sidecar });
  } else {
    if (deployment.traces && !isWhole)
      statements.push(sendSegments({ hasTelemetry: true, asOtlp: false }), askForSampling());
    const parts = { ...shared, statements: mergeStatements(statements) };
    watched = addCollectorServices(draft, deployment, parts);
  }
  addAlarms(draft, deployment, { cluster, services: watched, workspace: workspace.id });
  if (network !== undefined) addEndpoints(draft, deployment, { network, found: access?.found });
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

/**
 * Collectors as services of their own, and the applications, which they find.
 *
 * @returns the services of collectors that alarms can watch
 */
function addCollectorServices(
  draft: Draft,
  deployment: Deployment,
  parts: Omit<CollectorParts, 'provider' | 'registry'>,
): readonly Reference[] {
  const { network, cluster } = parts;
  if (network === undefined) {
    addCollectors(draft, deployment, { ...parts, provider: undefined, registry: undefined });
    // ECS has no figures of services on machines outside of AWS.
    return [];
  }
  const space = addNamespace(draft, deployment, network);
  const isRegistered = deployment.traces || isRegisteredTarget(deployment);
  const registry =
    isRegistered && space !== undefined
      ? addCollectorRegistry(draft, deployment, space)
      : undefined;
  const provider = addProvider(draft, deployment, { network, cluster });
  const { group, services } = addCollectors(draft, deployment, { ...parts, provider, registry });
  const more = { network, space, collectors: group, sidecar: undefined };
  addServices(draft, deployment, { ...parts, ...more });
  const { logs, executionRole } = parts;
  if (group !== undefined) {
    draft.output(
      'CollectorSecurityGroupId',
      group.get('GroupId'),
      'Targets let this security group in at their ports of metrics',
    );
    addNodeExporter(draft, deployment, {
      cluster,
      logs,
      executionRole,
      space: deployment.discovery === 'cloud-map' ? space : undefined,
      collectors: group,
    });
  }
  return services;
}

/** Instances that are made with it. */
function addProvider(
  draft: Draft,
  deployment: Deployment,
  parts: { readonly network: Network; readonly cluster: AwsValue },
): Reference | undefined {
  if (deployment.collector.launch === 'managed')
    return addManagedInstances(draft, deployment, parts);
  return addInstances(draft, deployment, parts);
}

/** What the configuration that is made of the model needs to find targets. */
function findTargets(deployment: Deployment): PolicyStatement[] {
  const { discovery, cluster, name, collector } = deployment;
  const clusterName = cluster.name ?? name;
  // What is not registered is not found by Cloud Map: there, targets are in the configuration.
  const isOutside = collector.launch === 'external' && discovery === 'cloud-map';
  if (collector.mode === 'sidecar' || isOutside) return [];
  return [
    ...(discovery === 'cloud-map'
      ? [findByCloudMap()]
      : findTasks(TEMPLATE_PLACE, [clusterName], {
          definitions: true,
          services: false,
          interfaces: false,
        })),
  ];
}

function shareTargets(deployment: Deployment): PolicyStatement[] {
  const { cluster, name } = deployment;
  return shares(deployment) ? divideTargets(TEMPLATE_PLACE, cluster.name ?? name) : [];
}

/** Where tasks are registered; undefined where nothing is found by it. */
function addNamespace(
  draft: Draft,
  deployment: Deployment,
  { vpc }: Network,
): AwsValue | undefined {
  const { namespace, discovery, services, traces, name, cluster } = deployment;
  const hasTargets =
    services.length > 0 || cluster.node_exporter !== undefined || isRegisteredTarget(deployment);
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
