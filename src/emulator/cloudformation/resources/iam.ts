/** Roles with their policies, and instance profiles. */
import { parseShape } from '../property-shape.ts';
import {
  compareTags,
  findMember,
  joinTags,
  takeText,
  unlessMissing,
  type Change,
  type ResourceKind,
  type Site,
} from '../resource-kind.ts';
import { isSameProperty } from '../property-shape.ts';
import type { Values } from '../values.ts';

const NAME_MAX = 64;

function policiesOf(properties: Values): Map<string, unknown> {
  const policies = (properties['Policies'] ?? []) as readonly Values[];
  return new Map(
    policies.map(({ PolicyName, PolicyDocument }) => [String(PolicyName), PolicyDocument]),
  );
}

function managedOf(properties: Values): readonly string[] {
  return (properties['ManagedPolicyArns'] ?? []) as readonly string[];
}

/** Brings the policies of a role from what they were to what they are to be. */
async function changePolicies(
  RoleName: string,
  { before, after }: { readonly before: Values; readonly after: Values },
  { call }: Site,
): Promise<void> {
  const old = policiesOf(before);
  const now = policiesOf(after);
  for (const [PolicyName, document] of now)
    if (!old.has(PolicyName) || !isSameProperty(old.get(PolicyName), document))
      await call('iam', 'PutRolePolicy', {
        RoleName,
        PolicyName,
        PolicyDocument: JSON.stringify(document),
      });
  for (const PolicyName of old.keys())
    if (!now.has(PolicyName)) await call('iam', 'DeleteRolePolicy', { RoleName, PolicyName });
  const had = managedOf(before);
  const has = managedOf(after);
  for (const PolicyArn of has.filter((arn) => !had.includes(arn)))
    await call('iam', 'AttachRolePolicy', { RoleName, PolicyArn });
  for (const PolicyArn of had.filter((arn) => !has.includes(arn)))
    await call('iam', 'DetachRolePolicy', { RoleName, PolicyArn });
}

async function changeRole(RoleName: string, change: Change, site: Site): Promise<void> {
  const { before, after } = change;
  const { call } = site;
  const differs = (name: string): boolean => !isSameProperty(before[name], after[name]);
  if (differs('AssumeRolePolicyDocument'))
    await call('iam', 'UpdateAssumeRolePolicy', {
      RoleName,
      PolicyDocument: JSON.stringify(after['AssumeRolePolicyDocument']),
    });
  if (differs('Description') || differs('MaxSessionDuration'))
    await call('iam', 'UpdateRole', {
      RoleName,
      Description: after['Description'] ?? '',
      MaxSessionDuration: String(after['MaxSessionDuration'] ?? 3_600),
    });
  const { PermissionsBoundary } = after;
  if (differs('PermissionsBoundary'))
    await (PermissionsBoundary === undefined
      ? call('iam', 'DeleteRolePermissionsBoundary', { RoleName })
      : call('iam', 'PutRolePermissionsBoundary', { RoleName, PermissionsBoundary }));
  await changePolicies(RoleName, change, site);
  const { added, removed } = compareTags(
    joinTags(before['Tags'], change.tagsBefore),
    joinTags(after['Tags'], site.tags),
  );
  if (removed.length > 0) await call('iam', 'UntagRole', { RoleName, TagKeys: removed });
  if (added.length > 0) await call('iam', 'TagRole', { RoleName, Tags: added });
}

const role: ResourceKind = {
  type: 'AWS::IAM::Role',
  shape: parseShape(
    'RoleName! Path! AssumeRolePolicyDocument*:j Description MaxSessionDuration:n ' +
      'PermissionsBoundary ManagedPolicyArns[] Policies[{PolicyName* PolicyDocument*:j}] ' +
      'Tags[{Key* Value*}]',
  ),
  attributes: ['Arn', 'RoleId'],
  name: 'RoleName',
  create: async (properties, site) => {
    const { Path, Description, MaxSessionDuration, PermissionsBoundary } = properties;
    const tags = joinTags(properties['Tags'], site.tags);
    const answer = await site.call('iam', 'CreateRole', {
      RoleName: properties['RoleName'] ?? site.makeName(NAME_MAX),
      AssumeRolePolicyDocument: JSON.stringify(properties['AssumeRolePolicyDocument']),
      ...(Path === undefined ? {} : { Path }),
      ...(Description === undefined ? {} : { Description }),
      ...(MaxSessionDuration === undefined ? {} : { MaxSessionDuration }),
      ...(PermissionsBoundary === undefined ? {} : { PermissionsBoundary }),
      ...(tags.length === 0 ? {} : { Tags: tags }),
    });
    const attributes = {
      Arn: takeText(answer, 'Role.Arn'),
      RoleId: takeText(answer, 'Role.RoleId'),
    };
    return { id: takeText(answer, 'Role.RoleName'), attributes };
  },
  settle: async (made, properties, site) => {
    await changePolicies(made.id, { before: {}, after: properties }, site);
    return made;
  },
  update: async (made, change, site) => {
    await changeRole(made.id, change, site);
    return made;
  },
  // What the template did not put there (a policy that failed) may be missing.
  remove: async ({ id }, properties, { call }) => {
    for (const PolicyName of policiesOf(properties).keys())
      await unlessMissing(call('iam', 'DeleteRolePolicy', { RoleName: id, PolicyName }));
    for (const PolicyArn of managedOf(properties))
      await unlessMissing(call('iam', 'DetachRolePolicy', { RoleName: id, PolicyArn }));
    await call('iam', 'DeleteRole', { RoleName: id });
  },
  read: async ({ id }, _properties, { call }) => {
    const found = findMember(await unlessMissing(call('iam', 'GetRole', { RoleName: id })), 'Role');
    if (found === undefined) return undefined;
    const listed = await call('iam', 'ListRolePolicies', { RoleName: id });
    const names = (listed['PolicyNames'] ?? []) as readonly string[];
    const policies = names.map(async (PolicyName) => {
      const one = await call('iam', 'GetRolePolicy', { RoleName: id, PolicyName });
      return { PolicyName, PolicyDocument: readDocument(one['PolicyDocument']) };
    });
    const attached = await call('iam', 'ListAttachedRolePolicies', { RoleName: id });
    const managed = (attached['AttachedPolicies'] ?? []) as readonly Values[];
    return {
      ...(found as Values),
      AssumeRolePolicyDocument: readDocument((found as Values)['AssumeRolePolicyDocument']),
      PermissionsBoundary: findMember(found, 'PermissionsBoundary.PermissionsBoundaryArn'),
      Policies: await Promise.all(policies),
      ManagedPolicyArns: managed.map(({ PolicyArn }) => PolicyArn),
    };
  },
};

/** IAM writes documents as in a URL. */
function readDocument(text: unknown): unknown {
  return JSON.parse(decodeURIComponent(String(text)));
}

const instanceProfile: ResourceKind = {
  type: 'AWS::IAM::InstanceProfile',
  shape: parseShape('InstanceProfileName! Path! Roles*[]'),
  attributes: ['Arn'],
  name: 'InstanceProfileName',
  create: async (properties, site) => {
    const { Path } = properties;
    const answer = await site.call('iam', 'CreateInstanceProfile', {
      InstanceProfileName: properties['InstanceProfileName'] ?? site.makeName(128),
      ...(Path === undefined ? {} : { Path }),
    });
    return {
      id: takeText(answer, 'InstanceProfile.InstanceProfileName'),
      attributes: { Arn: takeText(answer, 'InstanceProfile.Arn') },
    };
  },
  settle: async (made, properties, { call }) => {
    for (const RoleName of properties['Roles'] as readonly string[])
      await call('iam', 'AddRoleToInstanceProfile', { InstanceProfileName: made.id, RoleName });
    return made;
  },
  update: async (made, { before, after }, { call }) => {
    const InstanceProfileName = made.id;
    for (const RoleName of before['Roles'] as readonly string[])
      await call('iam', 'RemoveRoleFromInstanceProfile', { InstanceProfileName, RoleName });
    for (const RoleName of after['Roles'] as readonly string[])
      await call('iam', 'AddRoleToInstanceProfile', { InstanceProfileName, RoleName });
    return made;
  },
  remove: async ({ id }, properties, { call }) => {
    for (const RoleName of properties['Roles'] as readonly string[])
      await unlessMissing(
        call('iam', 'RemoveRoleFromInstanceProfile', { InstanceProfileName: id, RoleName }),
      );
    await call('iam', 'DeleteInstanceProfile', { InstanceProfileName: id });
  },
  read: async ({ id }, _properties, { call }) => {
    const ask = call('iam', 'GetInstanceProfile', { InstanceProfileName: id });
    const found = findMember(await unlessMissing(ask), 'InstanceProfile') as Values | undefined;
    const roles = (found?.['Roles'] ?? []) as readonly Values[];
    return found === undefined
      ? undefined
      : { ...found, Roles: roles.map(({ RoleName }) => RoleName) };
  },
};

export const IAM_KINDS: readonly ResourceKind[] = [role, instanceProfile];
