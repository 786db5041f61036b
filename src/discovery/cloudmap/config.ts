/** The configuration of Cloud Map discovery. */
import * as z from 'zod';
import { positiveDurationSchema } from '../../settings/duration.ts';
import { listOf, textSchema } from '../../settings/text.ts';
import { switchSchema } from '../../settings/switch.ts';
import { awsClientShape } from '../aws-client.ts';
import { refreshIntervalSchema } from '../../settings/refresh-interval.ts';

export const cloudMapSchema = z
  .strictObject({
    ...awsClientShape,
    namespaces: listOf(textSchema)
      .optional()
      .meta({
        description:
          'Names of Cloud Map namespaces. Either this or namespaces_parameter must be set.',
        examples: [['internal.local']],
      }),
    namespaces_parameter: textSchema
      .optional()
      .describe(
        'SSM parameter that holds the names, separated by commas; read again at each reading.',
      ),
    labels: z
      .enum(['meta', 'sdconfig-reloader'])
      .default('meta')
      .describe(
        'Which labels targets have: meta adds __meta_cloudmap_* to those of ' +
          'prometheus-sdconfig-reloader.',
      ),
    drop_unhealthy: switchSchema
      .default(false)
      .describe('Leaves out instances whose health check fails.'),
    refresh_interval: refreshIntervalSchema(30_000),
    tags_interval: positiveDurationSchema
      .prefault('5m')
      .describe('The tags of each service are read once in this time.'),
  })
  .refine(
    (config) => (config.namespaces === undefined) !== (config.namespaces_parameter === undefined),
    {
      error: 'exactly one of "namespaces" and "namespaces_parameter" must be set',
    },
  )
  .describe('Instances of the services of AWS Cloud Map. Prometheus has no such key.');

export type CloudMapConfig = z.output<typeof cloudMapSchema>;
