/** node-exporter on each instance of the cluster: CPU, memory and disks of the machine itself. */
import type { Deployment } from '../schema.ts';
import type { AwsValue, Draft, Properties, Reference } from '../template.ts';
import { defineContainer, describePlatform } from './containers.ts';
import { letIn } from './ingress.ts';
import { INSTANCE_GROUP } from './instances.ts';
import { addRegistry } from './registry.ts';
import { labelTarget } from './services.ts';

const PORT = 9_100;
const ROOT = '/host';

export interface NodeExporterParts {
  readonly cluster: AwsValue;
  readonly logs: Reference;
  readonly executionRole: AwsValue;
  /** Security group of the collectors. */
  readonly collectors: Reference;
  /** Cloud Map namespace; undefined where nothing is registered. */
  readonly space: AwsValue | undefined;
}

export function addNodeExporter(
  draft: Draft,
  deployment: Deployment,
  parts: NodeExporterParts,
): void {
  const { cluster, name } = deployment;
  if (cluster.node_exporter === undefined) return;
  if (cluster.instances !== undefined)
    letIn(draft, {
      id: 'NodeExporterIngress',
      into: INSTANCE_GROUP,
      from: parts.collectors,
      port: PORT,
      description: 'Scrapes of node-exporter',
      why: 'The collectors, and nobody else, may scrape node-exporter on the instances.',
    });
  const registry =
    parts.space === undefined
      ? undefined
      : addRegistry(draft, {
          id: 'NodeExporterRegistry',
          name: `${name}-node-exporter`,
          space: parts.space,
          // A task on the network of its instance has no address of its own.
          record: 'SRV',
          metrics: { path: '/metrics', port: PORT },
          why: 'Its tags tell the collector port and path.',
        });
  const task = draft.add({
    id: 'NodeExporterTask',
    type: 'AWS::ECS::TaskDefinition',
    properties: describeTask(deployment, parts),
    why: 'It sees network and processes of the instance, and reads its files; it writes none.',
  });
  draft.add({
    id: 'NodeExporterService',
    type: 'AWS::ECS::Service',
    properties: {
      ServiceName: `${name}-node-exporter`,
      Cluster: parts.cluster,
      TaskDefinition: task,
      SchedulingStrategy: 'DAEMON',
      LaunchType: 'EC2',
      // The old task has the port of the instance until it ends.
      DeploymentConfiguration: {
        DeploymentCircuitBreaker: { Enable: true, Rollback: true },
        MaximumPercent: 100,
        MinimumHealthyPercent: 0,
      },
      ...(registry === undefined
        ? {}
        : {
            ServiceRegistries: [
              {
                RegistryArn: registry.get('Arn'),
                ContainerName: 'node-exporter',
                ContainerPort: PORT,
              },
            ],
          }),
    },
    ...(cluster.instances === undefined ? {} : { after: ['CapacityProviders'] }),
    why: 'Keeps one on each instance.',
  });
}

function describeTask(deployment: Deployment, parts: NodeExporterParts): Properties {
  const { cluster, collector, name, region } = deployment;
  const container = defineContainer(
    {
      name: 'node-exporter',
      image: cluster.node_exporter?.image ?? '',
      command: [`--path.rootfs=${ROOT}`, `--web.listen-address=:${PORT}`],
      ports: [{ port: PORT }],
      more: {
        ReadonlyRootFilesystem: true,
        MountPoints: [{ SourceVolume: 'root', ContainerPath: ROOT, ReadOnly: true }],
        ...labelTarget(deployment, { port: PORT, path: '/metrics', job: 'node-exporter' }),
      },
    },
    { group: parts.logs, region },
  );
  return {
    Family: `${name}-node-exporter`,
    NetworkMode: 'host',
    PidMode: 'host',
    RequiresCompatibilities: ['EC2'],
    Cpu: '128',
    Memory: '128',
    RuntimePlatform: describePlatform(collector.architecture),
    ExecutionRoleArn: parts.executionRole,
    ContainerDefinitions: [container],
    Volumes: [{ Name: 'root', Host: { SourcePath: '/' } }],
  };
}
