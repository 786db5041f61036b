/**
 * The ECS calls that discovery and deployments make, on EcsState: AWS's forms of answers, list
 * pages, batch limits and error codes.
 * Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/
 */
import { notImplemented, requireOne } from '../members.ts';
import { AwsError, type AwsInput, type JsonService, parseToken, requireText } from '../service.ts';
import { createEcsAccess } from './access.ts';
import type { Cluster, ContainerDefinition, EcsService, Task, TaskDefinition } from './shapes.ts';
import type { EcsState } from './state.ts';
import { parseTags, tagActions } from './tags.ts';

const PAGE_MAX = 100;
const SERVICES_PAGE = 10;

export function createEcs(state: EcsState): JsonService {
  const clusterOf = (input: AwsInput): Cluster =>
    state.cluster(input['cluster'] as string | undefined);
  return {
    signingName: 'ecs',
    target: 'AmazonEC2ContainerServiceV20141113',
    access: createEcsAccess(state),
    actions: {
      CreateCluster: (input) => ({
        cluster: describeCluster(
          state.createCluster(String(input['clusterName'] ?? 'default'), readTags(input)),
        ),
      }),
      ListClusters: (input) => {
        const { page, nextToken } = cutPageBy(
          [...state.clusters.values()],
          (_, index) => index,
          input,
        );
        return { clusterArns: page.map(({ clusterArn }) => clusterArn), nextToken };
      },
      DescribeClusters: (input) => {
        const names = readList(input, 'clusters', PAGE_MAX);
        return describeAll(
          names,
          (name) => {
            const found = state.clusters.get(name.split('/').at(-1) ?? '');
            return found && describeCluster(found, isIncluded(input, 'TAGS'));
          },
          'clusters',
        );
      },
      RegisterTaskDefinition: (input) => ({
        taskDefinition: state.register(
          requireText(input, 'family'),
          (input['containerDefinitions'] ?? []) as ContainerDefinition[],
          requireOne(input, 'networkMode', NETWORK_MODES) ?? 'bridge',
          readTags(input),
          pickDescribed(input),
        ),
      }),
      DeregisterTaskDefinition: (input) => {
        const { tags: _, ...definition } = state.definitions.deregister(
          requireText(input, 'taskDefinition'),
        );
        return { taskDefinition: definition };
      },
      DescribeTaskDefinition: (input) => {
        const { tags, ...taskDefinition } = state.definition(requireText(input, 'taskDefinition'));
        return { taskDefinition, ...(isIncluded(input, 'TAGS') ? { tags } : {}) };
      },
      ListTaskDefinitions: (input) => {
        const prefix = input['familyPrefix'] as string | undefined;
        const wanted = requireOne(input, 'status', ['ACTIVE', 'INACTIVE']) ?? 'ACTIVE';
        const all = [...state.definitions.all.values()].filter(
          ({ family, status }) => (prefix ?? family) === family && status === wanted,
        );
        if (requireOne(input, 'sort', ['ASC', 'DESC']) === 'DESC') all.reverse();
        const { page, nextToken } = cutPageBy(all, (_, index) => index, input);
        const taskDefinitionArns = page.map(({ taskDefinitionArn }) => taskDefinitionArn);
        return { taskDefinitionArns, nextToken };
      },
      RunTask: (input) => {
        const cluster = clusterOf(input);
        const count = readCount(input, 'count', 1, RUN_MAX) ?? 1;
        const definition = state.definition(requireText(input, 'taskDefinition'));
        refuseInactive(definition, 'InvalidParameterException');
        const group = input['group'] as string | undefined;
        const tasks = Array.from({ length: count }, () =>
          state.run(cluster, {
            taskDefinition: definition.taskDefinitionArn,
            launchType: requireOne(input, 'launchType', LAUNCH_TYPES) ?? 'EC2',
            ...(group === undefined ? {} : { group }),
            startedBy: String(input['startedBy'] ?? ''),
            tags: readTags(input),
          }),
        );
        return { tasks, failures: [] };
      },
      StopTask: (input) => {
        const cluster = clusterOf(input);
        const task = state.task(cluster, requireText(input, 'task'));
        if (task === undefined)
          throw new AwsError('InvalidParameterException', 'The referenced task was not found.');
        state.stop(task);
        return { task };
      },
      ListTasks: (input) => listTasks(state, clusterOf(input), input),
      DescribeTasks: (input) => {
        const cluster = clusterOf(input);
        const withTags = isIncluded(input, 'TAGS');
        return describeAll(
          readList(input, 'tasks', PAGE_MAX),
          (arn) => {
            const task = state.task(cluster, arn);
            return task && { ...task, tags: withTags ? task.tags : [] };
          },
          'tasks',
          (arn) =>
            arn.startsWith('arn:') ? arn : state.arn('task', `${cluster.clusterName}/${arn}`),
        );
      },
      ListContainerInstances: (input) => {
        const wanted = requireOne(input, 'status', ['ACTIVE', 'DRAINING']);
        const all = [...clusterOf(input).instances.values()]
          .filter(({ status }) => (wanted ?? status) === status)
          .map(({ containerInstanceArn }) => containerInstanceArn);
        const { page, nextToken } = cutPageBy(all, (_, index) => index, input);
        return { containerInstanceArns: page, nextToken };
      },
      DescribeContainerInstances: (input) => {
        const { instances } = clusterOf(input);
        const withTags = isIncluded(input, 'TAGS');
        return describeAll(
          readList(input, 'containerInstances', PAGE_MAX),
          (arn) => {
            const found = instances.get(arn);
            return found && { ...found, tags: withTags ? found.tags : [] };
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
          readList(input, 'containerInstances', SERVICES_PAGE),
          (arn) => state.setInstanceStatus(cluster, arn, status),
          'containerInstances',
        );
      },
      CreateService: (input) => {
        const cluster = clusterOf(input);
        if (cluster.services.has(requireText(input, 'serviceName')))
          throw new AwsError(
            'InvalidParameterException',
            'Creation of service was not idempotent.',
          );
        refuseInactive(state.definition(requireText(input, 'taskDefinition')), 'ClientException');
        const service = state.createService(cluster, {
          serviceName: requireText(input, 'serviceName'),
          taskDefinition: requireText(input, 'taskDefinition'),
          desiredCount: readCount(input, 'desiredCount', 0) ?? 1,
          launchType: requireOne(input, 'launchType', LAUNCH_TYPES) ?? 'EC2',
          tags: readTags(input),
        });
        return { service: describeService(state, cluster, service, true) };
      },
      UpdateService: (input) => {
        const cluster = clusterOf(input);
        const service = requireService(cluster, requireText(input, 'service'));
        const count = readCount(input, 'desiredCount', 0);
        const definition =
          input['taskDefinition'] === undefined
            ? undefined
            : state.definition(requireText(input, 'taskDefinition'));
        if (definition !== undefined) refuseInactive(definition, 'ClientException');
        if (count !== undefined) service.desiredCount = count;
        if (definition !== undefined) state.deploy(service, definition.taskDefinitionArn);
        else if (input['forceNewDeployment'] === true)
          state.deploy(service, service.taskDefinition);
        state.settle(cluster, service);
        return { service: describeService(state, cluster, service, true) };
      },
      DeleteService: (input) => {
        const cluster = clusterOf(input);
        const service = requireService(cluster, requireText(input, 'service'));
        for (const task of state.tasksOf(cluster, service)) state.stop(task);
        cluster.services.delete(service.serviceName);
        return { service: describeService(state, cluster, service, true) };
      },
      ListServices: (input) => {
        const wanted = requireOne(input, 'launchType', LAUNCH_TYPES);
        const all = [...clusterOf(input).services.values()].filter(
          ({ launchType }) => (wanted ?? launchType) === launchType,
        );
        const { page, nextToken } = cutPageBy(all, (_, index) => index, input, SERVICES_PAGE);
        return { serviceArns: page.map(({ serviceArn }) => serviceArn), nextToken };
      },
      DescribeServices: (input) => {
        const cluster = clusterOf(input);
        const withTags = isIncluded(input, 'TAGS');
        return describeAll(
          readList(input, 'services', SERVICES_PAGE),
          (name) => {
            const found = cluster.services.get(name.split('/').at(-1) ?? '');
            return found && describeService(state, cluster, found, withTags);
          },
          'services',
        );
      },
      ...tagActions(state),
    },
  };
}

function listTasks(state: EcsState, cluster: Cluster, input: AwsInput): object {
  const wanted = (key: string): string | undefined => input[key] as string | undefined;
  const service = wanted('serviceName')?.split('/').at(-1);
  if (service !== undefined) requireService(cluster, service);
  const family = wanted('family');
  const desired =
    requireOne(input, 'desiredStatus', ['RUNNING', 'PENDING', 'STOPPED']) ?? 'RUNNING';
  const launchType = requireOne(input, 'launchType', LAUNCH_TYPES);
  const instance = findInstance(cluster, wanted('containerInstance'));
  const fits = (task: Task): boolean =>
    task.desiredStatus === desired &&
    (launchType ?? task.launchType) === task.launchType &&
    (wanted('startedBy') ?? task.startedBy) === task.startedBy &&
    (service === undefined || task.group === `service:${service}`) &&
    (instance ?? task.containerInstanceArn) === task.containerInstanceArn &&
    (family === undefined || state.definition(task.taskDefinitionArn).family === family);
  const all = [...cluster.tasks.values()].filter(({ task }) => fits(task));
  const { page, nextToken } = cutPageBy(all, ({ order }) => order, input);
  return { taskArns: page.map(({ task }) => task.taskArn), nextToken };
}

function requireService(cluster: Cluster, nameOrArn: string): EcsService {
  const found = cluster.services.get(nameOrArn.split('/').at(-1) ?? '');
  if (found === undefined) throw new AwsError('ServiceNotFoundException', 'Service not found.');
  return found;
}

function describeCluster(cluster: Cluster, withTags = true): object {
  const { clusterArn, clusterName, tags, tasks, services, instances } = cluster;
  let running = 0;
  for (const { task } of tasks.values()) if (task.lastStatus === 'RUNNING') running += 1;
  return {
    clusterArn,
    clusterName,
    status: 'ACTIVE',
    runningTasksCount: running,
    activeServicesCount: services.size,
    registeredContainerInstancesCount: instances.size,
    tags: withTags ? tags : [],
  };
}

function describeService(
  state: EcsState,
  cluster: Cluster,
  service: EcsService,
  withTags: boolean,
): object {
  const running = state.tasksOf(cluster, service).length;
  return { ...service, runningCount: running, tags: withTags ? service.tags : undefined };
}

/** Describes what is found under `key`, and lists the other names as failures. */
function describeAll(
  names: readonly string[],
  find: (name: string) => object | undefined,
  key: string,
  arnOf: (name: string) => string = (name) => name,
): object {
  const found: object[] = [];
  const failures: object[] = [];
  for (const name of names) {
    const item = find(name);
    if (item === undefined) failures.push({ arn: arnOf(name), reason: 'MISSING' });
    else found.push(item);
  }
  return { [key]: found, failures };
}

/**
 * Cuts one list page. A token holds the order of the last item of the page before, so that no item
 * is left out when others are removed in between.
 */
function cutPageBy<T>(
  items: readonly T[],
  orderOf: (item: T, index: number) => number,
  input: AwsInput,
  pageSize = PAGE_MAX,
): { page: readonly T[]; nextToken: string | undefined } {
  const most = Number(input['maxResults'] ?? pageSize);
  if (!(most >= 1 && most <= PAGE_MAX))
    throw new AwsError('InvalidParameterException', 'maxResults must be between 1 and 100.');
  const hasToken = (input['nextToken'] ?? null) !== null;
  const after = hasToken ? parseToken(input['nextToken']) : -1;
  if (after === undefined) throw new AwsError('InvalidParameterException', 'Invalid token.');
  const rest = items
    .map((item, index) => ({ item, order: orderOf(item, index) }))
    .filter(({ order }) => order > after);
  const page = rest.slice(0, most);
  const last = page.at(-1);
  return {
    page: page.map(({ item }) => item),
    nextToken:
      last !== undefined && rest.length > most
        ? Buffer.from(String(last.order)).toString('base64')
        : undefined,
  };
}

function readList(input: AwsInput, key: string, max: number): string[] {
  const list = (input[key] ?? []) as string[];
  if (list.length === 0)
    throw new AwsError('InvalidParameterException', `${key} can not be empty.`);
  if (list.length > max)
    throw new AwsError('InvalidParameterException', `${key} can have at most ${max} items.`);
  return list;
}

function isIncluded(input: AwsInput, what: 'TAGS'): boolean {
  const asked = input['include'] ?? [];
  if (!Array.isArray(asked))
    throw new AwsError('InvalidParameterException', 'include must be a list.');
  const unknown = asked.filter((name) => name !== what);
  if (unknown.length > 0)
    throw notImplemented(`include: ${unknown.join(', ')} is not supported here; ${what} is`);
  return asked.length > 0;
}

const LAUNCH_TYPES = ['EC2', 'FARGATE', 'EXTERNAL'] as const;
const NETWORK_MODES = ['bridge', 'host', 'awsvpc', 'none'] as const;
/** Most tasks that one RunTask starts. */
const RUN_MAX = 10;

function readCount(input: AwsInput, key: string, least: number, most = 5_000): number | undefined {
  const count = input[key];
  if (count === undefined || count === null) return undefined;
  if (typeof count === 'number' && Number.isInteger(count) && count >= least && count <= most)
    return count;
  throw new AwsError(
    'InvalidParameterException',
    `${key} must be a number from ${least} to ${most}.`,
  );
}

function refuseInactive({ status }: TaskDefinition, code: string): void {
  if (status === 'INACTIVE') throw new AwsError(code, 'TaskDefinition is inactive');
}

/** The ARN of a container instance that is named by its ARN or its id. */
function findInstance({ instances }: Cluster, name: string | undefined): string | undefined {
  if (name === undefined) return undefined;
  const found = [...instances.keys()].find((arn) => arn === name || arn.endsWith(`/${name}`));
  if (found === undefined)
    throw new AwsError('InvalidParameterException', `No container instance ${name} was found.`);
  return found;
}

/** The members of a task definition without an effect, which DescribeTaskDefinition returns. */
function pickDescribed(input: AwsInput): Record<string, unknown> {
  const { family: _f, containerDefinitions: _c, networkMode: _n, tags: _t, ...rest } = input;
  return rest;
}

const readTags = (input: AwsInput): ReturnType<typeof parseTags> => parseTags(input['tags']);
