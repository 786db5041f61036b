/**
 * The partitions of AWS, and which of them a region is of: ARNs begin with it. Pure.
 * Source: https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html
 */

/** How the names of the regions of a partition begin; all others are of the first. */
const PARTITIONS = {
  aws: [],
  'aws-cn': ['cn-'],
  'aws-us-gov': ['us-gov-'],
  'aws-eusc': ['eusc-'],
  'aws-iso': ['us-iso-'],
  'aws-iso-b': ['us-isob-'],
  'aws-iso-e': ['eu-isoe-'],
  'aws-iso-f': ['us-isof-', 'eu-isof-'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type Partition = keyof typeof PARTITIONS;

export const PARTITION_NAMES = Object.keys(PARTITIONS) as readonly Partition[];

/** The partition that a region is of, by how its name begins. */
export function findPartition(region: string): Partition {
  return (
    PARTITION_NAMES.find((name) => PARTITIONS[name].some((start) => region.startsWith(start))) ??
    'aws'
  );
}
