/**
 * rds_sd_configs: instances in clusters of RDS as scrape targets, with the keys, targets and labels
 * of Prometheus. The only additional key is the call budget.
 * Source: https://github.com/prometheus/prometheus/blob/main/discovery/aws/rds.go
 */
import * as z from 'zod';
import { checkAwsAccess } from '../../settings/aws-access.ts';
import { filtersSchema } from '../aws-filters.ts';
import { checkAwsHttp } from '../aws-http.ts';
import { makeClusterShape } from '../cluster-keys.ts';
import { defineMechanism } from '../mechanism.ts';
import { discoverDatabases } from './discovery.ts';

const rdsSchema = z
  .strictObject({
    ...makeClusterShape({
      description: 'Names or ARNs of clusters; all of the region by default.',
      examples: [['orders', 'arn:aws:rds:us-east-1:123456789012:cluster:orders']],
    }),
    filters: filtersSchema
      .optional()
      .describe(
        'Filters of DescribeDBInstances, all of which must fit: db-instance-id, dbi-resource-id, ' +
          'domain, engine. All instances of the clusters by default.',
      ),
  })
  .describe('Instances in clusters of RDS, each one target at one port, as in Prometheus.');

export const rdsMechanism = defineMechanism({
  key: 'rds_sd_configs',
  schema: rdsSchema,
  check(config, context) {
    checkAwsAccess(config, context, 'without effect');
    checkAwsHttp(config, context);
  },
  discover: discoverDatabases,
});
