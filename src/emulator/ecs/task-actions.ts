/** ECS's calls for tasks. */
import { notImplemented, requireOne } from '../members.ts';
import { type ActionHandler, AwsError, type AwsInput, requireText } from '../service.ts';
import { choosePlace } from './placement.ts';
import {
  cutPageBy,
  describeAll,
  isIncluded,
  LAUNCH_TYPES,
  PAGE_MAX,
  readCount,
  readEcsNames,
  readTags,
  refuseInactive,
  requireService,
} from './requests.ts';
import type { CapacityProviders } from './capacity-providers.ts';
import type {
  Cluster,
  NetworkConfiguration,
  ProviderShare,
  Task,
  TaskOverrides,
} from './shapes.ts';
import type { EcsState } from './state.ts';
import { checkNetwork } from './network-rules.ts';

/** Most tasks that one RunTask starts. */
const RUN_MAX = 10;

export function taskActions(
  state: EcsState,
  providers: CapacityProviders,
): Record<string, ActionHandler> {
  const clusterOf = (input: AwsInput): Cluster =>
    state.cluster(input['cluster'] as string | undefined);
  return {
    RunTask: (input) => {
      const cluster = clusterOf(input);
      const count = readCount(input, 'count', 1, RUN_MAX) ?? 1;
      const overrides = readOverrides(input);
      const definition = state.definition(requireText(input, 'taskDefinition'));
      refuseInactive(definition, 'InvalidParameterException');
      const launchType = requireOne(input, 'launchType', LAUNCH_TYPES);
      const strategy = readStrategy(input, cluster, providers);
      const network = input['networkConfiguration'] as NetworkConfiguration | undefined;
      checkNetwork(definition, network);
      const group = input['group'] as string | undefined;
      const tasks: Task[] = [];
      const failures: object[] = [];
      for (let i = 0; i < count; i++) {
        const wanted = {
          serviceName: '',
          launchType: launchType ?? 'EC2',
          capacityProviderStrategy: launchType === undefined ? strategy : [],
          schedulingStrategy: 'REPLICA' as const,
        };
        const place = choosePlace(cluster, wanted, definition, tasks);
        if (typeof place === 'string' && cluster.instances.size === 0)
          throw new AwsError('InvalidParameterException', place);
        if (typeof place === 'string') {
          const [arn] = cluster.instances.keys();
          failures.push({ arn, reason: 'RESOURCE:PORTS' });
          continue;
        }
        tasks.push(
          state.run(cluster, {
            ...place,
            taskDefinition: definition.taskDefinitionArn,
            ...(group === undefined ? {} : { group }),
            subnets: network?.awsvpcConfiguration?.subnets,
            startedBy: String(input['startedBy'] ?? ''),
            tags: [
              ...(input['propagateTags'] === 'TASK_DEFINITION' ? definition.tags : []),
              ...readTags(input),
            ],
            overrides,
            enableExecuteCommand: input['enableExecuteCommand'] === true,
          }),
        );
      }
      return { tasks, failures };
    },
    StopTask: (input) => {
      const cluster = clusterOf(input);
      const task = state.task(cluster, requireText(input, 'task'));
      if (task === undefined)
        throw new AwsError('InvalidParameterException', 'The referenced task was not found.');
      const stoppedReason = String(input['reason'] ?? 'Task stopped by user');
      state.stop(task, { stopCode: 'UserInitiated', stoppedReason });
      return { task };
    },
    ListTasks: (input) => listTasks(state, clusterOf(input), input),
    DescribeTasks: (input) => {
      const cluster = clusterOf(input);
      const withTags = isIncluded(input, 'TAGS');
      return describeAll(
        readEcsNames(input, 'tasks', PAGE_MAX),
        (arn) => {
          const task = state.task(cluster, arn);
          return task && { ...task, tags: withTags ? task.tags : [] };
        },
        'tasks',
        (arn) =>
          arn.startsWith('arn:') ? arn : state.arn('task', `${cluster.clusterName}/${arn}`),
      );
    },
  };
}

/** @throws AwsError that names what has no effect here */
function readOverrides(input: AwsInput): TaskOverrides {
  const { containerOverrides = [], ...rest } = (input['overrides'] ?? {}) as Partial<TaskOverrides>;
  const refuse = (names: readonly string[], known: readonly string[]): void => {
    const unknown = names.filter((name) => !known.includes(name));
    if (unknown.length > 0)
      throw notImplemented(`overrides: ${unknown.join(', ')} is not supported here`);
  };
  refuse(Object.keys(rest), ['taskRoleArn', 'executionRoleArn']);
  for (const one of containerOverrides)
    refuse(Object.keys(one), ['name', 'command', 'environment']);
  return { containerOverrides, ...rest };
}

/** The strategy of a request, else the cluster's where no launch type is asked for. */
export function readStrategy(
  input: AwsInput,
  cluster: Cluster,
  providers: CapacityProviders,
): readonly ProviderShare[] {
  const given = input['capacityProviderStrategy'] as readonly ProviderShare[] | undefined;
  if ((given?.length ?? 0) > 0 && input['launchType'] !== undefined)
    throw new AwsError(
      'InvalidParameterException',
      'Specifying both a launch type and capacity provider strategy is not supported. Remove one ' +
        'and try again.',
    );
  if (input['launchType'] !== undefined) return [];
  const strategy = given ?? cluster.defaultCapacityProviderStrategy;
  providers.check(cluster, strategy);
  return strategy.map((share) => ({
    ...share,
    capacityProvider: share.capacityProvider.split('/').at(-1) ?? '',
  }));
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

/** The ARN of a container instance that is named by its ARN or its id. */
function findInstance({ instances }: Cluster, name: string | undefined): string | undefined {
  if (name === undefined) return undefined;
  const found = [...instances.keys()].find((arn) => arn === name || arn.endsWith(`/${name}`));
  if (found === undefined)
    throw new AwsError('InvalidParameterException', `No container instance ${name} was found.`);
  return found;
}
