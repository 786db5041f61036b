/** Where a collector's queue is, and what of it outlives its task. */
import { makeArn, type PolicyStatement, TEMPLATE_PLACE } from '../permissions.ts';
import { type Draft, join, type Properties, type Reference } from '../template.ts';
import type { Deployment } from '../schema.ts';
import { IMAGE_USER } from './containers.ts';
import { letIn } from './ingress.ts';
import type { Network } from './network.ts';

export interface QueuePlace {
  /** The volume of the task. */
  readonly volume: Properties;
  readonly statements: readonly PolicyStatement[];
  /** Who runs the container; a folder of an instance belongs to root. */
  readonly user: string;
  /** One process alone may have the queue: the old task ends before the new one starts. */
  readonly isLone: boolean;
  /** One sentence for the reader of a template. */
  readonly survives: string;
}

/** The port of NFS. */
const NFS = 2_049;

export interface QueueParts {
  /** Stands behind the ids of what is made. */
  readonly suffix: string;
  /** The network and security group of the collectors; undefined outside of AWS. */
  readonly place: { readonly network: Network; readonly group: Reference } | undefined;
}

export function addQueue(draft: Draft, deployment: Deployment, parts: QueueParts): QueuePlace {
  const { collector, name } = deployment;
  if (collector.queue === 'efs' && parts.place !== undefined)
    return addFileSystem(draft, deployment, { ...parts.place, suffix: parts.suffix });
  if (collector.queue === 'host')
    return {
      volume: { Host: { SourcePath: `/var/lib/amperage/${name}` } },
      statements: [],
      user: '0',
      isLone: true,
      survives: 'Its queue is on the instance: the next task there goes on with it.',
    };
  return {
    volume: {},
    statements: [],
    user: IMAGE_USER,
    isLone: false,
    survives: 'Its queue is on the task, and is lost with it.',
  };
}

interface FileSystemParts extends NonNullable<QueueParts['place']> {
  readonly suffix: string;
}

function addFileSystem(
  draft: Draft,
  { name }: Deployment,
  { suffix, network, group }: FileSystemParts,
): QueuePlace {
  const id = (what: string): string => `Queue${what}${suffix}`;
  const fileSystem = draft.add({
    id: id('FileSystem'),
    type: 'AWS::EFS::FileSystem',
    properties: {
      Encrypted: true,
      FileSystemTags: [{ Key: 'Name', Value: `${name}-queue${suffix.toLowerCase()}` }],
    },
    isKept: true,
    why: 'Holds what waits to be sent. It stays on clean-up: it may hold samples.',
  });
  const door = draft.add({
    id: id('SecurityGroup'),
    type: 'AWS::EC2::SecurityGroup',
    properties: { GroupDescription: `Queue of ${name}`, VpcId: network.vpc },
    why: 'Lets the collectors alone reach the file system.',
  });
  letIn(draft, {
    id: id('Ingress'),
    into: door,
    from: group,
    port: NFS,
    description: 'NFS',
    why: 'The collectors mount it.',
  });
  const targets = network.subnets.map((subnet, i) =>
    draft.add({
      id: id(`Mount${i + 1}`),
      type: 'AWS::EFS::MountTarget',
      properties: {
        FileSystemId: fileSystem,
        SubnetId: subnet,
        SecurityGroups: [door.get('GroupId')],
      },
      why: 'Its address in a subnet.',
    }),
  );
  const owner = { Uid: IMAGE_USER, Gid: IMAGE_USER };
  const point = draft.add({
    id: id('AccessPoint'),
    type: 'AWS::EFS::AccessPoint',
    properties: {
      FileSystemId: fileSystem,
      PosixUser: owner,
      RootDirectory: {
        Path: '/queue',
        CreationInfo: { OwnerUid: IMAGE_USER, OwnerGid: IMAGE_USER, Permissions: '0700' },
      },
    },
    after: targets.map((target) => target.id),
    why: 'One folder of it, which belongs to the user of the image.',
  });
  return {
    volume: {
      EFSVolumeConfiguration: {
        FilesystemId: fileSystem,
        TransitEncryption: 'ENABLED',
        AuthorizationConfig: { AccessPointId: point, IAM: 'ENABLED' },
      },
    },
    statements: [
      {
        id: 'MountQueue',
        actions: ['elasticfilesystem:ClientMount', 'elasticfilesystem:ClientWrite'],
        resources: [makeArn(TEMPLATE_PLACE, 'elasticfilesystem', join`file-system/${fileSystem}`)],
        conditions: { StringEquals: { 'elasticfilesystem:AccessPointArn': point.get('Arn') } },
        why: 'the queue on EFS; without it the task does not start',
      },
    ],
    user: IMAGE_USER,
    isLone: true,
    survives: 'Its queue is on EFS: the next task goes on with it, wherever it runs.',
  };
}
