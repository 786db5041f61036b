/**
 * The cases of the property: every mechanism of the table with a world to read. A mechanism without
 * a case does not compile.
 */
import type { MechanismKey } from '../../../src/discovery/mechanisms.ts';
import { openCloudMapWorld } from './cloudmap-world.ts';
import { openEc2World } from './ec2-world.ts';
import { openEcsWorld } from './ecs-world.ts';
import { openElastiCacheWorld } from './elasticache-world.ts';
import { KINDS } from './faults.ts';
import { openMskWorld } from './msk-world.ts';
import { openDnsWorld, openFileWorld, openHttpWorld, openStaticWorld } from './plain-worlds.ts';
import { openRdsWorld } from './rds-world.ts';
import type { Case } from './world.ts';

const INSTANCES = ['DescribeContainerInstances', 'DescribeInstances'];

export const cases: Record<MechanismKey, Case> = {
  static_configs: { open: openStaticWorld, kinds: [], optional: [] },
  // A file has no other faults.
  file_sd_configs: {
    open: openFileWorld,
    kinds: ['failed', 'empty', 'half', 'malformed'],
    optional: [],
  },
  http_sd_configs: { open: openHttpWorld, kinds: KINDS, optional: [] },
  // Resolvers use the clock of the system, so hanging calls are not tried. An answer without
  // records is valid, also in Prometheus.
  dns_sd_configs: {
    open: openDnsWorld,
    kinds: ['failed', 'denied', 'throttled'],
    optional: [],
  },
  cloudmap_sd_configs: {
    open: openCloudMapWorld,
    kinds: KINDS,
    // Other calls replace the first two; denied tags cost their service.
    optional: ['DiscoverInstances', 'DiscoverInstancesRevision', 'ListTagsForResource'],
    blocking: ['ListTagsForResource'],
  },
  amperage_ecs_sd_configs: {
    open: () => openEcsWorld({ service_details: true }, { port: 9779, definitions: true }),
    kinds: KINDS,
    optional: [...INSTANCES, 'DescribeClusters', 'DescribeServices'],
  },
  ecs_sd_configs: {
    open: () => openEcsWorld({ port: 80 }, { port: 80, definitions: false }),
    kinds: KINDS,
    isBrief: true,
    optional: [...INSTANCES, 'DescribeClusters', 'DescribeServices', 'DescribeNetworkInterfaces'],
  },
  ec2_sd_configs: {
    open: () => openEc2World(),
    kinds: KINDS,
    optional: ['DescribeAvailabilityZones'],
  },
  msk_sd_configs: { open: openMskWorld, kinds: KINDS, optional: [] },
  elasticache_sd_configs: { open: openElastiCacheWorld, kinds: KINDS, optional: [] },
  rds_sd_configs: { open: openRdsWorld, kinds: KINDS, optional: [] },
  aws_sd_configs: {
    open: () => openEcsWorld({ role: 'ecs', port: 80 }, { port: 80, definitions: false }),
    kinds: KINDS,
    isBrief: true,
    optional: [...INSTANCES, 'DescribeClusters', 'DescribeServices', 'DescribeNetworkInterfaces'],
  },
};
