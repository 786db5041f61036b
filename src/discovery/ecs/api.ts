/**
 * The calls of AWS that ECS discovery makes with the official SDK. Each is limited, counted and
 * repeated when throttled. A method makes one call of at most 100 keys, except for lists, which it
 * reads page by page. An answer without its list is an error, because an empty list would end
 * targets. Ids that EC2 does not know, such as `mi-…` of ECS Anywhere, are returned as unknown.
 */
import type * as ec2Sdk from '@aws-sdk/client-ec2';
import type { Instance, NetworkInterface } from '@aws-sdk/client-ec2';
import type * as ecsSdk from '@aws-sdk/client-ecs';
import type { Cluster, ContainerInstance, Service, Task } from '@aws-sdk/client-ecs';
import { type AwsAction, AwsCallError } from '../../aws/calls.ts';
import { AwsCalls, requireObjects } from '../aws-calls.ts';
import { type AwsAccess, type AwsSession, openAwsSession } from '../aws-client.ts';
import type { DiscoveryWorld } from '../mechanism.ts';
import { type DefinitionFacts, pickDefinitionFacts, idOfArn } from './facts.ts';
import type { ShelfAnswer } from '../shelf.ts';

/** The most keys that AWS takes in one call. */
const BATCH = 100;

type Ecs = typeof ecsSdk;
type Ec2 = typeof ec2Sdk;

export class EcsApi {
  readonly region: string;
  /** The most keys in one call: 100, or fewer in tests. */
  readonly batch: number;
  /** The session of this configuration, which the queue of events shares. */
  readonly session: AwsSession;
  readonly #ecs: Ecs;
  readonly #client: InstanceType<Ecs['ECSClient']>;
  readonly #calls: AwsCalls;
  #ec2: { readonly sdk: Ec2; readonly client: InstanceType<Ec2['EC2Client']> } | undefined;

  static async open(config: AwsAccess, world: DiscoveryWorld): Promise<EcsApi> {
    // The SDK is loaded at the first use, so that a collector without this discovery does not load
    // it.
    const ecs = await import('@aws-sdk/client-ecs');
    const session = openAwsSession(config, world);
    const client = new ecs.ECSClient(session.clientOptions());
    return new EcsApi(ecs, client, session, world, await client.config.region());
  }

  private constructor(
    ecs: Ecs,
    client: InstanceType<Ecs['ECSClient']>,
    session: AwsSession,
    world: DiscoveryWorld,
    region: string,
  ) {
    this.#ecs = ecs;
    this.#client = client;
    this.session = session;
    this.region = region;
    this.batch = Math.min(BATCH, world.batchMax ?? BATCH);
    this.#calls = new AwsCalls(world, session, region);
  }

  close(): void {
    this.session.close();
    this.#client.destroy();
    this.#ec2?.client.destroy();
  }

  /** Calls `onPage` for each page: what came before a failure is known. */
  listClusterArns(onPage: (arns: readonly string[]) => void): Promise<void> {
    const action = 'ecs:ListClusters';
    return this.#calls.readPages(async (nextToken) => {
      const page = await this.#calls.call(action, 'cluster_read', (abortSignal) =>
        this.#client.send(new this.#ecs.ListClustersCommand({ nextToken }), { abortSignal }),
      );
      onPage(requireTexts(page.clusterArns, action));
      return page.nextToken;
    });
  }

  /**
   * Describes clusters with their tags. The result has the names or ARNs that were asked for as
   * keys.
   */
  async describeClusters(names: string[]): Promise<ShelfAnswer<Cluster>> {
    const action = 'ecs:DescribeClusters';
    const command = new this.#ecs.DescribeClustersCommand({ clusters: names, include: ['TAGS'] });
    const answer = await this.#calls.call(action, 'cluster_read', (abortSignal) =>
      this.#client.send(command, { abortSignal }),
    );
    const byId = new Map(names.map((name) => [idOfArn(name), name]));
    const found = requireObjects(answer.clusters, action).flatMap((cluster) => {
      const name = byId.get(cluster.clusterName ?? '');
      return name === undefined ? [] : [[name, cluster] as const];
    });
    const unknown = findMissing(answer.failures).flatMap((arn) => byId.get(idOfArn(arn)) ?? []);
    return { found, unknown };
  }

  /** Calls `onPage` for each page: what came before a failure is known. */
  listTaskArns(
    cluster: string,
    onPage: (arns: readonly string[]) => void,
    serviceName?: string,
  ): Promise<void> {
    const action = 'ecs:ListTasks';
    return this.#calls.readPages(async (nextToken) => {
      const page = await this.#calls.call(action, 'cluster_resource_read', (abortSignal) =>
        this.#client.send(new this.#ecs.ListTasksCommand({ cluster, nextToken, serviceName }), {
          abortSignal,
        }),
      );
      onPage(requireTexts(page.taskArns, action));
      return page.nextToken;
    });
  }

  /** Describes one batch of tasks with their tags, by ARN. */
  async describeTasks(cluster: string, tasks: string[]): Promise<ShelfAnswer<Task>> {
    const action = 'ecs:DescribeTasks';
    const command = new this.#ecs.DescribeTasksCommand({ cluster, tasks, include: ['TAGS'] });
    const answer = await this.#calls.call(action, 'cluster_resource_read', (abortSignal) =>
      this.#client.send(command, { abortSignal }),
    );
    const found = requireObjects(answer.tasks, action)
      .filter(isTask)
      .map((task) => [task.taskArn, task] as const);
    return { found, unknown: findMissing(answer.failures) };
  }

  /**
   * Describes any number of tasks with their tags. Tasks that are gone are left out. Rejects when
   * any batch fails.
   */
  async describeAllTasks(cluster: string, arns: readonly string[]): Promise<Task[]> {
    const batches: string[][] = [];
    for (let at = 0; at < arns.length; at += this.batch)
      batches.push(arns.slice(at, at + this.batch));
    const answers = await Promise.all(batches.map((batch) => this.describeTasks(cluster, batch)));
    return answers.flatMap(({ found }) => found.map(([, task]) => task));
  }

  /** Describes the first of these task definitions: AWS takes one in a call, so the batch is 1. */
  async describeDefinitions(arns: string[]): Promise<ShelfAnswer<DefinitionFacts>> {
    const action = 'ecs:DescribeTaskDefinition';
    const [arn = ''] = arns;
    const command = new this.#ecs.DescribeTaskDefinitionCommand({ taskDefinition: arn });
    try {
      const { taskDefinition } = await this.#calls.call(
        action,
        'task_definition_read',
        (abortSignal) => this.#client.send(command, { abortSignal }),
      );
      if (taskDefinition === undefined || !Array.isArray(taskDefinition.containerDefinitions))
        throw new Error(`${action}: the answer holds no task definition`);
      return { found: [[arn, pickDefinitionFacts(taskDefinition)]], unknown: [] };
    } catch (error) {
      if (isNamed(error, /^ClientException/)) return { found: [], unknown: [arn] };
      throw error;
    }
  }

  /** Describes container instances with their tags, by ARN. */
  async describeContainerInstances(
    cluster: string,
    arns: string[],
  ): Promise<ShelfAnswer<ContainerInstance>> {
    const action = 'ecs:DescribeContainerInstances';
    const command = new this.#ecs.DescribeContainerInstancesCommand({
      cluster,
      containerInstances: arns,
      include: ['TAGS'],
    });
    const answer = await this.#calls.call(action, 'cluster_resource_read', (abortSignal) =>
      this.#client.send(command, { abortSignal }),
    );
    const found = requireObjects(answer.containerInstances, action).map(
      (instance) => [instance.containerInstanceArn ?? '', instance] as const,
    );
    return { found, unknown: findMissing(answer.failures) };
  }

  /** Describes services with their tags, by name. */
  async describeServices(cluster: string, names: string[]): Promise<ShelfAnswer<Service>> {
    const action = 'ecs:DescribeServices';
    const command = new this.#ecs.DescribeServicesCommand({
      cluster,
      services: names,
      include: ['TAGS'],
    });
    const answer = await this.#calls.call(action, 'service_read', (abortSignal) =>
      this.#client.send(command, { abortSignal }),
    );
    const found = requireObjects(answer.services, action).map(
      (service) => [service.serviceName ?? '', service] as const,
    );
    return { found, unknown: findMissing(answer.failures).map(idOfArn) };
  }

  /** Describes EC2 instances, by id (`i-…`). */
  describeInstances(ids: string[]): Promise<ShelfAnswer<Instance>> {
    const action = 'ec2:DescribeInstances';
    return describeKnown(ids, async (InstanceIds) => {
      const { sdk, client } = await this.#openEc2();
      const command = new sdk.DescribeInstancesCommand({ InstanceIds });
      const answer = await this.#calls.call(action, 'ec2_read', (abortSignal) =>
        client.send(command, { abortSignal }),
      );
      return requireObjects(answer.Reservations, action)
        .flatMap(({ Instances = [] }) => Instances)
        .map((instance) => [instance.InstanceId ?? '', instance] as const);
    });
  }

  /** Describes network interfaces, by id (`eni-…`). */
  describeInterfaces(ids: string[]): Promise<ShelfAnswer<NetworkInterface>> {
    const action = 'ec2:DescribeNetworkInterfaces';
    return describeKnown(ids, async (NetworkInterfaceIds) => {
      const { sdk, client } = await this.#openEc2();
      const command = new sdk.DescribeNetworkInterfacesCommand({ NetworkInterfaceIds });
      const answer = await this.#calls.call(action, 'ec2_read', (abortSignal) =>
        client.send(command, { abortSignal }),
      );
      return requireObjects(answer.NetworkInterfaces, action).map(
        (each) => [each.NetworkInterfaceId ?? '', each] as const,
      );
    });
  }

  async #openEc2(): Promise<{
    readonly sdk: Ec2;
    readonly client: InstanceType<Ec2['EC2Client']>;
  }> {
    if (this.#ec2 === undefined) {
      const sdk = await import('@aws-sdk/client-ec2');
      const client = new sdk.EC2Client(this.session.clientOptions({ service: 'ec2' }));
      this.#ec2 ??= { sdk, client };
    }
    return this.#ec2;
  }
}

/**
 * Describes the ids that EC2 knows. EC2 refuses a whole request because of one unknown id, and
 * usually names it in the message. Where it does not, each half is asked for separately, so one bad
 * id among a hundred costs about fifteen calls.
 */
async function describeKnown<Value>(
  ids: string[],
  describe: (ids: string[]) => Promise<readonly (readonly [string, Value])[]>,
): Promise<ShelfAnswer<Value>> {
  if (ids.length === 0) return { found: [], unknown: [] };
  try {
    return { found: await describe(ids), unknown: [] };
  } catch (error) {
    if (!isNamed(error, /^Invalid(?:Instance|NetworkInterface)ID/)) throw error;
    const words = String((error as Error).cause);
    const bad = ids.filter((id) => words.includes(id));
    if (ids.length === 1) return { found: [], unknown: ids };
    if (bad.length > 0) {
      const rest = await describeKnown(
        ids.filter((id) => !bad.includes(id)),
        describe,
      );
      return { found: rest.found, unknown: [...bad, ...rest.unknown] };
    }
    const middle = Math.ceil(ids.length / 2);
    const halves = [
      await describeKnown(ids.slice(0, middle), describe),
      await describeKnown(ids.slice(middle), describe),
    ];
    return {
      found: halves.flatMap(({ found }) => found),
      unknown: halves.flatMap(({ unknown }) => unknown),
    };
  }
}

/** Whether the name of AWS's error matches. */
export function isNamed(error: unknown, name: RegExp): boolean {
  return error instanceof AwsCallError && name.test(error.awsName);
}

/** Finds what AWS says is missing. Other reasons of failure do not mean that it does not exist. */
function findMissing(
  failures:
    | readonly { readonly arn?: string | undefined; readonly reason?: string | undefined }[]
    | undefined,
): string[] {
  return (failures ?? []).flatMap(({ arn, reason }) =>
    reason === 'MISSING' && arn !== undefined ? [arn] : [],
  );
}

/** @throws Error for an answer without its list, or with something else in it */
function requireTexts(list: readonly string[] | undefined, action: AwsAction): readonly string[] {
  if (!Array.isArray(list) || list.some((one) => typeof one !== 'string'))
    throw new Error(`${action}: the answer holds no list of ARNs`);
  return list;
}

/**
 * Whether a task has the parts that targets are made of, so that a malformed answer breaks nothing
 * later.
 */
export function isTask(task: Task): task is Task & { readonly taskArn: string } {
  const { taskArn, containers, attachments, tags } = task ?? {};
  const isList = (value: unknown): boolean => value === undefined || Array.isArray(value);
  return typeof taskArn === 'string' && isList(containers) && isList(attachments) && isList(tags);
}
