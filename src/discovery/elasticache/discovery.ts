/**
 * A running discovery of ElastiCache: what the discovery of clusters asks of it. The lists of AWS
 * know no replication groups, so that configured clusters are chosen from them.
 */
import type { TargetGroup } from '../../model/target.ts';
import { type ClusterScope, type ClusterService, runClusters } from '../clusters.ts';
import type { DiscoveryWorld } from '../mechanism.ts';
import { ElastiCacheApi } from './api.ts';
import { type Cache, hasEndpoint, listCacheArns, makeCacheTargets } from './targets.ts';

/** An ARN of what can be configured. */
const CACHE_ARN = /^arn:[^:]*:elasticache:[^:]*:[^:]*:(serverlesscache|cluster|replicationgroup):./;

/** The kind of what an ARN names; undefined for what has no targets, or is no ARN. */
export function readCacheKind(arn: string): 'serverless' | 'cluster' | undefined {
  const kind = CACHE_ARN.exec(arn)?.[1];
  if (kind === undefined) return undefined;
  return kind === 'serverlesscache' ? 'serverless' : 'cluster';
}

function makeElastiCacheSource(
  api: ElastiCacheApi,
  { clusters }: Pick<ClusterScope, 'clusters'>,
): ClusterService<Cache> {
  const named = clusters && new Set(clusters);
  const isChosen = (cache: Cache): boolean =>
    named === undefined || listCacheArns(cache).some((arn) => named.has(arn));
  const pickChosen = (page: readonly Cache[]) =>
    page.filter(isChosen).map((cache) => [cache.arn, cache] as const);
  const lists = [
    {
      kind: 'cluster',
      action: 'elasticache:DescribeCacheClusters',
      read: (onPage) => api.listClusters((page) => onPage(pickChosen(page))),
    },
    {
      kind: 'serverless',
      action: 'elasticache:DescribeServerlessCaches',
      read: (onPage) => api.listServerless((page) => onPage(pickChosen(page))),
    },
  ] satisfies (ClusterService<Cache>['lists'][number] & { kind: string })[];
  return {
    region: api.region,
    lists: lists.filter(
      ({ kind }) => clusters === undefined || clusters.some((arn) => readCacheKind(arn) === kind),
    ),
    findMissing: (found) => {
      const arns = new Set(found.flatMap((cache) => listCacheArns(cache)));
      return [...(named ?? [])].filter((arn) => !arns.has(arn));
    },
    readTargets: async (cache) =>
      makeCacheTargets(cache, hasEndpoint(cache) ? await api.listTags(cache.arn) : []),
  };
}

export function discoverCaches(
  config: ClusterScope,
  world: DiscoveryWorld,
): AsyncIterable<readonly TargetGroup[]> {
  return runClusters(
    config,
    world,
    (...given) => ElastiCacheApi.open(...given),
    (api) => makeElastiCacheSource(api, config),
  );
}
