/** The collector as a service of its own, which keeps a number of tasks or one on each instance. */
import { sizeOfTask } from '../collector-schema.ts';
import { mergeStatements, pullAndLog, type PolicyStatement } from '../permissions.ts';
import type { Deployment } from '../schema.ts';
import type { AwsValue, Draft, Properties, Reference } from '../template.ts';
import { defineCollector, QUEUE_VOLUME } from './collector-container.ts';
import type { CollectorConfiguration } from './configuration.ts';
import type { Network } from './network.ts';
import { addQueue, type QueuePlace } from './queue.ts';
import { addTaskRole } from './roles.ts';
import { SEGMENT_PORT } from './traces.ts';

export interface CollectorParts {
  readonly cluster: AwsValue;
  readonly network: Network;
  readonly configuration: CollectorConfiguration;
  readonly logs: Reference;
  readonly executionRole: AwsValue;
  readonly statements: readonly PolicyStatement[];
  /** Cloud Map service by which applications find it. */
  readonly registry: Reference | undefined;
  /** Of instances that are made with it. */
  readonly provider: Reference | undefined;
}

export interface Collectors {
  /** Their security group. */
  readonly group: Reference;
  readonly services: readonly Reference[];
}

/** Where collectors that share the targets ask each other. */
const SHARING_PORT = 9_094;

export function addCollectors(
  draft: Draft,
  deployment: Deployment,
  parts: CollectorParts,
): Collectors {
  const { collector, name } = deployment;
  const group = draft.add({
    id: 'CollectorSecurityGroup',
    type: 'AWS::EC2::SecurityGroup',
    properties: { GroupDescription: `Collectors of ${name}`, VpcId: parts.network.vpc },
    why: 'Who scrapes: targets let this group in.',
  });
  if (shares(deployment))
    draft.add({
      id: 'CollectorSharing',
      type: 'AWS::EC2::SecurityGroupIngress',
      properties: {
        Description: 'Collectors agree on who scrapes what',
        GroupId: group.get('GroupId'),
        SourceSecurityGroupId: group.get('GroupId'),
        IpProtocol: 'tcp',
        FromPort: SHARING_PORT,
        ToPort: SHARING_PORT,
      },
      why: 'Each collector asks the others.',
    });
  // Two that collect the same are told apart by a label, and have nothing in common.
  const replicas = collector.pair ? ['a', 'b'] : [undefined];
  const services = replicas.map((replica) =>
    addReplica(draft, deployment, { ...parts, group, replica }),
  );
  return { group, services };
}

/** Whether the tasks of the service divide the targets among themselves. */
export function shares({ collector }: Deployment): boolean {
  return collector.count > 1 || collector.mode === 'daemon';
}

interface ReplicaParts extends CollectorParts {
  readonly group: Reference;
  readonly replica: string | undefined;
}

function addReplica(draft: Draft, deployment: Deployment, parts: ReplicaParts): Reference {
  const { collector, name } = deployment;
  const { group, replica, network, registry } = parts;
  const suffix = replica?.toUpperCase() ?? '';
  const queue = addQueue(draft, deployment, { suffix, network, group });
  const role = addTaskRole(draft, {
    id: `CollectorRole${suffix}`,
    why: 'What the collector may do.',
    statements: mergeStatements([...parts.statements, ...queue.statements]),
  });
  const task = draft.add({
    id: `CollectorTask${suffix}`,
    type: 'AWS::ECS::TaskDefinition',
    properties: describeTask(deployment, { ...parts, role, queue, suffix }),
    why: `How a collector runs. ${queue.survives}`,
  });
  const isDaemon = collector.mode === 'daemon';
  return draft.add({
    id: `CollectorService${suffix}`,
    type: 'AWS::ECS::Service',
    properties: {
      ServiceName: nameOf(name, replica),
      Cluster: parts.cluster,
      TaskDefinition: task,
      ...(isDaemon ? { SchedulingStrategy: 'DAEMON' } : { DesiredCount: collector.count }),
      ...describePlace(deployment, parts.provider),
      EnableECSManagedTags: true,
      PropagateTags: 'SERVICE',
      DeploymentConfiguration: {
        DeploymentCircuitBreaker: { Enable: true, Rollback: true },
        ...(queue.isLone || isDaemon
          ? { MaximumPercent: 100, MinimumHealthyPercent: 0 }
          : { MaximumPercent: 200, MinimumHealthyPercent: 100 }),
      },
      NetworkConfiguration: {
        AwsvpcConfiguration: {
          Subnets: [...network.subnets],
          SecurityGroups: [group],
          ...(collector.launch === 'fargate'
            ? { AssignPublicIp: network.isPublic ? 'ENABLED' : 'DISABLED' }
            : {}),
        },
      },
      ...(registry === undefined
        ? {}
        : { ServiceRegistries: [{ RegistryArn: registry.get('Arn') }] }),
    },
    ...(parts.provider === undefined ? {} : { after: ['CapacityProviders'] }),
    why: 'Keeps the collectors running; a version that does not get healthy is taken back.',
  });
}

/** Where tasks run. Instances that are made with it come by their provider, which asks for more. */
function describePlace({ collector }: Deployment, provider: Reference | undefined): Properties {
  if (collector.launch === 'fargate') return { LaunchType: 'FARGATE' };
  return provider === undefined || collector.mode === 'daemon'
    ? { LaunchType: 'EC2' }
    : { CapacityProviderStrategy: [{ CapacityProvider: provider, Weight: 1 }] };
}

const nameOf = (name: string, replica: string | undefined): string =>
  replica === undefined ? `${name}-collector` : `${name}-collector-${replica}`;

interface TaskParts extends ReplicaParts {
  readonly role: Reference;
  readonly queue: QueuePlace;
}

function describeTask(deployment: Deployment, parts: TaskParts & { suffix: string }): Properties {
  const { collector, name, traces } = deployment;
  const { configuration, queue, replica } = parts;
  const container = defineCollector(
    deployment,
    {
      source: configuration.source,
      ports: traces ? [{ port: SEGMENT_PORT, protocol: 'udp' }, { port: SEGMENT_PORT }] : [],
      flags: shares(deployment) ? ['--shard', 'ecs'] : [],
      environment: replica === undefined ? {} : { AMPERAGE_REPLICA: `${name}-${replica}` },
      more: { User: queue.user },
    },
    parts.logs,
  );
  const { cpu, memory } = sizeOfTask(collector);
  return {
    Family: nameOf(name, replica),
    NetworkMode: 'awsvpc',
    RequiresCompatibilities: [collector.launch === 'ec2' ? 'EC2' : 'FARGATE'],
    Cpu: `${cpu}`,
    Memory: `${memory}`,
    RuntimePlatform: {
      CpuArchitecture: collector.architecture === 'arm64' ? 'ARM64' : 'X86_64',
      OperatingSystemFamily: 'LINUX',
    },
    ExecutionRoleArn: parts.executionRole,
    TaskRoleArn: parts.role.get('Arn'),
    ContainerDefinitions: [container],
    Volumes: [{ Name: QUEUE_VOLUME, ...queue.volume }],
  };
}

/** The role by which the agent of ECS starts tasks. */
export function addExecutionRole(draft: Draft, logs: Reference): AwsValue {
  return addTaskRole(draft, {
    id: 'ExecutionRole',
    why: 'By it the agent of ECS pulls images and writes logs; the containers never have it.',
    statements: pullAndLog(logs.get('Arn')),
  }).get('Arn');
}
