/** Roles, logs, parameters and file systems, in calls of IAM, CloudWatch Logs, SSM and EFS. */
import { type AwsValue, join } from '../template.ts';
import {
  asList,
  asMembers,
  asWord,
  given,
  type Kind,
  nameOf,
  own,
  pick,
  quoted,
  type CallStep,
  tagMap,
  take,
  type Word,
} from './calls.ts';
import { asDocument } from './documents.ts';

const iam = (...list: readonly Word[]): CallStep => ({ words: ['iam', ...list] });

const role: Kind = (subject) => {
  const passed = ['Path', 'Description', 'MaxSessionDuration', 'PermissionsBoundary', 'Tags'];
  const properties = take(subject, [
    ...passed, 'RoleName', 'AssumeRolePolicyDocument', 'Policies', 'ManagedPolicyArns',
  ]); // prettier-ignore
  const name = nameOf(subject, 'RoleName');
  const trust = asDocument(properties['AssumeRolePolicyDocument'] ?? {});
  const policies = asList(properties['Policies']).map(asMembers);
  const managed = asList(properties['ManagedPolicyArns']).map(asWord);
  return {
    find: { words: ['iam', 'get-role', '--role-name', name], query: 'Role.[RoleName,Arn,RoleId]' },
    values: ['', 'Arn', 'RoleId'],
    make: [
      {
        operation: 'iam create-role',
        input: { RoleName: name, AssumeRolePolicyDocument: trust, ...pick(properties, passed) },
      },
    ],
    ready: [iam('wait', 'role-exists', '--role-name', name)],
    configure: [
      ...policies.map((policy) => ({
        operation: 'iam put-role-policy',
        input: {
          RoleName: name,
          PolicyName: policy['PolicyName'] ?? '',
          PolicyDocument: asDocument(policy['PolicyDocument'] ?? {}),
        },
      })),
      ...managed.map((arn) => iam('attach-role-policy', '--role-name', name, '--policy-arn', arn)),
    ],
    update: [
      {
        operation: 'iam update-assume-role-policy',
        input: { RoleName: name, PolicyDocument: trust },
      },
    ],
    remove: [
      ...managed.map((arn) => iam('detach-role-policy', '--role-name', name, '--policy-arn', arn)),
      ...policies.map((policy) =>
        iam(
          'delete-role-policy', '--role-name', name, '--policy-name', asWord(policy['PolicyName']),
        ),
      ),
      iam('delete-role', '--role-name', name),
    ],
  }; // prettier-ignore
};

const instanceProfile: Kind = (subject) => {
  const properties = take(subject, ['InstanceProfileName', 'Path', 'Roles']);
  const name = nameOf(subject, 'InstanceProfileName');
  const [held] = asList(properties['Roles']).map(asWord);
  const both = ['--instance-profile-name', name, '--role-name', held ?? ''];
  return {
    find: {
      words: ['iam', 'get-instance-profile', '--instance-profile-name', name],
      query: 'InstanceProfile.[InstanceProfileName,Arn]',
    },
    values: ['', 'Arn'],
    make: [
      {
        operation: 'iam create-instance-profile',
        input: { InstanceProfileName: name, ...pick(properties, ['Path']) },
      },
    ],
    ready: [iam('wait', 'instance-profile-exists', '--instance-profile-name', name)],
    // Not of making: a run that ends in between would leave a profile without it.
    configure:
      held === undefined
        ? []
        : [
            {
              operation: 'iam add-role-to-instance-profile',
              input: { InstanceProfileName: name, RoleName: held },
            },
          ],
    remove: [
      ...(held === undefined ? [] : [iam('remove-role-from-instance-profile', ...both)]),
      iam('delete-instance-profile', '--instance-profile-name', name),
    ],
  };
};

const logGroup: Kind = (subject) => {
  const properties = take(subject, [
    'LogGroupName', 'RetentionInDays', 'KmsKeyId', 'LogGroupClass', 'Tags',
  ]); // prettier-ignore
  const name = nameOf(subject, 'LogGroupName');
  const days = properties['RetentionInDays'];
  return {
    find: {
      words: ['logs', 'describe-log-groups', '--log-group-name-prefix', name],
      query: join`logGroups[?logGroupName==${quoted(name)}] | [0].[logGroupName,arn]`,
    },
    values: ['', 'Arn'],
    make: [
      {
        operation: 'logs create-log-group',
        input: {
          logGroupName: name,
          ...given('kmsKeyId', properties['KmsKeyId']),
          ...given('logGroupClass', properties['LogGroupClass']),
          ...tagMap(properties['Tags']),
        },
      },
    ],
    configure:
      days === undefined
        ? []
        : [
            {
              operation: 'logs put-retention-policy',
              input: { logGroupName: name, retentionInDays: days },
            },
          ],
    remove: [{ words: ['logs', 'delete-log-group', '--log-group-name', name] }],
  };
};

const parameter: Kind = (subject) => {
  const known = ['Type', 'Value', 'Description', 'Tier', 'DataType', 'AllowedPattern'];
  const { Tags, ...properties } = take(subject, [...known, 'Name', 'Tags']);
  const name = nameOf(subject, 'Name');
  const input = { Name: name, ...pick(properties, known) };
  const tags = Array.isArray(Tags)
    ? Tags
    : Object.entries(asMembers(Tags)).map(([Key, Value]) => ({ Key, Value }));
  return {
    find: {
      words: ['ssm', 'get-parameter', '--name', name],
      query: 'Parameter.[Name,Type]',
    },
    values: ['', 'Type'],
    make: [
      {
        operation: 'ssm put-parameter',
        input: { ...input, ...(tags.length === 0 ? {} : { Tags: tags as AwsValue }) },
      },
    ],
    update: [{ operation: 'ssm put-parameter', input: { ...input, Overwrite: true } }],
    remove: [{ words: ['ssm', 'delete-parameter', '--name', name] }],
  };
};

const efs = (...list: readonly Word[]): CallStep => ({ words: ['efs', ...list] });

const fileSystem: Kind = (subject) => {
  const passed = ['Encrypted', 'KmsKeyId', 'PerformanceMode', 'ThroughputMode'];
  const properties = take(subject, [
    ...passed, 'FileSystemTags', 'LifecyclePolicies', 'BackupPolicy',
  ]); // prettier-ignore
  const token = `${subject.deployment}-${subject.id}`;
  const id = { FileSystemId: own(subject) };
  const { LifecyclePolicies, BackupPolicy, FileSystemTags } = properties;
  return {
    find: {
      words: ['efs', 'describe-file-systems', '--creation-token', token],
      query: 'FileSystems[0].[FileSystemId,FileSystemId,FileSystemArn]',
    },
    values: ['', 'FileSystemId', 'Arn'],
    make: [
      {
        operation: 'efs create-file-system',
        input: {
          CreationToken: token,
          ...pick(properties, passed),
          ...given('Tags', FileSystemTags),
        },
      },
    ],
    ready: [
      {
        words: ['efs', 'describe-file-systems', '--file-system-id', own(subject)],
        query: 'FileSystems[0].LifeCycleState',
        until: 'available',
      },
    ],
    configure: [
      ...(LifecyclePolicies === undefined
        ? []
        : [{ operation: 'efs put-lifecycle-configuration', input: { ...id, LifecyclePolicies } }]),
      ...(BackupPolicy === undefined
        ? []
        : [{ operation: 'efs put-backup-policy', input: { ...id, BackupPolicy } }]),
    ],
    remove: [efs('delete-file-system', '--file-system-id', own(subject))],
  };
};

const mountTarget: Kind = (subject) => {
  const input = take(subject, ['FileSystemId', 'SubnetId', 'SecurityGroups', 'IpAddress']);
  const listed = [
    'efs',
    'describe-mount-targets',
    '--file-system-id',
    asWord(input['FileSystemId']),
  ];
  const here = join`MountTargets[?SubnetId=='${asWord(input['SubnetId'])}'] | [0]`;
  return {
    find: { words: listed, query: join`${here}.[MountTargetId]` },
    values: [''],
    make: [{ operation: 'efs create-mount-target', input }],
    ready: [
      {
        words: ['efs', 'describe-mount-targets', '--mount-target-id', own(subject)],
        query: 'MountTargets[0].LifeCycleState',
        until: 'available',
      },
    ],
    remove: [efs('delete-mount-target', '--mount-target-id', own(subject))],
  };
};

/** Numbers are texts in CloudFormation. */
function numbers(value: AwsValue | undefined, names: readonly string[]): AwsValue {
  return Object.fromEntries(
    Object.entries(asMembers(value)).map(([key, one]) => {
      if (Array.isArray(one)) return [key, one.map(Number)];
      return [key, names.includes(key) ? Number(one) : one];
    }),
  );
}

const accessPoint: Kind = (subject) => {
  const properties = take(subject, [
    'FileSystemId', 'PosixUser', 'RootDirectory', 'AccessPointTags', 'ClientToken',
  ]); // prettier-ignore
  const token = nameOf(subject, 'ClientToken');
  const { FileSystemId, PosixUser, RootDirectory, AccessPointTags } = properties;
  const root = asMembers(RootDirectory);
  const found = join`AccessPoints[?ClientToken==${quoted(token)} && LifeCycleState!='deleting']`;
  return {
    find: {
      words: ['efs', 'describe-access-points', '--file-system-id', asWord(FileSystemId)],
      query: join`${found} | [0].[AccessPointId,AccessPointId,AccessPointArn]`,
    },
    values: ['', 'AccessPointId', 'Arn'],
    make: [
      {
        operation: 'efs create-access-point',
        input: {
          ClientToken: token,
          ...given('FileSystemId', FileSystemId),
          ...(PosixUser === undefined ? {} : { PosixUser: numbers(PosixUser, ['Uid', 'Gid']) }),
          ...(RootDirectory === undefined
            ? {}
            : {
                RootDirectory: {
                  ...root,
                  ...(root['CreationInfo'] === undefined
                    ? {}
                    : { CreationInfo: numbers(root['CreationInfo'], ['OwnerUid', 'OwnerGid']) }),
                },
              }),
          ...given('Tags', AccessPointTags),
        },
      },
    ],
    remove: [efs('delete-access-point', '--access-point-id', own(subject))],
  };
};

export const accountKinds: Readonly<Record<string, Kind>> = {
  'AWS::IAM::Role': role,
  'AWS::IAM::InstanceProfile': instanceProfile,
  'AWS::Logs::LogGroup': logGroup,
  'AWS::SSM::Parameter': parameter,
  'AWS::EFS::FileSystem': fileSystem,
  'AWS::EFS::MountTarget': mountTarget,
  'AWS::EFS::AccessPoint': accessPoint,
};
