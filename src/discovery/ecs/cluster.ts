/**
 * What is known of one cluster, and how it is kept up to date with few calls: the list of tasks each time, descriptions
 * only of tasks that are new or not running yet and of a rotating sample of the others. Definitions never change and
 * are read once. Whatever fails leaves what was known; a task that the complete list does not name is gone.
 * Source of the limits: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListTasks.html
 */
import type { Instance, NetworkInterface } from '@aws-sdk/client-ec2';
import type { Cluster, ContainerInstance, Service, Task } from '@aws-sdk/client-ecs';
import {
  type DefinitionFacts,
  idOfArn,
  interfaceIdOf,
  serviceNameOf,
  type TaskFacts,
} from './facts.ts';

/** The calls that are needed, as EcsApi has them. */
export interface ClusterSource {
  readonly region: string;
  clusters(names: readonly string[]): Promise<Cluster[]>;
  taskArns(cluster: string, onPage: (arns: readonly string[]) => void): Promise<void>;
  tasks(cluster: string, arns: readonly string[]): Promise<Task[]>;
  definition(arn: string): Promise<DefinitionFacts>;
  containerInstances(cluster: string, arns: readonly string[]): Promise<ContainerInstance[]>;
  services(cluster: string, names: readonly string[]): Promise<Service[]>;
  instances(ids: readonly string[]): Promise<Instance[]>;
  networkInterfaces(ids: readonly string[]): Promise<NetworkInterface[]>;
}

/** What is read beyond tasks, definitions and instances. */
export interface Wants {
  readonly services: boolean;
  /** Network interfaces of tasks, for their public addresses. */
  readonly interfaces: boolean;
}

/** Kept on disk, to begin with after a restart. */
export interface ClusterSnapshot {
  readonly version: 1;
  readonly atMs: number;
  readonly cluster: Cluster;
  readonly tasks: readonly Task[];
  readonly definitions: readonly DefinitionFacts[];
  readonly containerInstances: readonly ContainerInstance[];
  readonly instances: readonly Instance[];
  readonly services: readonly Service[];
  readonly interfaces: readonly NetworkInterface[];
}

/** One described anew for each so many that are known, in whole batches. */
const SAMPLE_SHARE = 2_000;
const BATCH = 100;
/** Descriptions of instances and services are read again after this. */
const DETAILS_MS = 600_000;
/** Definitions of tasks long gone are kept, so that they are not read again; the oldest go beyond this. */
const DEFINITIONS_MAX = 20_000;

export class ClusterState {
  readonly name: string;
  /** Of the last complete reading, or of the snapshot; undefined before. */
  readAtMs: number | undefined;
  readonly #source: ClusterSource;
  readonly #definitions: Map<string, DefinitionFacts>;
  readonly #wants: Wants;
  #cluster: Cluster;
  #tasks = new Map<string, Task>();
  #containerInstances = new Map<string, ContainerInstance>();
  #instances = new Map<string, Instance>();
  #services = new Map<string, Service>();
  #interfaces = new Map<string, NetworkInterface>();
  #detailsAtMs = -Infinity;
  /** Where the rotating sample goes on. */
  #sampleAt = 0;

  /** @param definitions  shared by the clusters of an account */
  constructor(
    name: string,
    source: ClusterSource,
    definitions: Map<string, DefinitionFacts>,
    wants: Wants,
  ) {
    this.name = name;
    this.#source = source;
    this.#definitions = definitions;
    this.#wants = wants;
    this.#cluster = { clusterName: idOfArn(name) };
  }

  get size(): number {
    return this.#tasks.size;
  }

  /** One reading. Rejects when a call failed; what could be read by then is taken in all the same. */
  async refresh(nowMs: number): Promise<void> {
    if (nowMs - this.#detailsAtMs > DETAILS_MS) await this.#readDetails(nowMs);
    const listed = new Set<string>();
    let failure: unknown;
    try {
      await this.#source.taskArns(this.name, (arns) => {
        for (const arn of arns) listed.add(arn);
      });
      for (const arn of this.#tasks.keys()) if (!listed.has(arn)) this.#tasks.delete(arn);
    } catch (error) {
      // What is not in a part of the list may be in the rest.
      failure = error;
    }
    const described = await this.#source.tasks(this.name, this.#toDescribe(listed));
    for (const task of described) this.merge(task);
    await this.enrich();
    if (failure !== undefined) throw failure;
    this.readAtMs = nowMs;
  }

  /** Takes in a description, or an event, unless what is known is newer. True when something changed. */
  merge(task: Task): boolean {
    const arn = task.taskArn ?? '';
    const known = this.#tasks.get(arn);
    if (known !== undefined && (known.version ?? 0) > (task.version ?? 0)) return false;
    if (task.desiredStatus === 'STOPPED') return this.#tasks.delete(arn);
    this.#tasks.set(arn, slim({ ...known, ...task }));
    return known?.version !== task.version;
  }

  /** Reads what belongs to the tasks and is not known: definitions, instances, services. */
  async enrich(): Promise<void> {
    const tasks = [...this.#tasks.values()];
    const missing = <Value>(
      known: ReadonlyMap<string, Value>,
      keyOf: (task: Task) => string | undefined,
    ): string[] => [
      ...new Set(tasks.map(keyOf).filter((key): key is string => !!key && !known.has(key))),
    ];
    const readDefinitions = missing(this.#definitions, (task) => task.taskDefinitionArn).map(
      async (arn) => this.#definitions.set(arn, await this.#source.definition(arn)),
    );
    const results = await Promise.allSettled([
      ...readDefinitions,
      this.#readInstances(missing(this.#containerInstances, (task) => task.containerInstanceArn)),
      this.#wants.services
        ? this.#readServices(missing(this.#services, serviceNameOf))
        : Promise.resolve(),
      this.#wants.interfaces
        ? this.#readInterfaces(missing(this.#interfaces, interfaceIdOf))
        : Promise.resolve(),
    ]);
    for (const key of this.#definitions.keys()) {
      if (this.#definitions.size <= DEFINITIONS_MAX) break;
      this.#definitions.delete(key);
    }
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  *facts(): Generator<TaskFacts> {
    for (const task of this.#tasks.values()) {
      const containerInstance = this.#containerInstances.get(task.containerInstanceArn ?? '');
      yield {
        region: this.#source.region,
        cluster: this.#cluster,
        task,
        definition: this.#definitions.get(task.taskDefinitionArn ?? ''),
        containerInstance,
        ec2: this.#instances.get(containerInstance?.ec2InstanceId ?? ''),
        service: this.#services.get(serviceNameOf(task)),
        networkInterface: this.#interfaces.get(interfaceIdOf(task)),
      };
    }
  }

  snapshot(atMs: number): ClusterSnapshot {
    const used = new Set(
      [...this.#tasks.values()].map(({ taskDefinitionArn }) => taskDefinitionArn),
    );
    return {
      version: 1,
      atMs,
      cluster: this.#cluster,
      tasks: [...this.#tasks.values()],
      definitions: [...this.#definitions.values()].filter(({ arn }) => used.has(arn)),
      containerInstances: [...this.#containerInstances.values()],
      instances: [...this.#instances.values()],
      services: [...this.#services.values()],
      interfaces: [...this.#interfaces.values()],
    };
  }

  restore(snapshot: ClusterSnapshot): void {
    this.#cluster = snapshot.cluster;
    for (const task of snapshot.tasks) this.#tasks.set(task.taskArn ?? '', task);
    for (const one of snapshot.definitions) this.#definitions.set(one.arn, one);
    for (const one of snapshot.containerInstances)
      this.#containerInstances.set(one.containerInstanceArn ?? '', one);
    for (const one of snapshot.instances) this.#instances.set(one.InstanceId ?? '', one);
    for (const one of snapshot.services) this.#services.set(one.serviceName ?? '', one);
    for (const one of snapshot.interfaces) this.#interfaces.set(one.NetworkInterfaceId ?? '', one);
    this.readAtMs = snapshot.atMs;
  }

  /** New ones, those that are not running yet, and the next of the sample. */
  #toDescribe(listed: ReadonlySet<string>): string[] {
    const wanted = new Set<string>();
    for (const arn of listed) {
      const known = this.#tasks.get(arn);
      if (known === undefined || known.lastStatus !== 'RUNNING') wanted.add(arn);
    }
    const known = [...this.#tasks.keys()];
    const sample = Math.min(known.length, Math.ceil(known.length / SAMPLE_SHARE) * BATCH);
    // What is asked for anyway has room left in its last batch.
    const room = sample - Math.min(sample, wanted.size);
    for (let i = 0; i < room; i++) {
      const arn = known[(this.#sampleAt + i) % known.length];
      if (arn !== undefined) wanted.add(arn);
    }
    this.#sampleAt = known.length === 0 ? 0 : (this.#sampleAt + room) % known.length;
    return [...wanted];
  }

  async #readDetails(nowMs: number): Promise<void> {
    const [cluster] = await this.#source.clusters([this.name]);
    if (cluster !== undefined) this.#cluster = cluster;
    this.#services.clear();
    const interfaces = new Set([...this.#tasks.values()].map(interfaceIdOf));
    for (const id of this.#interfaces.keys()) if (!interfaces.has(id)) this.#interfaces.delete(id);
    const used = new Set([...this.#tasks.values()].map((task) => task.containerInstanceArn));
    for (const arn of this.#containerInstances.keys())
      if (!used.has(arn)) this.#containerInstances.delete(arn);
    const ids = new Set([...this.#containerInstances.values()].map((one) => one.ec2InstanceId));
    for (const id of this.#instances.keys()) if (!ids.has(id)) this.#instances.delete(id);
    this.#detailsAtMs = nowMs;
  }

  async #readInstances(arns: readonly string[]): Promise<void> {
    if (arns.length === 0) return;
    const found = await this.#source.containerInstances(this.name, arns);
    for (const one of found) this.#containerInstances.set(one.containerInstanceArn ?? '', one);
    const ids = found.map(({ ec2InstanceId }) => ec2InstanceId ?? '');
    for (const one of await this.#source.instances(ids))
      this.#instances.set(one.InstanceId ?? '', one);
  }

  async #readInterfaces(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    for (const one of await this.#source.networkInterfaces(ids))
      this.#interfaces.set(one.NetworkInterfaceId ?? '', slimInterface(one));
  }

  async #readServices(names: readonly string[]): Promise<void> {
    if (names.length === 0) return;
    for (const one of await this.#source.services(this.name, names))
      this.#services.set(one.serviceName ?? '', slimService(one));
  }
}

/** What is never asked of a task; ten thousand of them are held. */
function slim(task: Task): Task {
  const { overrides, attributes, inferenceAccelerators, ...rest } = task;
  void [overrides, attributes, inferenceAccelerators];
  return rest;
}

/** All that is asked of an interface is its public address. */
function slimInterface({ NetworkInterfaceId, Association }: NetworkInterface): NetworkInterface {
  const { PublicIp } = Association ?? {};
  return {
    ...(NetworkInterfaceId === undefined ? {} : { NetworkInterfaceId }),
    ...(PublicIp === undefined ? {} : { Association: { PublicIp } }),
  };
}

/** Events and deployments of a service are long. */
function slimService({ serviceArn, serviceName, status, tags }: Service): Service {
  return {
    ...(serviceArn === undefined ? {} : { serviceArn }),
    ...(serviceName === undefined ? {} : { serviceName }),
    ...(status === undefined ? {} : { status }),
    ...(tags === undefined ? {} : { tags }),
  };
}
