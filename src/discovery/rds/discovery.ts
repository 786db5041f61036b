/** A running discovery of RDS: what the discovery of clusters asks of it. */
import type { TargetGroup } from '../../model/target.ts';
import type { AwsFilter } from '../aws-filters.ts';
import { type ClusterService, type OnePortScope, runClusters } from '../clusters.ts';
import type { DiscoveryWorld } from '../mechanism.ts';
import { RdsApi } from './api.ts';
import { type DatabaseCluster, makeDatabaseTargets } from './targets.ts';

export interface RdsScope extends OnePortScope {
  /** Of instances; all of them must fit. */
  readonly filters?: readonly AwsFilter[] | undefined;
}

function makeRdsSource(
  api: RdsApi,
  { port, filters = [] }: RdsScope,
): ClusterService<DatabaseCluster> {
  return {
    region: api.region,
    lists: [
      {
        action: 'rds:DescribeDBClusters',
        read: (onPage) =>
          api.listClusters((page) => onPage(page.map((one) => [one.DBClusterArn, one]))),
      },
    ],
    describe: (name) => api.describeCluster(name),
    readTargets: async (cluster) => {
      const instances = await api.listInstances(cluster.DBClusterArn, filters);
      return makeDatabaseTargets(cluster, instances, port);
    },
  };
}

export function discoverDatabases(
  config: RdsScope,
  world: DiscoveryWorld,
): AsyncIterable<readonly TargetGroup[]> {
  return runClusters(
    config,
    world,
    (...given) => RdsApi.open(...given),
    (api) => makeRdsSource(api, config),
  );
}
