/**
 * What belongs to the tasks of a cluster beyond their own descriptions, each kind on its own shelf:
 * the cluster itself, task definitions, container instances and their EC2 instances, services,
 * network interfaces. This file alone decides which calls are optional and what each of them
 * brings; docs/discovery.md has the same as a table.
 */
import type { Instance, NetworkInterface } from '@aws-sdk/client-ec2';
import type { Cluster, ContainerInstance, Service, Task } from '@aws-sdk/client-ecs';
import type { Lack } from '../lacking.ts';
import {
  type DefinitionFacts,
  idOfArn,
  interfaceIdOf,
  serviceNameOf,
  type TaskFacts,
} from './facts.ts';
import { type ShelfAnswer, Shelf } from '../shelf.ts';

/** The calls that are needed, as EcsApi has them. */
export interface DetailSource {
  readonly region: string;
  /** The most keys in one call. */
  readonly batch: number;
  describeClusters(names: string[]): Promise<ShelfAnswer<Cluster>>;
  describeDefinitions(arns: string[]): Promise<ShelfAnswer<DefinitionFacts>>;
  describeContainerInstances(
    cluster: string,
    arns: string[],
  ): Promise<ShelfAnswer<ContainerInstance>>;
  describeServices(cluster: string, names: string[]): Promise<ShelfAnswer<Service>>;
  describeInstances(ids: string[]): Promise<ShelfAnswer<Instance>>;
  describeInterfaces(ids: string[]): Promise<ShelfAnswer<NetworkInterface>>;
}

/** What is read beyond tasks and instances. */
export interface Wants {
  readonly services: boolean;
  /** Network interfaces of tasks, for their public addresses. */
  readonly interfaces: boolean;
}

/**
 * `needed`: without its definition a task has no target. `optional`: definitions only add labels.
 * `unread`: they are not read.
 */
export type DefinitionsUse = 'needed' | 'optional' | 'unread';

/** The details of one cluster as kept on disk. */
export interface DetailSnapshot {
  readonly cluster: Cluster | undefined;
  readonly definitions: readonly DefinitionFacts[];
  readonly containerInstances: readonly ContainerInstance[];
  readonly instances: readonly Instance[];
  readonly services: readonly Service[];
  readonly interfaces: readonly NetworkInterface[];
}

/**
 * When descriptions of clusters, instances and services are read again, because they change.
 * Definitions and interfaces of tasks never change.
 */
const REREAD_MS = 590_000;
const SERVICES_BATCH = 10;
/**
 * Definitions without tasks are kept, so that they need not be read again. Above this number they
 * are dropped.
 */
const DEFINITIONS_MAX = 20_000;

/**
 * Creates the shelf of task definitions. They belong to an account, so its clusters share one
 * shelf.
 */
export function createDefinitionShelf(
  source: Pick<DetailSource, 'describeDefinitions'>,
  use: DefinitionsUse,
): Shelf<DefinitionFacts> {
  return new Shelf({
    action: 'ecs:DescribeTaskDefinition',
    batch: 1,
    costs: use === 'needed' ? undefined : 'no labels of task definitions',
    read: (arns) => source.describeDefinitions(arns),
  });
}

export class Details {
  readonly #name: string;
  readonly #region: string;
  readonly #wants: Wants;
  readonly #definitionsUse: DefinitionsUse;
  readonly #cluster: Shelf<Cluster>;
  readonly #definitions: Shelf<DefinitionFacts>;
  readonly #containerInstances: Shelf<ContainerInstance>;
  readonly #instances: Shelf<Instance>;
  readonly #services: Shelf<Service>;
  readonly #interfaces: Shelf<NetworkInterface>;

  constructor(
    name: string,
    source: DetailSource,
    definitions: { readonly shelf: Shelf<DefinitionFacts>; readonly use: DefinitionsUse },
    wants: Wants,
  ) {
    this.#name = name;
    this.#region = source.region;
    this.#wants = wants;
    this.#definitions = definitions.shelf;
    this.#definitionsUse = definitions.use;
    const { batch } = source;
    this.#cluster = new Shelf({
      action: 'ecs:DescribeClusters',
      batch,
      rereadMs: REREAD_MS,
      costs: 'no tags of clusters as labels',
      read: (names) => source.describeClusters(names),
    });
    this.#containerInstances = new Shelf({
      action: 'ecs:DescribeContainerInstances',
      batch,
      rereadMs: REREAD_MS,
      costs:
        'no targets on instances outside awsvpc, whose address is unknown, and no labels of ' +
        'instances',
      read: (arns) => source.describeContainerInstances(name, arns),
    });
    this.#instances = new Shelf({
      action: 'ec2:DescribeInstances',
      batch,
      rereadMs: REREAD_MS,
      costs:
        'no targets on instances outside awsvpc, whose address is unknown, and no labels of EC2',
      read: async (ids) => slimAnswer(await source.describeInstances(ids), slimInstance),
    });
    this.#services = new Shelf({
      action: 'ecs:DescribeServices',
      batch: Math.min(batch, SERVICES_BATCH),
      rereadMs: REREAD_MS,
      costs: 'no tags and no status of services as labels',
      read: async (names) => slimAnswer(await source.describeServices(name, names), slimService),
    });
    this.#interfaces = new Shelf({
      action: 'ec2:DescribeNetworkInterfaces',
      batch,
      costs: 'no public addresses of tasks as labels',
      read: async (ids) => slimAnswer(await source.describeInterfaces(ids), slimInterface),
    });
  }

  /** Reads the cluster's own description. Never rejects; returns what is lacking. */
  completeCluster(atMs: number): Promise<Lack[]> {
    return this.#cluster.complete(new Set([this.#name]), idOfArn(this.#name), atMs);
  }

  /**
   * Reads what belongs to these tasks and is not known yet. Never rejects; returns what is lacking.
   */
  async complete(tasks: readonly Task[], atMs: number): Promise<Lack[]> {
    const scope = idOfArn(this.#name);
    const { services, interfaces } = this.#wants;
    const definitions = collectKeys(tasks, ({ taskDefinitionArn }) => taskDefinitionArn);
    const lacks = await Promise.all([
      this.#definitionsUse === 'unread' ? [] : this.#definitions.complete(definitions, scope, atMs),
      this.#fillInstances(tasks, scope, atMs),
      services ? this.#services.complete(collectKeys(tasks, serviceNameOf), scope, atMs) : [],
      interfaces ? this.#interfaces.complete(collectKeys(tasks, interfaceIdOf), scope, atMs) : [],
    ]);
    return lacks.flat();
  }

  factsOf(task: Task): TaskFacts {
    const containerInstance = this.#containerInstances.get(task.containerInstanceArn ?? '');
    const { clusterArn } = task;
    return {
      region: this.#region,
      cluster: {
        clusterName: idOfArn(clusterArn ?? this.#name),
        ...(clusterArn === undefined ? {} : { clusterArn }),
        ...this.#cluster.get(this.#name),
      },
      task,
      definition: this.#definitions.get(task.taskDefinitionArn ?? ''),
      containerInstance,
      ec2: this.#instances.get(containerInstance?.ec2InstanceId ?? ''),
      service: this.#services.get(serviceNameOf(task)),
      networkInterface: this.#interfaces.get(interfaceIdOf(task)),
    };
  }

  /** Increases with each thing that is read. */
  get changes(): number {
    const shelves = [
      this.#cluster,
      this.#definitions,
      this.#containerInstances,
      this.#instances,
      this.#services,
      this.#interfaces,
    ];
    return shelves.reduce((sum, { changes }) => sum + changes, 0);
  }

  /** Forgets what does not belong to any of these tasks, except definitions. */
  retain(tasks: readonly Task[]): void {
    this.#containerInstances.retain(collectKeys(tasks, ({ containerInstanceArn: arn }) => arn));
    this.#instances.retain(this.#instanceIds());
    this.#services.retain(collectKeys(tasks, serviceNameOf));
    this.#interfaces.retain(collectKeys(tasks, interfaceIdOf));
  }

  snapshot(tasks: readonly Task[]): DetailSnapshot {
    const used = collectKeys(tasks, ({ taskDefinitionArn }) => taskDefinitionArn);
    return {
      cluster: this.#cluster.get(this.#name),
      definitions: [...used].flatMap((arn) => this.#definitions.get(arn) ?? []),
      containerInstances: this.#containerInstances.values(),
      instances: this.#instances.values(),
      services: this.#services.values(),
      interfaces: this.#interfaces.values(),
    };
  }

  /** @param atMs  when the snapshot was read (epoch ms) */
  restore(kept: DetailSnapshot, atMs: number): void {
    if (kept.cluster !== undefined) this.#cluster.set(this.#name, kept.cluster, atMs);
    const { definitions, containerInstances, instances, services, interfaces } = kept;
    for (const item of definitions) this.#definitions.set(item.arn, item, atMs);
    for (const item of containerInstances)
      this.#containerInstances.set(item.containerInstanceArn ?? '', item, atMs);
    for (const item of instances) this.#instances.set(item.InstanceId ?? '', item, atMs);
    for (const item of services) this.#services.set(item.serviceName ?? '', item, atMs);
    for (const item of interfaces) this.#interfaces.set(item.NetworkInterfaceId ?? '', item, atMs);
  }

  async #fillInstances(tasks: readonly Task[], scope: string, atMs: number): Promise<Lack[]> {
    const arns = collectKeys(tasks, ({ containerInstanceArn }) => containerInstanceArn);
    const lacks = await this.#containerInstances.complete(arns, scope, atMs);
    const own = new Set([...this.#instanceIds()].filter((id) => id.startsWith('i-')));
    return [...lacks, ...(await this.#instances.complete(own, scope, atMs))];
  }

  #instanceIds(): Set<string> {
    return collectKeys(this.#containerInstances.values(), ({ ec2InstanceId }) => ec2InstanceId);
  }
}

/** Forgets the definitions that no task uses when there are more than DEFINITIONS_MAX. */
export function boundDefinitions(shelf: Shelf<DefinitionFacts>, tasks: () => Iterable<Task>): void {
  if (shelf.size <= DEFINITIONS_MAX) return;
  shelf.retain(collectKeys([...tasks()], ({ taskDefinitionArn }) => taskDefinitionArn));
}

function collectKeys<Item>(
  items: readonly Item[],
  keyOf: (item: Item) => string | undefined,
): Set<string> {
  const keys = new Set<string>();
  for (const item of items) {
    const key = keyOf(item);
    if (key !== undefined && key !== '') keys.add(key);
  }
  return keys;
}

function slimAnswer<Value>(
  answer: ShelfAnswer<Value>,
  slim: (value: Value) => Value,
): ShelfAnswer<Value> {
  return { ...answer, found: answer.found.map(([key, value]) => [key, slim(value)] as const) };
}

/** Keeps only what labels and addresses are made of. */
function slimInstance(instance: Instance): Instance {
  const { InstanceId, InstanceType, PrivateIpAddress, PublicIpAddress, Ipv6Address } = instance;
  const { SubnetId, VpcId, Tags, NetworkInterfaces, Placement } = instance;
  return dropUndefined({
    InstanceId,
    InstanceType,
    PrivateIpAddress,
    PublicIpAddress,
    Ipv6Address,
    SubnetId,
    VpcId,
    Tags,
    Placement,
    NetworkInterfaces: NetworkInterfaces?.map(({ Ipv6Addresses }) =>
      dropUndefined({ Ipv6Addresses }),
    ),
  });
}

/** Keeps only the public address, the one thing that labels use. */
function slimInterface({ NetworkInterfaceId, Association }: NetworkInterface): NetworkInterface {
  const { PublicIp } = Association ?? {};
  return dropUndefined({
    NetworkInterfaceId,
    Association: PublicIp === undefined ? undefined : { PublicIp },
  });
}

/** Leaves out events and deployments, which are long. */
function slimService({ serviceArn, serviceName, status, tags }: Service): Service {
  return dropUndefined({ serviceArn, serviceName, status, tags });
}

type Defined<Value> = { [Key in keyof Value]?: Exclude<Value[Key], undefined> };

/** Returns the value without its undefined fields. */
function dropUndefined<Value extends object>(value: Value): Defined<Value> {
  return Object.fromEntries(
    Object.entries(value).filter(([, field]) => field !== undefined),
  ) as Defined<Value>;
}
