/**
 * A running discovery of MSK: what the discovery of clusters asks of it. Serverless clusters have
 * no nodes.
 */
import type { Logger } from '../../kernel/logger.ts';
import type { TargetGroup } from '../../model/target.ts';
import { type ClusterService, type OnePortScope, runClusters } from '../clusters.ts';
import type { DiscoveryWorld } from '../mechanism.ts';
import { MskApi } from './api.ts';
import { isProvisioned, type KafkaCluster, makeClusterTargets } from './targets.ts';

type AskedMsk = Pick<MskApi, 'region' | 'listClusters' | 'describeCluster' | 'listNodes'>;

export function makeMskSource(
  api: AskedMsk,
  { port }: Pick<OnePortScope, 'port'>,
  log: Logger,
): ClusterService<KafkaCluster> {
  /** Clusters that are configured and not provisioned, which is said once. */
  const skipped = new Set<string>();
  const sayNotProvisioned = ({ ClusterArn: cluster, ClusterType: type }: KafkaCluster): void => {
    if (skipped.has(cluster)) return;
    skipped.add(cluster);
    log.warn('a cluster of MSK has no targets: only provisioned ones have nodes', {
      cluster,
      type: type ?? '',
    });
  };
  return {
    region: api.region,
    lists: [
      {
        action: 'kafka:ListClustersV2',
        read: (onPage) =>
          api.listClusters((page) => onPage(page.map((one) => [one.ClusterArn, one]))),
      },
    ],
    describe: (arn) => api.describeCluster(arn),
    readTargets: async (cluster) => {
      if (isProvisioned(cluster))
        return makeClusterTargets(cluster, await api.listNodes(cluster.ClusterArn), port);
      sayNotProvisioned(cluster);
      return undefined;
    },
  };
}

export function discoverClusters(
  config: OnePortScope,
  world: DiscoveryWorld,
): AsyncIterable<readonly TargetGroup[]> {
  return runClusters(
    config,
    world,
    (...given) => MskApi.open(...given),
    (api) => makeMskSource(api, config, world.log),
  );
}
