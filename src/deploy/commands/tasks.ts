/** Clusters, tasks, services and what they run on: ECS and Auto Scaling in calls. */
import { type AwsValue, join, type Properties, Reference } from '../template.ts';
import {
  asList,
  asMembers,
  asWord,
  given,
  type Kind,
  lowerKeys,
  nameOf,
  own,
  pick,
  type CallStep,
  type NamedResource,
  take,
  type Word,
} from './calls.ts';

/** Members whose keys are the user's. */
const LITERAL = new Set(['DockerLabels', 'Options', 'Labels', 'DriverOpts']);

/** As the API of ECS writes properties of CloudFormation. */
export function toEcs(properties: Properties): Properties {
  const lowered = lowerKeys(properties, (key) => LITERAL.has(key));
  return renamed(lowered, {
    filesystemId: 'fileSystemId',
    placementStrategies: 'placementStrategy',
  });
}

function renamed(value: AwsValue, names: Readonly<Record<string, string>>): Properties {
  const walk = (one: AwsValue): AwsValue => {
    if (Array.isArray(one)) return one.map((item: AwsValue) => walk(item));
    if (typeof one !== 'object' || Object.getPrototypeOf(one) !== Object.prototype) return one;
    return Object.fromEntries(
      Object.entries(one as Properties).map(([key, item]) => [names[key] ?? key, walk(item)]),
    );
  };
  return asMembers(walk(value));
}

const words = (...list: readonly Word[]): CallStep => ({ words: ['ecs', ...list] });

const cluster: Kind = (subject) => {
  const known = [
    'ClusterName', 'ClusterSettings', 'CapacityProviders', 'Configuration',
    'DefaultCapacityProviderStrategy', 'ServiceConnectDefaults', 'Tags',
  ]; // prettier-ignore
  const { ClusterName: _, ClusterSettings, ...rest } = take(subject, known);
  const name = nameOf(subject, 'ClusterName');
  return {
    find: {
      words: ['ecs', 'describe-clusters', '--clusters', name],
      query: "clusters[?status=='ACTIVE'] | [0].[clusterName,clusterArn]",
    },
    values: ['', 'Arn'],
    make: [
      {
        operation: 'ecs create-cluster',
        input: { clusterName: name, ...toEcs({ ...rest, ...given('Settings', ClusterSettings) }) },
      },
    ],
    remove: [words('delete-cluster', '--cluster', own(subject))],
  };
};

const TASK = [
  'Family', 'NetworkMode', 'RequiresCompatibilities', 'Cpu', 'Memory', 'RuntimePlatform',
  'ExecutionRoleArn', 'TaskRoleArn', 'ContainerDefinitions', 'Volumes', 'PlacementConstraints',
  'PidMode', 'IpcMode', 'EphemeralStorage', 'ProxyConfiguration', 'EnableFaultInjection', 'Tags',
]; // prettier-ignore

/** The input of register-task-definition. */
export function toTaskDefinition(subject: NamedResource): Properties {
  return { family: nameOf(subject, 'Family'), ...toEcs(take(subject, TASK)) };
}

const taskDefinition: Kind = (subject) => {
  const register = { operation: 'ecs register-task-definition', input: toTaskDefinition(subject) };
  return {
    find: {
      words: ['ecs', 'describe-task-definition', '--task-definition', nameOf(subject, 'Family')],
      // One that was deregistered is described for some time.
      query: "[taskDefinition][?status=='ACTIVE'] | [0].[taskDefinitionArn,taskDefinitionArn]",
    },
    values: ['', 'TaskDefinitionArn'],
    make: [register],
    // A changed task definition is a further revision.
    update: [register],
    remove: [words('deregister-task-definition', '--task-definition', own(subject))],
  };
};

/** What update-service takes, of what create-service does. */
const CHANGED = [
  'desiredCount', 'taskDefinition', 'capacityProviderStrategy', 'deploymentConfiguration',
  'networkConfiguration', 'platformVersion', 'healthCheckGracePeriodSeconds', 'enableExecuteCommand',
  'enableECSManagedTags', 'propagateTags', 'serviceRegistries', 'placementConstraints',
  'placementStrategy',
]; // prettier-ignore
const SERVICE = [
  'ServiceName', 'Cluster', 'TaskDefinition', 'DesiredCount', 'LaunchType', 'EnableECSManagedTags',
  'PropagateTags', 'DeploymentConfiguration', 'DeploymentController', 'NetworkConfiguration',
  'ServiceRegistries', 'SchedulingStrategy', 'CapacityProviderStrategy', 'PlacementConstraints',
  'PlacementStrategies', 'PlatformVersion', 'EnableExecuteCommand', 'HealthCheckGracePeriodSeconds',
  'AvailabilityZoneRebalancing', 'Tags',
]; // prettier-ignore

const service: Kind = (subject) => {
  const input = toEcs(take(subject, SERVICE));
  const name = nameOf(subject, 'ServiceName');
  const where = asWord(input['cluster'] ?? 'default');
  const named = ['--cluster', where, '--services', name];
  return {
    find: {
      words: ['ecs', 'describe-services', ...named],
      query: "services[?status=='ACTIVE'] | [0].[serviceArn,serviceArn,serviceName]",
    },
    values: ['', 'ServiceArn', 'Name'],
    make: [{ operation: 'ecs create-service', input: { ...input, serviceName: name } }],
    update: [
      {
        operation: 'ecs update-service',
        input: { cluster: where, service: name, ...pick(input, CHANGED) },
      },
    ],
    ready: [words('wait', 'services-stable', ...named)],
    // By force: its tasks are stopped with it.
    remove: [
      words('delete-service', '--force', '--cluster', where, '--service', name),
      words('wait', 'services-inactive', ...named),
    ],
  };
};

const capacityProvider: Kind = (subject) => {
  const { Name: _, ...rest } = take(subject, [
    'Name', 'ClusterName', 'AutoScalingGroupProvider', 'ManagedInstancesProvider', 'Tags',
  ]); // prettier-ignore
  const { ClusterName, AutoScalingGroupProvider, ...others } = rest;
  const name = nameOf(subject, 'Name');
  const group = asMembers(AutoScalingGroupProvider);
  const groupArn = group['AutoScalingGroupArn'];
  // CloudFormation takes the name of a group there, the API its ARN alone.
  const arn =
    groupArn instanceof Reference && groupArn.attribute === undefined
      ? groupArn.get('AutoScalingGroupARN')
      : groupArn;
  const inCluster = ClusterName === undefined ? [] : ['--cluster', asWord(ClusterName)];
  return {
    find: {
      words: ['ecs', 'describe-capacity-providers', '--capacity-providers', name, ...inCluster],
      query: "capacityProviders[?status!='INACTIVE'] | [0].[name]",
    },
    values: [''],
    ready: [
      {
        words: ['ecs', 'describe-capacity-providers', '--capacity-providers', name, ...inCluster],
        query: 'capacityProviders[0].status',
        until: 'ACTIVE',
      },
    ],
    make: [
      {
        operation: 'ecs create-capacity-provider',
        input: {
          name,
          ...given('cluster', ClusterName),
          ...toEcs({
            ...others,
            ...(arn === undefined
              ? {}
              : { AutoScalingGroupProvider: { ...group, AutoScalingGroupArn: arn } }),
          }),
        },
      },
    ],
    remove: [words('delete-capacity-provider', '--capacity-provider', name, ...inCluster)],
  };
};

const capacityProviders: Kind = (subject) => {
  const taken = take(subject, ['Cluster', 'CapacityProviders', 'DefaultCapacityProviderStrategy']);
  const where = asWord(taken['Cluster']);
  const put = {
    operation: 'ecs put-cluster-capacity-providers',
    input: { defaultCapacityProviderStrategy: [], capacityProviders: [], ...toEcs(taken) },
  };
  return {
    find: {
      words: ['ecs', 'describe-clusters', '--clusters', where],
      query: 'clusters[0].[capacityProviders[0]]',
    },
    values: [''],
    make: [put],
    update: [put],
    remove: [
      words(
        'put-cluster-capacity-providers', '--cluster', where, '--capacity-providers', '[]',
        '--default-capacity-provider-strategy', '[]',
      ),
    ],
  }; // prettier-ignore
};

const autoScalingGroup: Kind = (subject) => {
  const passed = [
    'LaunchTemplate', 'MixedInstancesPolicy', 'NewInstancesProtectedFromScaleIn', 'HealthCheckType',
    'CapacityRebalance', 'MaxInstanceLifetime', 'Tags',
  ]; // prettier-ignore
  const counts = ['MinSize', 'MaxSize', 'DesiredCapacity', 'HealthCheckGracePeriod'];
  const properties = take(subject, [
    ...passed, ...counts, 'AutoScalingGroupName', 'VPCZoneIdentifier',
  ]); // prettier-ignore
  const name = nameOf(subject, 'AutoScalingGroupName');
  const zones = asList(properties['VPCZoneIdentifier']);
  const input = {
    AutoScalingGroupName: name,
    ...pick(properties, passed),
    ...Object.fromEntries(
      Object.entries(pick(properties, counts)).map(([key, value]) => [key, Number(value)]),
    ),
    VPCZoneIdentifier: zones
      .slice(1)
      .reduce<Word>((all, one) => join`${all},${asWord(one)}`, asWord(zones[0] ?? '')),
  };
  const { Tags: _, ...changed } = input as Properties;
  return {
    find: {
      words: ['autoscaling', 'describe-auto-scaling-groups', '--auto-scaling-group-names', name],
      query: 'AutoScalingGroups[0].[AutoScalingGroupName,AutoScalingGroupARN]',
    },
    values: ['', 'AutoScalingGroupARN'],
    make: [{ operation: 'autoscaling create-auto-scaling-group', input }],
    update: [{ operation: 'autoscaling update-auto-scaling-group', input: changed }],
    remove: [
      {
        words: [
          'autoscaling', 'delete-auto-scaling-group', '--auto-scaling-group-name', name,
          '--force-delete',
        ],
      },
    ],
  }; // prettier-ignore
};

export const taskKinds: Readonly<Record<string, Kind>> = {
  'AWS::ECS::Cluster': cluster,
  'AWS::ECS::TaskDefinition': taskDefinition,
  'AWS::ECS::Service': service,
  'AWS::ECS::CapacityProvider': capacityProvider,
  'AWS::ECS::ClusterCapacityProviderAssociations': capacityProviders,
  'AWS::AutoScaling::AutoScalingGroup': autoScalingGroup,
};
