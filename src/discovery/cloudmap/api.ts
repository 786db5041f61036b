/**
 * The calls of AWS that Cloud Map discovery makes, by the official SDK: within the limits, tried again when throttled,
 * counted, every list to its end. What a call could not tell is an error, never less.
 * Source: https://docs.aws.amazon.com/cloud-map/latest/api/Welcome.html
 */
import { type AwsAction, AwsCallError } from '../../aws/calls.ts';
import { AwsCalls } from '../aws-calls.ts';
import { type AwsAccess, type AwsSession, openAwsSession } from '../aws-client.ts';
import type { CallCategory } from '../call-limits.ts';
import type { DiscoveryWorld } from '../mechanism.ts';

type CloudMap = typeof import('@aws-sdk/client-servicediscovery');
type Client = InstanceType<CloudMap['ServiceDiscoveryClient']>;
type Ssm = typeof import('@aws-sdk/client-ssm');

const PAGE_SIZE = 100;
/** The most that DiscoverInstances answers; a service holds as many at most. */
const DISCOVERED_MAX = 1_000;

export interface Namespace {
  /** ARN or id. */
  readonly id: string;
  readonly name: string;
  /** By which DiscoverInstances knows it; differs from the name where that was used before. */
  readonly httpName: string;
  /** The account, which must be told for namespaces that another one shares. */
  readonly owner: string | undefined;
}

export interface Service {
  readonly id: string;
  readonly arn: string;
  readonly name: string;
}

export interface Instance {
  readonly id: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly isUnhealthy: boolean;
}

export interface Discovered {
  readonly instances: readonly Instance[];
  /** Grows when an instance comes or goes, not when its health changes. */
  readonly revision: number | undefined;
  /** There may be more. */
  readonly isCut: boolean;
}

export class CloudMapApi {
  readonly #calls: AwsCalls;
  readonly #session: AwsSession;
  readonly #sdk: CloudMap;
  readonly #client: Client;
  #parameters: { readonly sdk: Ssm; readonly client: InstanceType<Ssm['SSMClient']> } | undefined;

  static async open(access: AwsAccess, world: DiscoveryWorld): Promise<CloudMapApi> {
    // The SDK is loaded by the first use, not by every collector.
    const sdk = await import('@aws-sdk/client-servicediscovery');
    const session = openAwsSession(access, world);
    const client = new sdk.ServiceDiscoveryClient(session.clientOptions());
    const calls = new AwsCalls(world, session, await client.config.region());
    return new CloudMapApi(sdk, client, calls, session);
  }

  private constructor(sdk: CloudMap, client: Client, calls: AwsCalls, session: AwsSession) {
    this.#sdk = sdk;
    this.#client = client;
    this.#calls = calls;
    this.#session = session;
  }

  close(): void {
    this.#session.close();
    this.#client.destroy();
    this.#parameters?.client.destroy();
  }

  /** The text of an SSM parameter. */
  async parameter(Name: string): Promise<string> {
    if (this.#parameters === undefined) {
      const ssm = await import('@aws-sdk/client-ssm');
      this.#parameters = { sdk: ssm, client: new ssm.SSMClient(this.#session.clientOptions()) };
    }
    const { sdk, client } = this.#parameters;
    const command = new sdk.GetParameterCommand({ Name, WithDecryption: true });
    const answer = await this.#calls.call('ssm:GetParameter', 'parameter_read', (abortSignal) =>
      client.send(command, { abortSignal }),
    );
    return answer.Parameter?.Value ?? '';
  }

  /** All of the region. */
  async namespaces(): Promise<Namespace[]> {
    const found: Namespace[] = [];
    await this.#calls.pages(async (NextToken) => {
      const command = new this.#sdk.ListNamespacesCommand({ NextToken, MaxResults: PAGE_SIZE });
      const page = await this.#call('servicediscovery:ListNamespaces', 'cloud_map', (abortSignal) =>
        this.#client.send(command, { abortSignal }),
      );
      for (const { Id = '', Arn, Name = '', Properties, ResourceOwner: owner } of page.Namespaces ??
        []) {
        const httpName = Properties?.HttpProperties?.HttpName ?? Name;
        found.push({ id: owner === undefined ? Id : (Arn ?? Id), name: Name, httpName, owner });
      }
      return page.NextToken;
    });
    return found;
  }

  async services(namespace: Namespace): Promise<Service[]> {
    const found: Service[] = [];
    const Filters = [
      { Name: 'NAMESPACE_ID' as const, Values: [namespace.id], Condition: 'EQ' as const },
    ];
    await this.#calls.pages(async (NextToken) => {
      const request = { NextToken, Filters, MaxResults: PAGE_SIZE };
      const command = new this.#sdk.ListServicesCommand(request);
      const page = await this.#call('servicediscovery:ListServices', 'cloud_map', (abortSignal) =>
        this.#client.send(command, { abortSignal }),
      );
      for (const { Id = '', Arn = '', Name = '' } of page.Services ?? [])
        found.push({ id: Id, arn: Arn, name: Name });
      return page.NextToken;
    });
    return found;
  }

  async tags({ arn: ResourceARN }: Service): Promise<ReadonlyMap<string, string>> {
    const command = new this.#sdk.ListTagsForResourceCommand({ ResourceARN });
    const { Tags = [] } = await this.#call(
      'servicediscovery:ListTagsForResource',
      'cloud_map',
      (abortSignal) => this.#client.send(command, { abortSignal }),
    );
    return new Map(Tags.map(({ Key, Value }) => [Key ?? '', Value ?? '']));
  }

  /** Grows with every instance that comes or goes. */
  async revision(namespace: Namespace, service: Service): Promise<number | undefined> {
    const command = new this.#sdk.DiscoverInstancesRevisionCommand(named(namespace, service));
    const answer = await this.#call(
      'servicediscovery:DiscoverInstancesRevision',
      'cloud_map_revisions',
      (abortSignal) => this.#client.send(command, { abortSignal }),
    );
    return answer.InstancesRevision;
  }

  /** By the data plane, in one call: healthy instances and others. */
  async discovered(namespace: Namespace, service: Service): Promise<Discovered> {
    const command = new this.#sdk.DiscoverInstancesCommand({
      ...named(namespace, service),
      HealthStatus: 'ALL',
      MaxResults: DISCOVERED_MAX,
    });
    const { Instances = [], InstancesRevision: revision } = await this.#call(
      'servicediscovery:DiscoverInstances',
      'cloud_map_discovery',
      (abortSignal) => this.#client.send(command, { abortSignal }),
    );
    const instances = Instances.map(({ InstanceId: id = '', Attributes = {}, HealthStatus }) => ({
      id,
      attributes: Attributes,
      isUnhealthy: HealthStatus === 'UNHEALTHY',
    }));
    return { instances, revision, isCut: instances.length >= DISCOVERED_MAX };
  }

  /** By the control plane, page by page, which tells no health. */
  async listed(service: Service): Promise<Instance[]> {
    const found: Instance[] = [];
    await this.#calls.pages(async (NextToken) => {
      const request = { ServiceId: idOf(service), NextToken, MaxResults: PAGE_SIZE };
      const command = new this.#sdk.ListInstancesCommand(request);
      const page = await this.#call('servicediscovery:ListInstances', 'cloud_map', (abortSignal) =>
        this.#client.send(command, { abortSignal }),
      );
      for (const { Id: id = '', Attributes: attributes = {} } of page.Instances ?? [])
        found.push({ id, attributes, isUnhealthy: false });
      return page.NextToken;
    });
    return found;
  }

  /** Ids of instances that a health check calls unhealthy; a service without one answers with an error, and has none. */
  async unhealthy(service: Service): Promise<ReadonlySet<string>> {
    const found = new Set<string>();
    try {
      await this.#calls.pages(async (NextToken) => {
        const request = { ServiceId: idOf(service), NextToken, MaxResults: PAGE_SIZE };
        const command = new this.#sdk.GetInstancesHealthStatusCommand(request);
        const page = await this.#call(
          'servicediscovery:GetInstancesHealthStatus',
          'cloud_map',
          (abortSignal) => this.#client.send(command, { abortSignal }),
        );
        for (const [id, status] of Object.entries(page.Status ?? {}))
          if (status === 'UNHEALTHY') found.add(id);
        return page.NextToken;
      });
    } catch (error) {
      if (!(error instanceof AwsCallError) || !error.awsName.includes('InvalidInput')) throw error;
    }
    return found;
  }

  /** AWS has a host of its own for discovery, the same name with a prefix; an endpoint that is configured is one host for all. */
  #call<T>(
    action: AwsAction,
    category: CallCategory,
    send: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    this.#client.config.disableHostPrefix = this.#client.config.isCustomEndpoint ?? false;
    return this.#calls.call(action, category, send);
  }
}

/** Whether AWS says that what was asked for is not there. */
export function isGone(error: unknown): boolean {
  return (
    error instanceof AwsCallError &&
    /^(?:ServiceNotFound|NamespaceNotFound|ResourceNotFound)/.test(error.awsName)
  );
}

function named(
  { httpName, owner }: Namespace,
  { name }: Service,
): { NamespaceName: string; ServiceName: string; OwnerAccount?: string } {
  const names = { NamespaceName: httpName, ServiceName: name };
  return owner === undefined ? names : { ...names, OwnerAccount: owner };
}

function idOf({ arn, id }: Service): string {
  return arn === '' ? id : arn;
}
