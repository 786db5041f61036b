/** Actions on managed policies and their versions. Those of AWS can be read, not changed. */
import { AwsError, type AwsInput } from '../service.ts';
import {
  addTags,
  cutMarkerPage,
  describePolicy,
  escapeDocument,
  readName,
  readOptional,
  readPath,
  readRequired,
  removeTags,
  sortByName,
  writeTags,
  writeTime,
} from './members.ts';
import type { IamActions } from './roles.ts';
import {
  countCharacters,
  exceeded,
  type IamState,
  type ManagedPolicy,
  type PolicyVersion,
  QUOTAS,
  requireRoom,
  writePolicy,
  type WrittenPolicy,
} from './state.ts';

export function createPolicyActions(iam: IamState): IamActions {
  const describe = (policy: ManagedPolicy): object =>
    describePolicy(policy, {
      attached: iam.usersOf(policy.arn, 'attached').length,
      boundaries: iam.usersOf(policy.arn, 'boundary').length,
    });
  return {
    CreatePolicy: (input) => {
      const name = readName(input, 'PolicyName');
      const own = listOwn(iam).map((one) => [one.name, one] as const);
      requireRoom(new Map(own), name, {
        quota: 'Policies',
        exists: `A policy called ${name} already exists. Duplicate names are not allowed.`,
      });
      const named = iam.name('policy', name, readPath(input));
      const first = { versionId: 'v1', createdMs: named.createdMs, ...readDocument(input) };
      const policy: ManagedPolicy = {
        ...named,
        description: readOptional(input, 'Description') ?? '',
        versions: new Map([['v1', first]]),
        defaultVersion: first,
        updatedMs: named.createdMs,
      };
      addTags(policy.tags, input);
      iam.policies.set(policy.arn, policy);
      return { Policy: describe(policy) };
    },
    GetPolicy: (input) => ({ Policy: describe(iam.policy(readRequired(input, 'PolicyArn'))) }),
    ListPolicies: (input) => {
      const { page, rest } = cutMarkerPage(selectPolicies(iam, input), input);
      return { Policies: page.map(describe), ...rest };
    },
    DeletePolicy: (input) => {
      const policy = ownPolicy(iam, input);
      const { arn, versions } = policy;
      if (iam.usersOf(arn, 'attached').length + iam.usersOf(arn, 'boundary').length > 0)
        throw new AwsError('DeleteConflict', 'Cannot delete a policy attached to entities.', 409);
      if (versions.size > 1)
        throw new AwsError(
          'DeleteConflict',
          'This policy has more than one version. Before you delete a policy, you must delete ' +
            "the policy's versions. The default version is deleted with the policy.",
          409,
        );
      iam.policies.delete(arn);
      return undefined;
    },
    CreatePolicyVersion: (input) => {
      const policy = ownPolicy(iam, input);
      const { versions } = policy;
      const written = readDocument(input);
      if (versions.size >= QUOTAS.VersionsPerPolicy)
        throw new AwsError(
          'LimitExceeded',
          'A managed policy can have up to 5 versions. Before you create a new version, you ' +
            'must delete an existing version.',
          409,
        );
      const highest = Math.max(...[...versions.keys()].map((id) => Number(id.slice(1))));
      const versionId = `v${highest + 1}`;
      const version = { versionId, createdMs: iam.nowMs(), ...written };
      versions.set(versionId, version);
      policy.updatedMs = version.createdMs;
      if (readOptional(input, 'SetAsDefault') === 'true') policy.defaultVersion = version;
      return { PolicyVersion: describePolicyVersion(policy, version) };
    },
    GetPolicyVersion: (input) => {
      const policy = iam.policy(readRequired(input, 'PolicyArn'));
      const version = findVersion(policy, input);
      const Document = escapeDocument(version.text);
      return { PolicyVersion: { Document, ...describePolicyVersion(policy, version) } };
    },
    ListPolicyVersions: (input) => {
      const policy = iam.policy(readRequired(input, 'PolicyArn'));
      const { page, rest } = cutMarkerPage([...policy.versions.values()].toReversed(), input);
      return { Versions: page.map((one) => describePolicyVersion(policy, one)), ...rest };
    },
    SetDefaultPolicyVersion: (input) => {
      const policy = ownPolicy(iam, input);
      policy.defaultVersion = findVersion(policy, input);
      return undefined;
    },
    DeletePolicyVersion: (input) => {
      const policy = ownPolicy(iam, input);
      const version = findVersion(policy, input);
      if (policy.defaultVersion === version)
        throw new AwsError('DeleteConflict', 'Cannot delete the default version of a policy.', 409);
      policy.versions.delete(version.versionId);
      return undefined;
    },
    ListEntitiesForPolicy: (input) => {
      const { arn } = iam.policy(readRequired(input, 'PolicyArn'));
      const filter = readOptional(input, 'EntityFilter');
      const attached = iam.usersOf(arn, 'attached');
      const some = sortByName(attached).filter(
        ({ kind }) => filter === undefined || filter === kind,
      );
      const { page, rest } = cutMarkerPage(some, input);
      const pick = (kind: string): typeof page => page.filter((one) => one.kind === kind);
      return {
        PolicyGroups: [],
        PolicyUsers: pick('User').map(({ name, id }) => ({ UserName: name, UserId: id })),
        PolicyRoles: pick('Role').map(({ name, id }) => ({ RoleName: name, RoleId: id })),
        ...rest,
      };
    },
    TagPolicy: (input) => {
      addTags(ownPolicy(iam, input).tags, input);
      return undefined;
    },
    UntagPolicy: (input) => {
      removeTags(ownPolicy(iam, input).tags, input);
      return undefined;
    },
    ListPolicyTags: (input) => {
      const { tags } = iam.policy(readRequired(input, 'PolicyArn'));
      const { page, rest } = cutMarkerPage(writeTags(tags), input);
      return { Tags: page, ...rest };
    },
  };
}

export function describePolicyVersion(
  { defaultVersion }: ManagedPolicy,
  version: PolicyVersion,
): Record<string, unknown> {
  return {
    VersionId: version.versionId,
    IsDefaultVersion: version === defaultVersion,
    CreateDate: writeTime(version.createdMs),
  };
}

export function listOwn(iam: IamState): ManagedPolicy[] {
  return [...iam.policies.values()].filter((policy) => !isOfAws(policy));
}

function selectPolicies(iam: IamState, input: AwsInput): ManagedPolicy[] {
  const scope = readOptional(input, 'Scope') ?? 'All';
  if (!['All', 'AWS', 'Local'].includes(scope))
    throw new AwsError('ValidationError', `Scope ${scope} is none of All, AWS, Local`);
  const isAttachedOnly = readOptional(input, 'OnlyAttached') === 'true';
  const use = readOptional(input, 'PolicyUsageFilter');
  const prefix = readOptional(input, 'PathPrefix') ?? '/';
  return sortByName(iam.policies.values()).filter(
    (policy) =>
      (scope === 'All' || isOfAws(policy) === (scope === 'AWS')) &&
      policy.path.startsWith(prefix) &&
      (!isAttachedOnly || iam.usersOf(policy.arn, 'attached').length > 0) &&
      (use === undefined ||
        iam.usersOf(policy.arn, use === 'PermissionsBoundary' ? 'boundary' : 'attached').length >
          0),
  );
}

function isOfAws({ arn }: ManagedPolicy): boolean {
  return arn.startsWith('arn:aws:iam::aws:');
}

function ownPolicy(iam: IamState, input: AwsInput): ManagedPolicy {
  const policy = iam.policy(readRequired(input, 'PolicyArn'));
  if (!isOfAws(policy)) return policy;
  throw new AwsError('AccessDenied', 'Policy is outside your own account.', 403);
}

function readDocument(input: AwsInput): WrittenPolicy {
  const text = readRequired(input, 'PolicyDocument');
  if (countCharacters(text) > QUOTAS.PolicySize) throw exceeded('PolicySize', QUOTAS.PolicySize);
  return writePolicy(text, 'identity');
}

function findVersion({ arn, versions }: ManagedPolicy, input: AwsInput): PolicyVersion {
  const id = readRequired(input, 'VersionId');
  const found = versions.get(id);
  if (found !== undefined) return found;
  throw new AwsError(
    'NoSuchEntity',
    `Policy ${arn} version ${id} does not exist or is not attachable.`,
    404,
  );
}
