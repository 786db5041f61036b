/** ECS's calls for services. */
import { notImplemented, requireOne } from '../members.ts';
import { type ActionHandler, AwsError, type AwsInput, requireText } from '../service.ts';
import type { CapacityProviders } from './capacity-providers.ts';
import { checkNetwork } from './network-rules.ts';
import type { Registrar } from './registrar.ts';
import {
  cutEcsPage,
  describeAll,
  isIncluded,
  LAUNCH_TYPES,
  pickDescribed,
  readCount,
  readEcsNames,
  readTags,
  refuseInactive,
  requireService,
  SERVICES_PAGE,
} from './requests.ts';
import type { EcsServices } from './services.ts';
import type {
  Cluster,
  DeploymentConfiguration,
  EcsService,
  NetworkConfiguration,
  ServiceRegistry,
  ServiceSettings,
} from './shapes.ts';
import type { EcsState } from './state.ts';
import { readStrategy } from './task-actions.ts';

const STRATEGIES = ['REPLICA', 'DAEMON'] as const;
const PROPAGATED = ['TASK_DEFINITION', 'SERVICE', 'NONE'] as const;
const DESCRIBED = [
  'availabilityZoneRebalancing', 'placementConstraints', 'placementStrategy', 'platformVersion',
  'healthCheckGracePeriodSeconds', 'enableExecuteCommand', 'deploymentController',
]; // prettier-ignore

export interface EcsParts {
  readonly state: EcsState;
  readonly services: EcsServices;
  readonly providers: CapacityProviders;
  readonly registrar: Registrar;
}

export function ecsServiceActions(parts: EcsParts): Record<string, ActionHandler> {
  const { state, services, registrar } = parts;
  const clusterOf = (input: AwsInput): Cluster =>
    state.cluster(input['cluster'] as string | undefined);
  /** Tasks that run at once are registered when the answer comes. */
  const answer = async (cluster: Cluster, service: EcsService): Promise<object> => {
    await registrar.settled();
    return { service: describeService(parts, cluster, service, true) };
  };
  return {
    CreateService: async (input) => {
      const cluster = clusterOf(input);
      const serviceName = requireText(input, 'serviceName');
      const before = cluster.services.get(serviceName);
      if (before?.status === 'DRAINING')
        throw new AwsError(
          'InvalidParameterException',
          'Unable to Start a service that is still Draining.',
        );
      if (before !== undefined)
        throw new AwsError('InvalidParameterException', 'Creation of service was not idempotent.');
      refuseInactive(state.definition(requireText(input, 'taskDefinition')), 'ClientException');
      const schedulingStrategy = requireOne(input, 'schedulingStrategy', STRATEGIES) ?? 'REPLICA';
      const desiredCount = readCount(input, 'desiredCount', 0);
      const settings = await readSettings(parts, input, schedulingStrategy);
      const strategy = readStrategy(input, cluster, parts.providers);
      const taskDefinition = requireText(input, 'taskDefinition');
      checkNetwork(state.definition(taskDefinition), settings.networkConfiguration);
      const service = services.create(cluster, {
        ...settings,
        serviceName,
        taskDefinition,
        schedulingStrategy,
        desiredCount: schedulingStrategy === 'DAEMON' ? 0 : (desiredCount ?? 1),
        launchType: requireOne(input, 'launchType', LAUNCH_TYPES) ?? 'EC2',
        capacityProviderStrategy: strategy,
        tags: readTags(input),
        described: pickDescribed(input, DESCRIBED),
      });
      return answer(cluster, service);
    },
    UpdateService: async (input) => {
      const cluster = clusterOf(input);
      const service = requireService(cluster, requireText(input, 'service'));
      if (service.status !== 'ACTIVE')
        throw new AwsError('ServiceNotActiveException', 'Service was not ACTIVE.');
      const count = readCount(input, 'desiredCount', 0);
      const definition =
        input['taskDefinition'] === undefined
          ? undefined
          : state.definition(requireText(input, 'taskDefinition'));
      if (definition !== undefined) refuseInactive(definition, 'ClientException');
      const settings = await readSettings(parts, input, service.schedulingStrategy, service);
      const wanted = definition ?? state.definition(service.taskDefinition);
      checkNetwork(wanted, settings.networkConfiguration ?? service.networkConfiguration);
      if (input['capacityProviderStrategy'] !== undefined)
        settings.capacityProviderStrategy = readStrategy(input, cluster, parts.providers);
      const isNew = DEPLOYED.some((name) => (input[name] ?? undefined) !== undefined);
      Object.assign(service, settings, {
        described: { ...service.described, ...pickDescribed(input, DESCRIBED) },
      });
      if (count !== undefined && service.schedulingStrategy !== 'DAEMON')
        service.desiredCount = count;
      if (definition !== undefined) {
        if (definition.taskDefinitionArn !== service.taskDefinition || isForced(input))
          services.deploy(service, definition.taskDefinitionArn);
      } else if (isForced(input) || isNew) services.deploy(service, service.taskDefinition);
      services.settle(cluster, service);
      return answer(cluster, service);
    },
    DeleteService: async (input) => {
      const cluster = clusterOf(input);
      const service = requireService(cluster, requireText(input, 'service'));
      const isScaled = service.schedulingStrategy === 'REPLICA' && service.desiredCount > 0;
      if (isScaled && input['force'] !== true)
        throw new AwsError(
          'InvalidParameterException',
          'The service cannot be stopped while it is scaled above 0.',
        );
      services.delete(cluster, service);
      return answer(cluster, service);
    },
    ListServices: (input) => {
      const launchType = requireOne(input, 'launchType', LAUNCH_TYPES);
      const strategy = requireOne(input, 'schedulingStrategy', STRATEGIES);
      const all = [...clusterOf(input).services.values()].filter(
        (one) =>
          (launchType ?? one.launchType) === one.launchType &&
          (strategy ?? one.schedulingStrategy) === one.schedulingStrategy,
      );
      const { page, nextToken } = cutEcsPage(all, input, SERVICES_PAGE);
      return { serviceArns: page.map(({ serviceArn }) => serviceArn), nextToken };
    },
    DescribeServices: (input) => {
      const cluster = clusterOf(input);
      const withTags = isIncluded(input, 'TAGS');
      return describeAll(
        readEcsNames(input, 'services', SERVICES_PAGE),
        (nameOrArn) => {
          const name = nameOrArn.split('/').at(-1) ?? '';
          const found = cluster.services.get(name) ?? cluster.inactive.get(name);
          return found && describeService(parts, cluster, found, withTags);
        },
        'services',
        (name) =>
          name.startsWith('arn:') ? name : state.arn('service', `${cluster.clusterName}/${name}`),
      );
    },
  };
}

/** Members that change how tasks are made: with one of them a new deployment begins. */
const DEPLOYED = [
  'capacityProviderStrategy', 'networkConfiguration', 'placementConstraints', 'placementStrategy',
  'platformVersion', 'serviceRegistries', 'enableExecuteCommand', 'propagateTags',
]; // prettier-ignore

const isForced = (input: AwsInput): boolean => input['forceNewDeployment'] === true;

/** The settings of a request; what is not given is left as it is. @throws AwsError */
async function readSettings(
  { registrar }: EcsParts,
  input: AwsInput,
  strategy: EcsService['schedulingStrategy'],
  before?: EcsService,
): Promise<Partial<ServiceSettings>> {
  const settings: Partial<ServiceSettings> = {};
  for (const name of ['loadBalancers', 'serviceConnectConfiguration', 'volumeConfigurations'])
    if (((input[name] ?? []) as object[]).length !== 0)
      throw notImplemented(`${name} is not supported here`);
  const given = input['deploymentConfiguration'] as Partial<DeploymentConfiguration> | undefined;
  if (given !== undefined || before === undefined) {
    const isDaemon = strategy === 'DAEMON';
    const base = before?.deploymentConfiguration ?? {
      maximumPercent: isDaemon ? 100 : 200,
      minimumHealthyPercent: isDaemon ? 0 : 100,
      deploymentCircuitBreaker: { enable: false, rollback: false },
    };
    settings.deploymentConfiguration = checkShares({ ...base, ...given });
  }
  const registries = input['serviceRegistries'] as readonly ServiceRegistry[] | undefined;
  if (registries !== undefined) {
    await registrar.check(registries);
    settings.serviceRegistries = registries;
  }
  const network = input['networkConfiguration'] as NetworkConfiguration | undefined;
  if ((network ?? undefined) !== undefined) settings.networkConfiguration = network;
  const propagateTags = requireOne(input, 'propagateTags', PROPAGATED);
  if (propagateTags !== undefined) settings.propagateTags = propagateTags;
  if (typeof input['enableECSManagedTags'] === 'boolean')
    settings.enableECSManagedTags = input['enableECSManagedTags'];
  return settings;
}

function checkShares(shares: DeploymentConfiguration): DeploymentConfiguration {
  const { minimumHealthyPercent: least, maximumPercent: most } = shares;
  if (!(most >= 100 && most <= 200) || !(least >= 0 && least <= most))
    throw new AwsError(
      'InvalidParameterException',
      'The maximumPercent must be from 100 to 200, and the minimumHealthyPercent not above it.',
    );
  // With 100 % and 100 % no task could ever be replaced.
  if (most === 100 && least === 100)
    throw new AwsError(
      'InvalidParameterException',
      'Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments.',
    );
  return shares;
}

function describeService(
  { state, services }: EcsParts,
  cluster: Cluster,
  service: EcsService,
  withTags: boolean,
): object {
  const { described, capacityProviderStrategy, launchType, networkConfiguration, ...rest } =
    service;
  const tasks = services.tasksOf(cluster, service);
  const counts = (own: typeof tasks): object => {
    const runningCount = own.filter(({ lastStatus }) => lastStatus === 'RUNNING').length;
    return { runningCount, pendingCount: own.length - runningCount };
  };
  const desiredCount = services.desiredOf(cluster, service);
  const place = capacityProviderStrategy.length > 0 ? { capacityProviderStrategy } : { launchType };
  const network = networkConfiguration === undefined ? {} : { networkConfiguration };
  return {
    ...described,
    ...rest,
    ...place,
    ...network,
    loadBalancers: [],
    desiredCount,
    ...counts(tasks),
    deployments: service.deployments.map((deployment) => ({
      ...deployment,
      ...place,
      ...network,
      desiredCount: deployment.status === 'PRIMARY' ? desiredCount : 0,
      ...counts(tasks.filter(({ startedBy }) => startedBy === deployment.id)),
    })),
    roleArn: `arn:aws:iam::${state.accountId}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS`,
    tags: withTags ? service.tags : undefined,
  };
}
