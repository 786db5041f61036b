/**
 * elasticache_sd_configs: nodes and serverless caches of ElastiCache as scrape targets, with the
 * keys, targets and labels of Prometheus. The only additional key is the call budget.
 * Source: https://github.com/prometheus/prometheus/blob/main/discovery/aws/elasticache.go
 */
import * as z from 'zod';
import { checkAwsAccess } from '../../settings/aws-access.ts';
import { portSchema } from '../../settings/count.ts';
import type { CheckContext } from '../../settings/finding.ts';
import { checkAwsHttp } from '../aws-http.ts';
import { makeClusterShape } from '../cluster-keys.ts';
import { defineMechanism } from '../mechanism.ts';
import { discoverCaches, readCacheKind } from './discovery.ts';

const elastiCacheSchema = z
  .strictObject({
    ...makeClusterShape({
      description:
        'ARNs of serverless caches, replication groups and clusters; all of the region by default.',
      examples: [['arn:aws:elasticache:us-east-1:123456789012:replicationgroup:orders']],
    }),
    port: portSchema
      .optional()
      .describe('Without effect, as in Prometheus: each endpoint has a port of its own.'),
  })
  .describe(
    'Nodes and serverless caches of ElastiCache, each one target at the port of its endpoint, as ' +
      'in Prometheus.',
  );

export const elastiCacheMechanism = defineMechanism({
  key: 'elasticache_sd_configs',
  schema: elastiCacheSchema,
  check(config, context) {
    checkCacheArns(config, context);
    checkAwsAccess(config, context, 'without effect');
    checkAwsHttp(config, context);
    if (config.port !== undefined) warnIdlePort(context);
  },
  discover: discoverCaches,
});

/** Says that the port of an endpoint is taken. */
export function warnIdlePort({ path, report }: CheckContext): void {
  report.warn(
    [...path, 'port'],
    'port has no effect, here as in Prometheus: endpoints of ElastiCache have ports of their ' +
      'own; use relabel_configs',
    'key',
  );
}

/** Says where `clusters` names something that is no cache. */
export function checkCacheArns(
  { clusters = [] }: { readonly clusters?: readonly string[] | undefined },
  { path, report }: CheckContext,
): void {
  for (const [index, cluster] of clusters.entries())
    if (readCacheKind(cluster) === undefined)
      report.error(
        [...path, 'clusters', index],
        'CONFIG_VALUE',
        `${JSON.stringify(cluster)} is no ARN of a serverless cache, a replication group or a ` +
          'cluster; write arn:aws:elasticache:…:serverlesscache:…, …:replicationgroup:… or ' +
          '…:cluster:…, or leave "clusters" out for all of the region',
      );
}
