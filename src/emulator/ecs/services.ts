/**
 * The services of ECS: each keeps as many tasks of its newest deployment as it is asked for, and
 * replaces those of older ones within its shares of healthy and of all tasks. A task that does not
 * start is tried again, later each time; a circuit breaker ends a deployment, and goes back to the
 * last one that was completed if it is asked to.
 * Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html
 */
import { randomBytes } from 'node:crypto';
import { AwsError } from '../service.ts';
import { isChecked } from './definition-rules.ts';
import { choosePlace, listPlaces } from './placement.ts';
import { planStep, type ServiceView } from './service-plan.ts';
import type { Cluster, EcsDeployment, EcsService, ServiceSettings, Tag, Task } from './shapes.ts';
import type { EcsState, StopReason } from './state.ts';

export interface NewService extends Partial<ServiceSettings> {
  readonly serviceName: string;
  readonly taskDefinition: string;
  readonly desiredCount: number;
  readonly launchType?: string;
  readonly schedulingStrategy?: 'REPLICA' | 'DAEMON';
  readonly tags?: readonly Tag[];
  readonly createdBy?: string;
}

const EVENTS_MAX = 100;
const SERVICES_MAX = 5_000;
const INACTIVE_MAX = 1_000;
/** A task that ends sooner counts as one that did not start, for the wait before the next. */
const SHORT_LIFE_SECONDS = 10;
const FIRST_WAIT_MS = 1_000;
const WAIT_MAX_MS = 15 * 60_000;
const SCALED: StopReason = {
  stopCode: 'ServiceSchedulerInitiated',
  stoppedReason: 'Scaling activity initiated by deployment',
};

/** Tries that failed in a row, and whether the next waits. */
interface Tries {
  failures: number;
  isWaiting: boolean;
}

export class EcsServices {
  readonly #state: EcsState;
  readonly #tries = new WeakMap<EcsService, Tries>();
  readonly #stopping: AbortSignal;
  /** A step changes tasks, which would begin another one. */
  readonly #settling = new Set<EcsService>();

  /** @param stopping  ends all waits */
  constructor(state: EcsState, stopping: AbortSignal) {
    this.#state = state;
    this.#stopping = stopping;
    state.listeners.push((task, cluster) => this.#follow(task, cluster));
    state.onInstances = (cluster) => {
      for (const service of cluster.services.values()) this.settle(cluster, service);
    };
  }

  /** @throws AwsError */
  create(cluster: Cluster, given: NewService): EcsService {
    const { serviceName, taskDefinition, launchType, schedulingStrategy, tags, ...rest } = given;
    if (cluster.services.size >= SERVICES_MAX)
      throw new AwsError('LimitExceededException', `There are ${SERVICES_MAX} services already.`);
    const { taskDefinitionArn } = this.#state.definition(taskDefinition);
    const isDaemon = schedulingStrategy === 'DAEMON';
    const service: EcsService = {
      serviceArn: this.#state.arn('service', `${cluster.clusterName}/${serviceName}`),
      serviceName,
      clusterArn: cluster.clusterArn,
      launchType: launchType ?? 'FARGATE',
      schedulingStrategy: schedulingStrategy ?? 'REPLICA',
      tags: tags ?? [],
      status: 'ACTIVE',
      taskDefinition: taskDefinitionArn,
      createdAt: this.#state.nowSeconds,
      deployments: [],
      events: [],
      deploymentConfiguration: {
        maximumPercent: isDaemon ? 100 : 200,
        minimumHealthyPercent: isDaemon ? 0 : 100,
        deploymentCircuitBreaker: { enable: false, rollback: false },
      },
      serviceRegistries: [],
      capacityProviderStrategy: [],
      enableECSManagedTags: false,
      described: {},
      ...rest,
    };
    cluster.inactive.delete(serviceName);
    cluster.services.set(serviceName, service);
    this.deploy(service, taskDefinitionArn);
    this.settle(cluster, service);
    return service;
  }

  /** Begins a new deployment; `settle` replaces the tasks of the one before step by step. */
  deploy(service: EcsService, taskDefinition: string): EcsDeployment {
    const { taskDefinitionArn } = this.#state.definition(taskDefinition);
    service.taskDefinition = taskDefinitionArn;
    for (const deployment of service.deployments) deployment.status = 'ACTIVE';
    const id = `ecs-svc/${makeDigits()}`;
    const nowSeconds = this.#state.nowSeconds;
    const deployment: EcsDeployment = {
      id,
      status: 'PRIMARY',
      taskDefinition: taskDefinitionArn,
      createdAt: nowSeconds,
      updatedAt: nowSeconds,
      rolloutState: 'IN_PROGRESS',
      rolloutStateReason: `ECS deployment ${id} in progress.`,
      failedTasks: 0,
    };
    service.deployments.unshift(deployment);
    this.#tries.delete(service);
    return deployment;
  }

  /** Tells the service to end; its name is free when the last task has stopped. */
  delete(cluster: Cluster, service: EcsService): void {
    service.status = 'DRAINING';
    service.desiredCount = 0;
    for (const task of this.tasksOf(cluster, service)) this.#state.stop(task, SCALED);
    this.#finish(cluster, service);
  }

  /** The tasks of the service that are to run. */
  tasksOf(cluster: Cluster, service: EcsService): Task[] {
    return this.#allOf(cluster, service).filter((task) => task.desiredStatus === 'RUNNING');
  }

  /** How many tasks the service is to have: a DAEMON has one on each instance. */
  desiredOf(cluster: Cluster, service: EcsService): number {
    if (service.schedulingStrategy !== 'DAEMON' || service.status !== 'ACTIVE')
      return service.desiredCount;
    return listPlaces(cluster, service).length;
  }

  /**
   * Starts and stops tasks until the service has the desired count of the newest definition, or has
   * to wait for tasks to start or stop.
   *
   * @param steps  limit; a step starts or stops one task
   */
  settle(cluster: Cluster, service: EcsService, steps = Infinity): void {
    if (service.status !== 'ACTIVE' || this.#settling.has(service)) return;
    this.#settling.add(service);
    for (let step = 0; step < steps; step++) if (!this.#takeStep(cluster, service)) break;
    this.#settling.delete(service);
  }

  /** Whether a task runs, and is healthy where its definition has a health check. */
  isHealthy({ lastStatus, healthStatus, taskDefinitionArn }: Task): boolean {
    if (lastStatus !== 'RUNNING' || healthStatus === 'UNHEALTHY') return false;
    return healthStatus === 'HEALTHY' || !isChecked(this.#state.definition(taskDefinitionArn));
  }

  say(service: EcsService, message: string): void {
    if (service.events[0]?.message === message) return;
    service.events.unshift({
      id: crypto.randomUUID(),
      createdAt: this.#state.nowSeconds,
      message,
    });
    service.events.length = Math.min(service.events.length, EVENTS_MAX);
  }

  /** @returns whether there may be more to do at once */
  #takeStep(cluster: Cluster, service: EcsService): boolean {
    const [primary] = service.deployments;
    if (primary === undefined) return false;
    const view: ServiceView = {
      service,
      desired: this.desiredOf(cluster, service),
      tasks: this.#allOf(cluster, service).filter(({ lastStatus }) => lastStatus !== 'STOPPED'),
      isLeaving: (task) => isLeaving(cluster, task),
      isHealthy: (task) => this.isHealthy(task),
    };
    const step = planStep(view, primary);
    switch (step.kind) {
      case 'wait':
        return false;
      case 'done':
        this.#complete(service, primary);
        return false;
      case 'stop':
        this.#state.stop(step.task, SCALED);
        this.say(
          service,
          `(service ${service.serviceName}) has stopped 1 running tasks: ` +
            `(task ${step.task.taskArn.split('/').at(-1) ?? ''}).`,
        );
        return true;
      case 'start':
        return this.#start(cluster, service, primary, view.tasks);
    }
  }

  #start(
    cluster: Cluster,
    service: EcsService,
    primary: EcsDeployment,
    tasks: readonly Task[],
  ): boolean {
    if (primary.rolloutState === 'FAILED' || this.#triesOf(service).isWaiting) return false;
    const definition = this.#state.definition(primary.taskDefinition);
    const place = choosePlace(cluster, service, definition, tasks);
    if (typeof place === 'string') {
      this.say(
        service,
        `(service ${service.serviceName}) was unable to place a task because ` +
          `no container instance met all of its requirements. Reason: ${place}`,
      );
      return false;
    }
    const own = service.propagateTags === 'TASK_DEFINITION' ? definition.tags : service.tags;
    const managed = service.enableECSManagedTags
      ? [
          { key: 'aws:ecs:clusterName', value: cluster.clusterName },
          { key: 'aws:ecs:serviceName', value: service.serviceName },
        ]
      : [];
    const vpc = service.networkConfiguration?.awsvpcConfiguration;
    const task = this.#state.run(cluster, {
      ...place,
      taskDefinition: primary.taskDefinition,
      group: `service:${service.serviceName}`,
      startedBy: primary.id,
      tags: service.propagateTags === 'NONE' ? managed : [...own, ...managed],
      enableExecuteCommand: service.described['enableExecuteCommand'] === true,
      subnets: vpc?.subnets,
    });
    this.say(
      service,
      `(service ${service.serviceName}) has started 1 tasks: ` +
        `(task ${task.taskArn.split('/').at(-1) ?? ''}).`,
    );
    return true;
  }

  #complete(service: EcsService, primary: EcsDeployment): void {
    service.deployments = [primary];
    if (primary.rolloutState === 'COMPLETED') return;
    primary.rolloutState = 'COMPLETED';
    primary.rolloutStateReason = `ECS deployment ${primary.id} completed.`;
    primary.updatedAt = this.#state.nowSeconds;
    this.say(
      service,
      `(service ${service.serviceName}) (deployment ${primary.id}) deployment completed.`,
    );
    this.say(service, `(service ${service.serviceName}) has reached a steady state.`);
  }

  /** What a service does when one of its tasks has changed. */
  #follow(task: Task, cluster: Cluster): void {
    const name = /^service:(.*)$/.exec(task.group)?.[1];
    const service = name === undefined ? undefined : cluster.services.get(name);
    if (service === undefined || !isScheduled(task)) return;
    if (task.lastStatus === 'STOPPED') this.#judgeEnd(cluster, service, task);
    else if (task.lastStatus === 'RUNNING' && task.desiredStatus === 'RUNNING')
      this.#judgeLife(service, task);
    if (service.status === 'DRAINING') this.#finish(cluster, service);
    else this.settle(cluster, service);
  }

  /** A task that has run long enough ends the waits. */
  #judgeLife(service: EcsService, { startedAt = Infinity }: Task): void {
    if (this.#state.nowSeconds - startedAt >= SHORT_LIFE_SECONDS)
      this.#triesOf(service).failures = 0;
  }

  #judgeEnd(cluster: Cluster, service: EcsService, task: Task): void {
    const isOwn =
      task.stopCode === 'TaskFailedToStart' || task.stopCode === 'EssentialContainerExited';
    const livedSeconds = this.#state.nowSeconds - (task.startedAt ?? this.#state.nowSeconds);
    const tries = this.#triesOf(service);
    if (livedSeconds >= SHORT_LIFE_SECONDS) tries.failures = 0;
    const hasFailed = isOwn && livedSeconds < SHORT_LIFE_SECONDS;
    if (!hasFailed && task.stoppedReason !== UNHEALTHY.stoppedReason) return;
    const deployment = service.deployments.find(({ id }) => id === task.startedBy);
    if (deployment !== undefined) deployment.failedTasks += 1;
    if (hasFailed) this.#backOff(cluster, service, tries);
    const [primary] = service.deployments;
    if (deployment !== undefined && deployment === primary) this.#breakCircuit(service, primary);
  }

  #backOff(cluster: Cluster, service: EcsService, tries: Tries): void {
    const waitMs = Math.min(WAIT_MAX_MS, FIRST_WAIT_MS * 2 ** tries.failures);
    tries.failures += 1;
    if (tries.failures > 1)
      this.say(
        service,
        `(service ${service.serviceName}) is unable to consistently start tasks ` +
          'successfully. For more information, see the Troubleshooting section of the Amazon ECS ' +
          'Developer Guide.',
      );
    if (tries.isWaiting) return;
    tries.isWaiting = true;
    this.#state.clock.sleep(waitMs, this.#stopping).then(
      () => {
        tries.isWaiting = false;
        this.settle(cluster, service);
      },
      () => undefined,
    );
  }

  #breakCircuit(service: EcsService, primary: EcsDeployment): void {
    const { enable, rollback } = service.deploymentConfiguration.deploymentCircuitBreaker;
    const most = Math.min(200, Math.max(3, Math.ceil(service.desiredCount / 2)));
    if (!enable || primary.rolloutState !== 'IN_PROGRESS' || primary.failedTasks < most) return;
    primary.rolloutState = 'FAILED';
    primary.rolloutStateReason = 'ECS deployment circuit breaker: tasks failed to start.';
    primary.updatedAt = this.#state.nowSeconds;
    const words = `(service ${service.serviceName}) (deployment ${primary.id})`;
    this.say(service, `${words} deployment failed: tasks failed to start.`);
    const last = service.deployments.find(({ rolloutState }) => rolloutState === 'COMPLETED');
    if (!rollback || last === undefined) return;
    primary.status = 'ACTIVE';
    last.status = 'PRIMARY';
    last.rolloutState = 'IN_PROGRESS';
    const why = 'ECS deployment circuit breaker: rolling back to deploymentId';
    last.rolloutStateReason = `${why} ${last.id}.`;
    service.deployments = [last, ...service.deployments.filter((one) => one !== last)];
    service.taskDefinition = last.taskDefinition;
    this.#tries.delete(service);
    this.say(service, `${words} rolling back to deployment ${last.id}.`);
  }

  #finish(cluster: Cluster, service: EcsService): void {
    const alive = this.#allOf(cluster, service).some(({ lastStatus }) => lastStatus !== 'STOPPED');
    if (alive || service.status !== 'DRAINING') return;
    service.status = 'INACTIVE';
    service.deployments = [];
    cluster.services.delete(service.serviceName);
    cluster.inactive.set(service.serviceName, service);
    const [oldest] = cluster.inactive.keys();
    if (cluster.inactive.size > INACTIVE_MAX && oldest !== undefined)
      cluster.inactive.delete(oldest);
  }

  #allOf(cluster: Cluster, { serviceName }: EcsService): Task[] {
    const group = `service:${serviceName}`;
    return [...cluster.tasks.values()]
      .map(({ task }) => task)
      .filter((task) => task.group === group && isScheduled(task));
  }

  #triesOf(service: EcsService): Tries {
    const known = this.#tries.get(service);
    if (known !== undefined) return known;
    const tries = { failures: 0, isWaiting: false };
    this.#tries.set(service, tries);
    return tries;
  }
}

/** Why a task of a service is stopped whose essential container is not healthy. */
export const UNHEALTHY: StopReason = {
  stopCode: 'ServiceSchedulerInitiated',
  stoppedReason: 'Task failed container health checks',
};

/** Whether the scheduler started a task; an admin call may run others in the name of a service. */
const isScheduled = ({ startedBy }: Task): boolean => startedBy.startsWith('ecs-svc/');

/** Whether a task's instance drains. */
function isLeaving({ instances }: Cluster, { containerInstanceArn: arn }: Task): boolean {
  return arn !== undefined && instances.get(arn)?.status !== 'ACTIVE';
}

function makeDigits(): string {
  return randomBytes(8).readBigUInt64BE().toString().slice(0, 19);
}
