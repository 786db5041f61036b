/**
 * amperage_ecs_sd_configs: containers of ECS tasks as scrape targets, by rules on services, task definitions and docker
 * labels, found by polling, and at once where a queue of events is given. What is configured; discovery.ts does it.
 * Prometheus' own `ecs_sd_configs`, which knows tasks and no containers, is prometheus-mechanism.ts.
 * Source: https://github.com/open-telemetry/opentelemetry-collector-contrib/tree/main/extension/observer/ecsobserver
 */
import { z } from 'zod';
import { awsClientShape } from '../aws-client.ts';
import { awsHttpShape, checkAwsHttp } from '../aws-http.ts';
import { defineMechanism } from '../mechanism.ts';
import { refreshIntervalSchema } from '../../settings/refresh-interval.ts';
import { misplaced } from '../../settings/refused-keys.ts';
import { switchSchema } from '../../settings/switch.ts';
import { listOf, textSchema } from '../../settings/text.ts';
import { checkAwsAccess } from '../../settings/aws-access.ts';
import { EcsDiscovery } from './discovery.ts';
import { cacheShape, clustersSchema, ECS_KEY, type RULE_KEYS } from './keys.ts';
import { PROFILES } from './profiles.ts';
import {
  DEFAULT_DOCKER_LABELS,
  definitionRuleSchema,
  dockerLabelSchema,
  serviceRuleSchema,
} from './rules.ts';
import type { TargetOptions } from './targets.ts';

const ruleShape = {
  services: listOf(serviceRuleSchema).default([]),
  task_definitions: listOf(definitionRuleSchema).default([]),
  docker_labels: listOf(dockerLabelSchema).optional(),
  dynamic_port_detection: switchSchema
    .default(false)
    .describe('Only containers with the docker label PROMETHEUS_DYNAMIC_EXPORT=1 and one port.'),
  filter_label: textSchema.optional().describe('Docker label, NAME or NAME=VALUE.'),
  labels: z.enum(PROFILES).default('meta').describe('Which labels targets have.'),
  job_label_name: textSchema.default('prometheus_job').describe("Of ecsobserver's labels."),
  service_details: switchSchema.default(false).describe('Tags and status of services.'),
  drop_unhealthy: switchSchema.default(false),
  events_queue_url: textSchema
    .optional()
    .describe('SQS queue with the task state changes of EventBridge.'),
} satisfies Record<(typeof RULE_KEYS)[number], z.ZodType>;

const ecsSchema = z.strictObject({
  ...awsClientShape,
  ...awsHttpShape,
  ...cacheShape,
  ...ruleShape,
  clusters: clustersSchema,
  refresh_interval: refreshIntervalSchema(60_000),
  port: misplaced(
    'ports come from rules: metrics_ports, or a docker label; one port of every task is ecs_sd_configs',
  ),
});

export type EcsConfig = z.output<typeof ecsSchema>;

export const ecsMechanism = defineMechanism({
  key: ECS_KEY,
  schema: ecsSchema,
  check(config, context) {
    checkAwsAccess(config, context, 'without effect');
    checkAwsHttp(config, context);
  },
  discover(config, world) {
    // The set of labels that are Prometheus' own is whole only with these.
    const isPrometheus = config.labels === 'prometheus';
    return new EcsDiscovery(config, world, targetOptionsOf(config), {
      services: config.service_details || isPrometheus,
      interfaces: isPrometheus,
    }).run();
  },
});

function targetOptionsOf(config: EcsConfig): TargetOptions {
  const hasRules = config.services.length + config.task_definitions.length > 0;
  return {
    profile: config.labels,
    rules: {
      services: config.services,
      definitions: config.task_definitions,
      dockerLabels: config.docker_labels ?? (hasRules ? [] : DEFAULT_DOCKER_LABELS),
      labelsFirst: config.labels === 'cloudwatch-agent',
      filterLabel: config.filter_label,
      isDynamic: config.dynamic_port_detection,
    },
    dropUnhealthy: config.drop_unhealthy,
    jobLabel: config.job_label_name,
  };
}
