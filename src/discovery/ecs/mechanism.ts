/**
 * ecs_sd_configs and the role ecs of aws_sd_configs: the tasks of ECS clusters as scrape targets, found by polling, and
 * at once where a queue of events is given. What is configured; discovery.ts does it.
 * Sources: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#aws_sd_config,
 * https://github.com/open-telemetry/opentelemetry-collector-contrib/tree/main/extension/observer/ecsobserver
 */
import { z } from 'zod';
import { awsAccessShape } from '../aws-client.ts';
import { defineMechanism } from '../mechanism.ts';
import { refreshIntervalSchema } from '../schema.ts';
import { durationSchema, textSchema } from '../../settings/values.ts';
import { EcsDiscovery } from './discovery.ts';
import { PROFILES } from './profiles.ts';
import {
  DEFAULT_DOCKER_LABELS,
  definitionRuleSchema,
  dockerLabelSchema,
  serviceRuleSchema,
} from './rules.ts';
import type { TargetOptions } from './targets.ts';

const access = {
  ...awsAccessShape,
  clusters: z.array(textSchema).optional().describe('Names or ARNs; all of the region by default.'),
  cache_dir: textSchema.optional().describe('Folder that keeps what was found over a restart.'),
  cache_max_age: durationSchema.default(3_600_000).describe('1h.'),
  events_queue_url: textSchema
    .optional()
    .describe('SQS queue with the task state changes of EventBridge.'),
};

const ecsSchema = z
  .strictObject({
    ...access,
    refresh_interval: refreshIntervalSchema(60_000),
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
  })
  .refine((config) => (config.access_key === undefined) === (config.secret_key === undefined), {
    error: '"access_key" and "secret_key" must be set both or neither',
  });

const awsSchema = z.strictObject({
  ...access,
  role: z.literal('ecs', { error: 'only the role ecs is supported' }),
  port: z.number().int().min(1).max(65_535).default(80),
  refresh_interval: refreshIntervalSchema(60_000),
});

export type EcsConfig = z.output<typeof ecsSchema>;

export const ecsMechanism = defineMechanism({
  key: 'ecs_sd_configs',
  schema: ecsSchema,
  discover: (config, world) =>
    new EcsDiscovery(config, world, targetOptionsOf(config), {
      services: config.service_details,
      interfaces: false,
    }).run(),
});

export const awsMechanism = defineMechanism({
  key: 'aws_sd_configs',
  schema: awsSchema,
  discover: (config, world) => {
    const options = {
      profile: 'prometheus' as const,
      rules: { services: [], definitions: [], dockerLabels: [], isDynamic: false },
      portOfTask: config.port,
      dropUnhealthy: false,
      jobLabel: '',
    };
    return new EcsDiscovery(config, world, options, { services: true, interfaces: false }).run();
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
