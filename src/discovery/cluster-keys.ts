/**
 * The keys that the discoveries of clusters share, as Prometheus has them. The only additional key
 * is the call budget.
 */
import type * as z from 'zod';
import { portSchema, positiveSchema } from '../settings/count.ts';
import { refreshIntervalSchema } from '../settings/refresh-interval.ts';
import { listOf, textSchema } from '../settings/text.ts';
import { awsClientShape } from './aws-client.ts';
import { awsHttpShape } from './aws-http.ts';

/** Prometheus' default, which `aws_sd_configs` cannot change. */
export const CLUSTER_CONCURRENCY = 10;

/** @param clusters  what the key `clusters` means */
export function makeClusterShape(clusters: {
  readonly description: string;
  readonly examples: string[][];
}) {
  return {
    ...awsClientShape,
    ...awsHttpShape,
    port: portSchema.default(80).describe('Port of every target.'),
    refresh_interval: refreshIntervalSchema(60_000),
    clusters: listOf(textSchema)
      // Like in Prometheus, an empty list is the same as no list.
      .transform((names) => (names.length === 0 ? undefined : names))
      .optional()
      .meta(clusters),
    request_concurrency: positiveSchema
      .default(CLUSTER_CONCURRENCY)
      .describe('Calls of AWS under way at once, at most.'),
  } satisfies z.core.$ZodLooseShape;
}
