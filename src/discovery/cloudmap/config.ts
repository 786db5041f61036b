/** What is configured of Cloud Map discovery. */
import { z } from 'zod';
import { durationSchema, textSchema } from '../../settings/values.ts';
import { awsAccessShape } from '../aws-client.ts';
import { refreshIntervalSchema } from '../schema.ts';

export const cloudMapSchema = z
  .strictObject({
    ...awsAccessShape,
    namespaces: z.array(textSchema).optional().describe('Names of Cloud Map namespaces.'),
    namespaces_parameter: textSchema
      .optional()
      .describe('SSM parameter that holds the names, separated by commas; read again each time.'),
    labels: z
      .enum(['meta', 'sdconfig-reloader'])
      .default('meta')
      .describe('meta adds __meta_cloudmap_* to the labels of prometheus-sdconfig-reloader.'),
    drop_unhealthy: z.boolean().default(false),
    refresh_interval: refreshIntervalSchema(30_000),
    tags_interval: durationSchema
      .refine((ms) => ms > 0, 'tags_interval must be more than 0')
      .default(300_000)
      .describe('The tags of each service are read once in this time: 5m.'),
  })
  .refine(
    (config) => (config.namespaces === undefined) !== (config.namespaces_parameter === undefined),
    {
      error: 'exactly one of "namespaces" and "namespaces_parameter" must be set',
    },
  );

export type CloudMapConfig = z.output<typeof cloudMapSchema>;
