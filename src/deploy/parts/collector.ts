/** The collector as a service of its own. */
import { pullAndLog, type PolicyStatement } from '../permissions.ts';
import type { Deployment } from '../schema.ts';
import type { Draft, Reference, AwsValue } from '../template.ts';
import type { CollectorConfiguration } from './configuration.ts';
import { defineHealthCheck, defineOwnContainer } from './containers.ts';
import type { Network } from './network.ts';
import { addTaskRole } from './roles.ts';

export interface CollectorParts {
  readonly cluster: AwsValue;
  readonly network: Network;
  readonly configuration: CollectorConfiguration;
  readonly logs: Reference;
  readonly executionRole: AwsValue;
  readonly statements: readonly PolicyStatement[];
}

const STORAGE = '/var/lib/amperage';

/** @returns the security group of its tasks */
export function addCollector(
  draft: Draft,
  deployment: Deployment,
  parts: CollectorParts,
): Reference {
  const { collector, name } = deployment;
  const group = draft.add({
    id: 'CollectorSecurityGroup',
    type: 'AWS::EC2::SecurityGroup',
    properties: {
      GroupDescription: `Collectors of ${name}`,
      VpcId: parts.network.vpc,
    },
    why: 'Who scrapes: targets let this group in.',
  });
  const role = addTaskRole(draft, {
    id: 'CollectorRole',
    why: 'What the collector may do.',
    statements: parts.statements,
  });
  const task = addTask(draft, deployment, { ...parts, role });
  draft.add({
    id: 'CollectorService',
    type: 'AWS::ECS::Service',
    properties: {
      ServiceName: `${name}-collector`,
      Cluster: parts.cluster,
      TaskDefinition: task,
      DesiredCount: collector.count,
      LaunchType: 'FARGATE',
      EnableECSManagedTags: true,
      PropagateTags: 'SERVICE',
      DeploymentConfiguration: {
        DeploymentCircuitBreaker: { Enable: true, Rollback: true },
        MaximumPercent: 200,
        MinimumHealthyPercent: 100,
      },
      NetworkConfiguration: {
        AwsvpcConfiguration: {
          Subnets: [...parts.network.subnets],
          SecurityGroups: [group],
          AssignPublicIp: parts.network.isPublic ? 'ENABLED' : 'DISABLED',
        },
      },
    },
    why: 'Keeps the collectors running; a version that does not get healthy is taken back.',
  });
  return group;
}

function addTask(
  draft: Draft,
  deployment: Deployment,
  { configuration, logs, executionRole, role }: CollectorParts & { readonly role: Reference },
): Reference {
  const { collector, name, region, image } = deployment;
  const command = [
    'amperage',
    'collect',
    '--config',
    configuration.source,
    '--config.auto-reload-interval',
    '1m',
    '--storage.path',
    STORAGE,
    '--stop-timeout',
    `${Math.max(1, collector.stop_timeout - 5)}s`,
    ...(collector.count > 1 ? ['--shard', 'ecs'] : []),
  ];
  return draft.add({
    id: 'CollectorTask',
    type: 'AWS::ECS::TaskDefinition',
    properties: {
      Family: `${name}-collector`,
      NetworkMode: 'awsvpc',
      RequiresCompatibilities: ['FARGATE'],
      Cpu: `${collector.cpu}`,
      Memory: `${collector.memory}`,
      RuntimePlatform: {
        CpuArchitecture: collector.architecture === 'arm64' ? 'ARM64' : 'X86_64',
        OperatingSystemFamily: 'LINUX',
      },
      ExecutionRoleArn: executionRole,
      TaskRoleArn: role.get('Arn'),
      ContainerDefinitions: [
        defineOwnContainer(
          {
            name: 'collector',
            image,
            command,
            environment: { AWS_REGION: region },
            more: {
              StopTimeout: collector.stop_timeout,
              MountPoints: [{ SourceVolume: 'queue', ContainerPath: STORAGE, ReadOnly: false }],
              ...defineHealthCheck(9090),
            },
          },
          { group: logs, region },
        ),
      ],
      Volumes: [{ Name: 'queue' }],
    },
    why: 'How a collector runs. Its queue is on the task, and is lost with it.',
  });
}

/** The role by which the agent of ECS starts tasks. */
export function addExecutionRole(draft: Draft, logs: Reference): AwsValue {
  return addTaskRole(draft, {
    id: 'ExecutionRole',
    why: 'By it the agent of ECS pulls images and writes logs; the containers never have it.',
    statements: pullAndLog(logs.get('Arn')),
  }).get('Arn');
}
