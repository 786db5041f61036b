/** The collector as a service of its own, which keeps a number of tasks or one on each instance. */
import { type CollectorModel, sizeOfTask } from '../collector-schema.ts';
import { mergeStatements, pullAndLog, type PolicyStatement } from '../permissions.ts';
import type { Deployment } from '../schema.ts';
import type { AwsValue, Draft, Properties, Reference } from '../template.ts';
import { defineCollector, PAGES_PORT, QUEUE_VOLUME } from './collector-container.ts';
import type { CollectorConfiguration } from './configuration.ts';
import { describePlatform } from './containers.ts';
import type { Network } from './network.ts';
import { letIn } from './ingress.ts';
import { isOwnTarget } from './own-target.ts';
import { addQueue, type QueuePlace } from './queue.ts';
import { addTaskRole } from './roles.ts';
import { labelTarget } from './services.ts';
import { SEGMENT_PORT } from './traces.ts';

export interface CollectorParts {
  readonly cluster: AwsValue;
  /** Undefined on machines outside of AWS. */
  readonly network: Network | undefined;
  readonly configuration: CollectorConfiguration;
  readonly logs: Reference;
  readonly executionRole: AwsValue;
  readonly statements: readonly PolicyStatement[];
  /** Cloud Map service by which applications find it, and collectors themselves. */
  readonly registry: Reference | undefined;
  /** Of instances that are made with it. */
  readonly provider: Reference | undefined;
}

export interface Collectors {
  /** Their security group, where they have one. */
  readonly group: Reference | undefined;
  readonly services: readonly Reference[];
}

const SHARED_SURVIVES = 'Its queue is on EFS: of one that is gone, the others send what is left.';

/** Where collectors that share the targets ask each other. */
const SHARING_PORT = 9_094;

export function addCollectors(
  draft: Draft,
  deployment: Deployment,
  parts: CollectorParts,
): Collectors {
  const { network } = parts;
  const place = network && { network, group: addGroup(draft, deployment, network) };
  if (hasOwnSpot(deployment))
    draft.add({
      id: 'CapacityProviders',
      type: 'AWS::ECS::ClusterCapacityProviderAssociations',
      properties: {
        Cluster: parts.cluster,
        CapacityProviders: ['FARGATE', 'FARGATE_SPOT'],
        DefaultCapacityProviderStrategy: [],
      },
      why: 'Lets the cluster run tasks on Spot.',
    });
  // Two that collect the same are told apart by a label, and have nothing in common.
  const replicas = deployment.collector.pair ? ['a', 'b'] : [undefined];
  const services = replicas.map((replica) =>
    addReplica(draft, deployment, { ...parts, place, replica }),
  );
  return { group: place?.group, services };
}

function addGroup(draft: Draft, deployment: Deployment, network: Network): Reference {
  const group = draft.add({
    id: 'CollectorSecurityGroup',
    type: 'AWS::EC2::SecurityGroup',
    properties: { GroupDescription: `Collectors of ${deployment.name}`, VpcId: network.vpc },
    why: 'Who scrapes: targets let this group in.',
  });
  const itself = { into: group, from: group };
  if (isOwnTarget(deployment))
    letIn(draft, {
      ...itself,
      id: 'CollectorPages',
      port: PAGES_PORT,
      description: 'Metrics of the collectors',
      why: 'A collector scrapes its own metrics by its address, and those of others.',
    });
  if (shares(deployment))
    letIn(draft, {
      ...itself,
      id: 'CollectorSharing',
      port: SHARING_PORT,
      description: 'Collectors agree on who scrapes what',
      why: 'Each collector asks the others.',
    });
  return group;
}

/** Whether the tasks of the service divide the targets among themselves. */
export function shares({ collector }: Deployment): boolean {
  if (collector.mode === 'daemon') return collector.launch !== 'external';
  return collector.count > 1;
}

/** Whether those that share the targets have one disk for their queues, which outlives each. */
function hasSharedQueue(deployment: Deployment): boolean {
  return shares(deployment) && deployment.collector.queue === 'efs';
}

/** Where tasks have addresses of their own. */
interface VpcPlace {
  readonly network: Network;
  readonly group: Reference;
}

interface ReplicaParts extends CollectorParts {
  readonly place: VpcPlace | undefined;
  readonly replica: string | undefined;
}

function addReplica(draft: Draft, deployment: Deployment, parts: ReplicaParts): Reference {
  const { collector, name } = deployment;
  const { place, replica, registry } = parts;
  const suffix = replica?.toUpperCase() ?? '';
  const queue = addQueue(draft, deployment, { suffix, place });
  const role = addTaskRole(draft, {
    id: `CollectorRole${suffix}`,
    why: 'What the collector may do.',
    statements: mergeStatements([...parts.statements, ...queue.statements]),
  });
  const task = draft.add({
    id: `CollectorTask${suffix}`,
    type: 'AWS::ECS::TaskDefinition',
    properties: describeTask(deployment, { ...parts, role, queue, suffix }),
    why: `How a collector runs. ${hasSharedQueue(deployment) ? SHARED_SURVIVES : queue.survives}`,
  });
  const isDaemon = collector.mode === 'daemon';
  // On a machine, an old task and a new one would want the same port.
  const isAlone = queue.isLone && !hasSharedQueue(deployment);
  const isLone = isAlone || isDaemon || place === undefined;
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
        ...(isLone
          ? { MaximumPercent: 100, MinimumHealthyPercent: 0 }
          : { MaximumPercent: 200, MinimumHealthyPercent: 100 }),
      },
      ...(place === undefined ? {} : { NetworkConfiguration: describeNetwork(collector, place) }),
      ...(registry === undefined
        ? {}
        : { ServiceRegistries: [{ RegistryArn: registry.get('Arn') }] }),
    },
    ...((parts.provider !== undefined && collector.launch === 'ec2') || hasOwnSpot(deployment)
      ? { after: ['CapacityProviders'] }
      : {}),
    why: 'Keeps the collectors running; a version that does not get healthy is taken back.',
  });
}

/** Whether the cluster that is made gets Spot for the collectors alone. */
function hasOwnSpot({ collector, cluster }: Deployment): boolean {
  return collector.spot && cluster.create && cluster.instances === undefined;
}

/** Where tasks run. Instances that are made with it come by their provider, which asks for more. */
function describePlace({ collector }: Deployment, provider: Reference | undefined): Properties {
  if (collector.spot)
    return { CapacityProviderStrategy: [{ CapacityProvider: 'FARGATE_SPOT', Weight: 1 }] };
  if (collector.launch === 'fargate') return { LaunchType: 'FARGATE' };
  if (collector.launch === 'external') return { LaunchType: 'EXTERNAL' };
  return provider === undefined || collector.mode === 'daemon'
    ? { LaunchType: 'EC2' }
    : { CapacityProviderStrategy: [{ CapacityProvider: provider, Weight: 1 }] };
}

function describeNetwork({ launch }: CollectorModel, { network, group }: VpcPlace): Properties {
  return {
    AwsvpcConfiguration: {
      Subnets: [...network.subnets],
      SecurityGroups: [group],
      ...(launch === 'fargate'
        ? { AssignPublicIp: network.isPublic ? 'ENABLED' : 'DISABLED' }
        : {}),
    },
  };
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
  const isMachine = collector.launch === 'external';
  const container = defineCollector(
    deployment,
    {
      source: configuration.source,
      ports: [
        ...(traces
          ? [{ port: SEGMENT_PORT, protocol: 'udp' as const }, { port: SEGMENT_PORT }]
          : []),
        // It is the machine's: ECS puts no second one there.
        ...(isMachine ? [{ port: PAGES_PORT }] : []),
      ],
      flags: [
        ...(shares(deployment) ? ['--shard', 'ecs'] : []),
        ...(hasSharedQueue(deployment) ? ['--storage.shared'] : []),
        // The network of the machine is not known: nobody there needs the pages.
        ...(isMachine ? ['--web.listen-address', `127.0.0.1:${PAGES_PORT}`] : []),
        // The collectors scrape each other; the security group lets nobody else in.
        ...(isOwnTarget(deployment) ? ['--web.listen-address', `0.0.0.0:${PAGES_PORT}`] : []),
      ],
      environment: replica === undefined ? {} : { AMPERAGE_REPLICA: `${name}-${replica}` },
      more: {
        User: queue.user,
        ...(isOwnTarget(deployment)
          ? labelTarget(deployment, { port: PAGES_PORT, path: '/metrics', job: 'amperage' })
          : {}),
      },
    },
    parts.logs,
  );
  const { cpu, memory } = sizeOfTask(collector);
  return {
    Family: nameOf(name, replica),
    NetworkMode: isMachine ? 'host' : 'awsvpc',
    RequiresCompatibilities: [COMPATIBILITIES[collector.launch]],
    Cpu: `${cpu}`,
    Memory: `${memory}`,
    ...describeProcessor(collector),
    ExecutionRoleArn: parts.executionRole,
    TaskRoleArn: parts.role.get('Arn'),
    ContainerDefinitions: [container],
    Volumes: [{ Name: QUEUE_VOLUME, ...queue.volume }],
  };
}

const COMPATIBILITIES: Readonly<Record<CollectorModel['launch'], string>> = {
  fargate: 'FARGATE',
  ec2: 'EC2',
  managed: 'MANAGED_INSTANCES',
  external: 'EXTERNAL',
};

function describeProcessor({ launch, architecture }: CollectorModel): Properties {
  // A platform is for tasks within AWS; machines outside tell theirs as an attribute.
  if (launch === 'external')
    return {
      PlacementConstraints: [
        { Type: 'memberOf', Expression: `attribute:ecs.cpu-architecture == ${architecture}` },
      ],
    };
  return { RuntimePlatform: describePlatform(architecture) };
}

/** The role by which the agent of ECS starts tasks. */
export function addExecutionRole(
  draft: Draft,
  { image, services, cluster }: Deployment,
  logs: Reference,
): AwsValue {
  const exporter = cluster.node_exporter?.image;
  const images = [
    image,
    ...services.map((one) => one.image),
    ...(exporter === undefined ? [] : [exporter]),
  ];
  return addTaskRole(draft, {
    id: 'ExecutionRole',
    why: 'By it the agent of ECS pulls images and writes logs; the containers never have it.',
    statements: pullAndLog(images, logs.get('Arn')),
  }).get('Arn');
}
