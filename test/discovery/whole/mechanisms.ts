/**
 * What the property is tried on: every mechanism of the table, each with a world to read. A
 * mechanism without a case does not compile.
 */
import type { MechanismKey } from '../../../src/discovery/mechanisms.ts';
import { openCloudMapWorld } from './cloudmap-world.ts';
import { openEcsWorld } from './ecs-world.ts';
import { KINDS } from './faults.ts';
import { openDnsWorld, openFileWorld, openHttpWorld, openStaticWorld } from './plain-worlds.ts';
import type { Case } from './world.ts';

const INSTANCES = ['DescribeContainerInstances', 'DescribeInstances'];

export const cases: Record<MechanismKey, Case> = {
  static_configs: { open: openStaticWorld, kinds: [], optional: [] },
  // What else a call can do is the same to a file.
  file_sd_configs: {
    open: openFileWorld,
    kinds: ['failed', 'empty', 'half', 'malformed'],
    optional: [],
  },
  http_sd_configs: { open: openHttpWorld, kinds: KINDS, optional: [] },
  // Resolvers wait by the system's clock, and an answer without records is one. Prometheus, too,
  // takes it for one.
  dns_sd_configs: {
    open: openDnsWorld,
    kinds: ['failed', 'denied', 'throttled'],
    optional: [],
  },
  cloudmap_sd_configs: {
    open: openCloudMapWorld,
    kinds: KINDS,
    // Another call stands in for the first two; tags that are denied cost their service.
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
  aws_sd_configs: {
    open: () => openEcsWorld({ role: 'ecs', port: 80 }, { port: 80, definitions: false }),
    kinds: KINDS,
    isBrief: true,
    optional: [...INSTANCES, 'DescribeClusters', 'DescribeServices', 'DescribeNetworkInterfaces'],
  },
};
