/**
 * What the two kinds of ECS discovery have in common of their keys, and which keys belong to one
 * alone.
 */
import { durationSchema } from '../../settings/duration.ts';
import { listOf, textSchema } from '../../settings/text.ts';

/** The key of our own discovery, with rules for containers. */
export const ECS_KEY = 'amperage_ecs_sd_configs';

export const clustersSchema = listOf(textSchema)
  // As in Prometheus an empty list is none.
  .transform((names) => (names.length === 0 ? undefined : names))
  .optional()
  .describe('Names or ARNs; all of the region by default.');

export const cacheShape = {
  cache_dir: textSchema
    .optional()
    .describe('Folder that keeps what was found over a restart; nothing is kept by default.'),
  cache_max_age: durationSchema.prefault('1h').describe('What was kept longer ago is not used.'),
};

/** Keys of our own discovery that Prometheus' has not. */
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
