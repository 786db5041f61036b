/**
 * amperage_ecs_sd_configs: containers of ECS tasks as scrape targets, by rules on services, task definitions and docker
 * labels, found by polling, and at once where a queue of events is given. What is configured; discovery.ts does it.
 * Prometheus' own `ecs_sd_configs`, which knows tasks and no containers, is prometheus-mechanism.ts.
 * Source: https://github.com/open-telemetry/opentelemetry-collector-contrib/tree/main/extension/observer/ecsobserver
 */
import { z } from 'zod';
import { awsAccessShape, checkAwsIdentity } from '../aws-client.ts';
import { awsHttpShape, checkAwsHttp } from '../aws-http.ts';
import { defineMechanism } from '../mechanism.ts';
import { refreshIntervalSchema } from '../schema.ts';
import { misplaced, textSchema } from '../../settings/values.ts';
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
  services: z.array(serviceRuleSchema).default([]),
  task_definitions: z.array(definitionRuleSchema).default([]),
  docker_labels: z.array(dockerLabelSchema).optional(),
  dynamic_port_detection: z
    .boolean()
    .default(false)
    .describe('Only containers with the docker label PROMETHEUS_DYNAMIC_EXPORT=1 and one port.'),
  filter_label: textSchema.optional().describe('Docker label, NAME or NAME=VALUE.'),
  labels: z.enum(PROFILES).default('meta').describe('Which labels targets have.'),
  job_label_name: textSchema.default('prometheus_job').describe("Of ecsobserver's labels."),
  service_details: z.boolean().default(false).describe('Tags and status of services.'),
  drop_unhealthy: z.boolean().default(false),
  events_queue_url: textSchema
    .optional()
    .describe('SQS queue with the task state changes of EventBridge.'),
} satisfies Record<(typeof RULE_KEYS)[number], z.ZodType>;

const ecsSchema = z.strictObject({
  ...awsAccessShape,
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
    checkAwsIdentity(config, context);
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
