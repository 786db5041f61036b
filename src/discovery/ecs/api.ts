/**
 * The calls of AWS that ECS discovery makes, by the official SDK: within the limits, tried again when throttled, counted.
 * Lists are read page by page; batches have AWS's sizes. Instances of ECS Anywhere (`mi-…`) are never asked EC2 for.
 */
import type { Instance, NetworkInterface } from '@aws-sdk/client-ec2';
import type { Cluster, ContainerInstance, Service, Task } from '@aws-sdk/client-ecs';
import { AwsCallError } from '../../aws/calls.ts';
import { AwsCalls } from '../aws-calls.ts';
import { type AwsAccess, type AwsSession, openAwsSession } from '../aws-client.ts';
import type { DiscoveryWorld } from '../mechanism.ts';
import { type DefinitionFacts, definitionFacts } from './facts.ts';

const BATCH = 100;
const SERVICES_BATCH = 10;

type Ecs = typeof import('@aws-sdk/client-ecs');
type Ec2 = typeof import('@aws-sdk/client-ec2');

export class EcsApi {
  readonly region: string;
  /** Shared with whoever else asks for the same configuration. */
  readonly session: AwsSession;
  readonly #ecs: Ecs;
  readonly #client: InstanceType<Ecs['ECSClient']>;
  readonly #calls: AwsCalls;
  #ec2: { readonly sdk: Ec2; readonly client: InstanceType<Ec2['EC2Client']> } | undefined;

  static async open(config: AwsAccess, world: DiscoveryWorld): Promise<EcsApi> {
    // The SDK is loaded by the first use, not by every collector.
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
    this.#calls = new AwsCalls(world, session, region);
  }

  close(): void {
    this.session.close();
    this.#client.destroy();
    this.#ec2?.client.destroy();
  }

  async clusterArns(): Promise<string[]> {
    const arns: string[] = [];
    await this.#calls.pages(async (nextToken) => {
      const page = await this.#calls.call('ecs:ListClusters', 'cluster_read', (abortSignal) =>
        this.#client.send(new this.#ecs.ListClustersCommand({ nextToken }), { abortSignal }),
      );
      arns.push(...(page.clusterArns ?? []));
      return page.nextToken;
    });
    return arns;
  }

  /** With tags. */
  async clusters(names: readonly string[]): Promise<Cluster[]> {
    const found = await this.#batches(names, BATCH, async (clusters) => {
      const command = new this.#ecs.DescribeClustersCommand({ clusters, include: ['TAGS'] });
      const answer = await this.#calls.call('ecs:DescribeClusters', 'cluster_read', (abortSignal) =>
        this.#client.send(command, { abortSignal }),
      );
      return answer.clusters ?? [];
    });
    return found;
  }

  /** Calls `onPage` for each page: what came before a failure is known. */
  taskArns(
    cluster: string,
    onPage: (arns: readonly string[]) => void,
    serviceName?: string,
  ): Promise<void> {
    return this.#calls.pages(async (nextToken) => {
      const page = await this.#calls.call('ecs:ListTasks', 'cluster_resource_read', (abortSignal) =>
        this.#client.send(new this.#ecs.ListTasksCommand({ cluster, nextToken, serviceName }), {
          abortSignal,
        }),
      );
      onPage(page.taskArns ?? []);
      return page.nextToken;
    });
  }

  /** With tags; those that are gone are left out. */
  tasks(cluster: string, arns: readonly string[]): Promise<Task[]> {
    return this.#batches(arns, BATCH, async (tasks) => {
      const command = new this.#ecs.DescribeTasksCommand({ cluster, tasks, include: ['TAGS'] });
      const answer = await this.#calls.call(
        'ecs:DescribeTasks',
        'cluster_resource_read',
        (abortSignal) => this.#client.send(command, { abortSignal }),
      );
      return answer.tasks ?? [];
    });
  }

  async definition(arn: string): Promise<DefinitionFacts> {
    const command = new this.#ecs.DescribeTaskDefinitionCommand({ taskDefinition: arn });
    const answer = await this.#calls.call(
      'ecs:DescribeTaskDefinition',
      'task_definition_read',
      (abortSignal) => this.#client.send(command, { abortSignal }),
    );
    return definitionFacts(answer.taskDefinition ?? {});
  }

  containerInstances(cluster: string, arns: readonly string[]): Promise<ContainerInstance[]> {
    return this.#batches(arns, BATCH, async (containerInstances) => {
      const command = new this.#ecs.DescribeContainerInstancesCommand({
        cluster,
        containerInstances,
        include: ['TAGS'],
      });
      const answer = await this.#calls.call(
        'ecs:DescribeContainerInstances',
        'cluster_resource_read',
        (abortSignal) => this.#client.send(command, { abortSignal }),
      );
      return answer.containerInstances ?? [];
    });
  }

  services(cluster: string, names: readonly string[]): Promise<Service[]> {
    return this.#batches(names, SERVICES_BATCH, async (services) => {
      const command = new this.#ecs.DescribeServicesCommand({
        cluster,
        services,
        include: ['TAGS'],
      });
      const answer = await this.#calls.call('ecs:DescribeServices', 'service_read', (abortSignal) =>
        this.#client.send(command, { abortSignal }),
      );
      return answer.services ?? [];
    });
  }

  /** EC2 refuses a whole request for one id that it does not know: then each is asked for on its own. */
  async instances(ids: readonly string[]): Promise<Instance[]> {
    const own = ids.filter((id) => id.startsWith('i-'));
    return this.#batches(own, BATCH, async (batch) => {
      try {
        return await this.#describeInstances(batch);
      } catch (error) {
        if (batch.length === 1 || !isUnknownInstance(error)) throw error;
        const each = await Promise.allSettled(batch.map((id) => this.#describeInstances([id])));
        return each.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
      }
    });
  }

  /** By their ids, `eni-…`; one that is gone costs no other. */
  networkInterfaces(ids: readonly string[]): Promise<NetworkInterface[]> {
    return this.#batches(ids, BATCH, async (batch) => {
      try {
        return await this.#describeInterfaces(batch);
      } catch (error) {
        if (batch.length === 1 || !isUnknownInstance(error)) throw error;
        const each = await Promise.allSettled(batch.map((id) => this.#describeInterfaces([id])));
        return each.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
      }
    });
  }

  async #describeInterfaces(NetworkInterfaceIds: string[]): Promise<NetworkInterface[]> {
    const { sdk, client } = await this.#openEc2();
    const command = new sdk.DescribeNetworkInterfacesCommand({ NetworkInterfaceIds });
    const answer = await this.#calls.call(
      'ec2:DescribeNetworkInterfaces',
      'ec2_read',
      (abortSignal) => client.send(command, { abortSignal }),
    );
    return answer.NetworkInterfaces ?? [];
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

  async #describeInstances(InstanceIds: string[]): Promise<Instance[]> {
    const { sdk, client } = await this.#openEc2();
    const command = new sdk.DescribeInstancesCommand({ InstanceIds });
    const answer = await this.#calls.call('ec2:DescribeInstances', 'ec2_read', (abortSignal) =>
      client.send(command, { abortSignal }),
    );
    return (answer.Reservations ?? []).flatMap(({ Instances = [] }) => Instances);
  }

  async #batches<In, Out>(
    items: readonly In[],
    size: number,
    read: (batch: In[]) => Promise<Out[]>,
  ): Promise<Out[]> {
    const batches: In[][] = [];
    for (let at = 0; at < items.length; at += size) batches.push(items.slice(at, at + size));
    return (await Promise.all(batches.map(read))).flat();
  }
}

function isUnknownInstance(error: unknown): boolean {
  return (
    error instanceof AwsCallError && /^Invalid(?:Instance|NetworkInterface)ID/.test(error.awsName)
  );
}
