/**
 * AWS Cloud Map, in memory: namespaces, services with tags, and instances with health, through the
 * calls that discovery and deploy scripts make.
 * Source: https://docs.aws.amazon.com/cloud-map/latest/api/Welcome.html
 */
import type { JsonService } from '../service.ts';
import { createCloudMapAccess } from './access.ts';
import { discoveryActions, instanceActions } from './instances.ts';
import { namespaceActions, serviceActions } from './namespaces.ts';
import type { CloudMapStore } from './store.ts';

export function createCloudMap(store: CloudMapStore): JsonService {
  return {
    signingName: 'servicediscovery',
    target: 'Route53AutoNaming_v20170314',
    access: createCloudMapAccess(store),
    actions: {
      ...namespaceActions(store),
      ...serviceActions(store),
      ...instanceActions(store),
      ...discoveryActions(store),
    },
  };
}
