/**
 * The state of an emulated Cloud Map, in memory: namespaces, services with their instances, tags,
 * and operations, which are complete at once.
 */
import { randomBytes } from 'node:crypto';
import type { Clock } from '../../kernel/clock.ts';
import { AwsError, type AwsInput, type AwsPlace, requireText } from '../service.ts';

const TAGS_MAX = 50;

export interface StoredNamespace {
  readonly Id: string;
  readonly Arn: string;
  readonly ResourceOwner: string;
  readonly Name: string;
  readonly Type: 'DNS_PRIVATE' | 'DNS_PUBLIC' | 'HTTP';
  readonly Properties: { readonly HttpProperties: { readonly HttpName: string } };
  readonly CreateDate: number;
}

export interface StoredService {
  readonly Id: string;
  readonly Arn: string;
  readonly ResourceOwner: string;
  readonly Name: string;
  readonly NamespaceId: string;
  readonly Type: 'DNS_HTTP' | 'HTTP';
  readonly DnsConfig: unknown;
  readonly HealthCheckConfig: unknown;
  readonly HealthCheckCustomConfig: unknown;
  readonly CreateDate: number;
  readonly instances: Map<string, Readonly<Record<string, string>>>;
  /** Health by instance id, for instances whose health was set. */
  readonly health: Map<string, string>;
  /** Rises when an instance is registered or deregistered, and only then. */
  revision: number;
}

export class CloudMapStore {
  readonly namespaces = new Map<string, StoredNamespace>();
  readonly services = new Map<string, StoredService>();
  readonly operations = new Map<
    string,
    { readonly Type: string; readonly Targets: Record<string, string> }
  >();
  /** Tags by ARN. */
  readonly tags = new Map<string, Map<string, string>>();
  readonly #place: AwsPlace;
  readonly #clock: Clock;

  constructor(place: AwsPlace, clock: Clock) {
    this.#place = place;
    this.#clock = clock;
  }

  /** Id, ARN, owner and date of a new namespace (`ns-…`) or service (`srv-…`). */
  describeNew(kind: 'namespace' | 'service'): {
    Id: string;
    Arn: string;
    ResourceOwner: string;
    CreateDate: number;
  } {
    const Id = `${kind === 'namespace' ? 'ns' : 'srv'}-${randomBytes(8).toString('hex')}`;
    const { accountId, region } = this.#place;
    const Arn = `arn:aws:servicediscovery:${region}:${accountId}:${kind}/${Id}`;
    return { Id, Arn, ResourceOwner: accountId, CreateDate: this.#clock.nowMs() / 1_000 };
  }

  addOperation(type: string, targets: Record<string, string>): { OperationId: string } {
    const id = randomBytes(16).toString('hex');
    this.operations.set(id, { Type: type, Targets: targets });
    return { OperationId: id };
  }

  setTags(resource: string, given: unknown): void {
    const own = this.tags.get(resource) ?? new Map<string, string>();
    const list = Array.isArray(given) ? (given as { Key: string; Value: string }[]) : [];
    for (const { Key, Value } of list) own.set(Key, Value);
    if (own.size > TAGS_MAX) throw new AwsError('TooManyTagsException', `at most ${TAGS_MAX} tags`);
    this.tags.set(resource, own);
  }

  /** @throws AwsError for an unknown id or ARN */
  namespaceOf(id: string): StoredNamespace {
    const found = [...this.namespaces.values()].find(({ Id, Arn }) => Id === id || Arn === id);
    if (found === undefined) throw new AwsError('NamespaceNotFound', `namespace ${id} not found`);
    return found;
  }

  /** @throws AwsError for an unknown id or ARN */
  serviceOf(id: string): StoredService {
    const found = this.services.get(id.split('/').at(-1) ?? '');
    if (found === undefined) throw new AwsError('ServiceNotFound', `service ${id} not found`);
    return found;
  }

  /** Finds a service by the names that discovery uses: its namespace's HttpName, and its own. */
  findByNames(input: AwsInput): StoredService {
    const [httpName, name] = [
      requireText(input, 'NamespaceName'),
      requireText(input, 'ServiceName'),
    ];
    const namespace = [...this.namespaces.values()].find(
      ({ Properties }) => Properties.HttpProperties.HttpName === httpName,
    );
    const owner = input['OwnerAccount'];
    if (namespace === undefined || (owner !== undefined && owner !== this.#place.accountId))
      throw new AwsError('NamespaceNotFound', `namespace ${httpName} not found`);
    const found = [...this.services.values()].find(
      ({ Name, NamespaceId }) => Name === name && NamespaceId === namespace.Id,
    );
    if (found === undefined) throw new AwsError('ServiceNotFound', `service ${name} not found`);
    return found;
  }
}
