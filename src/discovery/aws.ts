/**
 * aws_sd_configs: Prometheus' discovery with a role, which says whether EC2 or ECS is asked. As in
 * Prometheus a key of another role than the given one is accepted; a warning says that it has no
 * effect. The keys of each role are those of `ec2_sd_configs` and `ecs_sd_configs`.
 * Source: https://github.com/prometheus/prometheus/blob/main/discovery/aws/aws.go
 */
import { z } from 'zod';
import type { TargetGroup } from '../model/target.ts';
import { optionalPortSchema } from '../settings/count.ts';
import type { CheckContext } from '../settings/finding.ts';
import { misplaced } from '../settings/refused-keys.ts';
import { discoverInstances } from './ec2/discovery.ts';
import { filtersSchema } from './ec2/mechanism.ts';
import { checkTasks, discoverTasks, tasksShape } from './ecs/prometheus-mechanism.ts';
import { defineMechanism, type DiscoveryWorld } from './mechanism.ts';

const DEFAULT_PORT = 80;
const ROLES = ['ec2', 'ecs'] as const;
const OTHER_ROLES = ['elasticache', 'lightsail', 'msk', 'rds'];

const awsSchema = z
  .strictObject({
    ...tasksShape,
    events_queue_url: misplaced(
      "it is none of Prometheus' keys; write it under ec2_sd_configs for instances, under " +
        'amperage_ecs_sd_configs for tasks',
    ),
    role: z
      .enum(ROLES, { error: ({ input }) => describeRole(input) })
      .describe('What is looked for: instances of EC2, or tasks of ECS.'),
    port: optionalPortSchema
      .default(DEFAULT_PORT)
      // Like Prometheus, which treats 0 as absent for this key only.
      .transform((port) => port || DEFAULT_PORT)
      .describe('Port of every target; 0 is the default too, as in Prometheus.'),
    filters: filtersSchema
      .optional()
      .describe('Filters of DescribeInstances, for the role ec2; without effect with ecs.'),
  })
  .describe('As ec2_sd_configs or ecs_sd_configs, with a role, as in Prometheus.');

type AwsConfig = z.output<typeof awsSchema>;

function describeRole(role: unknown): string {
  if (role === undefined) return 'missing; write role: ec2 or role: ecs';
  const written = JSON.stringify(role);
  return typeof role === 'string' && OTHER_ROLES.includes(role)
    ? `the role ${written} is not built in; the roles ec2 and ecs are`
    : `${written} is not a role; the roles ec2 and ecs are built in`;
}

export const awsMechanism = defineMechanism({
  key: 'aws_sd_configs',
  schema: awsSchema,
  check(config, context) {
    checkTasks(config, context);
    warnIdle(config, context);
  },
  discover: discoverRole,
});

/** Keys of one role alone, which Prometheus accepts with each. */
const OF_ROLE = { ec2: ['filters'], ecs: ['clusters', 'cache_dir'] } as const;

function warnIdle(config: AwsConfig, { path, report }: CheckContext): void {
  const other = config.role === 'ecs' ? 'ec2' : 'ecs';
  for (const key of OF_ROLE[other])
    if (config[key] !== undefined)
      report.warn(
        [...path, key],
        `${key} has no effect with the role ${config.role}` +
          (key === 'filters'
            ? ', here as in Prometheus; use relabel_configs'
            : `, only with ${other}`),
        'key',
      );
}

function discoverRole(
  config: AwsConfig,
  world: DiscoveryWorld,
): AsyncIterable<readonly TargetGroup[]> {
  return config.role === 'ec2' ? discoverInstances(config, world) : discoverTasks(config, world);
}
