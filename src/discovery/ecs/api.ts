/**
 * The calls of AWS that ECS discovery makes, by the official SDK: within the limits, tried again when throttled, counted.
 * Lists are read page by page; batches have AWS's sizes. Instances of ECS Anywhere (`mi-…`) are never asked EC2 for.
 */
import type { Instance } from '@aws-sdk/client-ec2';
import type { Cluster, ContainerInstance, Service, Task } from '@aws-sdk/client-ecs';
import { createCredentialSource } from '../../aws/credentials.ts';
import type { Family, Counter } from '../../kernel/metrics.ts';
import type { CallCategory } from '../call-limits.ts';
import type { DiscoveryWorld } from '../mechanism.ts';
import { type DefinitionFacts, definitionFacts } from './facts.ts';

export interface EcsApiConfig {
  readonly region?: string | undefined;
  readonly endpoint?: string | undefined;
  readonly access_key?: string | undefined;
  readonly secret_key?: string | undefined;
  readonly profile?: string | undefined;
  readonly role_arn?: string | undefined;
  readonly external_id?: string | undefined;
  /** Of AWS's rates. */
  readonly call_budget: number;
}

/** How often a throttled call is made in all, and the wait after the first. */
const ATTEMPTS = 5;
const BACKOFF_MS = 500;
const TIMEOUT_MS = 10_000;
const BATCH = 100;
const SERVICES_BATCH = 10;
const PAGES_MAX = 10_000;

type Ecs = typeof import('@aws-sdk/client-ecs');
type Ec2 = typeof import('@aws-sdk/client-ec2');

export class EcsApi {
  readonly region: string;
  readonly #ecs: Ecs;
  readonly #client: InstanceType<Ecs['ECSClient']>;
  readonly #config: EcsApiConfig;
  readonly #world: DiscoveryWorld;
  readonly #account: string;
  readonly #calls: Family<Counter>;
  #ec2: { readonly sdk: Ec2; readonly client: InstanceType<Ec2['EC2Client']> } | undefined;

  static async open(config: EcsApiConfig, world: DiscoveryWorld): Promise<EcsApi> {
    // The SDK is loaded by the first use, not by every collector.
    const ecs = await import('@aws-sdk/client-ecs');
    const client = new ecs.ECSClient(clientOptions(config));
    return new EcsApi(ecs, client, config, world, await client.config.region());
  }

  private constructor(
    ecs: Ecs,
    client: InstanceType<Ecs['ECSClient']>,
    config: EcsApiConfig,
    world: DiscoveryWorld,
    region: string,
  ) {
    this.#ecs = ecs;
    this.#client = client;
    this.#config = config;
    this.#world = world;
    this.region = region;
    this.#account = [config.role_arn, config.profile, config.access_key, region].join(' ');
    this.#calls = world.metrics.counters(
      'amperage_sd_calls_total',
      'Calls to AWS, by action and outcome.',
    );
  }

  close(): void {
    this.#client.destroy();
    this.#ec2?.client.destroy();
  }

  async clusterArns(): Promise<string[]> {
    const arns: string[] = [];
    await this.#pages(async (nextToken) => {
      const page = await this.#call('ListClusters', 'cluster_read', (abortSignal) =>
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
      const answer = await this.#call('DescribeClusters', 'cluster_read', (abortSignal) =>
        this.#client.send(command, { abortSignal }),
      );
      return answer.clusters ?? [];
    });
    return found;
  }

  /** Calls `onPage` for each page: what came before a failure is known. */
  taskArns(cluster: string, onPage: (arns: readonly string[]) => void): Promise<void> {
    return this.#pages(async (nextToken) => {
      const page = await this.#call('ListTasks', 'cluster_resource_read', (abortSignal) =>
        this.#client.send(new this.#ecs.ListTasksCommand({ cluster, nextToken }), { abortSignal }),
      );
      onPage(page.taskArns ?? []);
      return page.nextToken;
    });
  }

  /** With tags; those that are gone are left out. */
  tasks(cluster: string, arns: readonly string[]): Promise<Task[]> {
    return this.#batches(arns, BATCH, async (tasks) => {
      const command = new this.#ecs.DescribeTasksCommand({ cluster, tasks, include: ['TAGS'] });
      const answer = await this.#call('DescribeTasks', 'cluster_resource_read', (abortSignal) =>
        this.#client.send(command, { abortSignal }),
      );
      return answer.tasks ?? [];
    });
  }

  async definition(arn: string): Promise<DefinitionFacts> {
    const command = new this.#ecs.DescribeTaskDefinitionCommand({ taskDefinition: arn });
    const answer = await this.#call(
      'DescribeTaskDefinition',
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
      const answer = await this.#call(
        'DescribeContainerInstances',
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
      const answer = await this.#call('DescribeServices', 'service_read', (abortSignal) =>
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
        if (batch.length === 1 || !nameOf(error).startsWith('InvalidInstanceID')) throw error;
        const each = await Promise.allSettled(batch.map((id) => this.#describeInstances([id])));
        return each.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
      }
    });
  }

  async #describeInstances(InstanceIds: string[]): Promise<Instance[]> {
    if (this.#ec2 === undefined) {
      const sdk = await import('@aws-sdk/client-ec2');
      this.#ec2 ??= { sdk, client: new sdk.EC2Client(clientOptions(this.#config)) };
    }
    const { sdk, client } = this.#ec2;
    const command = new sdk.DescribeInstancesCommand({ InstanceIds });
    const answer = await this.#call('DescribeInstances', 'ec2_read', (abortSignal) =>
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

  async #pages(read: (token: string | undefined) => Promise<string | undefined>): Promise<void> {
    let token: string | undefined;
    for (let page = 0; page < PAGES_MAX; page++) {
      token = await read(token);
      if (token === undefined) return;
    }
    throw new Error(`the list has more than ${PAGES_MAX} pages`);
  }

  async #call<T>(
    action: string,
    category: CallCategory,
    send: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { callLimits, clock, signal } = this.#world;
    for (let attempt = 1; ; attempt++) {
      await callLimits.take(this.#account, category, this.#config.call_budget, signal);
      try {
        const answer = await send(AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]));
        this.#calls.with({ action, outcome: 'ok' }).inc();
        return answer;
      } catch (error) {
        const isThrottled = /Throttl|RequestLimitExceeded|TooManyRequests/.test(nameOf(error));
        this.#calls.with({ action, outcome: isThrottled ? 'throttled' : 'error' }).inc();
        if (!isThrottled || attempt === ATTEMPTS)
          throw new Error(`${action}: ${nameOf(error)}`, { cause: error });
        callLimits.throttled(this.#account, category);
        await clock.sleep(BACKOFF_MS * 2 ** (attempt - 1), signal);
      }
    }
  }
}

function nameOf(error: unknown): string {
  return error instanceof Error ? (error.name === 'Error' ? error.message : error.name) : '';
}

/** Options of any client of the SDK; retries are ours, within the limits. */
export function clientOptions(config: Omit<EcsApiConfig, 'call_budget'>): {
  maxAttempts: number;
  region?: string;
  endpoint?: string;
  credentials?: () => Promise<{ accessKeyId: string; secretAccessKey: string }>;
} {
  const { region, endpoint, access_key, secret_key, profile, role_arn, external_id } = config;
  const isOwn = [access_key, profile, role_arn].some((one) => one !== undefined);
  return {
    maxAttempts: 1,
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(isOwn
      ? {
          credentials: createCredentialSource({
            accessKey: access_key,
            secretKey: secret_key,
            profile,
            roleArn: role_arn,
            externalId: external_id,
            region,
          }),
        }
      : {}),
  };
}
