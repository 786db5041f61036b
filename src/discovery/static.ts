/**
 * static_configs: targets that are written in the configuration itself. Yields once, then waits for
 * the end.
 * Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#static_config
 */
import * as z from 'zod';
import { defineMechanism, sleepUnlessAborted } from './mechanism.ts';
import { labelsSchema, listOf, textSchema } from '../settings/text.ts';

const schema = z
  .strictObject({
    targets: listOf(textSchema)
      .default([])
      .meta({
        description: 'Addresses: host and port, or what relabel_configs make into that.',
        examples: [['localhost:9100']],
      }),
    labels: labelsSchema
      .default({})
      .meta({ description: 'Labels of all these targets.', examples: [{ env: 'prod' }] }),
  })
  .describe('Targets that are written in the configuration itself.');

const DAY_MS = 24 * 3_600_000;

export const staticMechanism = defineMechanism({
  key: 'static_configs',
  schema,
  async *discover(config, world) {
    const targets = config.targets.map((address) => ({ __address__: address }));
    yield [{ source: '0', targets, labels: config.labels }];
    while (await sleepUnlessAborted(DAY_MS, world));
  },
});
