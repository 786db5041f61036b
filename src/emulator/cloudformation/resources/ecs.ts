/** Clusters, capacity providers, task definitions and services of ECS. */
import { lowerNames, parseShape, templateNames, type ObjectShape } from '../property-shape.ts';
import {
  compareTags,
  findMember,
  joinTags,
  takeText,
  unlessMissing,
  type CallAnswer,
  type Change,
  type Made,
  type ResourceKind,
  type Site,
  type ResourceTag,
} from '../resource-kind.ts';
import { AwsError } from '../../service.ts';
import { isRecord, type Values } from '../values.ts';

const TAGS = 'Tags[{Key* Value*}]';

/** The members of a call that stand in the template, but tags. */
function inputOf(properties: Values, shape: ObjectShape): Record<string, unknown> {
  const { tags: _tags, ...input } = lowerNames(properties, shape) as Record<string, unknown>;
  return input;
}

const namesOf = (found: Values, shape: ObjectShape): Values =>
  templateNames(found, shape) as Values;

function tagsInput(own: unknown, site: Site): { tags?: readonly object[] } {
  const tags = lowerTags(joinTags(own, site.tags));
  return tags.length === 0 ? {} : { tags };
}

function lowerTags(tags: readonly ResourceTag[]): readonly { key: string; value: string }[] {
  return tags.map(({ Key, Value }) => ({ key: Key, value: Value }));
}

async function changeTags(
  resourceArn: string,
  change: Change,
  { call, tags }: Site,
): Promise<void> {
  const { added, removed } = compareTags(
    joinTags(change.before['Tags'], change.tagsBefore),
    joinTags(change.after['Tags'], tags),
  );
  if (removed.length > 0) await call('ecs', 'UntagResource', { resourceArn, tagKeys: removed });
  if (added.length > 0) await call('ecs', 'TagResource', { resourceArn, tags: lowerTags(added) });
}

/** What a call answers for something that is not there, as `failures` or as none. */
async function askFirst(
  site: Site,
  action: string,
  input: Values,
  list: string,
): Promise<Values | undefined> {
  const answer: CallAnswer | undefined = await unlessMissing(site.call('ecs', action, input));
  const found = findMember(answer, `${list}.0`) as Values | undefined;
  return found?.['status'] === 'INACTIVE' ? undefined : found;
}

const STRATEGY = '[{CapacityProvider Weight:n Base:n}]';

const clusterShape = parseShape(
  'ClusterName! ClusterSettings[{Name Value}] CapacityProviders[] ' +
    `DefaultCapacityProviderStrategy${STRATEGY} ${TAGS}`,
);

const cluster: ResourceKind = {
  type: 'AWS::ECS::Cluster',
  shape: clusterShape,
  attributes: ['Arn'],
  name: 'ClusterName',
  create: async ({ ClusterSettings, ...properties }, site) => {
    const answer = await site.call('ecs', 'CreateCluster', {
      ...inputOf(properties, clusterShape),
      ...(ClusterSettings === undefined
        ? {}
        : { settings: lowerNames(ClusterSettings, memberShape(clusterShape, 'ClusterSettings')) }),
      clusterName: properties['ClusterName'] ?? site.makeName(255),
      ...tagsInput(properties['Tags'], site),
    });
    const Arn = takeText(answer, 'cluster.clusterArn');
    return { id: takeText(answer, 'cluster.clusterName'), attributes: { Arn } };
  },
  update: async (made, change, site) => {
    const { ClusterSettings: settings } = change.after;
    if (settings !== undefined)
      await site.call('ecs', 'UpdateCluster', {
        cluster: made.id,
        settings: lowerNames(settings, memberShape(clusterShape, 'ClusterSettings')),
      });
    await changeTags(String(made.attributes['Arn']), change, site);
    return made;
  },
  remove: async ({ id }, _properties, { call }) => {
    await call('ecs', 'DeleteCluster', { cluster: id });
  },
  read: async ({ id }, _properties, site) => {
    const found = await askFirst(site, 'DescribeClusters', { clusters: [id] }, 'clusters');
    return found === undefined ? undefined : namesOf(found, clusterShape);
  },
};

function memberShape(shape: ObjectShape, name: string): ObjectShape {
  return shape.members[name]?.shape as ObjectShape;
}

const providerShape = parseShape(
  'Name! ClusterName! AutoScalingGroupProvider{AutoScalingGroupArn* ManagedScaling{Status ' +
    'TargetCapacity:n MinimumScalingStepSize:n MaximumScalingStepSize:n InstanceWarmupPeriod:n} ' +
    'ManagedTerminationProtection ManagedDraining} ' +
    'ManagedInstancesProvider{InfrastructureRoleArn* PropagateTags InstanceLaunchTemplate*{' +
    'Ec2InstanceProfileArn* NetworkConfiguration*{Subnets*[] SecurityGroups*[]} ' +
    'StorageConfiguration{StorageSizeGiB*:n} Monitoring InstanceRequirements{' +
    'VCpuCount*{Min*:n Max:n} MemoryMiB*{Min*:n Max:n} CpuManufacturers[] ' +
    `InstanceGenerations[] AllowedInstanceTypes[] ExcludedInstanceTypes[]}}} ${TAGS}`,
);

const capacityProvider: ResourceKind = {
  type: 'AWS::ECS::CapacityProvider',
  shape: providerShape,
  attributes: [],
  name: 'Name',
  create: async ({ ClusterName, ...properties }, site) => {
    const answer = await site.call('ecs', 'CreateCapacityProvider', {
      ...inputOf(properties, providerShape),
      name: properties['Name'] ?? site.makeName(255),
      ...(ClusterName === undefined ? {} : { cluster: ClusterName }),
      ...tagsInput(properties['Tags'], site),
    });
    return { id: takeText(answer, 'capacityProvider.name'), attributes: {} };
  },
  update: async (made, change, site) => {
    const { ClusterName, Name: _, ...after } = change.after;
    const answer = await site.call('ecs', 'UpdateCapacityProvider', {
      ...inputOf(after, providerShape),
      name: made.id,
      ...(ClusterName === undefined ? {} : { cluster: ClusterName }),
    });
    await changeTags(takeText(answer, 'capacityProvider.capacityProviderArn'), change, site);
    return made;
  },
  remove: async ({ id }, properties, site) => {
    const { ClusterName } = properties;
    await site.call('ecs', 'DeleteCapacityProvider', {
      capacityProvider: id,
      ...(ClusterName === undefined ? {} : { cluster: ClusterName }),
    });
    await site.until('the capacity provider to be deleted', async () =>
      (await askProvider(id, site)) === undefined ? true : undefined,
    );
  },
  read: async ({ id }, properties, site) => {
    const found = await askProvider(id, site);
    if (found === undefined) return undefined;
    return { ...namesOf(found, providerShape), ClusterName: properties['ClusterName'] };
  },
};

function askProvider(id: string, site: Site): Promise<Values | undefined> {
  const input = { capacityProviders: [id] };
  return askFirst(site, 'DescribeCapacityProviders', input, 'capacityProviders');
}

const associationShape = parseShape(
  'Cluster*! CapacityProviders[] DefaultCapacityProviderStrategy*[{CapacityProvider* Weight:n ' +
    'Base:n}]',
);

function associate(properties: Values, { call }: Site): Promise<CallAnswer> {
  return call('ecs', 'PutClusterCapacityProviders', {
    capacityProviders: [],
    ...inputOf(properties, associationShape),
  });
}

const associations: ResourceKind = {
  type: 'AWS::ECS::ClusterCapacityProviderAssociations',
  shape: associationShape,
  attributes: [],
  create: async (properties, site) => {
    await associate(properties, site);
    return { id: String(properties['Cluster']), attributes: {} };
  },
  update: async (made, { after }, site) => {
    await associate(after, site);
    return made;
  },
  remove: async ({ id }, _properties, site) => {
    const nothing = { Cluster: id, CapacityProviders: [], DefaultCapacityProviderStrategy: [] };
    await unlessMissing(associate(nothing, site));
  },
  read: async ({ id }, _properties, site) => {
    const found = await askFirst(site, 'DescribeClusters', { clusters: [id] }, 'clusters');
    return found === undefined ? undefined : { ...namesOf(found, associationShape), Cluster: id };
  },
};

const KEY_VALUES = '[{Name Value}]';
const taskShape = parseShape(
  'Family! NetworkMode! RequiresCompatibilities![] Cpu! Memory! ExecutionRoleArn! TaskRoleArn! ' +
    'PidMode! IpcMode! RuntimePlatform!{CpuArchitecture OperatingSystemFamily} ' +
    'EphemeralStorage!{SizeInGiB:n} PlacementConstraints![{Type* Expression}] ' +
    'Volumes![{Name Host{SourcePath} ConfiguredAtLaunch:b DockerVolumeConfiguration{Scope Driver ' +
    'Autoprovision:b Labels{*} DriverOpts{*}} EFSVolumeConfiguration{FilesystemId* RootDirectory ' +
    'TransitEncryption TransitEncryptionPort:n AuthorizationConfig{AccessPointId IAM}}}] ' +
    'ContainerDefinitions![{Name* Image* Essential:b Cpu:n Memory:n MemoryReservation:n ' +
    'Command[] ' +
    `EntryPoint[] Environment${KEY_VALUES} EnvironmentFiles[{Type Value}] ` +
    'Secrets[{Name* ValueFrom*}] PortMappings[{ContainerPort:n HostPort:n Protocol Name ' +
    'AppProtocol}] LogConfiguration{LogDriver* Options{*} SecretOptions[{Name* ValueFrom*}]} ' +
    'MountPoints[{SourceVolume ContainerPath ReadOnly:b}] VolumesFrom[{SourceContainer ' +
    'ReadOnly:b}] DependsOn[{ContainerName Condition}] DockerLabels{*} Links[] ' +
    'HealthCheck{Command[] Interval:n Timeout:n Retries:n StartPeriod:n} ' +
    'LinuxParameters{InitProcessEnabled:b Capabilities{Add[] Drop[]} SharedMemorySize:n ' +
    'Tmpfs[{ContainerPath Size*:n MountOptions[]}]} ReadonlyRootFilesystem:b User ' +
    'WorkingDirectory Privileged:b PseudoTerminal:b Interactive:b StartTimeout:n StopTimeout:n ' +
    'Hostname DisableNetworking:b DnsServers[] DnsSearchDomains[] DockerSecurityOptions[] ' +
    'Ulimits[{Name* SoftLimit*:n HardLimit*:n}] SystemControls[{Namespace Value}] ' +
    'RestartPolicy{Enabled:b IgnoredExitCodes[:n] RestartAttemptPeriod:n} ' +
    `RepositoryCredentials{CredentialsParameter}}] ${TAGS}`,
);

/** The one name that template and service write in two ways. */
function spellFileSystems(volumes: unknown, from: string, to: string): readonly Values[] {
  return ((volumes ?? []) as readonly Values[]).map((volume) => {
    const { efsVolumeConfiguration: efs } = volume;
    if (!isRecord(efs)) return volume;
    const { [from]: id, ...rest } = efs;
    return { ...volume, efsVolumeConfiguration: { [to]: id, ...rest } };
  });
}

const taskDefinition: ResourceKind = {
  type: 'AWS::ECS::TaskDefinition',
  shape: taskShape,
  attributes: ['TaskDefinitionArn'],
  create: async (properties, site) => {
    const { volumes, ...input } = inputOf(properties, taskShape);
    const answer = await site.call('ecs', 'RegisterTaskDefinition', {
      containerDefinitions: [],
      ...input,
      ...(volumes === undefined
        ? {}
        : { volumes: spellFileSystems(volumes, 'filesystemId', 'fileSystemId') }),
      family: properties['Family'] ?? site.makeName(255),
      ...tagsInput(properties['Tags'], site),
    });
    const id = takeText(answer, 'taskDefinition.taskDefinitionArn');
    return { id, attributes: { TaskDefinitionArn: id } };
  },
  update: async (made, change, site) => {
    await changeTags(made.id, change, site);
    return made;
  },
  remove: async ({ id }, _properties, { call }) => {
    await call('ecs', 'DeregisterTaskDefinition', { taskDefinition: id });
  },
  read: async ({ id }, _properties, { call }) => {
    const ask = call('ecs', 'DescribeTaskDefinition', { taskDefinition: id });
    const found = findMember(await unlessMissing(ask), 'taskDefinition') as Values | undefined;
    if (found === undefined || found['status'] === 'INACTIVE') return undefined;
    const { volumes, ...members } = found;
    const spelled = spellFileSystems(volumes, 'fileSystemId', 'filesystemId');
    return namesOf({ ...members, volumes: spelled }, taskShape);
  },
};

const serviceShape = parseShape(
  'ServiceName! Cluster! TaskDefinition DesiredCount:n LaunchType! SchedulingStrategy! ' +
    `CapacityProviderStrategy${STRATEGY} EnableECSManagedTags:b EnableExecuteCommand:b ` +
    'PropagateTags PlatformVersion DeploymentConfiguration{MaximumPercent:n ' +
    'MinimumHealthyPercent:n DeploymentCircuitBreaker{Enable*:b Rollback*:b}} ' +
    'NetworkConfiguration{AwsvpcConfiguration{Subnets[] SecurityGroups[] AssignPublicIp}} ' +
    'ServiceRegistries[{RegistryArn ContainerName ContainerPort:n Port:n}] ' +
    'PlacementConstraints[{Type* Expression}] PlacementStrategies[{Type* Field}] ' +
    `HealthCheckGracePeriodSeconds:n ${TAGS}`,
);

function serviceInput(properties: Values): Record<string, unknown> {
  const { placementStrategies, ...input } = inputOf(properties, serviceShape);
  return {
    ...input,
    ...(placementStrategies === undefined ? {} : { placementStrategy: placementStrategies }),
  };
}

/** What UpdateService takes no change of. */
const FIXED = ['serviceName', 'cluster', 'launchType', 'schedulingStrategy'];

function askService({ id }: Made, { Cluster }: Values, site: Site): Promise<Values | undefined> {
  const input = { services: [id], ...(Cluster === undefined ? {} : { cluster: Cluster }) };
  return askFirst(site, 'DescribeServices', input, 'services');
}

/** Waits until the one deployment of a service is done, as CloudFormation does. */
function awaitSteady(made: Made, properties: Values, site: Site): Promise<Made> {
  return site.until('the service to be steady', async () => {
    const found = await askService(made, properties, site);
    const deployments = (found?.['deployments'] ?? []) as readonly Values[];
    const failed = deployments.find(({ rolloutState }) => rolloutState === 'FAILED');
    if (failed !== undefined)
      throw new AwsError(
        'NotStabilized',
        `Error occurred during operation 'ECS Deployment Circuit Breaker was triggered': ` +
          String(failed['rolloutStateReason'] ?? ''),
      );
    const [only, second] = deployments;
    if (second !== undefined || found === undefined) return undefined;
    const isDone = only?.['rolloutState'] === undefined || only['rolloutState'] === 'COMPLETED';
    return isDone && found['runningCount'] === found['desiredCount'] ? made : undefined;
  });
}

const service: ResourceKind = {
  type: 'AWS::ECS::Service',
  shape: serviceShape,
  attributes: ['ServiceArn', 'Name'],
  name: 'ServiceName',
  create: async (properties, site) => {
    const isDaemon = properties['SchedulingStrategy'] === 'DAEMON';
    const answer = await site.call('ecs', 'CreateService', {
      ...(isDaemon ? {} : { desiredCount: 1 }),
      ...serviceInput(properties),
      serviceName: properties['ServiceName'] ?? site.makeName(255),
      ...tagsInput(properties['Tags'], site),
    });
    const id = takeText(answer, 'service.serviceArn');
    return { id, attributes: { ServiceArn: id, Name: takeText(answer, 'service.serviceName') } };
  },
  settle: awaitSteady,
  update: async (made, change, site) => {
    const input = serviceInput(change.after);
    await site.call('ecs', 'UpdateService', {
      ...Object.fromEntries(Object.entries(input).filter(([name]) => !FIXED.includes(name))),
      service: made.id,
      ...(change.after['Cluster'] === undefined ? {} : { cluster: change.after['Cluster'] }),
    });
    await changeTags(made.id, change, site);
    return awaitSteady(made, change.after, site);
  },
  remove: async (made, properties, site) => {
    const { Cluster } = properties;
    await site.call('ecs', 'DeleteService', {
      service: made.id,
      force: true,
      ...(Cluster === undefined ? {} : { cluster: Cluster }),
    });
    await site.until('the service to be deleted', async () =>
      (await askService(made, properties, site)) === undefined ? true : undefined,
    );
  },
  read: async (made, properties, site) => {
    const found = await askService(made, properties, site);
    if (found === undefined) return undefined;
    return namesOf({ ...found, placementStrategies: found['placementStrategy'] }, serviceShape);
  },
};

export const ECS_KINDS: readonly ResourceKind[] = [
  cluster,
  capacityProvider,
  associations,
  taskDefinition,
  service,
];
