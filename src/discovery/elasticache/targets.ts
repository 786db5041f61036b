/**
 * The targets that Prometheus makes of ElastiCache (`elasticache_sd_configs`, `aws_sd_configs` with
 * the role elasticache): one for each node of a cluster and one for each serverless cache, by the
 * address and the port of its endpoint. Pure.
 * Source: https://github.com/prometheus/prometheus/blob/main/discovery/aws/elasticache.go
 */
import type {
  CacheCluster,
  CacheNode,
  Endpoint,
  LogDeliveryConfiguration,
  ServerlessCache,
  Tag,
} from '@aws-sdk/client-elasticache';
import type { ClusterTargets } from '../clusters.ts';
import {
  dropEmptyLabels,
  joinHostPort,
  type Labels,
  makeTagLabels,
  prefixLabelNames,
} from '../labels.ts';
import { makeMemberLabels } from '../member-labels.ts';
import type { Explained } from '../mechanism.ts';
import {
  CACHE_CLUSTER_LABELS,
  CACHE_NODE_LABELS,
  CONFIGURATION_ENDPOINT_LABELS,
  ECPU_LABELS,
  LOG_DELIVERY_LABELS,
  NODE_ENDPOINT_LABELS,
  NOTIFICATION_LABELS,
  PENDING_LABELS,
  READER_LABELS,
  SECURITY_GROUP_LABELS,
  SERVERLESS_ENDPOINT_LABELS,
  SERVERLESS_LABELS,
  STORAGE_LABELS,
} from './member-labels.ts';

/** A serverless cache, or a cluster of nodes, with the ARN by which it is told from others. */
export type Cache =
  | { readonly arn: string; readonly serverless: ServerlessCache; readonly cluster?: never }
  | { readonly arn: string; readonly cluster: CacheCluster; readonly serverless?: never };

/** @throws Error for what AWS answered without an ARN */
export function requireCacheArn(
  one: { readonly ARN?: string | undefined },
  action: string,
): string {
  if (typeof one.ARN !== 'string' || one.ARN === '')
    throw new Error(`${action}: the answer holds a cache without an ARN`);
  return one.ARN;
}

/** The ARNs of a configuration that mean this cache: its own, and that of its replication group. */
export function listCacheArns({ arn, cluster }: Cache): readonly string[] {
  const group = cluster?.ReplicationGroupId;
  return group === undefined || group === ''
    ? [arn]
    : [arn, arn.replace(/:cluster:[^:]*$/, () => `:replicationgroup:${group}`)];
}

/** Whether a cache has a target, so that its tags are worth a call. */
export function hasEndpoint({ serverless, cluster }: Cache): boolean {
  return serverless !== undefined
    ? addressOf(serverless.Endpoint) !== undefined
    : (cluster.CacheNodes ?? []).some((node) => addressOf(node.Endpoint) !== undefined);
}

export function makeCacheTargets(cache: Cache, tags: readonly Tag[]): ClusterTargets {
  const { arn, serverless, cluster } = cache;
  if (serverless !== undefined) {
    const labels = makeServerlessLabels(serverless, tags);
    const { ServerlessCacheName: name = '', Endpoint } = serverless;
    return makeTargets({ arn, name, labels }, [{ name: arn, endpoint: Endpoint, labels: {} }]);
  }
  const labels = makeCacheClusterLabels(cluster, tags);
  const { CacheClusterId: name = '', CacheNodes: nodes = [] } = cluster;
  const members = nodes.map((node) => ({
    name: `${arn}/${node.CacheNodeId ?? ''}`,
    endpoint: node.Endpoint,
    labels: makeCacheNodeLabels(node),
  }));
  return makeTargets({ arn, name, labels }, members);
}

interface CacheMember {
  readonly name: string;
  readonly endpoint: Endpoint | undefined;
  readonly labels: Labels;
}

function makeTargets(
  group: { readonly arn: string; readonly name: string; readonly labels: Labels },
  members: readonly CacheMember[],
): ClusterTargets {
  const targets: Labels[] = [];
  const explained = members.map(({ name, endpoint, labels }): Explained => {
    const address = addressOf(endpoint);
    const base = { container: '', rule: '' };
    if (address === undefined) {
      const words = 'there is no endpoint, or one without a port';
      const verdicts = [{ ...base, reason: 'no_address' as const, words }];
      return { task: name, group: group.name, verdicts };
    }
    const own = { ...labels, __address__: address };
    targets.push(own);
    const target = { ...group.labels, ...own };
    const words = 'the endpoint, at its own port';
    return { task: name, group: group.name, verdicts: [{ ...base, target, words }] };
  });
  return { group: { source: group.arn, labels: group.labels, targets }, explained };
}

function addressOf(endpoint: Endpoint | undefined): string | undefined {
  const { Address: host, Port: port } = endpoint ?? {};
  return host === undefined || port === undefined ? undefined : joinHostPort(host, port);
}

function makeServerlessLabels(cache: ServerlessCache, tags: readonly Tag[]): Labels {
  const { CacheUsageLimits: limits } = cache;
  return {
    __meta_elasticache_deployment_option: 'serverless',
    ...makeMemberLabels(SERVERLESS_LABELS, cache),
    ...makeMemberLabels(SERVERLESS_ENDPOINT_LABELS, cache.Endpoint),
    ...makeMemberLabels(READER_LABELS, cache.ReaderEndpoint),
    ...makeMemberLabels(STORAGE_LABELS, limits?.DataStorage),
    ...makeMemberLabels(ECPU_LABELS, limits?.ECPUPerSecond),
    ...makeServerlessIdLabels(cache),
    ...prefixLabelNames('__meta_elasticache_serverless_cache_tag_', readTags(tags)),
  };
}

function makeServerlessIdLabels({ SecurityGroupIds, SubnetIds }: ServerlessCache): Labels {
  return {
    ...numberLabels(SecurityGroupIds, (id) => ({
      __meta_elasticache_serverless_cache_security_group_id_: id,
    })),
    ...numberLabels(SubnetIds, (id) => ({
      __meta_elasticache_serverless_cache_subnet_id_: id,
    })),
  };
}

function makeCacheClusterLabels(cluster: CacheCluster, tags: readonly Tag[]): Labels {
  const pending = cluster.PendingModifiedValues;
  const own = {
    __meta_elasticache_deployment_option: 'node',
    __meta_elasticache_cache_cluster_cache_parameter_group:
      cluster.CacheParameterGroup?.CacheParameterGroupName ?? '',
    __meta_elasticache_cache_cluster_pending_modified_values_cache_node_ids_to_remove:
      pending?.CacheNodeIdsToRemove?.join(',') ?? '',
  };
  return {
    ...dropEmptyLabels(own),
    ...makeMemberLabels(CACHE_CLUSTER_LABELS, cluster),
    ...makeMemberLabels(CONFIGURATION_ENDPOINT_LABELS, cluster.ConfigurationEndpoint),
    ...makeMemberLabels(NOTIFICATION_LABELS, cluster.NotificationConfiguration),
    ...makeMemberLabels(PENDING_LABELS, pending),
    ...numberLabels(cluster.LogDeliveryConfigurations, makeLogDeliveryLabels),
    ...numberLabels(cluster.SecurityGroups, (one) => makeMemberLabels(SECURITY_GROUP_LABELS, one)),
    ...prefixLabelNames('__meta_elasticache_cache_cluster_tag_', readTags(tags)),
  };
}

function makeLogDeliveryLabels(one: LogDeliveryConfiguration): Labels {
  const { CloudWatchLogsDetails, KinesisFirehoseDetails } = one.DestinationDetails ?? {};
  return {
    ...makeMemberLabels(LOG_DELIVERY_LABELS, one),
    __meta_elasticache_cache_cluster_log_delivery_configuration_delivery_stream_:
      KinesisFirehoseDetails?.DeliveryStream ?? '',
    __meta_elasticache_cache_cluster_log_delivery_configuration_log_group_:
      CloudWatchLogsDetails?.LogGroup ?? '',
  };
}

function makeCacheNodeLabels(node: CacheNode): Labels {
  return {
    ...makeMemberLabels(CACHE_NODE_LABELS, node),
    ...makeMemberLabels(NODE_ENDPOINT_LABELS, node.Endpoint),
  };
}

/** The labels of each item, whose names its number ends, from 0; empty ones are left out. */
function numberLabels<Item>(
  items: readonly Item[] | undefined,
  makeLabels: (item: Item) => Labels,
): Labels {
  const numbered = (items ?? []).flatMap((item, number) =>
    Object.entries(makeLabels(item)).map(([name, value]) => [name + String(number), value]),
  );
  return dropEmptyLabels(Object.fromEntries(numbered));
}

function readTags(tags: readonly Tag[]): Labels {
  return makeTagLabels(tags.map(({ Key, Value }) => ({ key: Key, value: Value })));
}
