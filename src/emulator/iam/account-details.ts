/** Actions that tell of the whole account: its entities with their policies, and their number. */
import { AwsError } from '../service.ts';
import {
  cutMarkerPage,
  describePolicy,
  describeProfile,
  describeRole,
  describeUser,
  escapeDocument,
  readListMember,
  sortByName,
} from './members.ts';
import { describePolicyVersion, listOwn } from './managed-policies.ts';
import { type IamActions, profilesOf } from './roles.ts';
import { type IamState, type Identity, type ManagedPolicy, QUOTAS } from './state.ts';

const FILTERS = ['User', 'Role', 'Group', 'LocalManagedPolicy', 'AWSManagedPolicy'];

export function createAccountActions(iam: IamState): IamActions {
  return {
    GetAccountAuthorizationDetails: (input) => {
      const given = readListMember(input, 'Filter');
      const unknown = given.find((one) => !FILTERS.includes(one));
      if (unknown !== undefined)
        throw new AwsError('ValidationError', `Filter ${unknown} is none of ${FILTERS.join(', ')}`);
      const has = (filter: string): boolean => given.length === 0 || given.includes(filter);
      const attached = [...iam.policies.values()].filter(
        ({ arn }) => iam.usersOf(arn, 'attached').length > 0,
      );
      const policies = new Set([
        ...(has('LocalManagedPolicy') ? listOwn(iam) : []),
        ...(has('AWSManagedPolicy') ? attached : []),
      ]);
      // One list of all kinds is what a page is cut from.
      const all: (() => { kind: string; value: object })[] = [
        ...(has('User') ? sortByName(iam.users.values()) : []).map((user) => () => ({
          kind: 'User',
          value: { ...describeUser(user), ...describeAttachments(iam, user), GroupList: [] },
        })),
        ...(has('Role') ? sortByName(iam.roles.values()) : []).map((role) => () => ({
          kind: 'Role',
          value: {
            ...describeRole(role),
            ...describeAttachments(iam, role),
            InstanceProfileList: profilesOf(iam, role).map((name) =>
              describeProfile(iam.profile(name)),
            ),
          },
        })),
        ...sortByName(policies).map((policy) => () => ({
          kind: 'Policy',
          value: describeWhole(iam, policy),
        })),
      ];
      const { page, rest } = cutMarkerPage(all, input);
      const shown = page.map((describe) => describe());
      const pick = (wanted: string): object[] =>
        shown.filter(({ kind }) => kind === wanted).map(({ value }) => value);
      return {
        UserDetailList: pick('User'),
        GroupDetailList: [],
        RoleDetailList: pick('Role'),
        Policies: pick('Policy'),
        ...rest,
      };
    },
    GetAccountSummary: () => ({
      SummaryMap: {
        Users: iam.users.size,
        UsersQuota: QUOTAS.Users,
        Groups: 0,
        Roles: iam.roles.size,
        RolesQuota: QUOTAS.Roles,
        Policies: listOwn(iam).length,
        PoliciesQuota: QUOTAS.Policies,
        InstanceProfiles: iam.profiles.size,
        InstanceProfilesQuota: QUOTAS.InstanceProfiles,
        AttachedPoliciesPerRoleQuota: QUOTAS.AttachedPoliciesPerRole,
        VersionsPerPolicyQuota: QUOTAS.VersionsPerPolicy,
        AssumeRolePolicySizeQuota: QUOTAS.AssumeRolePolicySize,
        PolicySizeQuota: QUOTAS.PolicySize,
      },
    }),
  };
}

function describeAttachments(iam: IamState, { kind, inline, attached }: Identity): object {
  return {
    [`${kind}PolicyList`]: [...inline].map(([PolicyName, { text }]) => ({
      PolicyName,
      PolicyDocument: escapeDocument(text),
    })),
    AttachedManagedPolicies: [...attached].map((arn) => ({
      PolicyName: iam.policy(arn).name,
      PolicyArn: arn,
    })),
  };
}

function describeWhole(iam: IamState, policy: ManagedPolicy): object {
  const counts = {
    attached: iam.usersOf(policy.arn, 'attached').length,
    boundaries: iam.usersOf(policy.arn, 'boundary').length,
  };
  return {
    ...describePolicy(policy, counts),
    PolicyVersionList: [...policy.versions.values()].map((version) => ({
      Document: escapeDocument(version.text),
      ...describePolicyVersion(policy, version),
    })),
  };
}
