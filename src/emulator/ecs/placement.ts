/**
 * Where a service puts its next task: on Fargate, or on the instance that has the fewest tasks of
 * those that may take one and whose ports are free.
 * Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement.html
 */
import type { Cluster, ContainerInstance, EcsService, Task, TaskDefinition } from './shapes.ts';
import { listHostPorts } from './task-network.ts';

/** Who asks for a place: a service, or RunTask. */
export type Placing = Pick<
  EcsService,
  'serviceName' | 'launchType' | 'capacityProviderStrategy' | 'schedulingStrategy'
>;

export interface Place {
  readonly launchType: string;
  readonly capacityProviderName?: string;
  readonly containerInstance?: string;
}

export const FARGATE_PROVIDERS: readonly string[] = ['FARGATE', 'FARGATE_SPOT'];

const isExternal = ({ ec2InstanceId }: ContainerInstance): boolean =>
  ec2InstanceId.startsWith('mi-');

/** The active instances that the launch type or the capacity providers of a service allow. */
export function listPlaces(
  { instances }: Cluster,
  { launchType, capacityProviderStrategy }: Placing,
): ContainerInstance[] {
  const providers = capacityProviderStrategy.map(({ capacityProvider }) => capacityProvider);
  return [...instances.values()].filter(
    (one) =>
      one.status === 'ACTIVE' &&
      isExternal(one) === (launchType === 'EXTERNAL') &&
      (providers.length === 0 || providers.includes(one.capacityProviderName ?? '')),
  );
}

/** @returns why there is no place, in ECS's words */
export function choosePlace(
  cluster: Cluster,
  service: Placing,
  definition: TaskDefinition,
  tasks: readonly Task[],
): Place | string {
  const provider = chooseProvider(service, tasks);
  if (provider !== undefined && FARGATE_PROVIDERS.includes(provider))
    return { launchType: 'FARGATE', capacityProviderName: provider };
  if (service.launchType === 'FARGATE' && provider === undefined) return { launchType: 'FARGATE' };
  const allowed = listPlaces(cluster, service);
  if (allowed.length === 0) return 'No Container Instances were found in your cluster.';
  const ports = listHostPorts(definition);
  const isDaemon = service.schedulingStrategy === 'DAEMON';
  const group = `service:${service.serviceName}`;
  const fitting = allowed
    .map((instance) => ({ instance, own: tasksOn(cluster, instance) }))
    .filter(
      ({ own }) =>
        !(isDaemon && own.some((task) => task.group === group)) &&
        !own.some((task) => takenPorts(task).some((port) => ports.includes(port))),
    )
    .sort((a, b) => a.own.length - b.own.length);
  const [best] = fitting;
  if (best === undefined)
    return (
      `The closest matching container-instance ${allowed[0]?.containerInstanceArn.split('/').at(-1) ?? ''} ` +
      'is already using a port required by your task.'
    );
  const { containerInstanceArn, capacityProviderName } = best.instance;
  const launchType = service.launchType === 'EXTERNAL' ? 'EXTERNAL' : 'EC2';
  return {
    launchType,
    containerInstance: containerInstanceArn,
    ...(provider === undefined || capacityProviderName === undefined
      ? {}
      : { capacityProviderName }),
  };
}

/** The provider of the strategy that is furthest behind its base, then its weight. */
function chooseProvider(
  { capacityProviderStrategy }: Placing,
  tasks: readonly Task[],
): string | undefined {
  const shares = capacityProviderStrategy.map(({ capacityProvider, base = 0, weight = 0 }) => {
    const count = tasks.filter((one) => one.capacityProviderName === capacityProvider).length;
    const isBelowBase = count < base;
    const load = weight === 0 ? Infinity : (count - base) / weight;
    return { capacityProvider, load: isBelowBase ? -Infinity : load };
  });
  const [best] = shares.sort((a, b) => a.load - b.load);
  return best?.capacityProvider;
}

function tasksOn({ tasks }: Cluster, { containerInstanceArn }: ContainerInstance): Task[] {
  return [...tasks.values()]
    .map(({ task }) => task)
    .filter(
      (task) => task.containerInstanceArn === containerInstanceArn && task.lastStatus !== 'STOPPED',
    );
}

function takenPorts({ containers }: Task): string[] {
  return containers.flatMap(({ networkBindings }) =>
    networkBindings.map(({ hostPort, protocol }) => `${protocol}:${hostPort}`),
  );
}
