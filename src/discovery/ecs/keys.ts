/**
 * The keys that both kinds of ECS discovery share, and the list of keys that only one of them has.
 */
import { durationSchema } from '../../settings/duration.ts';
import { listOf, textSchema } from '../../settings/text.ts';

/** The key of the discovery with rules for containers. */
export const ECS_KEY = 'amperage_ecs_sd_configs';

export const clustersSchema = listOf(textSchema)
  // Like in Prometheus, an empty list is the same as no list.
  .transform((names) => (names.length === 0 ? undefined : names))
  .optional()
  .describe('Names or ARNs; all of the region by default.');

export const cacheShape = {
  cache_dir: textSchema
    .optional()
    .describe('Folder that keeps what was found over a restart; nothing is kept by default.'),
  cache_max_age: durationSchema.prefault('1h').describe('What was kept longer ago is not used.'),
};

/** Keys of the discovery with rules that Prometheus does not have. */
export const RULE_KEYS = [
  'services',
  'task_definitions',
  'docker_labels',
  'dynamic_port_detection',
  'filter_label',
  'labels',
  'job_label_name',
  'service_details',
  'drop_unhealthy',
  'events_queue_url',
] as const;
