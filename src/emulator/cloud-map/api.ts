/**
 * AWS Cloud Map: namespaces, services with tags, instances with health; the calls that discovery
 * and the deploy scripts make. In memory.
 * Source: https://docs.aws.amazon.com/cloud-map/latest/api/Welcome.html
 */
import type { Clock } from '../../kernel/clock.ts';
import type { JsonService } from '../service.ts';
import { discoveryActions, instanceActions } from './instances.ts';
import { namespaceActions, serviceActions } from './namespaces.ts';
import { CloudMapStore } from './store.ts';

export function createCloudMap(region: string, clock: Clock): JsonService {
  const store = new CloudMapStore(region, clock);
  return {
    signingName: 'servicediscovery',
    target: 'Route53AutoNaming_v20170314',
    actions: {
      ...namespaceActions(store),
      ...serviceActions(store),
      ...instanceActions(store),
      ...discoveryActions(store),
    },
  };
}
