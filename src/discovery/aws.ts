/**
 * aws_sd_configs: Prometheus' discovery with a role, which says whether EC2, ECS or MSK is asked.
 * As in Prometheus a key of another role than the given one is accepted; a warning says that it has
 * no effect. The keys of each role are those of `ec2_sd_configs`, `ecs_sd_configs` and
 * `msk_sd_configs`.
 * Source: https://github.com/prometheus/prometheus/blob/main/discovery/aws/aws.go
 */
import * as z from 'zod';
import type { TargetGroup } from '../model/target.ts';
import { optionalPortSchema } from '../settings/count.ts';
import type { CheckContext } from '../settings/finding.ts';
import { misplaced } from '../settings/refused-keys.ts';
import { discoverInstances } from './ec2/discovery.ts';
import { filtersSchema } from './ec2/mechanism.ts';
import { checkTasks, discoverTasks, tasksShape } from './ecs/prometheus-mechanism.ts';
import { defineMechanism, type DiscoveryWorld } from './mechanism.ts';
import { discoverClusters } from './msk/discovery.ts';
import { checkClusterArns, MSK_CONCURRENCY } from './msk/mechanism.ts';

const DEFAULT_PORT = 80;
const ROLES = ['ec2', 'ecs', 'msk'] as const;
const ROLES_IN_WORDS = 'ec2, ecs and msk';
const OTHER_ROLES = ['elasticache', 'lightsail', 'rds'];

const awsSchema = z
  .strictObject({
    ...tasksShape,
    events_queue_url: misplaced(
      "it is none of Prometheus' keys; write it under ec2_sd_configs for instances, under " +
        'amperage_ecs_sd_configs for tasks',
    ),
    role: z
      .enum(ROLES, { error: ({ input }) => describeRole(input) })
      .describe('What is looked for: instances of EC2, tasks of ECS, or nodes of MSK.'),
    port: optionalPortSchema
      .default(DEFAULT_PORT)
      // Like Prometheus, which treats 0 as absent for this key only.
      .transform((port) => port || DEFAULT_PORT)
      .describe('Port of every target; 0 is the default too, as in Prometheus.'),
    filters: filtersSchema
      .optional()
      .describe('Filters of DescribeInstances, for the role ec2; without effect with others.'),
  })
  .describe('As ec2_sd_configs, ecs_sd_configs or msk_sd_configs, with a role, as in Prometheus.');

type AwsConfig = z.output<typeof awsSchema>;

function describeRole(role: unknown): string {
  if (role === undefined) return 'missing; write role: ec2, role: ecs or role: msk';
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
    warnIdle(config, context);
  },
  discover: discoverRole,
});

/** Keys of some roles alone, which Prometheus accepts with each. */
const OF_ROLES = [
  ['filters', ['ec2']],
  ['clusters', ['ecs', 'msk']],
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
            : `, only with ${roles.join(' and ')}`),
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
    case 'msk':
      return discoverClusters({ ...config, request_concurrency: MSK_CONCURRENCY }, world);
  }
}
