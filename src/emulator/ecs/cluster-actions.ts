/** ECS's calls for clusters, their container instances and capacity providers. */
import { type ActionHandler, AwsError, type AwsInput, requireText } from '../service.ts';
import { requireOne } from '../members.ts';
import type { CapacityProviders } from './capacity-providers.ts';
import {
  cutEcsPage,
  describeAll,
  isIncluded,
  PAGE_MAX,
  readEcsNames,
  readTags,
  SERVICES_PAGE,
} from './requests.ts';
import type { Cluster, ContainerInstance } from './shapes.ts';
import type { EcsState } from './state.ts';

const INCLUDED = ['TAGS', 'SETTINGS'];
const NAME = /^[\w-]{1,255}$/;

export function clusterActions(
  state: EcsState,
  providers: CapacityProviders,
): Record<string, ActionHandler> {
  const clusterOf = (input: AwsInput): Cluster =>
    state.cluster(input['cluster'] as string | undefined);
  return {
    CreateCluster: (input) => {
      const name = String(input['clusterName'] ?? 'default');
      if (!NAME.test(name))
        throw new AwsError('InvalidParameterException', 'Invalid cluster name.');
      const cluster = state.createCluster(name, readTags(input));
      if (input['settings'] !== undefined)
        cluster.settings = input['settings'] as Cluster['settings'];
      if (input['capacityProviders'] !== undefined) providers.put(cluster, input);
      return { cluster: describeCluster(cluster) };
    },
    UpdateCluster: (input) => {
      const cluster = clusterOf(input);
      if (input['settings'] !== undefined)
        cluster.settings = input['settings'] as Cluster['settings'];
      return { cluster: describeCluster(cluster) };
    },
    DeleteCluster: (input) => {
      const cluster = clusterOf(input);
      state.deleteCluster(cluster);
      return { cluster: { ...describeCluster(cluster), status: 'INACTIVE' } };
    },
    ListClusters: (input) => {
      const { page, nextToken } = cutEcsPage([...state.clusters.values()], input);
      return { clusterArns: page.map(({ clusterArn }) => clusterArn), nextToken };
    },
    DescribeClusters: (input) => {
      const withTags = isIncluded(input, 'TAGS', INCLUDED);
      const names =
        input['clusters'] === undefined ? ['default'] : readEcsNames(input, 'clusters', PAGE_MAX);
      return describeAll(
        names,
        (name) => {
          const found = state.clusters.get(name.split('/').at(-1) ?? '');
          return found && describeCluster(found, withTags);
        },
        'clusters',
        (name) => (name.startsWith('arn:') ? name : state.arn('cluster', name)),
      );
    },
    PutClusterCapacityProviders: (input) => {
      const cluster = clusterOf(input);
      providers.put(cluster, input);
      return { cluster: describeCluster(cluster) };
    },
    CreateCapacityProvider: (input) => ({ capacityProvider: providers.create(input) }),
    UpdateCapacityProvider: (input) => ({ capacityProvider: providers.update(input) }),
    DeleteCapacityProvider: (input) => ({ capacityProvider: providers.delete(input) }),
    DescribeCapacityProviders: (input) => providers.describe(input),
    ListContainerInstances: (input) => {
      const wanted = requireOne(input, 'status', ['ACTIVE', 'DRAINING']);
      const all = [...clusterOf(input).instances.values()]
        .filter(({ status }) => (wanted ?? status) === status)
        .map(({ containerInstanceArn }) => containerInstanceArn);
      const { page, nextToken } = cutEcsPage(all, input);
      return { containerInstanceArns: page, nextToken };
    },
    DescribeContainerInstances: (input) => {
      const cluster = clusterOf(input);
      const withTags = isIncluded(input, 'TAGS');
      return describeAll(
        readEcsNames(input, 'containerInstances', PAGE_MAX),
        (name) => {
          const found = findByName(cluster, name);
          return found && { ...describeInstance(cluster, found), tags: withTags ? found.tags : [] };
        },
        'containerInstances',
      );
    },
    UpdateContainerInstancesState: (input) => {
      const cluster = clusterOf(input);
      const status = requireText(input, 'status');
      if (status !== 'ACTIVE' && status !== 'DRAINING')
        throw new AwsError('InvalidParameterException', 'status must be ACTIVE or DRAINING.');
      return describeAll(
        readEcsNames(input, 'containerInstances', SERVICES_PAGE),
        (name) => {
          const found = findByName(cluster, name);
          return found && state.setInstanceStatus(cluster, found.containerInstanceArn, status);
        },
        'containerInstances',
      );
    },
    DeregisterContainerInstance: (input) => {
      const cluster = clusterOf(input);
      const found = findByName(cluster, requireText(input, 'containerInstance'));
      if (found === undefined)
        throw new AwsError('InvalidParameterException', 'The container instance was not found.');
      const { containerInstanceArn: arn } = found;
      const isBusy = [...cluster.tasks.values()].some(
        ({ task }) => task.containerInstanceArn === arn && task.lastStatus !== 'STOPPED',
      );
      if (isBusy && input['force'] !== true)
        throw new AwsError('InvalidParameterException', 'Found running tasks on the instance.');
      state.removeInstance(cluster, arn, 'Container instance was deregistered');
      return { containerInstance: describeInstance(cluster, found) };
    },
  };
}

function findByName({ instances }: Cluster, name: string): ContainerInstance | undefined {
  const found = [...instances.keys()].find((arn) => arn === name || arn.endsWith(`/${name}`));
  return found === undefined ? undefined : instances.get(found);
}

function describeInstance({ tasks }: Cluster, instance: ContainerInstance): object {
  const counts = { PENDING: 0, RUNNING: 0 };
  for (const { task } of tasks.values())
    if (task.containerInstanceArn === instance.containerInstanceArn)
      if (task.lastStatus === 'RUNNING') counts.RUNNING += 1;
      else if (['PROVISIONING', 'PENDING', 'ACTIVATING'].includes(task.lastStatus))
        counts.PENDING += 1;
  return {
    ...instance,
    agentConnected: true,
    runningTasksCount: counts.RUNNING,
    pendingTasksCount: counts.PENDING,
  };
}

function describeCluster(cluster: Cluster, withTags = true): object {
  const { clusterArn, clusterName, tags, tasks, services, instances } = cluster;
  let running = 0;
  let pending = 0;
  for (const { task } of tasks.values())
    if (task.lastStatus === 'RUNNING') running += 1;
    else if (task.lastStatus !== 'STOPPED' && task.desiredStatus === 'RUNNING') pending += 1;
  return {
    clusterArn,
    clusterName,
    status: 'ACTIVE',
    runningTasksCount: running,
    pendingTasksCount: pending,
    activeServicesCount: services.size,
    registeredContainerInstancesCount: instances.size,
    capacityProviders: cluster.capacityProviders,
    defaultCapacityProviderStrategy: cluster.defaultCapacityProviderStrategy,
    settings: cluster.settings,

    tags: withTags ? tags : [],
  };
}
