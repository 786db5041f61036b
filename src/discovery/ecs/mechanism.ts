/**
 * amperage_ecs_sd_configs: containers of ECS tasks as scrape targets, by rules on services, task
 * definitions and docker labels. They are found by polling, and also from a queue of events where
 * one is configured. This file has the configuration keys; discovery.ts does the work.
 * `ecs_sd_configs` of Prometheus, which knows tasks but no containers, is prometheus-mechanism.ts.
 * Source:
 * https://github.com/open-telemetry/opentelemetry-collector-contrib/tree/main/extension/observer/ecsobserver
 */
import * as z from 'zod';
import { awsClientShape } from '../aws-client.ts';
import { awsHttpShape, checkAwsHttp } from '../aws-http.ts';
import { defineMechanism } from '../mechanism.ts';
import { refreshIntervalSchema } from '../../settings/refresh-interval.ts';
import { misplaced } from '../../settings/refused-keys.ts';
import { switchSchema } from '../../settings/switch.ts';
import { listOf, textSchema } from '../../settings/text.ts';
import { httpUrlSchema } from '../../settings/url.ts';
import { checkAwsAccess } from '../../settings/aws-access.ts';
import { EcsDiscovery } from './discovery.ts';
import { cacheShape, checkCache, clustersSchema, ECS_KEY, type RULE_KEYS } from './keys.ts';
import { PROFILES } from './profiles.ts';
import {
  DEFAULT_DOCKER_LABELS,
  definitionRuleSchema,
  dockerLabelSchema,
  serviceRuleSchema,
} from './rules.ts';
import type { TargetOptions } from './targets.ts';

const ruleShape = {
  services: listOf(serviceRuleSchema)
    .default([])
    .describe('Rules by the name of the service that a task belongs to.'),
  task_definitions: listOf(definitionRuleSchema)
    .default([])
    .describe('Rules by the ARN of the task definition.'),
  docker_labels: listOf(dockerLabelSchema)
    .optional()
    .describe(
      'Rules by docker labels of containers. Without any rule those of prometheus-ecs-discovery, ' +
        'the CloudWatch agent and ecsobserver hold: PROMETHEUS_EXPORTER_PORT and ' +
        'ECS_PROMETHEUS_EXPORTER_PORT.',
    ),
  dynamic_port_detection: switchSchema
    .default(false)
    .describe(
      'In place of all rules: containers with the docker label PROMETHEUS_DYNAMIC_EXPORT=1 and ' +
        'one port.',
    ),
  filter_label: textSchema.optional().meta({
    description: 'Docker label that a container must have, NAME or NAME=VALUE.',
    examples: ['PROMETHEUS_FILTER=yes'],
  }),
  labels: z
    .enum(PROFILES)
    .default('meta')
    .describe(
      'Which labels targets have: our own, or those of a peer; docs/discovery.md lists them.',
    ),
  job_label_name: textSchema
    .default('prometheus_job')
    .describe("Name of the label that holds the job, among ecsobserver's labels."),
  service_details: switchSchema
    .default(false)
    .describe('Asks for tags and status of services too, which costs calls of AWS.'),
  drop_unhealthy: switchSchema
    .default(false)
    .describe('Leaves out containers whose health check fails.'),
  events_queue_url: httpUrlSchema('events_queue_url')
    .optional()
    .meta({
      description:
        'SQS queue that EventBridge fills with task state changes: a task is a target right ' +
        'after its event.',
      examples: ['https://sqs.us-east-1.amazonaws.com/123456789012/task-events'],
    }),
} satisfies Record<(typeof RULE_KEYS)[number], z.ZodType>;

const ecsSchema = z
  .strictObject({
    ...awsClientShape,
    ...awsHttpShape,
    ...cacheShape,
    ...ruleShape,
    clusters: clustersSchema,
    refresh_interval: refreshIntervalSchema(60_000),
    port: misplaced(
      'ports come from rules: metrics_ports, or a docker label; one port of every task is ' +
        'ecs_sd_configs',
    ),
  })
  .describe('Containers of ECS tasks, by rules. Prometheus has no such key.');

export type EcsConfig = z.output<typeof ecsSchema>;

export const ecsMechanism = defineMechanism({
  key: ECS_KEY,
  schema: ecsSchema,
  check(config, context) {
    checkAwsAccess(config, context, 'without effect');
    checkAwsHttp(config, context);
    checkCache(config, context);
  },
  discover(config, world) {
    // The labels of the `prometheus` profile are complete only with services and interfaces.
    const isPrometheus = config.labels === 'prometheus';
    return new EcsDiscovery(config, world, resolveTargetOptions(config), {
      services: config.service_details || isPrometheus,
      interfaces: isPrometheus,
    }).run();
  },
});

function resolveTargetOptions(config: EcsConfig): TargetOptions {
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
