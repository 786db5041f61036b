/** The applications that are deployed with it: exporter beside each, and how they are found. */
import { EXPORTER_PORT } from '../collector-schema.ts';
import type { Deployment, ServiceModel } from '../schema.ts';
import { type AwsValue, type Draft, idPart, type Properties, type Reference } from '../template.ts';
import { QUEUE_VOLUME } from './collector-container.ts';
import {
  defineContainer,
  defineHealthCheck,
  defineOwnContainer,
  describePlatform,
} from './containers.ts';
import { letIn } from './ingress.ts';
import type { Network } from './network.ts';
import { addRegistry } from './registry.ts';
import { addTaskRole } from './roles.ts';
import {
  defineSidecar,
  listSidecarStatements,
  SIDECAR_ADDRESS,
  type SidecarParts,
} from './sidecar.ts';
import { addSegmentRules, segmentAddress } from './traces.ts';

export interface ServiceParts {
  readonly cluster: AwsValue;
  readonly network: Network;
  readonly logs: Reference;
  readonly executionRole: AwsValue;
  /** Security group of the collectors; undefined where each task has its own. */
  readonly collectors: Reference | undefined;
  readonly sidecar: SidecarParts | undefined;
  /** Cloud Map namespace; undefined where nothing is registered. */
  readonly space: AwsValue | undefined;
}

export function addServices(draft: Draft, deployment: Deployment, parts: ServiceParts): void {
  const { services, discovery } = deployment;
  if (services.length === 0) return;
  const group = addTargetGroup(draft, deployment, parts);
  const { sidecar } = parts;
  const roleOf = sidecar === undefined ? shareRole(draft) : giveRoles(draft, sidecar);
  if (services.some(({ traces }) => traces) && parts.collectors !== undefined)
    addSegmentRules(draft, { collectors: parts.collectors, applications: group });
  const space = discovery === 'cloud-map' ? parts.space : undefined;
  for (const service of services)
    addService(draft, deployment, service, {
      ...parts,
      group,
      role: roleOf(service),
      space,
    });
}

type RoleOf = (service: ServiceModel) => Reference;

function shareRole(draft: Draft): RoleOf {
  const role = addTaskRole(draft, {
    id: 'ServiceRole',
    why: 'Of the applications: Amperage needs no permission in their tasks.',
    statements: [],
  });
  return () => role;
}

/** A task has one role, which the application has with its sidecar. */
function giveRoles(draft: Draft, sidecar: SidecarParts): RoleOf {
  return (service) =>
    addTaskRole(draft, {
      id: `${idPart(service.name)}TaskRole`,
      why: `Of the tasks of ${service.name}: what the sidecar may do, and so the application.`,
      statements: listSidecarStatements(sidecar, service),
    });
}

interface OneService extends ServiceParts {
  readonly group: Reference;
  readonly role: Reference;
}

function addService(
  draft: Draft,
  deployment: Deployment,
  service: ServiceModel,
  parts: OneService,
): void {
  const id = idPart(service.name);
  const registry =
    parts.space === undefined
      ? undefined
      : addRegistry(draft, {
          id: `${id}Registry`,
          name: service.name,
          space: parts.space,
          metrics: { path: service.metrics_path, port: service.port },
          exporter: service.exporter ? { path: '/metrics', port: EXPORTER_PORT } : undefined,
          why: 'Its tags tell the collector port and path.',
        });
  const task = draft.add({
    id: `${id}Task`,
    type: 'AWS::ECS::TaskDefinition',
    properties: describeTask(deployment, service, parts),
    why: `How a task of ${service.name} runs.`,
  });
  draft.add({
    id: `${id}Service`,
    type: 'AWS::ECS::Service',
    properties: {
      ServiceName: service.name,
      Cluster: parts.cluster,
      TaskDefinition: task,
      DesiredCount: service.count,
      LaunchType: 'FARGATE',
      ...(registry === undefined
        ? {}
        : { ServiceRegistries: [{ RegistryArn: registry.get('Arn') }] }),
      DeploymentConfiguration: { DeploymentCircuitBreaker: { Enable: true, Rollback: true } },
      NetworkConfiguration: {
        AwsvpcConfiguration: {
          Subnets: [...parts.network.subnets],
          SecurityGroups: [parts.group],
          AssignPublicIp: parts.network.isPublic ? 'ENABLED' : 'DISABLED',
        },
      },
    },
    why: `Keeps ${service.name} running.`,
  });
}

function describeTask(
  deployment: Deployment,
  service: ServiceModel,
  { logs, executionRole, role, sidecar }: OneService,
): Properties {
  const { name, region, image, collector } = deployment;
  const to = { group: logs, region };
  const application = defineContainer(
    {
      name: service.name,
      image: service.image,
      ports: [{ port: service.port }],
      environment: {
        ...(service.traces
          ? {
              AWS_XRAY_DAEMON_ADDRESS:
                sidecar === undefined ? segmentAddress(deployment) : SIDECAR_ADDRESS,
            }
          : {}),
        ...service.environment,
      },
      more: {
        ...labelTarget(deployment, {
          port: service.port,
          path: service.metrics_path,
          job: service.name,
        }),
        // It starts behind the sidecar, and ends before it: what it sends last is taken.
        ...(sidecar === undefined
          ? {}
          : { DependsOn: [{ ContainerName: 'collector', Condition: 'START' }] }),
      },
    },
    to,
  );
  const exporter = defineOwnContainer(
    {
      name: 'ecs-exporter',
      image,
      command: ['amperage', 'exporter'],
      ports: [{ port: EXPORTER_PORT }],
      isEssential: false,
      more: {
        ...labelTarget(deployment, { port: EXPORTER_PORT, path: '/metrics', job: 'ecs-exporter' }),
        ...defineHealthCheck(EXPORTER_PORT),
      },
    },
    to,
  );
  return {
    Family: `${name}-${service.name}`,
    NetworkMode: 'awsvpc',
    RequiresCompatibilities: ['FARGATE'],
    Cpu: `${service.cpu}`,
    Memory: `${service.memory}`,
    RuntimePlatform: describePlatform(collector.architecture),
    ExecutionRoleArn: executionRole,
    TaskRoleArn: role.get('Arn'),
    ContainerDefinitions: [
      application,
      ...(service.exporter ? [exporter] : []),
      ...(sidecar === undefined ? [] : [defineSidecar(deployment, service, { ...sidecar, logs })]),
    ],
    ...(sidecar === undefined ? {} : { Volumes: [{ Name: QUEUE_VOLUME }] }),
  };
}

/** What tells the collector of a container, where targets are found by docker labels. */
export function labelTarget(
  { discovery }: Deployment,
  { port, path, job }: { readonly port: number; readonly path: string; readonly job: string },
): Properties {
  if (discovery !== 'docker-labels') return {};
  return {
    DockerLabels: {
      PROMETHEUS_EXPORTER_PORT: `${port}`,
      PROMETHEUS_EXPORTER_PATH: path,
      PROMETHEUS_EXPORTER_JOB_NAME: job,
    },
  };
}

function addTargetGroup(
  draft: Draft,
  { name, services }: Deployment,
  { network, collectors }: ServiceParts,
): Reference {
  const group = draft.add({
    id: 'TargetSecurityGroup',
    type: 'AWS::EC2::SecurityGroup',
    properties: { GroupDescription: `Targets of ${name}`, VpcId: network.vpc },
    why: collectors === undefined ? 'Of the tasks.' : 'Of the tasks that are scraped.',
  });
  if (collectors === undefined) return group;
  const ports = new Set(
    services.flatMap(({ port, exporter }) => (exporter ? [port, EXPORTER_PORT] : [port])),
  );
  for (const port of ports)
    letIn(draft, {
      id: `ScrapePort${port}`,
      into: group,
      from: collectors,
      port,
      description: 'Scrapes',
      why: `The collectors may scrape port ${port}.`,
    });
  return group;
}
