/** All types of resources that this emulator's CloudFormation has, by name. */
import type { ResourceKind } from '../resource-kind.ts';
import { APS_KINDS } from './aps.ts';
import { AUTO_SCALING_KINDS } from './auto-scaling.ts';
import { CLOUD_MAP_KINDS } from './cloud-map.ts';
import { EC2_NETWORK_KINDS } from './ec2-network.ts';
import { SECURITY_KINDS } from './ec2-security.ts';
import { ECS_KINDS } from './ecs.ts';
import { EFS_KINDS } from './efs.ts';
import { IAM_KINDS } from './iam.ts';
import { OBSERVING_KINDS } from './observing.ts';

export const RESOURCE_KINDS: ReadonlyMap<string, ResourceKind> = new Map(
  [
    APS_KINDS,
    AUTO_SCALING_KINDS,
    CLOUD_MAP_KINDS,
    EC2_NETWORK_KINDS,
    SECURITY_KINDS,
    ECS_KINDS,
    EFS_KINDS,
    IAM_KINDS,
    OBSERVING_KINDS,
  ]
    .flat()
    .map((kind) => [kind.type, kind]),
);
