/**
 * Keeps the registries of services in Cloud Map: a task is registered when it runs, and is healthy
 * where its definition has a health check; it leaves before its containers are told to stop.
 * Where a service of Cloud Map has a custom health check, the task is registered when it runs, and
 * its health is told.
 * Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-discovery.html
 */
import { AwsError, type AwsInput } from '../service.ts';
import { isChecked } from './definition-rules.ts';
import type { Cluster, EcsService, ServiceRegistry, Task, TaskDefinition } from './shapes.ts';
import type { EcsState } from './state.ts';
import { addressOfTask } from './task-network.ts';

/** A call that ECS makes by itself. */
export type OwnCall = (
  signingName: string,
  action: string,
  input: AwsInput,
) => Promise<Record<string, unknown>>;

export interface RegistrarOptions {
  readonly state: EcsState;
  readonly call: OwnCall;
  /** The private address of an instance of EC2, of tasks that have none of their own. */
  readonly addressOf: (instanceId: string) => string | undefined;
  readonly onFailure: (words: string, error: unknown) => void;
}

interface Entry {
  readonly serviceId: string;
  readonly hasCustomHealth: boolean;
  health: string;
}

export class Registrar {
  readonly #options: RegistrarOptions;
  /** What is registered of a task, by its ARN. */
  readonly #entries = new Map<string, Entry[]>();
  /** One change of the registries follows the other. */
  #work: Promise<void> = Promise.resolve();

  constructor(options: RegistrarOptions) {
    this.#options = options;
    options.state.listeners.push((task, cluster) => this.#follow(task, cluster));
  }

  /** Resolves when all changes that are known now are in Cloud Map. */
  settled(): Promise<void> {
    return this.#work;
  }

  /** @throws AwsError InvalidParameterException for a registry that Cloud Map does not know */
  async check(registries: readonly ServiceRegistry[]): Promise<void> {
    if (registries.length > 1)
      throw new AwsError(
        'InvalidParameterException',
        'serviceRegistries can have at most 1 items.',
      );
    for (const { registryArn } of registries)
      await this.#find(registryArn).catch((error: unknown) => {
        if (!(error instanceof AwsError) || error.code !== 'ServiceNotFound') throw error;
        throw new AwsError(
          'InvalidParameterException',
          `Service registry not found: ${registryArn}`,
        );
      });
  }

  async #find(registryArn: string): Promise<FoundRegistry> {
    const [, id = ''] = /:service\/(srv-\w+)$/.exec(registryArn) ?? [];
    if (id === '')
      throw new AwsError('InvalidParameterException', `Invalid registryArn: ${registryArn}`);
    const { Service } = await this.#options.call('servicediscovery', 'GetService', { Id: id });
    return Service as FoundRegistry;
  }

  #follow(task: Task, cluster: Cluster): void {
    const name = /^service:(.*)$/.exec(task.group)?.[1] ?? '';
    const service = cluster.services.get(name);
    const isKnown = this.#entries.has(task.taskArn);
    if (task.desiredStatus === 'STOPPED') {
      if (isKnown) this.#queue('deregister a task', () => this.#leave(task));
      return;
    }
    if (task.lastStatus !== 'RUNNING') return;
    if (isKnown) this.#queue('tell the health of a task', () => this.#tellHealth(task));
    else if (service !== undefined && service.serviceRegistries.length > 0)
      this.#queue('register a task', () => this.#join(task, cluster, service));
  }

  #queue(what: string, act: () => Promise<void>): void {
    this.#work = this.#work
      .then(act)
      .catch((error: unknown) =>
        this.#options.onFailure(`ECS could not ${what} in Cloud Map`, error),
      );
  }

  async #join(task: Task, cluster: Cluster, service: EcsService): Promise<void> {
    const { state, call } = this.#options;
    // It may have changed since.
    if (task.desiredStatus === 'STOPPED' || this.#entries.has(task.taskArn)) return;
    const definition = state.definition(task.taskDefinitionArn);
    const health = isChecked(definition) ? task.healthStatus : 'HEALTHY';
    const entries: Entry[] = [];
    for (const registry of service.serviceRegistries) {
      const found = await this.#find(registry.registryArn);
      const hasCustomHealth = found.HealthCheckCustomConfig !== undefined;
      if (!hasCustomHealth && health !== 'HEALTHY') continue;
      const Attributes = {
        ...this.#place(task, cluster, registry, definition),
        AVAILABILITY_ZONE: task.availabilityZone,
        REGION: state.region,
        ECS_CLUSTER_NAME: cluster.clusterName,
        ECS_SERVICE_NAME: service.serviceName,
        ECS_TASK_DEFINITION_FAMILY: definition.family,
        ...(hasCustomHealth ? { AWS_INIT_HEALTH_STATUS: toMapHealth(health) } : {}),
      };
      const InstanceId = idOf(task);
      await call('servicediscovery', 'RegisterInstance', {
        ServiceId: found.Id,
        InstanceId,
        Attributes,
      });
      entries.push({ serviceId: found.Id, hasCustomHealth, health });
    }
    if (entries.length > 0) this.#entries.set(task.taskArn, entries);
    if (task.lastStatus === 'STOPPED') await this.#leave(task);
  }

  /** Where the task is reached: SRV records have the port of the machine beside the address. */
  #place(
    task: Task,
    { instances }: Cluster,
    { containerName, containerPort, port }: ServiceRegistry,
    { networkMode }: TaskDefinition,
  ): Record<string, string> {
    const instance = instances.get(task.containerInstanceArn ?? '')?.ec2InstanceId;
    const address =
      networkMode === 'awsvpc'
        ? addressOfTask(task)
        : instance === undefined
          ? undefined
          : this.#options.addressOf(instance);
    const bound = task.containers
      .filter(({ name }) => (containerName ?? name) === name)
      .flatMap(({ networkBindings }) => networkBindings)
      .find((binding) => binding.containerPort === containerPort)?.hostPort;
    const wanted = port ?? bound ?? containerPort;
    const kind = address?.includes(':') === true ? 'AWS_INSTANCE_IPV6' : 'AWS_INSTANCE_IPV4';
    return {
      ...(address === undefined ? {} : { [kind]: address }),
      ...(wanted === undefined ? {} : { AWS_INSTANCE_PORT: String(wanted) }),
      ...(networkMode === 'awsvpc' || instance === undefined ? {} : { EC2_INSTANCE_ID: instance }),
    };
  }

  async #tellHealth(task: Task): Promise<void> {
    for (const entry of this.#entries.get(task.taskArn) ?? []) {
      const isNews = entry.health !== task.healthStatus && task.healthStatus !== 'UNKNOWN';
      if (!entry.hasCustomHealth || !isNews) continue;
      entry.health = task.healthStatus;
      await this.#options.call('servicediscovery', 'UpdateInstanceCustomHealthStatus', {
        ServiceId: entry.serviceId,
        InstanceId: idOf(task),
        Status: toMapHealth(task.healthStatus),
      });
    }
  }

  async #leave(task: Task): Promise<void> {
    const entries = this.#entries.get(task.taskArn) ?? [];
    this.#entries.delete(task.taskArn);
    for (const { serviceId } of entries)
      await this.#options
        .call('servicediscovery', 'DeregisterInstance', {
          ServiceId: serviceId,
          InstanceId: idOf(task),
        })
        .catch((error: unknown) => {
          const isGone = error instanceof AwsError && error.code === 'InstanceNotFound';
          if (!isGone) throw error;
        });
  }
}

interface FoundRegistry {
  readonly Id: string;
  readonly HealthCheckCustomConfig?: unknown;
}

const idOf = ({ taskArn }: Task): string => taskArn.split('/').at(-1) ?? '';
const toMapHealth = (health: string): string => (health === 'HEALTHY' ? health : 'UNHEALTHY');
