/**
 * The calls of AWS that Cloud Map discovery makes with the official SDK. Each is limited, counted
 * and repeated when throttled; lists are read to their end. An answer without the expected parts is
 * an error and never an empty list.
 * Source: https://docs.aws.amazon.com/cloud-map/latest/api/Welcome.html
 */
import type * as cloudMapSdk from '@aws-sdk/client-servicediscovery';
import type * as ssmSdk from '@aws-sdk/client-ssm';
import { type AwsAction, AwsCallError } from '../../aws/calls.ts';
import { RecoverableError } from '../../kernel/errors.ts';
import { AwsCalls } from '../aws-calls.ts';
import { type AwsAccess, type AwsSession, openAwsSession } from '../aws-client.ts';
import type { DiscoveryWorld } from '../mechanism.ts';

type CloudMap = typeof cloudMapSdk;
type Client = InstanceType<CloudMap['ServiceDiscoveryClient']>;
type Ssm = typeof ssmSdk;

const PAGE_SIZE = 100;
/**
 * The most instances in one answer of DiscoverInstances, which is also the most that a service may
 * have.
 */
const DISCOVERED_MAX = 1_000;

export interface CloudMapNamespace {
  /** Its id; its ARN for a namespace whose answer names an owner. */
  readonly id: string;
  readonly name: string;
  /**
   * The name for DiscoverInstances. It differs from `name` where an HTTP namespace already used
   * that.
   */
  readonly httpName: string;
  /** The owning account, which must be named for a namespace that another account shares. */
  readonly owner: string | undefined;
}

export interface CloudMapService {
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
  /** Increases when an instance is added or removed, but not when its health changes. */
  readonly revision: number | undefined;
  /** True when the answer is full, so there may be more instances. */
  readonly isCut: boolean;
}

export class CloudMapApi {
  readonly #calls: AwsCalls;
  readonly #session: AwsSession;
  readonly #sdk: CloudMap;
  readonly #client: Client;
  #parameters: { readonly sdk: Ssm; readonly client: InstanceType<Ssm['SSMClient']> } | undefined;

  static async open(access: AwsAccess, world: DiscoveryWorld): Promise<CloudMapApi> {
    // The SDK is loaded at the first use, so that a collector without this discovery does not load
    // it.
    const sdk = await import('@aws-sdk/client-servicediscovery');
    const session = openAwsSession(access, world);
    const client = new sdk.ServiceDiscoveryClient(session.clientOptions());
    stayOnOneHost(client);
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

  /** The decrypted text of an SSM parameter; empty when the answer has none. */
  async readParameter(Name: string): Promise<string> {
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

  /** All namespaces of the region. */
  async listNamespaces(): Promise<CloudMapNamespace[]> {
    const action = 'servicediscovery:ListNamespaces';
    const found: CloudMapNamespace[] = [];
    await this.#calls.readPages(async (NextToken) => {
      const command = new this.#sdk.ListNamespacesCommand({ NextToken, MaxResults: PAGE_SIZE });
      const page = await this.#calls.call(action, 'cloud_map', (abortSignal) =>
        this.#client.send(command, { abortSignal }),
      );
      for (const namespace of requireList(page.Namespaces, action)) {
        const { Name: name = '', Properties, ResourceOwner: owner, Arn } = namespace;
        const id = requireId(namespace, action);
        const httpName = Properties?.HttpProperties?.HttpName ?? name;
        found.push({ id: owner === undefined ? id : (Arn ?? id), name, httpName, owner });
      }
      return page.NextToken;
    });
    return found;
  }

  async listServices(namespace: CloudMapNamespace): Promise<CloudMapService[]> {
    const action = 'servicediscovery:ListServices';
    const found: CloudMapService[] = [];
    const Filters = [
      { Name: 'NAMESPACE_ID' as const, Values: [namespace.id], Condition: 'EQ' as const },
    ];
    await this.#calls.readPages(async (NextToken) => {
      const request = { NextToken, Filters, MaxResults: PAGE_SIZE };
      const command = new this.#sdk.ListServicesCommand(request);
      const page = await this.#calls.call(action, 'cloud_map', (abortSignal) =>
        this.#client.send(command, { abortSignal }),
      );
      for (const service of requireList(page.Services, action)) {
        const { Arn: arn = '', Name: name = '' } = service;
        found.push({ id: requireId(service, action), arn, name });
      }
      return page.NextToken;
    });
    return found;
  }

  async readTags({ arn: ResourceARN }: CloudMapService): Promise<ReadonlyMap<string, string>> {
    const action = 'servicediscovery:ListTagsForResource';
    const command = new this.#sdk.ListTagsForResourceCommand({ ResourceARN });
    const answer = await this.#calls.call(action, 'cloud_map', (abortSignal) =>
      this.#client.send(command, { abortSignal }),
    );
    return new Map(
      requireList(answer.Tags, action).map(({ Key = '', Value = '' }) => [Key, Value] as const),
    );
  }

  /** The revision of the service, which increases when an instance is added or removed. */
  async readRevision(
    namespace: CloudMapNamespace,
    service: CloudMapService,
  ): Promise<number | undefined> {
    const action = 'servicediscovery:DiscoverInstancesRevision';
    const command = new this.#sdk.DiscoverInstancesRevisionCommand(
      makeServiceInput(namespace, service),
    );
    const answer = await this.#calls.call(action, 'cloud_map_revisions', (abortSignal) =>
      this.#client.send(command, { abortSignal }),
    );
    return answer.InstancesRevision;
  }

  /** Asks the data plane for all instances and their health, in one call. */
  async discoverInstances(
    namespace: CloudMapNamespace,
    service: CloudMapService,
  ): Promise<Discovered> {
    const action = 'servicediscovery:DiscoverInstances';
    const command = new this.#sdk.DiscoverInstancesCommand({
      ...makeServiceInput(namespace, service),
      HealthStatus: 'ALL',
      MaxResults: DISCOVERED_MAX,
    });
    const answer = await this.#calls.call(action, 'cloud_map_discovery', (abortSignal) =>
      this.#client.send(command, { abortSignal }),
    );
    const instances = requireList(answer.Instances, action).map(
      ({ InstanceId: Id, Attributes: attributes = {}, HealthStatus }) => ({
        id: requireId({ Id }, action),
        attributes,
        isUnhealthy: HealthStatus === 'UNHEALTHY',
      }),
    );
    const isCut = instances.length >= DISCOVERED_MAX;
    return { instances, revision: answer.InstancesRevision, isCut };
  }

  /** Asks the control plane for all instances, page by page. It does not tell their health. */
  async listInstances(service: CloudMapService): Promise<Instance[]> {
    const action = 'servicediscovery:ListInstances';
    const found: Instance[] = [];
    await this.#calls.readPages(async (NextToken) => {
      const request = { ServiceId: arnOf(service), NextToken, MaxResults: PAGE_SIZE };
      const command = new this.#sdk.ListInstancesCommand(request);
      const page = await this.#calls.call(action, 'cloud_map', (abortSignal) =>
        this.#client.send(command, { abortSignal }),
      );
      for (const instance of requireList(page.Instances, action)) {
        const { Attributes: attributes = {} } = instance;
        found.push({ id: requireId(instance, action), attributes, isUnhealthy: false });
      }
      return page.NextToken;
    });
    return found;
  }

  /**
   * The ids of instances that fail their health check. For a service without a health check AWS
   * answers with an error, which gives an empty set.
   */
  async listUnhealthy(service: CloudMapService): Promise<ReadonlySet<string>> {
    const action = 'servicediscovery:GetInstancesHealthStatus';
    const found = new Set<string>();
    try {
      await this.#calls.readPages(async (NextToken) => {
        const request = { ServiceId: arnOf(service), NextToken, MaxResults: PAGE_SIZE };
        const command = new this.#sdk.GetInstancesHealthStatusCommand(request);
        const page = await this.#calls.call(action, 'cloud_map', (abortSignal) =>
          this.#client.send(command, { abortSignal }),
        );
        if (page.Status === undefined) throw makeShapeError(action);
        for (const [id, status] of Object.entries(page.Status))
          if (status === 'UNHEALTHY') found.add(id);
        return page.NextToken;
      });
    } catch (error) {
      if (!(error instanceof AwsCallError) || !error.awsName.includes('InvalidInput')) throw error;
    }
    return found;
  }
}

/**
 * AWS has a separate host for the data plane, whose name begins with `data-`. The SDK also puts
 * that prefix before an endpoint from the configuration or the environment, where no such host
 * exists.
 */
function stayOnOneHost(client: Client): void {
  client.middlewareStack.add(
    (next) => (args) => {
      const request = args.request as { hostname: string };
      if (!/^data-servicediscovery\b/.test(request.hostname))
        request.hostname = request.hostname.replace(/^data-/, '');
      return next(args);
    },
    { step: 'build', name: 'stayOnOneHost' },
  );
}

/** Whether AWS says that the thing asked for does not exist. */
export function isGone(error: unknown): boolean {
  return (
    error instanceof AwsCallError &&
    /^(?:ServiceNotFound|NamespaceNotFound|ResourceNotFound)/.test(error.awsName)
  );
}

function makeServiceInput(
  { httpName, owner }: CloudMapNamespace,
  { name }: CloudMapService,
): { NamespaceName: string; ServiceName: string; OwnerAccount?: string } {
  const names = { NamespaceName: httpName, ServiceName: name };
  return owner === undefined ? names : { ...names, OwnerAccount: owner };
}

function arnOf({ arn, id }: CloudMapService): string {
  return arn === '' ? id : arn;
}

/** An answer without its list is refused: it must not be taken for an empty list. */
function requireList<One>(list: readonly One[] | undefined, action: AwsAction): readonly One[] {
  const isList =
    Array.isArray(list) && list.every((one) => typeof one === 'object' && one !== null);
  if (!isList) throw makeShapeError(action);
  return list;
}

function requireId({ Id }: { readonly Id?: string | undefined }, action: AwsAction): string {
  if (typeof Id !== 'string' || Id === '') throw makeShapeError(action);
  return Id;
}

function makeShapeError(action: AwsAction): RecoverableError {
  return new RecoverableError(
    'CLOUD_MAP_ANSWER',
    `${action}: the answer does not have the expected shape`,
  );
}
