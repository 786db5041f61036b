/**
 * msk_sd_configs: brokers and controllers of MSK as scrape targets, with the keys, targets and
 * labels of Prometheus. The only additional key is the call budget.
 * Source: https://github.com/prometheus/prometheus/blob/main/discovery/aws/msk.go
 */
import * as z from 'zod';
import { checkAwsAccess } from '../../settings/aws-access.ts';
import type { CheckContext } from '../../settings/finding.ts';
import { checkAwsHttp } from '../aws-http.ts';
import { makeClusterShape } from '../cluster-keys.ts';
import { defineMechanism } from '../mechanism.ts';
import { discoverClusters } from './discovery.ts';

const mskSchema = z
  .strictObject(
    makeClusterShape({
      description: 'ARNs of clusters; all provisioned ones of the region by default.',
      examples: [['arn:aws:kafka:us-east-1:123456789012:cluster/orders/0a1b2c3d-1']],
    }),
  )
  .describe(
    'Brokers and controllers of MSK, each endpoint one target at one port, as in Prometheus.',
  );

export const mskMechanism = defineMechanism({
  key: 'msk_sd_configs',
  schema: mskSchema,
  check(config, context) {
    checkClusterArns(config, context);
    checkAwsAccess(config, context, 'without effect');
    checkAwsHttp(config, context);
  },
  discover: discoverClusters,
});

/** Says where a cluster is written by its name: MSK describes a cluster by its ARN alone. */
export function checkClusterArns(
  { clusters = [] }: { readonly clusters?: readonly string[] | undefined },
  { path, report }: CheckContext,
): void {
  for (const [index, cluster] of clusters.entries())
    if (!cluster.startsWith('arn:'))
      report.error(
        [...path, 'clusters', index],
        'CONFIG_VALUE',
        `${JSON.stringify(cluster)} is no ARN, and MSK knows clusters by their ARN alone; write ` +
          'arn:aws:kafka:…, or leave "clusters" out for all of the region',
      );
}
