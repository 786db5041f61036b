/** File systems of EFS, their mount targets and access points. */
import { parseShape } from '../property-shape.ts';
import {
  compareTags,
  findMember,
  joinTags,
  pickMembers,
  takeText,
  unlessMissing,
  type Made,
  type ResourceKind,
  type Site,
} from '../resource-kind.ts';
import type { Values } from '../values.ts';

const SERVICE = 'elasticfilesystem';

function tagsInput(own: unknown, site: Site): { Tags?: readonly object[] } {
  const tags = joinTags(own, site.tags);
  return tags.length === 0 ? {} : { Tags: tags };
}

/** Waits for a state; `deleted` is that it is not there. */
async function awaitState(
  site: Site,
  state: 'available' | 'deleted',
  ask: () => Promise<Values | undefined>,
): Promise<Values> {
  return site.until(`it to be ${state}`, async () => {
    const found = await ask();
    return (found?.['LifeCycleState'] ?? 'deleted') === state ? (found ?? {}) : undefined;
  });
}

function asker(
  action: string,
  list: string,
  member: string,
): (made: Made, site: Site) => Promise<Values | undefined> {
  return async ({ id }, { call }) => {
    const answer = await unlessMissing(call(SERVICE, action, { [member]: id }));
    return findMember(answer, `${list}.0`) as Values | undefined;
  };
}

const askFileSystem = asker('DescribeFileSystems', 'FileSystems', 'FileSystemId');
const askMountTarget = asker('DescribeMountTargets', 'MountTargets', 'MountTargetId');
const askAccessPoint = asker('DescribeAccessPoints', 'AccessPoints', 'AccessPointId');

function tagger(property: string): NonNullable<ResourceKind['update']> {
  return async (made, { before, after, tagsBefore }, { call, tags }) => {
    const { added, removed } = compareTags(
      joinTags(before[property], tagsBefore),
      joinTags(after[property], tags),
    );
    const ResourceId = made.id;
    if (removed.length > 0) await call(SERVICE, 'UntagResource', { ResourceId, TagKeys: removed });
    if (added.length > 0) await call(SERVICE, 'TagResource', { ResourceId, Tags: added });
    return made;
  };
}

const fileSystem: ResourceKind = {
  type: 'AWS::EFS::FileSystem',
  shape: parseShape(
    'Encrypted!:b KmsKeyId! PerformanceMode! ThroughputMode FileSystemTags[{Key* Value*}]',
  ),
  attributes: ['FileSystemId', 'Arn'],
  create: async (properties, site) => {
    const names = 'Encrypted KmsKeyId PerformanceMode ThroughputMode';
    const answer = await site.call(SERVICE, 'CreateFileSystem', {
      CreationToken: site.makeName(64),
      ...pickMembers(properties, names),
      ...tagsInput(properties['FileSystemTags'], site),
    });
    const id = takeText(answer, 'FileSystemId');
    return { id, attributes: { FileSystemId: id, Arn: takeText(answer, 'FileSystemArn') } };
  },
  settle: async (made, _properties, site) => {
    await awaitState(site, 'available', () => askFileSystem(made, site));
    return made;
  },
  update: async (made, change, site) => {
    const { ThroughputMode } = change.after;
    if (ThroughputMode !== change.before['ThroughputMode'])
      await site.call(SERVICE, 'UpdateFileSystem', {
        FileSystemId: made.id,
        ThroughputMode: ThroughputMode ?? 'bursting',
      });
    return tagger('FileSystemTags')(made, change, site);
  },
  remove: async (made, _properties, site) => {
    await site.call(SERVICE, 'DeleteFileSystem', { FileSystemId: made.id });
    await awaitState(site, 'deleted', () => askFileSystem(made, site));
  },
  read: async (made, _properties, site) => {
    const found = await askFileSystem(made, site);
    return found === undefined ? undefined : { ...found, FileSystemTags: found['Tags'] };
  },
};

const mountTarget: ResourceKind = {
  type: 'AWS::EFS::MountTarget',
  shape: parseShape('FileSystemId*! SubnetId*! SecurityGroups*[] IpAddress!'),
  attributes: ['Id', 'IpAddress'],
  create: async (properties, { call }) => {
    const names = 'FileSystemId SubnetId SecurityGroups IpAddress';
    const answer = await call(SERVICE, 'CreateMountTarget', pickMembers(properties, names));
    const id = takeText(answer, 'MountTargetId');
    return { id, attributes: { Id: id, IpAddress: findMember(answer, 'IpAddress') ?? '' } };
  },
  settle: async (made, _properties, site) => {
    const found = await awaitState(site, 'available', () => askMountTarget(made, site));
    const { IpAddress } = found;
    return { ...made, attributes: { ...made.attributes, IpAddress } };
  },
  update: async (made, { after }, { call }) => {
    await call(SERVICE, 'ModifyMountTargetSecurityGroups', {
      MountTargetId: made.id,
      SecurityGroups: after['SecurityGroups'],
    });
    return made;
  },
  remove: async (made, _properties, site) => {
    await site.call(SERVICE, 'DeleteMountTarget', { MountTargetId: made.id });
    await awaitState(site, 'deleted', () => askMountTarget(made, site));
  },
  read: async (made, _properties, site) => {
    const found = await askMountTarget(made, site);
    if (found === undefined) return undefined;
    const MountTargetId = made.id;
    const groups = await site.call(SERVICE, 'DescribeMountTargetSecurityGroups', { MountTargetId });
    return { ...found, SecurityGroups: groups['SecurityGroups'] };
  },
};

const accessPoint: ResourceKind = {
  type: 'AWS::EFS::AccessPoint',
  shape: parseShape(
    'FileSystemId*! PosixUser!{Uid* Gid* SecondaryGids[]} RootDirectory!{Path ' +
      'CreationInfo{OwnerUid* OwnerGid* Permissions*}} AccessPointTags[{Key Value}]',
  ),
  attributes: ['AccessPointId', 'Arn'],
  create: async (properties, site) => {
    const { PosixUser: user, RootDirectory: root } = properties;
    const answer = await site.call(SERVICE, 'CreateAccessPoint', {
      ClientToken: site.makeName(64),
      ...pickMembers(properties, 'FileSystemId'),
      ...(user === undefined ? {} : { PosixUser: asNumbers(user as Values, ['Uid', 'Gid']) }),
      ...(root === undefined ? {} : { RootDirectory: rootInput(root as Values) }),
      ...tagsInput(properties['AccessPointTags'], site),
    });
    const id = takeText(answer, 'AccessPointId');
    return { id, attributes: { AccessPointId: id, Arn: takeText(answer, 'AccessPointArn') } };
  },
  settle: async (made, _properties, site) => {
    await awaitState(site, 'available', () => askAccessPoint(made, site));
    return made;
  },
  update: tagger('AccessPointTags'),
  remove: async (made, _properties, site) => {
    await site.call(SERVICE, 'DeleteAccessPoint', { AccessPointId: made.id });
    await awaitState(site, 'deleted', () => askAccessPoint(made, site));
  },
  read: async (made, _properties, site) => {
    const found = await askAccessPoint(made, site);
    return found === undefined ? undefined : { ...found, AccessPointTags: found['Tags'] };
  },
};

/** The template has texts for the numbers of users and groups. */
function asNumbers(values: Values, names: readonly string[]): Values {
  return Object.fromEntries(
    Object.entries(values).map(([name, one]) => [name, names.includes(name) ? Number(one) : one]),
  );
}

function rootInput(root: Values): Values {
  const info = root['CreationInfo'] as Values | undefined;
  if (info === undefined) return root;
  return { ...root, CreationInfo: asNumbers(info, ['OwnerUid', 'OwnerGid']) };
}

export const EFS_KINDS: readonly ResourceKind[] = [fileSystem, mountTarget, accessPoint];
