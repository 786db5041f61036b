/** The members of EFS's requests that the emulator knows. */
import type { ActionMembers } from './known-members.ts';

/** By action; see members.ts. */
export const EFS_MEMBERS: Readonly<Record<string, ActionMembers>> = {
  CreateAccessPoint: { acts: 'ClientToken Tags FileSystemId PosixUser RootDirectory' },
  CreateFileSystem: {
    acts: 'CreationToken PerformanceMode Encrypted KmsKeyId ThroughputMode Backup Tags',
  },
  CreateMountTarget: { acts: 'FileSystemId SubnetId IpAddress SecurityGroups' },
  DeleteAccessPoint: { acts: 'AccessPointId' },
  DeleteFileSystem: { acts: 'FileSystemId' },
  DeleteMountTarget: { acts: 'MountTargetId' },
  DescribeAccessPoints: { acts: 'MaxResults NextToken AccessPointId FileSystemId' },
  DescribeBackupPolicy: { acts: 'FileSystemId' },
  DescribeFileSystemPolicy: { acts: 'FileSystemId' },
  DescribeFileSystems: { acts: 'MaxItems Marker CreationToken FileSystemId' },
  DescribeLifecycleConfiguration: { acts: 'FileSystemId' },
  DescribeMountTargetSecurityGroups: { acts: 'MountTargetId' },
  DescribeMountTargets: { acts: 'MaxItems Marker FileSystemId MountTargetId AccessPointId' },
  DescribeReplicationConfigurations: { acts: 'FileSystemId', idle: 'NextToken MaxResults' },
  ListTagsForResource: { acts: 'ResourceId', idle: 'MaxResults NextToken' },
  ModifyMountTargetSecurityGroups: { acts: 'MountTargetId SecurityGroups' },
  PutBackupPolicy: { acts: 'FileSystemId BackupPolicy' },
  PutLifecycleConfiguration: { acts: 'FileSystemId LifecyclePolicies' },
  TagResource: { acts: 'ResourceId Tags' },
  UntagResource: { acts: 'ResourceId TagKeys tagKeys' },
  UpdateFileSystem: { acts: 'FileSystemId ThroughputMode' },
};
