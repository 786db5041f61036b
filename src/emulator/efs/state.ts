/** What EFS keeps in a region, and what it refuses of names that are not there. */
import { AwsError, type AwsInput, type AwsPlace } from '../service.ts';

export interface EfsEdges {
  readonly place: AwsPlace;
  readonly nowMs: () => number;
  /** Calls EC2 as EFS. */
  readonly ec2: (action: string, input: AwsInput) => Promise<Readonly<Record<string, unknown>>>;
}

export interface FileSystem {
  readonly FileSystemId: string;
  readonly CreationToken: string;
  readonly CreationTime: number;
  readonly PerformanceMode: string;
  readonly Encrypted: boolean;
  readonly KmsKeyId?: string | undefined;
  ThroughputMode: string;
  tags: AwsInput[];
  lifecycle: unknown;
  backup: string;
}

export interface MountTarget {
  readonly MountTargetId: string;
  readonly FileSystemId: string;
  readonly SubnetId: string;
  readonly IpAddress: string;
  readonly NetworkInterfaceId: string;
  readonly AvailabilityZoneName: string;
  readonly VpcId: string;
  groups: readonly string[];
}

export interface AccessPoint {
  readonly AccessPointId: string;
  readonly FileSystemId: string;
  readonly ClientToken: string;
  readonly PosixUser: unknown;
  readonly RootDirectory: unknown;
  tags: AwsInput[];
}

export class EfsState {
  readonly edges: EfsEdges;
  readonly systems = new Map<string, FileSystem>();
  readonly targets = new Map<string, MountTarget>();
  readonly points = new Map<string, AccessPoint>();

  constructor(edges: EfsEdges) {
    this.edges = edges;
  }

  arn(kind: string, id: string): string {
    const { region, accountId } = this.edges.place;
    return `arn:aws:elasticfilesystem:${region}:${accountId}:${kind}/${id}`;
  }

  system(input: AwsInput): FileSystem {
    const id = readEfsText(input, 'FileSystemId').split('/').at(-1) ?? '';
    return requireKnown(
      this.systems,
      id,
      'FileSystemNotFound',
      `File system '${id}' does not exist.`,
    );
  }

  target(input: AwsInput): MountTarget {
    const id = readEfsText(input, 'MountTargetId');
    return requireKnown(
      this.targets,
      id,
      'MountTargetNotFound',
      `Mount target '${id}' does not exist.`,
    );
  }

  point(input: AwsInput): AccessPoint {
    const id = readEfsText(input, 'AccessPointId').split('/').at(-1) ?? '';
    return requireKnown(
      this.points,
      id,
      'AccessPointNotFound',
      `Access point '${id}' does not exist.`,
    );
  }

  targetsOf(id: string): MountTarget[] {
    return [...this.targets.values()].filter(({ FileSystemId }) => FileSystemId === id);
  }
}

function requireKnown<One>(
  all: ReadonlyMap<string, One>,
  id: string,
  code: string,
  words: string,
): One {
  const found = all.get(id);
  if (found === undefined) throw new AwsError(code, words, 404);
  return found;
}

export function readEfsText(input: AwsInput, name: string): string {
  const value = input[name];
  return typeof value === 'string' ? value : '';
}
