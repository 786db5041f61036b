/**
 * `ecs_sd_configs` and `aws_sd_configs` (role ecs) as in Prometheus since 3.8: its keys, defaults
 * and targets. The only additional keys are the call budget and the folder for snapshots.
 * prometheus-role.ts makes the targets. Discovery with rules for containers is mechanism.ts.
 * Sources: https://github.com/prometheus/prometheus/blob/main/discovery/aws/ecs.go and aws.go
 */
import { z } from 'zod';
import { awsClientShape } from '../aws-client.ts';
import { awsHttpShape, checkAwsHttp } from '../aws-http.ts';
import type { CheckContext } from '../../settings/finding.ts';
import { defineMechanism, type DiscoveryWorld } from '../mechanism.ts';
import { refreshIntervalSchema } from '../../settings/refresh-interval.ts';
import { optionalPortSchema, portSchema, positiveSchema } from '../../settings/count.ts';
import { misplaced } from '../../settings/refused-keys.ts';
import { listOf, textSchema } from '../../settings/text.ts';
import { checkAwsAccess } from '../../settings/aws-access.ts';
import { EcsDiscovery } from './discovery.ts';
import { cacheShape, checkCache, clustersSchema, ECS_KEY, RULE_KEYS } from './keys.ts';
import type { TargetOptions } from './targets.ts';

const DEFAULT_PORT = 80;

const OWN_RULES = Object.fromEntries(
  RULE_KEYS.map((key) => [
    key,
    misplaced(
      `Prometheus' own discovery knows no rules: each task is one target at "port"; write it ` +
        `under ${ECS_KEY}`,
    ),
  ]),
) as Record<(typeof RULE_KEYS)[number], ReturnType<typeof misplaced>>;

const shared = {
  ...awsClientShape,
  ...awsHttpShape,
  ...cacheShape,
  ...OWN_RULES,
  clusters: clustersSchema,
  refresh_interval: refreshIntervalSchema(60_000),
};

const ecsSchema = z
  .strictObject({
    ...shared,
    port: portSchema.default(DEFAULT_PORT).describe('Port of every target.'),
    request_concurrency: positiveSchema
      .default(20)
      .describe('Calls of AWS under way at once, at most.'),
  })
  .describe('Tasks of ECS, each one target at one port, as in Prometheus since 3.8.');

const OTHER_ROLES = ['ec2', 'elasticache', 'lightsail', 'msk', 'rds'];

const awsSchema = z
  .strictObject({
    ...shared,
    role: z
      .literal('ecs', { error: ({ input }) => describeRole(input) })
      .describe('What is looked for: ecs alone is built in.'),
    port: optionalPortSchema
      .default(DEFAULT_PORT)
      // Like Prometheus, which treats 0 as absent for this key only.
      .transform((port) => port || DEFAULT_PORT)
      .describe('Port of every target; 0 is the default too, as in Prometheus.'),
    filters: listOf(
      z.strictObject({
        name: textSchema.describe('Name of the filter.'),
        values: listOf(textSchema).describe('Its values.'),
      }),
    )
      .optional()
      .describe('Has no effect with the role ecs, as in Prometheus: a warning says so.'),
  })
  .describe('As ecs_sd_configs, with a role, as in Prometheus.');

function describeRole(role: unknown): string {
  if (role === undefined) return 'missing; write role: ecs';
  const written = JSON.stringify(role);
  return typeof role === 'string' && OTHER_ROLES.includes(role)
    ? `the role ${written} is not built in; the role ecs is`
    : `${written} is not a role; the role ecs is built in`;
}

type RoleConfig = z.output<typeof ecsSchema> | z.output<typeof awsSchema>;

export const prometheusEcsMechanism = defineMechanism({
  key: 'ecs_sd_configs',
  schema: ecsSchema,
  check: checkRole,
  discover: discoverRole,
});

export const awsMechanism = defineMechanism({
  key: 'aws_sd_configs',
  schema: awsSchema,
  check(config, context) {
    checkRole(config, context);
    if (config.filters !== undefined)
      context.report.warn(
        [...context.path, 'filters'],
        'filters has no effect with the role ecs, here as in Prometheus; use relabel_configs',
        'key',
      );
  },
  discover: discoverRole,
});

function checkRole(config: RoleConfig, context: CheckContext): void {
  checkCache(config, context);
  checkAwsAccess(config, context, 'without effect');
  checkAwsHttp(config, context);
}

function discoverRole(config: RoleConfig, world: DiscoveryWorld): ReturnType<EcsDiscovery['run']> {
  const options: TargetOptions = {
    profile: 'prometheus',
    rules: { services: [], definitions: [], dockerLabels: [], isDynamic: false },
    portOfTask: config.port,
    dropUnhealthy: false,
    jobLabel: '',
  };
  return new EcsDiscovery(config, world, options, { services: true, interfaces: true }).run();
}
