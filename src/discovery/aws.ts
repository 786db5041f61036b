/**
 * aws_sd_configs: Prometheus' discovery with a role, which says which service of AWS is asked. As
 * in Prometheus a key of another role than the given one is accepted; a warning says that it has no
 * effect. The keys of each role are those of the mechanism of its own, such as `ec2_sd_configs`.
 * Source: https://github.com/prometheus/prometheus/blob/main/discovery/aws/aws.go
 */
import * as z from 'zod';
import type { TargetGroup } from '../model/target.ts';
import { optionalPortSchema } from '../settings/count.ts';
import type { CheckContext } from '../settings/finding.ts';
import { misplaced } from '../settings/refused-keys.ts';
import { filtersSchema } from './aws-filters.ts';
import { CLUSTER_CONCURRENCY } from './cluster-keys.ts';
import { discoverInstances } from './ec2/discovery.ts';
import { checkTasks, discoverTasks, tasksShape } from './ecs/prometheus-mechanism.ts';
import { discoverCaches } from './elasticache/discovery.ts';
import { checkCacheArns, warnIdlePort } from './elasticache/mechanism.ts';
import { defineMechanism, type DiscoveryWorld } from './mechanism.ts';
import { discoverClusters } from './msk/discovery.ts';
import { checkClusterArns } from './msk/mechanism.ts';
import { discoverDatabases } from './rds/discovery.ts';

const DEFAULT_PORT = 80;
const ROLES = ['ec2', 'ecs', 'elasticache', 'msk', 'rds'] as const;
const ROLES_IN_WORDS = new Intl.ListFormat('en-GB').format(ROLES);
const OTHER_ROLES = ['lightsail'];

const awsSchema = z
  .strictObject({
    ...tasksShape,
    events_queue_url: misplaced(
      "it is none of Prometheus' keys; write it under ec2_sd_configs for instances, under " +
        'amperage_ecs_sd_configs for tasks',
    ),
    role: z
      .enum(ROLES, { error: ({ input }) => describeRole(input) })
      .describe(
        'What is looked for: instances of EC2, tasks of ECS, caches of ElastiCache, nodes of ' +
          'MSK, or instances in clusters of RDS.',
      ),
    port: optionalPortSchema
      .default(DEFAULT_PORT)
      // Like Prometheus, which treats 0 as absent for this key only.
      .transform((port) => port || DEFAULT_PORT)
      .describe(
        'Port of every target; 0 is the default too, as in Prometheus. Without effect with the ' +
          'role elasticache, whose endpoints have ports of their own.',
      ),
    filters: filtersSchema
      .optional()
      .describe(
        'Filters of DescribeInstances with the role ec2, of DescribeDBInstances with rds; ' +
          'without effect with others.',
      ),
  })
  .describe(
    'As ec2_sd_configs, ecs_sd_configs, elasticache_sd_configs, msk_sd_configs or ' +
      'rds_sd_configs, with a role, as in Prometheus.',
  );

type AwsConfig = z.output<typeof awsSchema>;

function describeRole(role: unknown): string {
  if (role === undefined) {
    const roles = ROLES.map((one) => `role: ${one}`);
    return `missing; write ${new Intl.ListFormat('en-GB', { type: 'disjunction' }).format(roles)}`;
  }
  const written = JSON.stringify(role);
  return typeof role === 'string' && OTHER_ROLES.includes(role)
    ? `the role ${written} is not built in; the roles ${ROLES_IN_WORDS} are`
    : `${written} is not a role; the roles ${ROLES_IN_WORDS} are built in`;
}

export const awsMechanism = defineMechanism({
  key: 'aws_sd_configs',
  schema: awsSchema,
  check(config, context) {
    checkTasks(config, context);
    if (config.role === 'msk') checkClusterArns(config, context);
    if (config.role === 'elasticache') {
      checkCacheArns(config, context);
      if (config.port !== DEFAULT_PORT) warnIdlePort(context);
    }
    warnIdle(config, context);
  },
  discover: discoverRole,
});

/** Keys of some roles alone, which Prometheus accepts with each. */
const OF_ROLES = [
  ['filters', ['ec2', 'rds']],
  ['clusters', ['ecs', 'elasticache', 'msk', 'rds']],
  ['cache_dir', ['ecs']],
] as const;

function warnIdle(config: AwsConfig, { path, report }: CheckContext): void {
  for (const [key, roles] of OF_ROLES)
    if (config[key] !== undefined && !roles.some((role) => role === config.role))
      report.warn(
        [...path, key],
        `${key} has no effect with the role ${config.role}` +
          (key === 'filters'
            ? ', here as in Prometheus; use relabel_configs'
            : `, only with ${new Intl.ListFormat('en-GB').format(roles)}`),
        'key',
      );
}

function discoverRole(
  config: AwsConfig,
  world: DiscoveryWorld,
): AsyncIterable<readonly TargetGroup[]> {
  switch (config.role) {
    case 'ec2':
      return discoverInstances(config, world);
    case 'ecs':
      return discoverTasks(config, world);
    case 'elasticache':
      return discoverCaches({ ...config, request_concurrency: CLUSTER_CONCURRENCY }, world);
    case 'msk':
      return discoverClusters({ ...config, request_concurrency: CLUSTER_CONCURRENCY }, world);
    case 'rds':
      return discoverDatabases({ ...config, request_concurrency: CLUSTER_CONCURRENCY }, world);
  }
}
