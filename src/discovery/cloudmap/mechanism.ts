/**
 * cloudmap_sd_configs: the instances registered in AWS Cloud Map as scrape targets, in DNS and in
 * HTTP namespaces (Service Connect). Tags of a Cloud Map service say where its tasks are scraped:
 * METRICS_PATH, METRICS_PORT and METRICS_SCHEME for the application, ECS_METRICS_PATH and
 * ECS_METRICS_PORT for the exporter beside it.
 * Source: https://github.com/aws-samples/prometheus-for-ecs
 */
import { checkAwsAccess } from '../../settings/aws-access.ts';
import { attempt, defineMechanism, pollLists } from '../mechanism.ts';
import { ReadingOutage } from '../reading-outage.ts';
import { CloudMapApi } from './api.ts';
import { cloudMapSchema } from './config.ts';
import { CloudMapReader } from './reader.ts';

export const cloudMapMechanism = defineMechanism({
  key: 'cloudmap_sd_configs',
  schema: cloudMapSchema,
  check: (config, context) => checkAwsAccess(config, context, 'without effect'),
  async *discover(config, world) {
    const api = await CloudMapApi.open(config, world);
    const reader = new CloudMapReader(config, world, api);
    const outage = new ReadingOutage(world);
    try {
      yield* pollLists(config.refresh_interval, world, async () => {
        const groups = await attempt(
          world,
          () => reader.read(),
          (error) => outage.failed('', error),
        );
        if (groups !== undefined) outage.worked('');
        return groups;
      });
    } finally {
      api.close();
    }
  },
});
