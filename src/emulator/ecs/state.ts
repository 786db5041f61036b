/**
 * The clusters of an emulated account, in memory: task definitions, container instances and tasks
 * in ECS's form, and the changes that happen to them; services are in services.ts. Every change of
 * a task raises its version and calls the listeners: events of EventBridge, the registry of Cloud
 * Map and the scheduler of services follow from it. What becomes of a task is its runner's: by
 * default it runs at once and stops at once. Stopped tasks are kept for an hour, as on AWS.
 * Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html
 */
import type { Clock } from '../../kernel/clock.ts';
import { AwsError, type AwsPlace } from '../service.ts';
import { TaskDefinitions } from './definitions.ts';
import type {
  Cluster,
  ContainerDefinition,
  ContainerInstance,
  StopCode,
  Tag,
  Task,
  TaskDefinition,
  TaskOverrides,
} from './shapes.ts';
import { isChecked } from './definition-rules.ts';
import { attachNetwork, makeHex, type TaskInterface } from './task-network.ts';

/** The settings with which a task is run. */
export interface TaskRequest {
  readonly taskDefinition: string;
  readonly launchType?: string;
  readonly capacityProviderName?: string;
  readonly group?: string;
  readonly startedBy?: string;
  readonly tags?: readonly Tag[];
  /** ARN or EC2 instance id; by default, for tasks that are not on Fargate, the first instance. */
  readonly containerInstance?: string;
  /** The private address; by default the runner of tasks or the emulator chooses one. */
  readonly address?: string;
  /** Public IPv4 address of the task's network interface; none by default. */
  readonly publicAddress?: string;
  /** Subnets that the task may be in, the subnets of its service. */
  readonly subnets?: readonly string[] | undefined;
  readonly overrides?: TaskOverrides;
  readonly enableExecuteCommand?: boolean;
}

export interface StopReason {
  readonly stopCode: StopCode;
  readonly stoppedReason: string;
}

/** Who makes a task run and stop, and says so by EcsState.change. */
export interface TaskRunner {
  /** The address of a new task's own interface; undefined: the emulator chooses one. */
  chooseAddress(): string | undefined;
  /** The task is PROVISIONING. */
  start(task: Task, definition: TaskDefinition): void;
  /**
   * The task's desired status is STOPPED.
   *
   * @param mostSeconds  until containers are killed, whatever their own time
   */
  stop(task: Task, mostSeconds?: number): void;
}

type TaskNews = Partial<
  Pick<
    Task,
    | 'lastStatus'
    | 'desiredStatus'
    | 'healthStatus'
    | 'startedAt'
    | 'stoppingAt'
    | 'stoppedAt'
    | 'stopCode'
    | 'stoppedReason'
  >
>;

export type TaskListener = (task: Task, cluster: Cluster) => void;

const STOPPED_KEEP_MS = 3_600_000;
const SUBNET = 'subnet-0123456789abcdef0';
const ZONE = 'ecs.availability-zone';
const CLUSTERS_MAX = 10_000;
const INSTANCES_MAX = 5_000;

export class EcsState {
  readonly region: string;
  readonly accountId: string;
  readonly clusters = new Map<string, Cluster>();
  readonly definitions: TaskDefinitions;
  /** Network interfaces by id; that of a stopped task is removed, as on AWS. */
  readonly interfaces = new Map<string, TaskInterface>();
  /** Called in order for every change of a task. */
  readonly listeners: TaskListener[] = [];
  /** Called when instances of a cluster came, went or drain. */
  onInstances: (cluster: Cluster) => void = () => undefined;
  /** Called after a cluster came. */
  onCluster: (cluster: Cluster) => void = () => undefined;
  /** The zone of a subnet, or of an instance, by its id; undefined where it is not known. */
  zoneOf: (id: string) => string | undefined = () => undefined;
  runner: TaskRunner;
  readonly clock: Clock;
  #order = 0;

  constructor({ region, accountId }: AwsPlace, clock: Clock) {
    this.region = region;
    this.accountId = accountId;
    this.clock = clock;
    this.definitions = new TaskDefinitions((id) => this.arn('task-definition', id), clock);
    this.runner = runAtOnce(this);
  }

  get nowSeconds(): number {
    return this.clock.nowMs() / 1_000;
  }

  arn(kind: string, id: string): string {
    return `arn:aws:ecs:${this.region}:${this.accountId}:${kind}/${id}`;
  }

  /** Creates a cluster; if it exists, it stays as it is, as on AWS. @throws AwsError */
  createCluster(name: string, tags: readonly Tag[] = []): Cluster {
    const known = this.clusters.get(name);
    if (known !== undefined) return known;
    if (this.clusters.size >= CLUSTERS_MAX)
      throw new AwsError('LimitExceededException', `There are ${CLUSTERS_MAX} clusters already.`);
    const cluster: Cluster = {
      clusterArn: this.arn('cluster', name),
      clusterName: name,
      tags,
      instances: new Map(),
      services: new Map(),
      inactive: new Map(),
      tasks: new Map(),
      capacityProviders: [],
      defaultCapacityProviderStrategy: [],
      settings: [],
    };
    this.clusters.set(name, cluster);
    this.onCluster(cluster);
    return cluster;
  }

  /** Deletes a cluster in which nothing is. @throws AwsError */
  deleteCluster(cluster: Cluster): void {
    const refuse = (what: string, words: string): never => {
      throw new AwsError(
        `ClusterContains${what}Exception`,
        `The Cluster cannot be deleted while ${words}.`,
      );
    };
    if (cluster.services.size > 0) refuse('Services', 'Services are active');
    if ([...cluster.tasks.values()].some(({ task }) => task.lastStatus !== 'STOPPED'))
      refuse('Tasks', 'Tasks are active');
    if (cluster.instances.size > 0)
      refuse('ContainerInstances', 'Container Instances are active or draining');
    this.clusters.delete(cluster.clusterName);
  }

  /** Finds a cluster by name or ARN. */
  cluster(nameOrArn = 'default'): Cluster {
    const name = nameOrArn.split('/').at(-1) ?? '';
    const found = this.clusters.get(name);
    if (found === undefined) throw new AwsError('ClusterNotFoundException', 'Cluster not found.');
    return found;
  }

  register(
    family: string,
    containers: readonly ContainerDefinition[],
    networkMode = 'awsvpc',
    tags: readonly Tag[] = [],
    more: Readonly<Record<string, unknown>> = {},
  ): TaskDefinition {
    return this.definitions.register({ family, containers, networkMode, tags, more });
  }

  /** Finds a revision by ARN, by `family:revision`, or by `family`: its newest active revision. */
  definition(name: string): TaskDefinition {
    return this.definitions.find(name);
  }

  /** @throws AwsError */
  addInstance(
    cluster: Cluster,
    ec2InstanceId: string,
    tags: readonly Tag[] = [],
    capacityProviderName?: string,
  ): ContainerInstance {
    if (cluster.instances.size >= INSTANCES_MAX)
      throw new AwsError('LimitExceededException', `There are ${INSTANCES_MAX} instances already.`);
    const instance: ContainerInstance = {
      containerInstanceArn: this.arn('container-instance', `${cluster.clusterName}/${makeHex(16)}`),
      ec2InstanceId,
      status: 'ACTIVE',
      tags,
      ...(capacityProviderName === undefined ? {} : { capacityProviderName }),
      registeredAt: this.nowSeconds,
      attributes: [{ name: ZONE, value: this.zoneOf(ec2InstanceId) ?? `${this.region}a` }],
    };
    cluster.instances.set(instance.containerInstanceArn, instance);
    this.onInstances(cluster);
    return instance;
  }

  /** A draining instance gets no new tasks, and services replace their tasks on it elsewhere. */
  setInstanceStatus(
    cluster: Cluster,
    arn: string,
    status: 'ACTIVE' | 'DRAINING',
  ): ContainerInstance | undefined {
    const instance = cluster.instances.get(arn);
    if (instance === undefined) return undefined;
    instance.status = status;
    this.onInstances(cluster);
    return instance;
  }

  /** An instance that is gone takes its tasks with it. */
  removeInstance(cluster: Cluster, arn: string, stoppedReason: string): void {
    const instance = cluster.instances.get(arn);
    if (instance === undefined) return;
    instance.status = 'INACTIVE';
    cluster.instances.delete(arn);
    for (const { task } of cluster.tasks.values())
      if (task.containerInstanceArn === arn)
        this.stop(task, { stopCode: 'TerminationNotice', stoppedReason });
    this.onInstances(cluster);
  }

  run(cluster: Cluster, request: TaskRequest): Task {
    this.#forgetStopped(cluster);
    const definition = this.definition(request.taskDefinition);
    const { launchType = 'FARGATE', capacityProviderName, overrides } = request;
    const instance = this.#instanceFor(cluster, request, launchType);
    const taskArn = this.arn('task', `${cluster.clusterName}/${makeHex(16)}`);
    const order = this.#order++;
    const address =
      request.address ?? this.runner.chooseAddress() ?? `10.0.${(order >> 8) & 255}.${order & 255}`;
    const { cpu, memory } = definition;
    const instanceZone = instance?.attributes.find(({ name }) => name === ZONE)?.value;
    const subnetId = this.#chooseSubnet(request.subnets, instanceZone, order);
    const task: Task = {
      taskArn,
      clusterArn: cluster.clusterArn,
      taskDefinitionArn: definition.taskDefinitionArn,
      ...(instance === undefined ? {} : { containerInstanceArn: instance.containerInstanceArn }),
      ...(capacityProviderName === undefined ? {} : { capacityProviderName }),
      group: request.group ?? `family:${definition.family}`,
      startedBy: request.startedBy ?? '',
      launchType,
      ...(launchType === 'FARGATE' ? { platformFamily: 'Linux', platformVersion: '1.4.0' } : {}),
      ...(cpu === undefined ? {} : { cpu }),
      ...(memory === undefined ? {} : { memory }),
      ...(request.enableExecuteCommand === true ? { enableExecuteCommand: true } : {}),
      overrides: overrides ?? { containerOverrides: [] },
      availabilityZone: instanceZone ?? this.zoneOf(subnetId) ?? `${this.region}a`,
      tags: request.tags ?? [],
      containers: [],
      attachments: [],
      createdAt: this.nowSeconds,
      lastStatus: 'PROVISIONING',
      desiredStatus: 'RUNNING',
      healthStatus: 'UNKNOWN',
      version: 1,
    };
    const own = attachNetwork(task, { definition, address, subnetId, order });
    if (own !== undefined) this.interfaces.set(own.networkInterfaceId, own);
    this.setPublicAddress(task, request.publicAddress);
    cluster.tasks.set(taskArn, { order, task });
    this.#tell(task, cluster);
    this.runner.start(task, definition);
    return task;
  }

  /** Changes a task, raises its version and calls the listeners. */
  change(task: Task, news: TaskNews): void {
    Object.assign(task, news, { version: task.version + 1 });
    for (const container of task.containers) {
      if (news.lastStatus !== undefined) container.lastStatus = containerStatus(task.lastStatus);
      if (news.healthStatus !== undefined) container.healthStatus = news.healthStatus;
    }
    if (task.lastStatus === 'STOPPED') this.interfaces.delete(findInterfaceId(task));
    this.#tell(task, this.cluster(task.clusterArn));
  }

  /** Asks a task to stop, which its runner does; nothing for one that has been asked. */
  stop(task: Task, why?: StopReason, mostSeconds?: number): void {
    if (task.desiredStatus === 'STOPPED') return;
    this.change(task, { desiredStatus: 'STOPPED', stoppingAt: this.nowSeconds, ...why });
    this.runner.stop(task, mostSeconds);
  }

  /** Sets the public address of the task's network interface; a task without one is unchanged. */
  setPublicAddress(task: Task, address: string | undefined): void {
    const found = this.interfaces.get(findInterfaceId(task));
    if (found !== undefined) found.publicAddress = address;
  }

  task(cluster: Cluster, idOrArn: string): Task | undefined {
    const arn = idOrArn.startsWith('arn:')
      ? idOrArn
      : this.arn('task', `${cluster.clusterName}/${idOrArn}`);
    return cluster.tasks.get(arn)?.task;
  }

  #tell(task: Task, cluster: Cluster): void {
    for (const listener of this.listeners) listener(task, cluster);
  }

  #instanceFor(
    cluster: Cluster,
    { containerInstance }: TaskRequest,
    launchType: string,
  ): ContainerInstance | undefined {
    if (launchType === 'FARGATE') return undefined;
    const all = [...cluster.instances.values()].filter(({ status }) => status === 'ACTIVE');
    const found =
      containerInstance === undefined
        ? all[0]
        : all.find(
            (one) =>
              one.containerInstanceArn === containerInstance ||
              one.ec2InstanceId === containerInstance,
          );
    if (found === undefined)
      throw new AwsError(
        'InvalidParameterException',
        'No Container Instances were found in your cluster.',
      );
    return found;
  }

  /** A task is in the zone of its instance; on Fargate the subnets take turns. */
  #chooseSubnet(
    subnets: readonly string[] = [],
    instanceZone: string | undefined,
    order: number,
  ): string {
    const near = subnets.find(
      (id) => instanceZone !== undefined && this.zoneOf(id) === instanceZone,
    );
    const any = instanceZone === undefined ? subnets[order % subnets.length] : subnets[0];
    return near ?? any ?? SUBNET;
  }

  #forgetStopped(cluster: Cluster): void {
    const beforeSeconds = this.nowSeconds - STOPPED_KEEP_MS / 1_000;
    for (const [arn, { task }] of cluster.tasks) {
      if (task.stoppedAt !== undefined && task.stoppedAt < beforeSeconds) cluster.tasks.delete(arn);
    }
  }
}

/** Tasks that are states alone. */
function runAtOnce(state: EcsState): TaskRunner {
  return {
    chooseAddress: () => undefined,
    start: (task, definition) => {
      state.change(task, { lastStatus: 'PENDING' });
      state.change(task, {
        lastStatus: 'RUNNING',
        startedAt: state.nowSeconds,
        ...(isChecked(definition) ? { healthStatus: 'HEALTHY' } : {}),
      });
    },
    stop: (task) => {
      state.change(task, { lastStatus: 'DEPROVISIONING' });
      state.change(task, { lastStatus: 'STOPPED', stoppedAt: state.nowSeconds });
    },
  };
}

/** What a container is while its task is so; a runner that knows more says it of each container. */
function containerStatus(taskStatus: string): string {
  if (taskStatus === 'PROVISIONING' || taskStatus === 'ACTIVATING') return 'PENDING';
  if (taskStatus === 'DEPROVISIONING') return 'STOPPED';
  return taskStatus;
}

function findInterfaceId({ attachments }: Task): string {
  const details = attachments.flatMap((attachment) => attachment.details);
  return details.find(({ name }) => name === 'networkInterfaceId')?.value ?? '';
}
