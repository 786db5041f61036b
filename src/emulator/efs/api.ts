/**
 * EFS: file systems, mount targets in subnets of EC2, and access points. What is made is creating
 * in the answer that makes it, and available by the next call.
 * Limits: FILE_SYSTEMS_MAX file systems, ACCESS_POINTS_MAX access points of one.
 * Source: https://docs.aws.amazon.com/efs/latest/ug/api-reference.html
 */
import { randomBytes } from 'node:crypto';
import { needOn } from '../access.ts';
import {
  type ActionHandler,
  AwsError,
  type AwsInput,
  type JsonService,
  parseToken,
} from '../service.ts';
import {
  type AccessPoint,
  type EfsState,
  type FileSystem,
  type MountTarget,
  readEfsText,
} from './state.ts';

const FILE_SYSTEMS_MAX = 1_000;
const ACCESS_POINTS_MAX = 1_000;
const PAGE = 100;

export function createEfs(state: EfsState): JsonService {
  const onSystem = (input: AwsInput): string => {
    const target = state.targets.get(readEfsText(input, 'MountTargetId'))?.FileSystemId;
    const point = state.points.get(readEfsText(input, 'AccessPointId'))?.FileSystemId;
    const id = readEfsText(input, 'FileSystemId') || (target ?? point ?? '*');
    return state.arn('file-system', id.split('/').at(-1) ?? '');
  };
  const onResource = (input: AwsInput): string => {
    const id = readEfsText(input, 'ResourceId').split('/').at(-1) ?? '';
    return state.arn(id.startsWith('fsap-') ? 'access-point' : 'file-system', id);
  };
  return {
    signingName: 'elasticfilesystem',
    target: 'elasticfilesystem',
    actions: {
      ...systemActions(state),
      ...targetActions(state),
      ...pointActions(state),
      ...tagActions(state),
    },
    access: {
      ...needOn('elasticfilesystem', 'CreateFileSystem', () => '*'),
      ...needOn(
        'elasticfilesystem',
        'DescribeFileSystems UpdateFileSystem DeleteFileSystem PutLifecycleConfiguration ' +
          'DescribeLifecycleConfiguration PutBackupPolicy DescribeBackupPolicy CreateMountTarget ' +
          'DescribeMountTargets DeleteMountTarget DescribeMountTargetSecurityGroups ' +
          'ModifyMountTargetSecurityGroups CreateAccessPoint DescribeFileSystemPolicy ' +
          'DescribeReplicationConfigurations',
        onSystem,
      ),
      ...needOn('elasticfilesystem', 'DescribeAccessPoints', (input) =>
        readEfsText(input, 'AccessPointId') === ''
          ? onSystem(input)
          : state.arn('access-point', readEfsText(input, 'AccessPointId')),
      ),
      ...needOn('elasticfilesystem', 'DeleteAccessPoint', (input) =>
        state.arn('access-point', readEfsText(input, 'AccessPointId')),
      ),
      ...needOn('elasticfilesystem', 'TagResource UntagResource ListTagsForResource', onResource),
    },
  };
}

function systemActions(state: EfsState): Record<string, ActionHandler> {
  const { edges, systems } = state;
  const show = ({ tags, lifecycle: _l, backup: _b, ...one }: FileSystem): object => ({
    ...one,
    OwnerId: edges.place.accountId,
    FileSystemArn: state.arn('file-system', one.FileSystemId),
    LifeCycleState: 'available',
    Name: nameOf(tags),
    NumberOfMountTargets: state.targetsOf(one.FileSystemId).length,
    SizeInBytes: { Value: 6_144 },
    Tags: tags,
  });
  return {
    CreateFileSystem: (input) => {
      const CreationToken = requireInput(input, 'CreationToken');
      const before = [...systems.values()].find((one) => one.CreationToken === CreationToken);
      if (before !== undefined)
        throw new AwsError(
          'FileSystemAlreadyExists',
          `File system '${before.FileSystemId}' already exists with creation token ` +
            `'${CreationToken}'`,
          409,
        );
      limit(systems.size, FILE_SYSTEMS_MAX, 'FileSystemLimitExceeded');
      const FileSystemId = makeId('fs');
      const made: FileSystem = {
        FileSystemId,
        CreationToken,
        CreationTime: edges.nowMs() / 1_000,
        PerformanceMode: readEfsText(input, 'PerformanceMode') || 'generalPurpose',
        ThroughputMode: readEfsText(input, 'ThroughputMode') || 'bursting',
        Encrypted: input['Encrypted'] === true,
        KmsKeyId: readEfsText(input, 'KmsKeyId') || undefined,
        tags: readTags(input),
        lifecycle: [],
        backup: input['Backup'] === true ? 'ENABLED' : 'DISABLED',
      };
      systems.set(FileSystemId, made);
      return { ...show(made), LifeCycleState: 'creating' };
    },
    DescribeFileSystems: (input) => {
      const token = readEfsText(input, 'CreationToken');
      const all =
        input['FileSystemId'] === undefined ? [...systems.values()] : [state.system(input)];
      const found = all.filter((one) => token === '' || one.CreationToken === token);
      const { page, next } = cutPage(found, input['MaxItems'], input['Marker']);
      return { FileSystems: page.map(show), NextMarker: next };
    },
    UpdateFileSystem: (input) => {
      const one = state.system(input);
      one.ThroughputMode = readEfsText(input, 'ThroughputMode') || one.ThroughputMode;
      return show(one);
    },
    DeleteFileSystem: (input) => {
      const { FileSystemId } = state.system(input);
      if (state.targetsOf(FileSystemId).length > 0)
        throw new AwsError(
          'FileSystemInUse',
          `File system '${FileSystemId}' has mount targets; delete them first.`,
          409,
        );
      for (const point of state.points.values())
        if (point.FileSystemId === FileSystemId) state.points.delete(point.AccessPointId);
      systems.delete(FileSystemId);
      return undefined;
    },
    PutLifecycleConfiguration: (input) => {
      const one = state.system(input);
      one.lifecycle = input['LifecyclePolicies'] ?? [];
      return { LifecyclePolicies: one.lifecycle };
    },
    DescribeLifecycleConfiguration: (input) => ({
      LifecyclePolicies: state.system(input).lifecycle,
    }),
    PutBackupPolicy: (input) => {
      const one = state.system(input);
      const { Status } = (input['BackupPolicy'] ?? {}) as AwsInput;
      if (Status !== 'ENABLED' && Status !== 'DISABLED')
        throw new AwsError('BadRequest', 'BackupPolicy.Status must be ENABLED or DISABLED');
      one.backup = Status;
      return { BackupPolicy: { Status } };
    },
    DescribeBackupPolicy: (input) => ({ BackupPolicy: { Status: state.system(input).backup } }),
    DescribeFileSystemPolicy: (input) => {
      const { FileSystemId } = state.system(input);
      throw new AwsError('PolicyNotFound', `No policy is set on '${FileSystemId}'.`, 404);
    },
    DescribeReplicationConfigurations: (input) => {
      if (input['FileSystemId'] === undefined) return { Replications: [] };
      const { FileSystemId } = state.system(input);
      throw new AwsError('ReplicationNotFound', `'${FileSystemId}' is not replicated.`, 404);
    },
  };
}

function targetActions(state: EfsState): Record<string, ActionHandler> {
  const { edges, targets } = state;
  const show = (target: MountTarget): object => {
    const { groups: _, ...one } = target;
    return { ...one, OwnerId: edges.place.accountId, LifeCycleState: 'available' };
  };
  return {
    CreateMountTarget: async (input) => {
      const { FileSystemId } = state.system(input);
      const SubnetId = requireInput(input, 'SubnetId');
      const made = await makeInterface(state, FileSystemId, input);
      const zone = String(made['AvailabilityZone']);
      const beside = state.targetsOf(FileSystemId);
      if (beside.some((one) => one.AvailabilityZoneName === zone)) {
        await edges.ec2('DeleteNetworkInterface', {
          NetworkInterfaceId: made['NetworkInterfaceId'],
        });
        throw new AwsError('MountTargetConflict', 'mount target already exists in this AZ', 409);
      }
      const target: MountTarget = {
        MountTargetId: makeId('fsmt'),
        FileSystemId,
        SubnetId,
        IpAddress: String(made['PrivateIpAddress']),
        NetworkInterfaceId: String(made['NetworkInterfaceId']),
        AvailabilityZoneName: zone,
        VpcId: String(made['VpcId']),
        groups: (made['Groups'] as AwsInput[]).map(({ GroupId }) => String(GroupId)),
      };
      targets.set(target.MountTargetId, target);
      return { ...show(target), LifeCycleState: 'creating' };
    },
    DescribeMountTargets: (input) => {
      const point = input['AccessPointId'] === undefined ? undefined : state.point(input);
      const found =
        input['MountTargetId'] === undefined
          ? state.targetsOf(state.system(point === undefined ? input : { ...point }).FileSystemId)
          : [state.target(input)];
      const { page, next } = cutPage(found, input['MaxItems'], input['Marker']);
      return { MountTargets: page.map(show), NextMarker: next };
    },
    DeleteMountTarget: async (input) => {
      const { MountTargetId, NetworkInterfaceId } = state.target(input);
      targets.delete(MountTargetId);
      await edges.ec2('DeleteNetworkInterface', { NetworkInterfaceId });
    },
    DescribeMountTargetSecurityGroups: (input) => ({
      SecurityGroups: state.target(input).groups,
    }),
    ModifyMountTargetSecurityGroups: (input) => {
      state.target(input).groups = (input['SecurityGroups'] ?? []) as string[];
    },
  };
}

async function makeInterface({ edges }: EfsState, id: string, input: AwsInput): Promise<AwsInput> {
  const { NetworkInterface } = await edges
    .ec2('CreateNetworkInterface', {
      SubnetId: input['SubnetId'],
      Description: `EFS mount target for ${id}`,
      ...(input['IpAddress'] === undefined ? {} : { PrivateIpAddress: input['IpAddress'] }),
      ...(input['SecurityGroups'] === undefined ? {} : { Groups: input['SecurityGroups'] }),
    })
    .catch((error: unknown) => {
      if (!(error instanceof AwsError)) throw error;
      const code = CODES[error.code] ?? error.code;
      throw new AwsError(code, error.message, code === 'IpAddressInUse' ? 409 : 400);
    });
  return NetworkInterface as AwsInput;
}

/** EFS's names of what EC2 refuses. */
const CODES: Readonly<Record<string, string>> = {
  'InvalidGroup.NotFound': 'SecurityGroupNotFound',
  'InvalidIPAddress.InUse': 'IpAddressInUse',
  'InvalidSubnetID.Malformed': 'BadRequest',
  'InvalidSubnetID.NotFound': 'SubnetNotFound',
};

function pointActions(state: EfsState): Record<string, ActionHandler> {
  const { edges, points } = state;
  const show = ({ tags, ...one }: AccessPoint): object => ({
    ...one,
    AccessPointArn: state.arn('access-point', one.AccessPointId),
    OwnerId: edges.place.accountId,
    LifeCycleState: 'available',
    Name: nameOf(tags),
    Tags: tags,
  });
  return {
    CreateAccessPoint: (input) => {
      const { FileSystemId } = state.system(input);
      const ClientToken = requireInput(input, 'ClientToken');
      const own = [...points.values()].filter((one) => one.FileSystemId === FileSystemId);
      const before = own.find((one) => one.ClientToken === ClientToken);
      if (before !== undefined)
        throw new AwsError(
          'AccessPointAlreadyExists',
          `Access point '${before.AccessPointId}' already exists with this client token`,
          409,
        );
      limit(own.length, ACCESS_POINTS_MAX, 'AccessPointLimitExceeded');
      const made: AccessPoint = {
        AccessPointId: makeId('fsap'),
        FileSystemId,
        ClientToken,
        PosixUser: input['PosixUser'],
        RootDirectory: input['RootDirectory'] ?? { Path: '/' },
        tags: readTags(input),
      };
      points.set(made.AccessPointId, made);
      return { ...show(made), LifeCycleState: 'creating' };
    },
    DescribeAccessPoints: (input) => {
      const wanted = input['FileSystemId'] === undefined ? undefined : state.system(input);
      const all =
        input['AccessPointId'] === undefined ? [...points.values()] : [state.point(input)];
      const found = all.filter((one) => (wanted ?? one).FileSystemId === one.FileSystemId);
      const { page, next } = cutPage(found, input['MaxResults'], input['NextToken']);
      return { AccessPoints: page.map(show), NextToken: next };
    },
    DeleteAccessPoint: (input) => {
      points.delete(state.point(input).AccessPointId);
    },
  };
}

function tagActions(state: EfsState): Record<string, ActionHandler> {
  const find = (input: AwsInput): { tags: AwsInput[] } => {
    const id = requireInput(input, 'ResourceId');
    return id.includes('fsap-')
      ? state.point({ AccessPointId: id })
      : state.system({ FileSystemId: id });
  };
  return {
    TagResource: (input) => {
      const one = find(input);
      const added = readTags(input);
      const keys = new Set(added.map(({ Key }) => Key));
      one.tags = [...one.tags.filter(({ Key }) => !keys.has(Key)), ...added];
    },
    UntagResource: (input) => {
      const one = find(input);
      const keys = new Set((input['tagKeys'] ?? input['TagKeys'] ?? []) as unknown[]);
      one.tags = one.tags.filter(({ Key }) => !keys.has(Key));
    },
    ListTagsForResource: (input) => ({ Tags: find(input).tags }),
  };
}

function requireInput(input: AwsInput, name: string): string {
  const value = readEfsText(input, name);
  if (value === '') throw new AwsError('BadRequest', `${name} is required`);
  return value;
}

function readTags({ Tags }: AwsInput): AwsInput[] {
  return Array.isArray(Tags) ? (Tags as AwsInput[]) : [];
}

function nameOf(tags: readonly AwsInput[]): unknown {
  return tags.find(({ Key }) => Key === 'Name')?.['Value'];
}

function limit(count: number, max: number, code: string): void {
  if (count >= max) throw new AwsError(code, `There are ${max} already.`, 403);
}

function makeId(prefix: string): string {
  return `${prefix}-0${randomBytes(8).toString('hex')}`;
}

function cutPage<One>(
  items: readonly One[],
  most: unknown = PAGE,
  token?: unknown,
): { readonly page: readonly One[]; readonly next?: string } {
  const start = parseToken(token);
  if (start === undefined || !(Number(most) >= 1))
    throw new AwsError('BadRequest', 'One of the parameters of the list page is not valid.');
  const end = start + Math.min(Number(most), PAGE);
  const page = items.slice(start, end);
  return end < items.length
    ? { page, next: Buffer.from(String(end)).toString('base64') }
    : { page };
}
