/**
 * The clusters of an emulated account, in memory: task definitions, container instances, services
 * and tasks in ECS's form, and the changes that happen to them. Every change of a task raises its
 * version and calls a listener, which makes EventBridge's events of it. Stopped tasks are kept for
 * an hour, as on AWS.
 * Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html
 */
import { randomBytes } from 'node:crypto';
import type { Clock } from '../../kernel/clock.ts';
import { AwsError, type AwsPlace } from '../service.ts';
import { TaskDefinitions } from './definitions.ts';
import type {
  Cluster,
  ContainerDefinition,
  ContainerInstance,
  EcsService,
  Tag,
  Task,
  TaskDefinition,
} from './shapes.ts';

/** The settings with which a task is run. */
export interface TaskRequest {
  readonly taskDefinition: string;
  readonly launchType?: string;
  readonly group?: string;
  readonly startedBy?: string;
  readonly tags?: readonly Tag[];
  /** ARN or EC2 instance id; by default, for tasks that are not on Fargate, the first instance. */
  readonly containerInstance?: string;
  /** The private address; by default the emulator chooses one. */
  readonly address?: string;
  /** Public IPv4 address of the task's network interface; none by default. */
  readonly publicAddress?: string;
}

/** A task's own network interface, as EC2 describes it. */
export interface TaskInterface {
  readonly networkInterfaceId: string;
  readonly privateAddress: string;
  readonly subnetId: string;
  readonly availabilityZone: string;
  publicAddress: string | undefined;
}

const STOPPED_KEEP_MS = 3_600_000;
const FIRST_DYNAMIC_PORT = 32_768;

export class EcsState {
  readonly region: string;
  readonly clusters = new Map<string, Cluster>();
  readonly definitions: TaskDefinitions;
  /** Network interfaces by id; that of a stopped task is removed, as on AWS. */
  readonly interfaces = new Map<string, TaskInterface>();
  /** Called for every change of a task. */
  onTaskChange: (task: Task, cluster: Cluster) => void = () => undefined;
  /** Called after a cluster came. */
  onCluster: (cluster: Cluster) => void = () => undefined;
  readonly #clock: Clock;
  readonly #accountId: string;
  #order = 0;

  constructor({ region, accountId }: AwsPlace, clock: Clock) {
    this.region = region;
    this.#accountId = accountId;
    this.#clock = clock;
    this.definitions = new TaskDefinitions((id) => this.arn('task-definition', id), clock);
  }

  arn(kind: string, id: string): string {
    return `arn:aws:ecs:${this.region}:${this.#accountId}:${kind}/${id}`;
  }

  createCluster(name: string, tags: readonly Tag[] = []): Cluster {
    const known = this.clusters.get(name);
    if (known !== undefined) return known;
    const cluster: Cluster = {
      clusterArn: this.arn('cluster', name),
      clusterName: name,
      tags,
      instances: new Map(),
      services: new Map(),
      tasks: new Map(),
    };
    this.clusters.set(name, cluster);
    this.onCluster(cluster);
    return cluster;
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

  addInstance(
    cluster: Cluster,
    ec2InstanceId: string,
    tags: readonly Tag[] = [],
  ): ContainerInstance {
    const instance: ContainerInstance = {
      containerInstanceArn: this.arn('container-instance', `${cluster.clusterName}/${makeHex(16)}`),
      ec2InstanceId,
      status: 'ACTIVE',
      tags,
      attributes: [{ name: 'ecs.availability-zone', value: `${this.region}a` }],
    };
    cluster.instances.set(instance.containerInstanceArn, instance);
    return instance;
  }

  /** An instance that is gone takes its tasks with it. */
  removeInstance(cluster: Cluster, arn: string): void {
    cluster.instances.delete(arn);
    for (const { task } of cluster.tasks.values())
      if (task.containerInstanceArn === arn && task.desiredStatus !== 'STOPPED') this.stop(task);
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
    if (status === 'ACTIVE') return instance;
    for (const service of cluster.services.values()) {
      for (const task of this.tasksOf(cluster, service))
        if (task.containerInstanceArn === arn) this.stop(task);
      const isMovable = [...cluster.instances.values()].some((other) => other.status === 'ACTIVE');
      if (service.launchType === 'FARGATE' || isMovable) this.settle(cluster, service);
    }
    return instance;
  }

  run(cluster: Cluster, request: TaskRequest): Task {
    this.#forgetStopped(cluster);
    const definition = this.definition(request.taskDefinition);
    const { launchType = 'FARGATE' } = request;
    const instance = this.#instanceFor(cluster, request, launchType);
    const taskArn = this.arn('task', `${cluster.clusterName}/${makeHex(16)}`);
    const order = this.#order++;
    const address = request.address ?? `10.0.${(order >> 8) & 255}.${order & 255}`;
    const task: Task = {
      taskArn,
      clusterArn: cluster.clusterArn,
      taskDefinitionArn: definition.taskDefinitionArn,
      ...(instance === undefined ? {} : { containerInstanceArn: instance.containerInstanceArn }),
      group: request.group ?? `family:${definition.family}`,
      startedBy: request.startedBy ?? '',
      launchType,
      ...(launchType === 'FARGATE' ? { platformFamily: 'Linux', platformVersion: '1.4.0' } : {}),
      availabilityZone: `${this.region}a`,
      tags: request.tags ?? [],
      containers: [],
      attachments: [],
      createdAt: this.#clock.nowMs() / 1_000,
      lastStatus: 'PENDING',
      desiredStatus: 'RUNNING',
      healthStatus: 'UNKNOWN',
      version: 1,
    };
    this.#attachNetwork(task, definition, address, order);
    this.setPublicAddress(task, request.publicAddress);
    cluster.tasks.set(taskArn, { order, task });
    this.onTaskChange(task, cluster);
    this.change(task, { lastStatus: 'RUNNING', startedAt: this.#clock.nowMs() / 1_000 });
    return task;
  }

  /** Changes a task, raises its version and calls the listener. */
  change(
    task: Task,
    news: Partial<
      Pick<Task, 'lastStatus' | 'desiredStatus' | 'healthStatus' | 'startedAt' | 'stoppedAt'>
    >,
  ): void {
    Object.assign(task, news, { version: task.version + 1 });
    for (const container of task.containers) {
      container.lastStatus = task.lastStatus;
      if (news.healthStatus !== undefined) container.healthStatus = news.healthStatus;
    }
    this.onTaskChange(task, this.cluster(task.clusterArn));
  }

  stop(task: Task): void {
    this.change(task, { desiredStatus: 'STOPPED', lastStatus: 'DEPROVISIONING' });
    this.change(task, { lastStatus: 'STOPPED', stoppedAt: this.#clock.nowMs() / 1_000 });
    this.interfaces.delete(findInterfaceId(task));
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

  createService(
    cluster: Cluster,
    given: Pick<EcsService, 'serviceName' | 'taskDefinition' | 'desiredCount'> & {
      readonly launchType?: string;
      readonly tags?: readonly Tag[];
    },
  ): EcsService {
    const { taskDefinitionArn } = this.definition(given.taskDefinition);
    const service: EcsService = {
      serviceArn: this.arn('service', `${cluster.clusterName}/${given.serviceName}`),
      serviceName: given.serviceName,
      clusterArn: cluster.clusterArn,
      launchType: given.launchType ?? 'FARGATE',
      tags: given.tags ?? [],
      status: 'ACTIVE',
      desiredCount: given.desiredCount,
      taskDefinition: taskDefinitionArn,
      deployments: [
        { id: `ecs-svc/${makeDigits()}`, status: 'PRIMARY', taskDefinition: taskDefinitionArn },
      ],
    };
    cluster.services.set(given.serviceName, service);
    this.settle(cluster, service);
    return service;
  }

  /** Begins a new deployment; `settle` replaces the tasks of the one before step by step. */
  deploy(service: EcsService, taskDefinition: string): void {
    const { taskDefinitionArn } = this.definition(taskDefinition);
    service.taskDefinition = taskDefinitionArn;
    for (const deployment of service.deployments) deployment.status = 'ACTIVE';
    service.deployments.unshift({
      id: `ecs-svc/${makeDigits()}`,
      status: 'PRIMARY',
      taskDefinition: taskDefinitionArn,
    });
  }

  tasksOf(cluster: Cluster, service: EcsService): Task[] {
    const group = `service:${service.serviceName}`;
    return [...cluster.tasks.values()]
      .map(({ task }) => task)
      .filter((task) => task.group === group && task.desiredStatus === 'RUNNING');
  }

  /**
   * Starts and stops tasks until the service has the desired count of the newest definition.
   *
   * @param steps  limit; a step starts or stops at most one task, and stops one old task
   */
  settle(cluster: Cluster, service: EcsService, steps = Infinity): void {
    const primary = service.deployments[0];
    if (primary === undefined) return;
    for (let step = 0; step < steps; step++) {
      const tasks = this.tasksOf(cluster, service);
      const current = tasks.filter(({ startedBy }) => startedBy === primary.id);
      const old = tasks.filter(({ startedBy }) => startedBy !== primary.id);
      if (current.length < service.desiredCount)
        this.run(cluster, {
          taskDefinition: primary.taskDefinition,
          launchType: service.launchType,
          group: `service:${service.serviceName}`,
          startedBy: primary.id,
          tags: service.tags,
        });
      else if (current.length > service.desiredCount) this.stop(current[0] as Task);
      if (old[0] !== undefined) this.stop(old[0]);
      if (old.length <= 1 && current.length === service.desiredCount) {
        service.deployments = [primary];
        return;
      }
    }
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

  /** Adds the task's containers, with the bindings or interfaces of the network mode. */
  #attachNetwork(task: Task, definition: TaskDefinition, address: string, order: number): void {
    const isVpc = definition.networkMode === 'awsvpc';
    const attachmentId = makeHex(8);
    const v6 = address.includes(':');
    if (isVpc) {
      const networkInterfaceId = `eni-${makeHex(8)}`;
      const subnetId = 'subnet-0123456789abcdef0';
      task.attachments.push({
        id: attachmentId,
        type: 'ElasticNetworkInterface',
        status: 'ATTACHED',
        details: [
          { name: 'subnetId', value: subnetId },
          { name: 'networkInterfaceId', value: networkInterfaceId },
          { name: v6 ? 'privateIPv6Address' : 'privateIPv4Address', value: address },
        ],
      });
      this.interfaces.set(networkInterfaceId, {
        networkInterfaceId,
        privateAddress: address,
        subnetId,
        availabilityZone: task.availabilityZone,
        publicAddress: undefined,
      });
    }
    for (const { name, image, portMappings = [] } of definition.containerDefinitions) {
      const bindings =
        definition.networkMode === 'bridge' || definition.networkMode === 'host'
          ? portMappings.flatMap(({ containerPort, hostPort = 0, protocol = 'tcp' }, index) => {
              const dynamic = FIRST_DYNAMIC_PORT + ((order * 16 + index) % 28_000);
              const bound = definition.networkMode === 'host' ? containerPort : hostPort || dynamic;
              const binding = { containerPort, hostPort: bound, protocol };
              return [
                { bindIP: '0.0.0.0', ...binding },
                { bindIP: '::', ...binding },
              ];
            })
          : [];
      task.containers.push({
        containerArn: this.arn(
          'container',
          `${task.taskArn.split('/').slice(1).join('/')}/${makeHex(16)}`,
        ),
        taskArn: task.taskArn,
        name,
        image,
        lastStatus: 'PENDING',
        healthStatus: 'UNKNOWN',
        networkBindings: bindings,
        networkInterfaces: isVpc
          ? [{ attachmentId, ...(v6 ? { ipv6Address: address } : { privateIpv4Address: address }) }]
          : [],
      });
    }
  }

  #forgetStopped(cluster: Cluster): void {
    const beforeSeconds = (this.#clock.nowMs() - STOPPED_KEEP_MS) / 1_000;
    for (const [arn, { task }] of cluster.tasks) {
      if (task.stoppedAt !== undefined && task.stoppedAt < beforeSeconds) cluster.tasks.delete(arn);
    }
  }
}

function findInterfaceId({ attachments }: Task): string {
  const details = attachments.flatMap((attachment) => attachment.details);
  return details.find(({ name }) => name === 'networkInterfaceId')?.value ?? '';
}

function makeHex(bytes: number): string {
  return randomBytes(bytes).toString('hex');
}

function makeDigits(): string {
  return randomBytes(8).readBigUInt64BE().toString().slice(0, 19);
}
