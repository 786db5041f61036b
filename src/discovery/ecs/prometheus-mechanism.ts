/**
 * `ecs_sd_configs` as in Prometheus since 3.8: its keys, defaults and targets, which
 * `aws_sd_configs` with the role ecs has too (discovery/aws.ts). The only additional keys are the
 * call budget and the folder for snapshots.
 * prometheus-role.ts makes the targets. Discovery with rules for containers is mechanism.ts.
 * Sources: https://github.com/prometheus/prometheus/blob/main/discovery/aws/ecs.go and aws.go
 */
import * as z from 'zod';
import { awsClientShape } from '../aws-client.ts';
import { awsHttpShape, checkAwsHttp } from '../aws-http.ts';
import type { CheckContext } from '../../settings/finding.ts';
import { defineMechanism, type DiscoveryWorld } from '../mechanism.ts';
import { refreshIntervalSchema } from '../../settings/refresh-interval.ts';
import { portSchema, positiveSchema } from '../../settings/count.ts';
import { misplaced } from '../../settings/refused-keys.ts';
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

/** The keys that both of Prometheus' discoveries of ECS have. */
export const tasksShape = {
  ...awsClientShape,
  ...awsHttpShape,
  ...cacheShape,
  ...OWN_RULES,
  clusters: clustersSchema,
  refresh_interval: refreshIntervalSchema(60_000),
};

const ecsSchema = z
  .strictObject({
    ...tasksShape,
    port: portSchema.default(DEFAULT_PORT).describe('Port of every target.'),
    request_concurrency: positiveSchema
      .default(20)
      .describe('Calls of AWS under way at once, at most.'),
  })
  .describe('Tasks of ECS, each one target at one port, as in Prometheus since 3.8.');

type TasksConfig = z.output<z.ZodObject<typeof tasksShape>> & { readonly port: number };

export const prometheusEcsMechanism = defineMechanism({
  key: 'ecs_sd_configs',
  schema: ecsSchema,
  check: checkTasks,
  discover: discoverTasks,
});

export function checkTasks(config: TasksConfig, context: CheckContext): void {
  checkCache(config, context);
  checkAwsAccess(config, context, 'without effect');
  checkAwsHttp(config, context);
}

export function discoverTasks(
  config: TasksConfig,
  world: DiscoveryWorld,
): ReturnType<EcsDiscovery['run']> {
  const options: TargetOptions = {
    profile: 'prometheus',
    rules: { services: [], definitions: [], dockerLabels: [], isDynamic: false },
    portOfTask: config.port,
    dropUnhealthy: false,
    jobLabel: '',
  };
  return new EcsDiscovery(config, world, options, { services: true, interfaces: true }).run();
}
