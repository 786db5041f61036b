/**
 * The keys that both kinds of ECS discovery share, and the list of keys that only one of them has.
 */
import type * as z from 'zod';
import { durationSchema } from '../../settings/duration.ts';
import type { CheckContext } from '../../settings/finding.ts';
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
  cache_max_age: durationSchema
    .optional()
    .meta({ description: 'What was kept longer ago is not used.', default: '1h' }),
};

type CacheKeys = z.output<z.ZodObject<typeof cacheShape>>;

/** Says where a key of the cache has no effect. */
export function checkCache(
  { cache_dir: folder, cache_max_age: maxAgeMs }: CacheKeys,
  { path, report }: CheckContext,
): void {
  if (maxAgeMs === undefined || folder !== undefined) return;
  const at = [...path, 'cache_max_age'];
  report.warn(
    at,
    'cache_max_age has no effect without cache_dir, the folder of what is kept',
    'key',
  );
}

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
