/**
 * ElastiCache: clusters of cache nodes and serverless caches, to be described, and their tags.
 * Source: https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/
 * Limit: CACHES_MAX clusters and serverless caches together, NODES_MAX nodes in a cluster.
 */
import { type AccessTable, needOn, textOf } from './access.ts';
import { cutMarkedPage } from './marked-page.ts';
import { AwsError, type AwsInput, type AwsPlace, type JsonService } from './service.ts';

export interface EmulatedCacheNode {
  readonly id: string;
  /** Absent for a node that is being created. */
  readonly host?: string;
  /** More members of CacheNode, as the API names them. */
  readonly members?: AwsInput;
}

interface EmulatedCacheBase {
  readonly name: string;
  readonly status?: string;
  readonly engine?: string;
  readonly tags?: Readonly<Record<string, string>>;
  /** More members of CacheCluster or ServerlessCache, as the API names them. */
  readonly members?: AwsInput;
}

export interface EmulatedCacheCluster extends EmulatedCacheBase {
  readonly replicationGroup?: string;
  readonly nodes?: readonly EmulatedCacheNode[];
}

export interface EmulatedServerlessCache extends EmulatedCacheBase {
  /** Absent for a cache that is being created. */
  readonly host?: string;
}

const CACHES_MAX = 1_000;
const NODES_MAX = 1_000;
const PORT = 6_379;
const CREATED = '2026-01-01T00:00:00.000Z';

export class ElastiCacheState {
  /** By ARN. */
  readonly clusters = new Map<string, EmulatedCacheCluster>();
  readonly serverless = new Map<string, EmulatedServerlessCache>();
  readonly #place: AwsPlace;

  constructor(place: AwsPlace) {
    this.#place = place;
  }

  arnOf(name: string, type: 'cluster' | 'replicationgroup' | 'serverlesscache'): string {
    const { accountId, region } = this.#place;
    return `arn:aws:elasticache:${region}:${accountId}:${type}:${name}`;
  }

  /**
   * Puts a cluster, or replaces the one of that name. Returns its ARN.
   *
   * @throws AwsError
   */
  putCluster(cluster: EmulatedCacheCluster): string {
    const arn = this.arnOf(cluster.name, 'cluster');
    if ((cluster.nodes?.length ?? 0) > NODES_MAX)
      throw invalidValue(`a cluster has at most ${NODES_MAX} nodes`);
    this.#checkCount(this.clusters.has(arn));
    this.clusters.set(arn, cluster);
    return arn;
  }

  /**
   * Puts a serverless cache, or replaces the one of that name. Returns its ARN.
   *
   * @throws AwsError
   */
  putServerless(cache: EmulatedServerlessCache): string {
    const arn = this.arnOf(cache.name, 'serverlesscache');
    this.#checkCount(this.serverless.has(arn));
    this.serverless.set(arn, cache);
    return arn;
  }

  #checkCount(isKnown: boolean): void {
    if (!isKnown && this.clusters.size + this.serverless.size >= CACHES_MAX)
      throw new AwsError('ClusterQuotaForCustomerExceeded', `there are ${CACHES_MAX} caches`);
  }
}

export function createElastiCache(state: ElastiCacheState): JsonService {
  return {
    signingName: 'elasticache',
    target: 'elasticache',
    xmlNamespace: 'http://elasticache.amazonaws.com/doc/2015-02-02/',
    itemNames: {
      CacheClusters: 'CacheCluster',
      CacheNodeIdsToRemove: 'CacheNodeId',
      CacheNodes: 'CacheNode',
      LogDeliveryConfigurations: 'LogDeliveryConfiguration',
      SecurityGroupIds: 'SecurityGroupId',
      SubnetIds: 'SubnetId',
      TagList: 'Tag',
    },
    deniedCode: 'AccessDenied',
    access: createElastiCacheAccess(),
    actions: {
      DescribeCacheClusters: (input) => describeClusters(state, input),
      DescribeServerlessCaches: (input) => describeServerless(state, input),
      ListTagsForResource: (input) => ({ TagList: listTags(state, textOf(input, 'ResourceName')) }),
    },
  };
}

/** A list without a name is judged as one of all. */
function createElastiCacheAccess(): AccessTable {
  const needOf = (action: string, member: string, type: string): AccessTable =>
    needOn('elasticache', action, (input, { region, accountId }) => {
      const name = textOf(input, member) || '*';
      return `arn:aws:elasticache:${region}:${accountId}:${type}:${name}`;
    });
  return {
    ...needOf('DescribeCacheClusters', 'CacheClusterId', 'cluster'),
    ...needOf('DescribeServerlessCaches', 'ServerlessCacheName', 'serverlesscache'),
    ...needOn('elasticache', 'ListTagsForResource', (input) => textOf(input, 'ResourceName')),
  };
}

function describeClusters(state: ElastiCacheState, input: AwsInput): object {
  const name = textOf(input, 'CacheClusterId');
  const isOutsideGroups = isTrue(input, 'ShowCacheClustersNotInReplicationGroups');
  const found = [...state.clusters].filter(([, one]) => name === '' || name === one.name);
  if (name !== '' && found.length === 0)
    throw new AwsError('CacheClusterNotFound', `CacheCluster not found: ${name}`, 404);
  const shown = found.filter(([, one]) => !isOutsideGroups || one.replicationGroup === undefined);
  const rule = { size: 'MaxRecords', token: 'Marker', sizeMax: 100 } as const;
  const { page, next } = cutMarkedPage(shown, input, rule);
  const withNodes = isTrue(input, 'ShowCacheNodeInfo');
  return {
    CacheClusters: page.map(([arn, one]) => describeCluster(arn, one, withNodes)),
    ...next,
  };
}

function describeServerless(state: ElastiCacheState, input: AwsInput): object {
  const name = textOf(input, 'ServerlessCacheName');
  const found = [...state.serverless].filter(([, one]) => name === '' || name === one.name);
  if (name !== '' && found.length === 0)
    throw new AwsError('ServerlessCacheNotFoundFault', `ServerlessCache ${name} not found.`, 404);
  const rule = { size: 'MaxResults', token: 'NextToken', sizeMax: 50 } as const;
  const { page, next } = cutMarkedPage(found, input, rule);
  return { ServerlessCaches: page.map((one) => describeServerlessCache(...one)), ...next };
}

/** The tags of what is `available`: AWS tells those of nothing else. @throws AwsError */
function listTags(state: ElastiCacheState, arn: string): object[] {
  const [kind, name = ''] = /:elasticache:[^:]*:[^:]*:([^:]+):(.+)$/.exec(arn)?.slice(1) ?? [];
  if (kind !== 'cluster' && kind !== 'serverlesscache')
    throw new AwsError('InvalidARN', `${arn} is not an ARN of a cluster or a serverless cache`);
  const isServerless = kind === 'serverlesscache';
  const found = isServerless ? state.serverless.get(arn) : state.clusters.get(arn);
  const isAvailable = (found?.status ?? statusOf(found)) === 'available';
  if (isServerless && found === undefined)
    throw new AwsError('ServerlessCacheNotFoundFault', `ServerlessCache ${name} not found.`, 404);
  if (isServerless && !isAvailable)
    throw new AwsError('InvalidServerlessCacheStateFault', `${name} is not available`);
  if (found === undefined || !isAvailable) {
    const words = `${name} is either not present or not available.`;
    throw new AwsError('CacheClusterNotFound', words, 404);
  }
  return Object.entries(found.tags ?? {}).map(([Key, Value]) => ({ Key, Value }));
}

/** What is being created has a part that is without an address. */
function statusOf(one: EmulatedCacheCluster | EmulatedServerlessCache | undefined): string {
  const parts = one !== undefined && 'nodes' in one ? (one.nodes ?? []) : [one];
  return parts.some((part) => part !== undefined && 'host' in part) ? 'available' : 'creating';
}

function describeCluster(
  ARN: string,
  cluster: EmulatedCacheCluster,
  withNodes: boolean,
): Readonly<Record<string, unknown>> {
  const { name, engine = 'valkey', replicationGroup, members = {}, nodes = [] } = cluster;
  const endpointOf = (host?: string) => host && { Address: host, Port: PORT };
  return {
    CacheClusterId: name,
    ARN,
    CacheClusterStatus: cluster.status ?? statusOf(cluster),
    CacheClusterCreateTime: CREATED,
    Engine: engine,
    NumCacheNodes: nodes.length,
    ReplicationGroupId: replicationGroup,
    CacheNodes: withNodes
      ? nodes.map(({ id, host, members: more = {} }) => ({
          CacheNodeId: id,
          CacheNodeStatus: host === undefined ? 'creating' : 'available',
          CacheNodeCreateTime: CREATED,
          Endpoint: endpointOf(host),
          ...more,
        }))
      : undefined,
    ...members,
  };
}

function describeServerlessCache(ARN: string, cache: EmulatedServerlessCache): object {
  const { name, engine = 'valkey', host, members = {} } = cache;
  return {
    ServerlessCacheName: name,
    ARN,
    Status: cache.status ?? statusOf(cache),
    CreateTime: CREATED,
    Engine: engine,
    Endpoint: host && { Address: host, Port: PORT },
    ...members,
  };
}

function isTrue(input: AwsInput, member: string): boolean {
  return textOf(input, member) === 'true';
}

function invalidValue(words: string): AwsError {
  return new AwsError('InvalidParameterValue', words);
}
